"""OpenBLAS for large matrix products, from the wheel `scipy-openblas32`: no system package."""

from __future__ import annotations

import ctypes
import os
import sys
from functools import cache
from pathlib import Path

__all__ = ["pointers"]


@cache
def pointers() -> tuple[int, int]:
    """Return the addresses of `cblas_sgemm` and `cblas_dgemm`, or zeros if there is no OpenBLAS.

    The library is loaded on first use, since it takes tens of megabytes and milliseconds.
    """
    try:
        import scipy_openblas32
    except ImportError:
        return (0, 0)
    folder = Path(scipy_openblas32.get_lib_dir())
    endings = {"win32": "*.dll", "darwin": "*.dylib"}
    for path in sorted(folder.glob(f"*scipy_openblas*{endings.get(sys.platform, '.so')[1:]}")):
        try:
            library = ctypes.CDLL(os.fspath(path))
            address = [
                ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0
                for name in ("scipy_cblas_sgemm", "scipy_cblas_dgemm")
            ]
        except (OSError, AttributeError):
            continue
        return address[0], address[1]
    return (0, 0)
