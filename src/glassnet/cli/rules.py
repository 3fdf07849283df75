"""`glassnet rules`: the classical learning rules, and the settings of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from glassnet.cli import options as common
from glassnet.cli.screen import Screen, print_json

if TYPE_CHECKING:
    from glassnet.rules import Estimator

__all__ = ["rules"]

NOT_TEXT = ("progress", "start_weights", "start_bias")  # an option of `train`; arrays
LEARNS = {
    "classes": "classes",
    "numbers": "numbers",
    "either": "classes or numbers",
    "labels": "without targets; names its units by classes, if there are any",
    "nothing": "without targets",
}


def rules(
    rule: Annotated[
        str | None,
        typer.Argument(metavar="RULE", help="Show the settings of this rule.", show_default=False),
    ] = None,
    as_json: common.AsJson = False,
) -> int:
    """List the classical learning rules, or the settings of RULE.

    [bold]Examples[/bold]

    glassnet rules

    glassnet rules som

    glassnet train digits --rule "som rows=12 columns=12"
    """
    from glassnet.rules import RULES, Estimator

    chosen = list(RULES.values()) if rule is None else [Estimator.named(rule)]
    if as_json:
        print_json({"rules": [_document(member) for member in chosen]})
        return 0
    screen = Screen()
    if rule is None:
        _show_all(screen, chosen)
    else:
        _show(screen, chosen[0])
    return 0


def _show_all(screen: Screen, chosen: list[type[Estimator]]) -> None:
    from glassnet.rules.settings import sentence

    screen.heading("Rules")
    rows = [[member.rule, _shown(sentence(member))] for member in chosen]
    screen.table(rows, styles=["cyan", ""])
    screen.heading("Next")
    screen.exact("glassnet rules som", "cyan")
    screen.exact('glassnet train digits --rule "som rows=12 columns=12"', "cyan")


def _show(screen: Screen, member: type[Estimator]) -> None:
    from glassnet.rules.settings import sentence, settings

    screen.heading("Rule", member.rule)
    screen.line(_shown(sentence(member)))
    screen.gap()
    screen.facts([("learns", LEARNS[member.wants]), ("in Python", f"glassnet.{member.__name__}")])
    screen.heading("Settings")
    rows = [
        [s.name, _default(s.default), _shown(s.meaning)]
        for s in settings(member)
        if s.name not in NOT_TEXT
    ]
    head = ["setting", "if not said", "meaning"]
    screen.table(rows, head=head, styles=["cyan", "", ""])


def _shown(text: str) -> str:
    return text.replace("`", "")


def _default(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _document(member: type[Estimator]) -> dict[str, Any]:
    from glassnet.rules.settings import sentence, settings

    return {
        "rule": member.rule,
        "class": member.__name__,
        "learns": LEARNS[member.wants],
        "about": sentence(member),
        "settings": [setting._asdict() for setting in settings(member)],
    }
