"""One constraint at one focus node of every row, as a check of columns.

Suspect rows are looked at again: those that certainly violate the constraint get their
violations, and those of which columns cannot be sure go to pySHACL, as do all rows for
a constraint that columns cannot tell at all (SHACL, section 3.4).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl
from rdflib import URIRef

from trigpoint.errors import InvalidShape
from trigpoint.gate.checks import Check
from trigpoint.gate.shacl import constraints as c
from trigpoint.gate.shacl import members
from trigpoint.gate.shacl.findings import Findings
from trigpoint.gate.shacl.judge import Judge
from trigpoint.gate.shacl.looks import (
    AT,
    OK,
    TERM,
    VALUE,
    AllValues,
    EachValue,
    Look,
    Seen,
    look,
)
from trigpoint.gate.shacl.node import (
    STRING,
    Beyond,
    Node,
    NotCompiled,
    Source,
    Verdict,
)
from trigpoint.gate.shacl.part import Part
from trigpoint.gate.shacl.regex import is_plain
from trigpoint.gate.shacl.verdict import both, either, expression, negate
from trigpoint.gate.targets import Targets
from trigpoint.gate.violation import Violation
from trigpoint.schema.shape import Field

# Nothing is wrong with the values by these where there are none.
_ON_VALUES = (
    *(c.Datatype, c.NodeKind, c.InstanceOf, c.Length, c.Pattern, c.Range, c.OneOf),
    *(c.LanguageIn, c.Disjoint, c.LessThan, c.Closed, c.Conforms, c.Properties),
    c.Logic,
)
_PATH, _WHICH = "_path", "_which"
ONLY_ITS_OWN = "A shape can look at its own record and at the class of what it links to"


@dataclass(frozen=True)
class Focus:
    """A focus node by row; `exists` says in which rows there is one. `field` is the one
    that it comes from; None for the record itself."""

    node: Node
    exists: Verdict = True
    field: Field | None = None


@dataclass(frozen=True)
class Court:
    """Those who say what is wrong with rows. `key` is the field that names a row's
    record; rows without one are passed over."""

    findings: Findings
    judge: Judge
    targets: Targets
    key: str


@dataclass(frozen=True)
class Condition:
    """A constraint of a shape at a focus node; `part` is what pySHACL is asked where
    columns are not sure."""

    shape: c.Shape
    constraint: c.Constraint
    focus: Focus
    part: Part

    @property
    def path(self) -> str | None:
        """The property that the shape is about; None when it is not about one."""
        return self.shape.path.iri if isinstance(self.shape.path, c.Predicate) else None

    def field(self, findings: Findings) -> Field | None:
        """The field that the constraint is about; None for the record itself."""
        if self.focus.field is not None or self.shape.path is None:
            return self.focus.field
        path = None if self.path is None else URIRef(self.path)
        return findings.field(self.shape.node, path)

    def reason(self) -> str | None:
        """Why columns cannot tell at all; None when they can. Raises InvalidShape when
        nobody can."""
        try:
            self._suspect(self._look())
        except Beyond as error:
            raise self._beyond(error) from error
        except NotCompiled as error:
            return str(error)
        return None

    def check(self, court: Court) -> Check | None:
        """The check; None when no row can violate the constraint. Raises InvalidShape
        when nobody can tell."""
        name = f"<{self.shape.node}> {self.constraint.text}"
        try:
            look = self._look()
            suspect = self._suspect(look)
        except Beyond as error:
            raise self._beyond(error) from error
        except NotCompiled:
            wanted = expression(self._touched())
            return Check(name, wanted, lambda rows: self._ask(rows, court))
        if suspect is False:
            return None
        flags = expression(suspect).fill_null(True)
        return Check(
            name, flags, lambda rows: self._find(rows, look, court), self._clean(look)
        )

    def _clean(self, look: Look) -> tuple[str, str] | None:
        """A field, and a regular expression of values that are certainly right."""
        if not isinstance(look, EachValue):
            return None
        asked = self.constraint
        if not isinstance(asked, c.Pattern) or len(look.sources) != 1:
            return look.clean()
        (field,) = (source.field for source in look.sources)
        if (
            field is None
            or field.many
            or (field.kind, field.datatypes) != ("literal", (STRING,))
            or asked.flags
            or len(asked.patterns) != 1
            or not is_plain(asked.patterns[0])
        ):
            return None
        return field.name, asked.patterns[0]

    def _beyond(self, error: Beyond) -> InvalidShape:
        return InvalidShape(
            f"<{self.shape.node}> {self.constraint.text}: {error}. {ONLY_ITS_OWN}: put "
            "the condition on the register of the others"
        )

    def sources(self) -> tuple[Source, ...]:
        """The value nodes; raises NotCompiled when rows do not hold them."""
        return members.value_nodes(self.shape, self.focus.node)

    def _look(self) -> Look:
        if isinstance(self.constraint, c.Properties):
            raise NotCompiled("it puts conditions on properties of values")
        found = look(self.constraint, self.focus.node, self.sources())
        if isinstance(found, AllValues):
            absent = negate(self.focus.exists)
            verdict = either(absent, found.verdict)
            return AllValues(verdict, both(self.focus.exists, found.screen))
        return found

    def _suspect(self, look: Look) -> Verdict:
        return look.suspect()

    def _touched(self) -> Verdict:
        """The rows that pySHACL is asked about for lack of anybody else."""
        if self.shape.path is None or not isinstance(self.constraint, _ON_VALUES):
            return True
        try:
            return either(*map(members.exists, self.sources()))
        except NotCompiled:
            return True

    def _ask(self, rows: pl.DataFrame, court: Court) -> Iterator[Violation]:
        return court.judge.judge(rows, self.part, court.targets)

    def _find(
        self, rows: pl.DataFrame, look: Look, court: Court
    ) -> Iterator[Violation]:
        frame = rows.filter(pl.col(court.key).is_not_null()).with_row_index(AT)
        seen = list(look.find(frame))
        if not seen:
            return
        whole = pl.concat(
            one.frame.with_columns(
                pl.lit(one.path, pl.String).alias(_PATH),
                pl.lit(i, pl.UInt32).alias(_WHICH),
            )
            for i, one in enumerate(seen)
        )
        unsure = whole.filter(pl.col(OK).is_null())[AT].unique()
        wrong = whole.filter(~pl.col(OK), ~pl.col(AT).is_in(unsure.implode()))
        yield from self._violations(frame, wrong, seen, court)
        if not unsure.is_empty():
            left = frame.filter(pl.col(AT).is_in(unsure.implode())).drop(AT)
            yield from self._ask(left, court)

    def _violations(
        self,
        frame: pl.DataFrame,
        wrong: pl.DataFrame,
        seen: Sequence[Seen],
        court: Court,
    ) -> Iterator[Violation]:
        """Each value once, however often and in however many fields a row wrote it."""
        wrong = wrong.unique([AT, TERM, _PATH], keep="first", maintain_order=True)
        rows = frame.select(AT, "_row", pl.col(court.key).alias("_key"))
        usual, path = self.field(court.findings), self.path
        named = wrong.join(rows, on=AT, maintain_order="left")
        for row, key, value, own_path, which in named.select(
            "_row", "_key", VALUE, _PATH, _WHICH
        ).iter_rows():
            yield court.findings.violation(
                shape=self.shape.node,
                component=self.constraint.component,
                row=row,
                key=key,
                field=seen[which].field or usual,
                value=value,
                path=own_path or path,
            )
