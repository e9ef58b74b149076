"""Constraints on one value node: what pySHACL says of a term by itself.

SHACL, W3C Recommendation 2017, sections 4.1 to 4.4 and 4.8.3; where pySHACL differs,
it is followed: sh:in and sh:hasValue compare terms, not what they stand for; lengths
and patterns are of the text of a term, an IRI's, too; several patterns or classes have
to hold together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import singledispatch

import polars as pl
from rdflib import Literal, URIRef
from rdflib.namespace import RDF, RDFS
from rdflib.term import Node as Term

from trigpoint.gate.shacl import constraints as c
from trigpoint.gate.shacl import lexical
from trigpoint.gate.shacl.node import STRING, Node, NotCompiled, Verdict
from trigpoint.gate.shacl.regex import Untranslatable, translate
from trigpoint.gate.shacl.verdict import both, expression

# What looks at what follows, or may: without any of these, what is found in the start
# of a text is found in the text.
_LOOKS_ON = re.compile(r"\$|\\[bBZzG]|\(\?(?!:)|[*+?}]\+")
_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE}


@singledispatch
def satisfies(constraint: c.Constraint, node: Node) -> Verdict:
    """Whether the value node satisfies the constraint.

    Raises NotCompiled for what columns cannot tell, TypeError for a constraint that is
    none on single values.
    """
    raise TypeError(f"{constraint.text} is no condition on one value")


@satisfies.register
def _node_kind(constraint: c.NodeKind, node: Node) -> Verdict:
    return constraint.iris if node.is_iri else constraint.literals


@satisfies.register
def _instance_of(constraint: c.InstanceOf, node: Node) -> Verdict:
    return both(*map(node.instance_of, constraint.classes))


@satisfies.register
def _datatype(constraint: c.Datatype, node: Node) -> Verdict:
    def of(datatype: str | None) -> Verdict:
        if datatype == constraint.iri:
            return _well_typed(node, constraint.iri)
        if constraint.iri == str(RDFS.Literal):
            return True
        if constraint.iri == str(RDFS.Datatype):
            return datatype is not None
        plain = str(RDF.langString) if node.language else STRING
        return datatype is None and constraint.iri == plain

    return not node.is_iri and by_datatype(node, of)


def _well_typed(node: Node, datatype: str) -> Verdict:
    if node.well_typed:
        return True
    if not isinstance(node.text, pl.Expr):
        return None
    return lexical.well_typed(node.text, datatype)


@satisfies.register
def _length(constraint: c.Length, node: Node) -> Verdict:
    if constraint.least == 0:
        return True
    if node.text is None:
        return None
    if isinstance(node.text, str):
        least = constraint.least or 0
        most = constraint.most if constraint.most is not None else len(node.text)
        return least <= len(node.text) <= most
    if constraint.least == 1:
        return node.text != ""
    if constraint.least is not None:
        return node.text.str.len_chars() >= constraint.least
    return node.text.str.len_chars() <= constraint.most


@satisfies.register
def _pattern(constraint: c.Pattern, node: Node) -> Verdict:
    return both(
        *(_found(one, constraint.flags.lower(), node) for one in constraint.patterns)
    )


def _found(pattern: str, flags: str, node: Node) -> Verdict:
    start = node.text if isinstance(node.text, str) else node.start
    if start is not None:
        settings = sum(value for flag, value in _FLAGS.items() if flag in flags)
        if re.search(pattern, start, settings) is not None:
            whole = isinstance(node.text, str)
            return True if whole or not _LOOKS_ON.search(pattern) else None
        return False if isinstance(node.text, str) else None
    if not isinstance(node.text, pl.Expr):
        return None
    try:
        return node.text.str.contains(translate(pattern, flags))
    except Untranslatable as error:
        raise NotCompiled(str(error)) from error


@satisfies.register
def _range(constraint: c.Range, node: Node) -> Verdict:
    if node.is_iri:
        return False
    text = node.text
    if not isinstance(text, pl.Expr):
        return None

    def of(datatype: str | None) -> Verdict:
        return both(
            *(
                lexical.satisfies(
                    text, datatype or STRING, node.language, constraint.operator, bound
                )
                for bound in constraint.bounds
            )
        )

    return by_datatype(node, of)


@satisfies.register
def _one_of(constraint: c.OneOf, node: Node) -> Verdict:
    return is_among(node, constraint.members)


@satisfies.register
def _language_in(constraint: c.LanguageIn, node: Node) -> Verdict:
    if node.is_iri or not node.language:
        return False
    tag = node.language.lower()
    return bool(constraint.tags & {"*", tag, tag.split("-")[0]})


def is_among(node: Node, terms: Sequence[Term]) -> Verdict:
    """Whether the node is one of these terms, as rdflib compares terms."""
    if node.is_iri:
        return _text_among(node, [str(t) for t in terms if isinstance(t, URIRef)])
    language = (node.language or "").lower()
    literals = [
        (None if t.datatype is None else str(t.datatype), str(t))
        for t in terms
        if isinstance(t, Literal) and (t.language or "").lower() == language
    ]

    def of(datatype: str | None) -> Verdict:
        return _text_among(node, [text for one, text in literals if one == datatype])

    return by_datatype(node, of)


def _text_among(node: Node, texts: list[str]) -> Verdict:
    if not texts:
        return False
    if isinstance(node.text, str):
        return node.text in texts
    return None if node.text is None else node.text.is_in(texts)


def by_datatype(node: Node, of: Callable[[str | None], Verdict]) -> Verdict:
    """What `of` says of each datatype that the node may have; None for xsd:string and
    for text with a language."""
    if not isinstance(node.datatype, pl.Expr):
        return of(node.datatype)
    cases = {one: of(None if one == STRING else one) for one in node.datatypes}
    answers = list(cases.values())
    if all(one is answers[0] for one in answers):
        return answers[0]
    return both(
        *(
            True if answer is True else (node.datatype != one) | expression(answer)
            for one, answer in cases.items()
        )
    )
