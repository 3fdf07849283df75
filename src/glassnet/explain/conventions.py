"""What textbooks and programs do differently: chosen by name, and printed on every page."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, cast

from glassnet.errors import ArgumentError, DataError, nearest
from glassnet.records import dataclass
from glassnet.unit import check_choice, check_whole

__all__ = ["PROFILES", "Profile", "profile_of"]

GRADIENTS = ("delta", "derivative")
MOST_DIGITS = 15
LARGEST = 100_000  # bytes


@dataclass(frozen=True)
class Profile:
    """A set of conventions.

    Args:
        name: What it is called.
        local_gradient: "delta": δ = −∂E/∂v, as the notes and Haykin write it, so that w grows by
            η δ y; "derivative": ∂E/∂v, as PyTorch computes it, so that w falls by η ∂E/∂w.
        digits: How many significant digits are printed.
        carried: Whether results are rounded to these digits before they are used, as a person with
            pen and paper does; otherwise all digits are kept and only printed short.
    """

    name: str
    local_gradient: str = "delta"
    digits: int = 6
    carried: bool = False

    def sentences(self) -> tuple[str, ...]:
        """Return the conventions as sentences."""
        if self.local_gradient == "delta":
            gradient = (
                "δ = −∂E/∂v (the sign of the notes and of Haykin): Δw = η δ y, w new = w + Δw"
            )
        else:
            gradient = "gradients are ∂E/∂v and ∂E/∂w (the sign of PyTorch): w new = w − η ∂E/∂w"
        kept = (
            f"each result is rounded to {self.digits} significant digits before it is used"
            if self.carried
            else f"all digits are kept; {self.digits} are printed"
        )
        return (gradient, kept if self.name in PROFILES else f"{kept} (conventions: {self.name})")


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("notes"),
        Profile("pytorch", local_gradient="derivative"),
        Profile("matlab", local_gradient="derivative"),
    )
}
SETTINGS = ("name", "based_on", *(entry.name for entry in fields(Profile) if entry.name != "name"))


def profile_of(choice: str | Profile | Mapping[str, Any], folder: Path | None = None) -> Profile:
    """Return a profile of conventions.

    Args:
        choice: Its name; the path of a TOML file that describes one; its settings, as such a file
            has them: `based_on`, the name of another one, and what is different; or a profile.
        folder: Where a path begins; in the current folder if not given.

    Raises:
        ArgumentError: There is no such profile, or a setting is unknown or has a wrong value.
        DataError: The file cannot be read.

    >>> profile_of({"name": "ours", "based_on": "pytorch", "digits": 4}).local_gradient
    'derivative'
    """
    if isinstance(choice, Profile):
        return choice
    if isinstance(choice, Mapping):
        return _own(choice, "own")
    if type(choice) is not str:
        raise ArgumentError(
            f"conventions must be a name ({', '.join(PROFILES)}), a TOML file or a table; got "
            f"{choice!r:.60}"
        )
    if choice in PROFILES:
        return PROFILES[choice]
    if choice.lower().endswith(".toml"):
        return _read(choice, folder)
    raise ArgumentError(
        f"there are no conventions named {choice!r:.40}{nearest(choice, PROFILES)}; choose one of "
        f"{', '.join(PROFILES)}, or a file that ends in .toml"
    )


def _read(name: str, folder: Path | None) -> Profile:
    """Return the profile that a file describes."""
    path = Path(name) if folder is None else folder / name
    try:
        if path.stat().st_size > LARGEST:
            raise DataError("the file is too large for conventions", source=name)
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise DataError(f"conventions {name!r} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise DataError("the file is not UTF-8 text", source=name) from None
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"this is no TOML: {error}", source=name) from None
    table = document.get("conventions", document)
    if not isinstance(table, dict):
        raise DataError("conventions must be a table, [conventions]", source=name)
    try:
        return _own(cast("dict[str, Any]", table), path.stem)
    except ArgumentError as error:
        raise ArgumentError(f"{name}: {error}") from None


def _own(table: Mapping[str, Any], name: str) -> Profile:
    """Return a profile with settings changed."""
    settings = dict(table)
    for key in settings:
        if key not in SETTINGS:
            raise ArgumentError(
                f"conventions have no setting {key!r:.60}{nearest(key, SETTINGS)}; they have "
                f"{', '.join(SETTINGS)}"
            )
    base = settings.pop("based_on", "notes")
    check_choice("based_on", base, PROFILES)
    settings.setdefault("name", name)
    found = replace(PROFILES[base], **settings)
    if type(settings["name"]) is not str or not 0 < len(settings["name"]) <= 60:
        raise ArgumentError(f"name must be a short text; got {settings['name']!r:.60}")
    if found.name in PROFILES:
        raise ArgumentError(f"conventions of one's own cannot be named {found.name!r}; rename them")
    check_choice("local_gradient", found.local_gradient, GRADIENTS)
    check_whole("digits", found.digits, high=MOST_DIGITS)
    if type(settings.get("carried", False)) is not bool:
        raise ArgumentError(f"carried must be true or false; got {found.carried!r:.60}")
    return found
