"""Tables as a notebook shows them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

__all__ = ["escape", "html_table"]


def html_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table as HTML; its cells are text.

    >>> html_table(["x"], [["1 < 2"]])
    '<table><thead><tr><th>x</th></tr></thead><tbody><tr><td>1 &lt; 2</td></tr></tbody></table>'
    """

    def line(cells: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    body = "".join(line(row, "td") for row in rows)
    return f"<table><thead>{line(head, 'th')}</thead><tbody>{body}</tbody></table>"
