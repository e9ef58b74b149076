"""IRIs that reports use: SHACL's own components, and ours for what SHACL cannot say.

SHACL: W3C Recommendation 2017, section 4 (core constraint components).
"""

from __future__ import annotations

from typing import Literal

from trigpoint.iris import ONTOLOGY

Severity = Literal["violation", "warning", "info"]

SH = "http://www.w3.org/ns/shacl#"


def _sh(name: str) -> str:
    return f"{SH}{name}ConstraintComponent"


MIN_COUNT = _sh("MinCount")
MAX_COUNT = _sh("MaxCount")
DATATYPE = _sh("Datatype")
NODE_KIND = _sh("NodeKind")
CLASS = _sh("Class")
PATTERN = _sh("Pattern")
MIN_LENGTH = _sh("MinLength")
MAX_LENGTH = _sh("MaxLength")
IN = _sh("In")
OR = _sh("Or")
NODE = _sh("Node")
CLOSED = _sh("Closed")
LANGUAGE_IN = _sh("LanguageIn")

DUPLICATE_KEY = f"{ONTOLOGY}DuplicateKey"
ENDED_LINK = f"{ONTOLOGY}EndedLink"
LINK_TO_REFUSED = f"{ONTOLOGY}LinkToRefused"
FORMULA_CELL = f"{ONTOLOGY}FormulaCell"
CONTROL_CHARACTER = f"{ONTOLOGY}ControlCharacter"
EMPTY_VALUE = f"{ONTOLOGY}EmptyValue"
PERSONAL_DATA = f"{ONTOLOGY}PersonalData"
INVALID_DATE = f"{ONTOLOGY}InvalidDate"
INVALID_GEOMETRY = f"{ONTOLOGY}InvalidGeometry"
NOT_CANONICAL_KEY = f"{ONTOLOGY}NotCanonicalKey"
NOT_CANONICAL_VALUE = f"{ONTOLOGY}NotCanonicalValue"
ENTITY_MISMATCH = f"{ONTOLOGY}EntityMismatch"
END_BEFORE_START = f"{ONTOLOGY}EndBeforeStart"
UNRESOLVED = f"{ONTOLOGY}Unresolved"
SUSPICIOUS_DROP = f"{ONTOLOGY}SuspiciousDrop"
KEY_MISMATCH = f"{ONTOLOGY}KeyMismatch"
WRONG_CARDINALITY = f"{ONTOLOGY}WrongCardinality"
OVERLAP = f"{ONTOLOGY}Overlap"
GAP = f"{ONTOLOGY}Gap"
OPENING = f"{ONTOLOGY}Opening"

# What an identifier violates that cannot be read, by the tp:KeySpelling it should have.
INVALID_IDENTIFIER = {
    f"{ONTOLOGY}{kind}": f"{ONTOLOGY}Invalid{kind}"
    for kind in ("Uprn", "Usrn", "GssCode", "SchoolUrn", "Postcode", "Laestab")
}

# sh:resultPath of a column that no shape declares: it has no property of its own.
UNDECLARED_COLUMN = f"{ONTOLOGY}undeclaredColumn"


def short(component: str) -> str:
    """A component as people read it: `sh:Pattern`, `tp:DuplicateKey`."""
    if component.startswith(SH):
        return "sh:" + component.removeprefix(SH).removesuffix("ConstraintComponent")
    if component.startswith(ONTOLOGY):
        return "tp:" + component.removeprefix(ONTOLOGY)
    return component
