"""Make the built-in data sets from the UCI repository's files: the same bytes on every run.

    GLASSNET_DATA=folder python tools/build_datasets.py

The folder holds `csv/iris.csv`, `digits/optdigits.tra` and `digits/optdigits.tes`.
"""

from __future__ import annotations

import gzip
import io
import os
import sys
import zipfile
from pathlib import Path

import numpy as np

TARGET = Path(__file__).parents[1] / "src" / "glassnet" / "data" / "builtin"
IRIS_HEADER = "sepal length,sepal width,petal length,petal width,species"


def iris(folder: Path) -> bytes:
    """Return the table with its header line, compressed without a time or a name."""
    lines = (folder / "csv" / "iris.csv").read_text(encoding="ascii").split()
    if len(lines) != 150:
        raise SystemExit(f"iris.csv has {len(lines)} rows; the repository's file has 150")
    text = "\n".join([IRIS_HEADER, *lines, ""])
    return gzip.compress(text.encode("ascii"), compresslevel=9, mtime=0)


def digits(folder: Path) -> bytes:
    """Return both parts as an .npz file whose entries have a fixed time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for part, name, rows in (("train", "optdigits.tra", 3823), ("test", "optdigits.tes", 1797)):
            table = np.loadtxt(folder / "digits" / name, delimiter=",", dtype=np.uint8)
            if table.shape != (rows, 65) or table[:, :64].max() != 16 or table[:, 64].max() != 9:
                raise SystemExit(f"{name} is not the repository's file: shape {table.shape}")
            entries = {"pixels": table[:, :64].reshape(-1, 8, 8), "labels": table[:, 64]}
            for key, values in entries.items():
                content = io.BytesIO()
                np.lib.format.write_array(content, np.ascontiguousarray(values), version=(1, 0))
                entry = zipfile.ZipInfo(f"{part}_{key}.npy", date_time=(1980, 1, 1, 0, 0, 0))
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.create_system, entry.external_attr = 3, 0o644 << 16
                archive.writestr(entry, content.getvalue())
    return buffer.getvalue()


def main() -> None:
    """Write both files."""
    place = os.environ.get("GLASSNET_DATA")
    if not place:
        sys.exit("set GLASSNET_DATA to the folder that holds csv/iris.csv and digits/optdigits.*")
    TARGET.mkdir(parents=True, exist_ok=True)
    for name, content in (("iris.csv.gz", iris(Path(place))), ("digits.npz", digits(Path(place)))):
        (TARGET / name).write_bytes(content)
        print(f"{name}: {len(content)} bytes")


if __name__ == "__main__":
    main()
