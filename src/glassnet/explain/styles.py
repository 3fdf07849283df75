"""How a page of workings looks: light and dark, on a phone and on paper."""

from __future__ import annotations

__all__ = ["STYLE"]

LIGHT = (
    "--paper:#fff;--text:#1c2733;--quiet:#5b6774;--line:#d8dee6;--box:#f6f8fa;--edge:#8390a0;"
    "--result:#12795a;--gradient:#b93a0b;--input:#e6f0fb"
)
DARK = (
    "--paper:#10161d;--text:#e8eef4;--quiet:#9aa7b4;--line:#2c3743;--box:#1b242e;--edge:#77879a;"
    "--result:#3fc79a;--gradient:#ff9d66;--input:#15304e"
)
INK = "--text:#000;--quiet:#333;--result:#000;--gradient:#000;--edge:#333"  # on paper
# Everything is below the class, so that the page can stand in a notebook beside other things.
RULES = {
    "": f"{LIGHT};color-scheme:light dark;color:var(--text);background:var(--paper);"
    "font:16px/1.5 system-ui,-apple-system,'Segoe UI',sans-serif;max-width:60rem;margin:0 auto;"
    "padding:1rem;overflow-wrap:anywhere",
    " h1": "font-size:1.5rem;line-height:1.25;margin:.2em 0 .4em",
    " h2, h3": "display:inline;font-size:1.1rem;margin:0",
    " h2": "font-size:1.25rem",
    " ul.conventions": "color:var(--quiet);margin:.3em 0 1em;padding-left:1.2em;font-size:.92rem",
    " details": "border-top:1px solid var(--line);padding:.45rem 0",
    " details details": "margin-left:.2rem",
    " summary": "cursor:pointer;padding:.15rem 0",
    " p": "margin:.55em 0",
    " p.given": "display:flex;flex-wrap:wrap;gap:.4em 1.6em",
    " .working": "display:grid;grid-template-columns:max-content minmax(0,1fr);gap:0 .3em;"
    "margin:.5em 0;align-items:baseline",
    " .working>span": "grid-column:2;line-height:1.8;padding:.35em 0;"
    "max-width:100%;overflow-x:auto;overflow-y:hidden",
    " .working>math": "grid-column:1;justify-self:start",
    " .working>.why": "color:var(--quiet);font-size:.92rem;line-height:1.4;padding:0",
    " .table": "overflow-x:auto;margin:.6em 0",
    " table": "border-collapse:collapse;font-variant-numeric:tabular-nums",
    " caption": "text-align:left;color:var(--quiet);font-size:.92rem;padding-bottom:.3em",
    " th, td": "padding:.15em .6em;text-align:right",
    " th": "font-weight:600;border-bottom:1px solid var(--line)",
    " td.lit": "background:var(--input);font-weight:600",
    " .result": "color:var(--result);font-weight:600",
    " math": "font-size:1.1rem;math-style:normal",
    " :is(msub,msup,msubsup)>:nth-child(n+2)": "font-size:.72em",
    " figure": "margin:1rem 0;overflow-x:auto",
    " figcaption": "color:var(--quiet);font-size:.85rem",
    " svg": "display:block;height:auto;margin:0 auto",
    " svg text": "font:12px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;"
    "fill:var(--text);text-anchor:middle",
    " svg .quiet": "fill:var(--quiet)",
    " svg .gradient": "fill:var(--gradient)",
    " svg .out": "fill:var(--result)",
    " svg .weight": "paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round",
    " svg line": "stroke:var(--edge);stroke-width:1.3",
    " svg rect": "fill:var(--box);stroke:var(--edge);stroke-width:1.3",
    " svg .input rect": "fill:var(--input)",
}


def _rules() -> str:
    found: list[str] = []
    for places, rule in RULES.items():
        names = ",".join(f".glassnet-workings{_spaced(place)}" for place in places.split(", "))
        found.append(f"{names}{{{rule}}}")
    return "\n".join(found)


def _spaced(place: str) -> str:
    return f" {place.strip()}" if place.strip() else ""


STYLE = f"""{_rules()}
@media (prefers-color-scheme:dark){{.glassnet-workings{{{DARK}}}}}
@media (max-width:34rem){{.glassnet-workings{{padding:.7rem;font-size:15px}}
.glassnet-workings .working{{grid-template-columns:1.1em minmax(0,1fr)}}
.glassnet-workings .working>math{{grid-column:1/3}}}}
@media print{{.glassnet-workings{{{LIGHT};{INK};max-width:none;padding:0;font-size:10.5pt}}
.glassnet-workings details::details-content{{content-visibility:visible;height:auto}}
.glassnet-workings summary{{list-style:none;break-after:avoid}}
.glassnet-workings :is(.working>span,.table,figure){{overflow:visible}}
.glassnet-workings :is(.working,.given,figure,tr){{break-inside:avoid}}
.glassnet-workings svg{{max-width:100%;max-height:17cm}}
.glassnet-workings .working{{margin:.2em 0}}
.glassnet-workings .working>span{{line-height:1.5;padding:.1em 0}}
.glassnet-workings>details:has(details)+details{{break-before:page}}
.glassnet-workings td.lit{{outline:1px solid}}}}"""
