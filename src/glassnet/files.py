"""Writing files so that nothing is ever left half written."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from glassnet.errors import OutputError

__all__ = ["check_writable", "write_file"]


def write_file(path: str | os.PathLike[str], data: bytes | str) -> Path:
    """Write a file under a temporary name beside it, then rename it; return its path.

    A link stays a link: what it points to is replaced. Devices and pipes are written to directly.

    Raises:
        OutputError: No permission, no space left, no such folder, or a folder of that name. What
            stood there before is untouched.
    """
    target = Path(os.path.realpath(path))
    raw = data.encode() if isinstance(data, str) else data
    check_writable(path)
    temporary = None
    try:
        if _is_device(target):
            target.write_bytes(raw)
            return Path(path)
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name[:40]}.", dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(_mode(target))
        Path(temporary).replace(target)
    except OSError as error:
        raise OutputError(
            f"cannot write {str(path)!r}: {error.strerror or error}; nothing was changed"
        ) from None
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                Path(temporary).unlink(missing_ok=True)
    return Path(path)


def _is_device(target: Path) -> bool:
    return target.exists() and not target.is_file() and not target.is_dir()


def _mode(target: Path) -> int:
    """Return the permissions of the file that is replaced, or those that a new file gets."""
    with contextlib.suppress(OSError):
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raise OutputError where it is plain before long work begins that a file cannot be written."""
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise OutputError(f"cannot write {str(path)!r}: a folder of that name stands there")
    folder = target.parent
    if not folder.is_dir():
        raise OutputError(f"cannot write {str(path)!r}: there is no folder {str(folder)!r}")
    into_folder = _is_device(target) or os.access(folder, os.W_OK | os.X_OK)
    if not into_folder or (target.exists() and not os.access(target, os.W_OK)):
        raise OutputError(f"cannot write {str(path)!r}: no permission")
