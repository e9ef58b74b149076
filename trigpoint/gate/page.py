"""A report as one HTML page for people: counts on top, then the first findings.

The page stands alone and runs nothing. Values are escaped, isolated from the direction
in which the text around them runs, and shortened; the other forms have them whole.
Values and problems break anywhere, so that the columns before them keep their words.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from trigpoint.gate import render
from trigpoint.gate.results import Naming
from trigpoint.gate.tally import Tally
from trigpoint.gate.violation import Violation

SHOWN = 1_000  # findings: a table of more is of no use to people, nor to browsers
_WORDS = {"violation": "Violation", "warning": "Warning", "info": "Note"}
_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>What the gate found</title>
<style>
body { font-family: sans-serif; margin: 1rem; color: #111; background: #fff }
table { border-collapse: collapse; margin: 1rem 0 }
caption { text-align: left; font-weight: bold; padding: .3rem 0 }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem;
 border-bottom: 1px solid #767676 }
td:nth-child(n+6) { overflow-wrap: anywhere }
td.n { text-align: right }
tr.violation th { border-left: .4rem solid #b10e1e }
tr.warning th { border-left: .4rem dashed #b58840 }
tr.info th { border-left: .4rem dotted #1d70b8 }
</style>
</head>
<body>
<h1>What the gate found</h1>
"""


class Page:
    """The page; it is made at its end, of the findings held till then."""

    def __init__(self, _naming: Naming) -> None:
        self._tally = Tally(SHOWN)

    def head(self) -> str:
        return _HEAD

    def one(self, violation: Violation) -> str:
        self._tally.add(violation)
        return ""

    def tail(self) -> str:
        if not len(self._tally):
            return "<p>Nothing was refused.</p>\n</body>\n</html>\n"
        said = render.severity_counts(self._tally.severities)
        counts = render.by_count(self._tally.counts)
        parts = [f"<p>{said}.</p>\n", *_counts(counts), *_findings(self._tally)]
        return "".join([*parts, "</body>\n</html>\n"])


def _counts(counts: Iterable[tuple[str, int]]) -> Iterable[str]:
    yield "<table>\n<caption>How often each was found</caption>\n<thead><tr>"
    yield '<th scope="col">Found</th><th scope="col">What</th></tr></thead>\n<tbody>\n'
    for what, count in counts:
        yield f'<tr><td class="n">{count:,}</td>'
        yield f'<th scope="row"><bdi>{escape(what)}</bdi></th></tr>\n'
    yield "</tbody>\n</table>\n"


def _findings(tally: Tally) -> Iterable[str]:
    held = render.by_row(tally.violations)
    more = len(tally) - len(held)
    if more:
        yield f"<p>The table has {len(held):,} findings, and there were {more:,} more: "
        yield "a report in CSV, JSON lines, JSON or RDF has them all.</p>\n"
    yield "<table>\n<caption>Findings by row</caption>\n<thead><tr>"
    names = ("Severity", *render.COLUMNS)
    yield "".join(f'<th scope="col">{name}</th>' for name in names)
    yield "</tr></thead>\n<tbody>\n"
    for one in held:
        yield f'<tr class="{one.severity}"><th scope="row">{_WORDS[one.severity]}</th>'
        yield "".join(f"<td><bdi>{escape(c)}</bdi></td>" for c in render.cells(one))
        yield "</tr>\n"
    yield "</tbody>\n</table>\n"
