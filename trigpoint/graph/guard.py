"""What a query may ask, decided on its parse and never by searching its text.

The engine can call other endpoints (`SERVICE`) and cannot be told not to. So the
query is parsed here, what is not offered is refused, and the engine is given
the tokens that were checked, each set apart by white space and without the
comments: it cannot read a keyword where this parser read something else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, cast

from lark import Token

from trigpoint.graph.bounds import check_bounds
from trigpoint.graph.dataset import Dataset, dataset_changes
from trigpoint.graph.sparql import MAX_DEPTH, MAX_LENGTH, ParsedQuery, parse_query
from trigpoint.graph.written import start_of, write_tokens

QueryForm = Literal["select", "ask", "construct", "describe"]

_FORMS: Final = frozenset({"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"})


@dataclass(frozen=True)
class CheckedQuery:
    """A query that may run: its form and the text to give to the engine.

    `names` are the variables in the order in which the text has them. `star` is
    the place of the `*` of a top-level `SELECT *` in `text`, and None in any
    other query.
    """

    form: QueryForm
    text: str
    names: tuple[str, ...]
    star: int | None
    dataset: bool

    def with_columns(self, visible: Sequence[str]) -> str:
        """The text with `SELECT *` spelled out over the `visible` variables.

        The engine sorts the columns of `*` by name; people expect them in the
        order in which they wrote them.
        """
        if self.star is None or not visible:
            return self.text
        known = frozenset(visible)
        columns = " ".join(f"?{name}" for name in self.names if name in known)
        return f"{self.text[: self.star]} {columns} {self.text[self.star + 1 :]}"


def check_query(
    text: str,
    *,
    base: str,
    default_graphs: Iterable[str] = (),
    named_graphs: Iterable[str] = (),
    foreign: bool = False,
    max_length: int = MAX_LENGTH,
    max_depth: int = MAX_DEPTH,
) -> CheckedQuery:
    """Parse a query and decide whether it may run.

    `base` is the base IRI of the installation: relative IRIs resolve against it, and
    only graphs under `{base}/graph/` may be named, unless `foreign` allows any.
    `default_graphs` and `named_graphs` are what the client names beside the query
    (SPARQL 1.1 Protocol, section 2.1.4), in place of `FROM` in the text. Raises
    QueryTooLarge (length in characters, nesting in brackets, patterns, operators,
    columns), QueryRejected (syntax errors with line and column, updates, `SERVICE`,
    foreign graphs) and InvalidParameter (a graph beside the query that is no IRI).
    """
    parsed = parse_query(text, max_length=max_length, max_depth=max_depth)
    check_bounds(parsed)
    form = next(token for token in parsed.tokens if token.type in _FORMS)
    changes, named = dataset_changes(
        parsed.tokens,
        form,
        Dataset(base, tuple(default_graphs), tuple(named_graphs), foreign),
    )
    written, star = write_tokens(parsed.tokens, changes, _star(parsed, form))
    names = dict.fromkeys(t.value[1:] for t in parsed.tokens if t.type == "VAR")
    return CheckedQuery(
        form=cast(QueryForm, form.type.lower()),
        text=written,
        names=tuple(names),
        star=star,
        dataset=named,
    )


def _star(parsed: ParsedQuery, form: Token) -> int | None:
    """The place of the `*` of a query that is `SELECT *`."""
    rest = iter(parsed.tokens[parsed.tokens.index(form) :])
    if next(rest).type != "SELECT":
        return None
    token = next(rest)
    if token.type in ("DISTINCT", "REDUCED"):
        token = next(rest)
    return start_of(token) if token.type == "STAR" else None
