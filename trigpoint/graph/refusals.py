"""What a remote SPARQL server says instead of an answer, as errors of ours."""

from __future__ import annotations

import re
from typing import Final

from trigpoint.errors import RemoteUnavailable

JSON: Final = "application/sparql-results+json"
NTRIPLES: Final = "application/n-triples"
SHOWN: Final = 200  # characters of what a server says


def no_answer(url: str, error: Exception) -> RemoteUnavailable:
    """The error for an answer that is not what was asked for."""
    return RemoteUnavailable(
        f"what {url} answers is no SPARQL result ({str(error)[:SHOWN]})"
    )


def away(url: str, error: Exception) -> RemoteUnavailable:
    """The error for a server that cannot be talked to."""
    why = str(error) or type(error).__name__
    return RemoteUnavailable(f"the SPARQL server at {url} does not answer: {why}")


def refused(url: str, status: int, text: str) -> RemoteUnavailable:
    """The error for what a server refuses, with the beginning of what it says."""
    said = " ".join(re.sub(r"<[^<>]*>", " ", text[: 10 * SHOWN]).split())[:SHOWN]
    what = f"{status}: {said}" if said else f"{status}"
    hint = " (are its user and password right?)" if status in (401, 403) else ""
    return RemoteUnavailable(
        f"the SPARQL server at {url} refuses{hint}: {what}", status=status
    )
