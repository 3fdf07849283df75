"""What ends a command before its time: one message on standard error, and an exit status."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import traceback
from collections.abc import Callable, Generator
from typing import Any

import typer

from glassnet.cli.screen import complain
from glassnet.errors import GlassnetError, VerificationError

__all__ = ["BUG", "INTERRUPTED", "MISTAKE", "UNREAD", "guarded", "saving"]

MISTAKE = 2
BUG = 70  # EX_SOFTWARE of sysexits.h
INTERRUPTED = 130  # 128 + SIGINT, as shells have it
UNREAD = 141  # 128 + SIGPIPE

# typer carries its own copy of click, or uses the one installed: either way this is its parent.
UsageError: Any = typer.BadParameter.__mro__[1]
DEBUG = "GLASSNET_DEBUG"
# What typer's versions call a type, and what it is in plain words.
KINDS = {"int": "a whole number", "integer": "a whole number", "float": "a number"}


def _open_closed() -> None:
    """Where a stream was closed by the caller (`>&-`), let what is written to it go nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115


@contextlib.contextmanager
def saving() -> Generator[None]:
    """Let no further Ctrl-C stop what is being saved and reported."""
    try:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:  # not the main thread: nothing to hold back
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def guarded(run: Callable[[], int]) -> int:
    """Run a command and return its exit status; whatever goes wrong is told in one message."""
    _open_closed()
    _write_utf8()
    try:
        status = run()
        sys.stdout.flush()
    except typer.Exit as end:
        return end.exit_code
    except UsageError as error:
        complain(_usage(error))
        return MISTAKE
    except (BrokenPipeError, SystemExit):  # rich ends the program where its pipe is closed
        _stop_writing()
        return UNREAD
    except (KeyboardInterrupt, typer.Abort):
        complain("interrupted; nothing was written", kind="")
        return INTERRUPTED
    except MemoryError:
        complain("there is not enough memory; try fewer rows or columns, or a smaller network")
        return MISTAKE
    except VerificationError as error:
        return _bug(error)
    except GlassnetError as error:
        if _debugging():
            traceback.print_exc()
        complain(str(error))
        return MISTAKE
    except OSError as error:
        if sys.stdout.closed or error.filename is None:  # the stream itself: a full disk, say
            _stop_writing()
            complain(f"standard output cannot be written: {error.strerror or error}")
            return MISTAKE
        return _bug(error)
    except Exception as error:
        return _bug(error)
    return status


def _usage(error: Any) -> str:
    """Return the message of a wrong option or argument, with where help is to be found."""
    message = str(error.format_message()).strip().rstrip(".")
    message = message[:1].lower() + message[1:]
    message = re.sub(r"a valid (\w+)$", lambda found: KINDS.get(found[1], found[0]), message)
    if "DATA" in message and message.startswith("missing argument"):
        message += ": a file, or a built-in data set (iris, digits)"
    elif "MODEL" in message and message.startswith("missing argument"):
        message += ": a file that `glassnet train` has written"
    context = error.ctx
    return f"{message}; see `{context.command_path if context else 'glassnet'} --help`"


def _bug(error: BaseException) -> int:
    if _debugging():
        traceback.print_exc()
    first = str(error).split("\n", 1)[0][:200]
    complain(
        f"this is a mistake of glassnet itself ({type(error).__name__}: {first}). Please report "
        f"it, with what you typed" + ("" if _debugging() else f" and what {DEBUG}=1 shows")
    )
    return BUG


def _debugging() -> bool:
    return os.environ.get(DEBUG, "") not in ("", "0")


def _write_utf8() -> None:
    """Write text to files and pipes as UTF-8, whatever the system's habit."""
    for stream in (sys.stdout, sys.stderr):
        change: Any = getattr(stream, "reconfigure", None)
        if change is not None:
            if stream.isatty():
                change(errors="replace")
            else:
                change(encoding="utf-8", errors="replace")


def _stop_writing() -> None:
    """Send what is still to be written nowhere, so that Python does not fail at its end."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
