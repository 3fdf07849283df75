"""Where a command writes: names that lose nothing, checked before the work begins."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from glassnet.cli.opening import is_model
from glassnet.errors import ArgumentError, OutputError
from glassnet.files import check_writable

__all__ = ["check_outputs", "model_path"]

SUFFIX = ".safetensors"
ENDINGS = (".gz", ".csv", ".tsv", ".tab", ".txt", ".data")


def model_path(out: Path | None, data: str) -> Path:
    """Return where the model goes: as asked, or a new name after the data in the current folder.

    Raises:
        OutputError: A file stands there that is no model.
    """
    if out is None:
        stem = _stem(data)
        path, number = Path(stem + SUFFIX), 1
        while path.exists() or path.is_symlink():
            number += 1
            path = Path(f"{stem}-{number}{SUFFIX}")
        return path
    if out.is_file() and not is_model(out):
        raise OutputError(
            f"{str(out)!r} exists and is no model of glassnet: it is left as it is; "
            "choose another name with --out, or remove it"
        )
    return out


def _stem(data: str) -> str:
    name = Path(data).name
    for ending in ENDINGS:
        if name.lower().endswith(ending) and len(name) > len(ending):
            name = name[: -len(ending)]
    return name


def check_outputs(outputs: Mapping[str, Path | None], inputs: Mapping[str, str | Path]) -> None:
    """Raise unless every file can be written, and none is read, or written twice.

    Args:
        outputs: By option, the files to be written.
        inputs: By argument or option, the files to be read.
    """
    taken = {Path(path).resolve(): name for name, path in inputs.items()}
    for option, path in outputs.items():
        if path is None:
            continue
        if path.exists() and not path.is_file() and not path.is_dir():
            raise OutputError(f"cannot write {str(path)!r}: it is no ordinary file")
        check_writable(path)
        place = path.resolve()
        if place in taken:
            raise ArgumentError(f"{option} and {taken[place]} are the same file: {str(path)!r}")
        taken[place] = option
