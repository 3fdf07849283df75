"""Text written to a file: whole, or not at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from glassnet.errors import OutputError

__all__ = ["save_text"]


def save_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text to a file in UTF-8; one that exists is replaced.

    Raises:
        OutputError: The file cannot be written; nothing is left half written.
    """
    target = Path(path)
    if target.is_dir():
        raise OutputError(f"{target}: a folder stands in the file's place; choose another name")
    if not target.parent.is_dir():
        raise OutputError(f"{target}: there is no folder {target.parent}; make it first")
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with unfinished.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        unfinished.replace(target)
    except OSError as error:
        raise OutputError(f"{target}: cannot be written: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
