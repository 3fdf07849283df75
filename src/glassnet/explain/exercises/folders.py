"""Exercises written to a folder: all of it, or nothing."""

from __future__ import annotations

import csv
import io
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from glassnet.errors import ArgumentError, OutputError
from glassnet.explain.exercises.exercise import Exercise
from glassnet.explain.workings import FORMATS

__all__ = ["check_folder", "overview", "save_class_set", "save_exercise"]

ENDINGS = {form: ending for ending, form in reversed(FORMATS.items())}
MARK = "\ufeff"  # a spreadsheet takes a table without it for Latin-1


def save_exercise(
    one: Exercise, folder: str | os.PathLike[str], form: str = "text"
) -> tuple[Path, ...]:
    """Write problem.toml, worksheet.txt, worksheet.csv and the solution into a new folder.

    Args:
        one: The exercise.
        folder: The folder, which is made; it may exist if it is empty.
        form: The format of the solution: text, markdown, latex, html or json.

    Returns:
        The files.

    Raises:
        ArgumentError: The folder holds something already; or there is no such format.
        OutputError: The folder cannot be written; nothing is left half written.
    """
    return _write(folder, _files(one, form))


def save_class_set(
    exercises: Sequence[Exercise] | Iterable[Exercise],
    folder: str | os.PathLike[str],
    form: str = "text",
) -> tuple[Path, ...]:
    """Write several exercises, each into a folder of its own, and answers.csv for the teacher.

    Args:
        exercises: The exercises.
        folder: The folder, which is made; it may exist if it is empty.
        form: The format of the solutions.

    Returns:
        The files, answers.csv last.

    Raises:
        ArgumentError, OutputError: As of `save_exercise`.
    """

    def files() -> Iterator[tuple[str, str]]:
        seen: list[Exercise] = []
        for one in exercises:
            seen.append(one)
            yield from ((f"{one.kind}-{one.seed}/{name}", text) for name, text in _files(one, form))
        yield "answers.csv", MARK + overview(seen)

    return _write(folder, files())


def overview(exercises: Sequence[Exercise]) -> str:
    """Return a table of all answers: a row for each exercise, a column for each quantity."""
    answers = [one.answers() for one in exercises]
    columns = list(dict.fromkeys(name for found in answers for name in found))
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["kind", "level", "seed", *columns])
    for one, found in zip(exercises, answers, strict=True):
        cells = [f"{found[name] + 0.0:.10g}" if name in found else "" for name in columns]
        writer.writerow([one.kind, one.level, one.seed, *cells])
    return file.getvalue()


def check_folder(folder: str | os.PathLike[str]) -> None:
    """Raise where it is plain before the work begins that a folder cannot be written.

    Raises:
        ArgumentError: It holds something already.
        OutputError: A file stands in its place, or the folder that it is to be in does not exist or
            may not be written.
    """
    target = Path(folder)
    if target.is_dir():
        if any(target.iterdir()):
            raise ArgumentError(
                f"{str(folder)!r} exists already, and is not empty; choose another folder"
            )
    elif target.exists():
        raise OutputError(f"cannot write {str(folder)!r}: a file of that name stands there")
    above = target.absolute().parent
    if not above.is_dir():
        raise OutputError(f"cannot write {str(folder)!r}: there is no folder {str(above)!r}")
    if not os.access(above, os.W_OK | os.X_OK):
        raise OutputError(f"cannot write {str(folder)!r}: no permission")


def _files(one: Exercise, form: str) -> Iterator[tuple[str, str]]:
    solution = one.solution.render(form)
    yield "problem.toml", one.toml
    yield "worksheet.txt", str(one.worksheet)
    yield "worksheet.csv", MARK + one.worksheet.to_csv()
    yield f"solution{ENDINGS[form]}", solution


def _write(folder: str | os.PathLike[str], files: Iterable[tuple[str, str]]) -> tuple[Path, ...]:
    """Write files into a folder beside the place, and move it there when it is whole."""
    check_folder(folder)
    target = Path(folder).absolute()
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.part")
    names: list[str] = []
    try:
        unfinished.mkdir()
        for name, text in files:
            place = unfinished / name
            place.parent.mkdir(exist_ok=True)
            place.write_text(text, encoding="utf-8", newline="\n")
            names.append(name)
        if target.is_dir():
            target.rmdir()
        unfinished.rename(target)
    except OSError as error:
        raise OutputError(
            f"cannot write {str(folder)!r}: {error.strerror or error}; nothing was changed"
        ) from None
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return tuple(Path(folder) / name for name in names)
