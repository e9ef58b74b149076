"""Names of organisations, as the log may say them for ever; persons' are refused.

The gate refuses personal data in rows; what stands beside them is held to the same.
"""

from __future__ import annotations

import re

from trigpoint.errors import InvalidInput
from trigpoint.gate.rules import EMAIL

_LONGEST_NAME = 200  # characters
_TITLE = re.compile(
    r"(?:mr|mrs|ms|miss|mx|dr|prof|professor|rev|reverend|sir|dame|lord|lady|cllr|"
    r"councillor)\.?(?: \S+){1,3}",
    re.IGNORECASE,
)
# Some organisations are called after a person: Dr Challoner's Grammar School.
_ORGANISED = re.compile(
    r"\b(?:academy|agency|association|authority|board|church|college|committee|"
    r"company|corporation|council|department|foundation|institute|limited|ltd|ministry|"
    r"office|plc|school|service|society|trust|university)\b",
    re.IGNORECASE,
)
_TELEPHONE = re.compile(r"(?:\+|\b0)[\d ()-]{9,}", re.ASCII)


def check_organisation(name: str) -> str:
    """The name of an organisation, as given but for space around it.

    Raises InvalidInput for an e-mail address, a telephone number, a person by title
    (a name alone cannot be told from an organisation's), and for text that is no line.
    """
    name = name.strip()
    wrong = None
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        wrong = f"expected one line of 1 to {_LONGEST_NAME} characters"
    elif seems_personal(name):
        wrong = "an address or number may be personal"
    elif _TITLE.fullmatch(name) and not _ORGANISED.search(name):
        wrong = "that is a person's name"
    if wrong is not None:
        raise InvalidInput(
            f"a key belongs to an organisation, and the log says its name for ever: "
            f"{wrong}"
        )
    return name


def seems_personal(text: str) -> bool:
    """Whether an e-mail address or a telephone number is in a text."""
    return bool(re.search(EMAIL, text) or _TELEPHONE.search(text))
