"""The command line: `glassnet train DATA` and its companions, one file for each command."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

__all__ = ["main", "script"]

INTERRUPTED = 130  # 128 + SIGINT, as shells have it
OBJECTS = 100_000  # made before garbage is looked for: loading makes many objects and no garbage


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status; see `glassnet.cli.app.main`.

    Ctrl-C while the command line is still being loaded ends it with one line, as it does later.
    """
    words = sys.argv[1:] if arguments is None else arguments
    others = any(word.startswith(("--rule", "--engine")) for word in words)
    if words[:1] == ["train"] and not others and "numpy" not in sys.modules:
        # The native engine has products and threads of its own; NumPy's take time to start.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gc.set_threshold(OBJECTS, *gc.get_threshold()[1:])
    try:
        from glassnet.cli.app import main as run

        return run(arguments)
    except KeyboardInterrupt:
        print("interrupted; nothing was written", file=sys.stderr)
        return INTERRUPTED


def script() -> NoReturn:
    """Run the command line and end the process, without taking apart what is in its memory.

    To free a hundred thousand objects one by one takes 40 ms, or 8 where they are left to their
    modules; the system takes them back at once.
    """
    status = main()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):  # Python says so at its end
        sys.exit(status)
    os._exit(status)
