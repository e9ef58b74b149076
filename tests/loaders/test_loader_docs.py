"""docs/sources.md keeps up with the sources."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from loaders.__main__ import SOURCES, parser
from loaders.source import Source

DOC = Path(__file__).parents[2] / "docs" / "sources.md"


def section(source: Source) -> str:
    """What the document says under the heading of one source."""
    parts = re.split(r"(?m)^## `(.+)`$", DOC.read_text(encoding="utf-8"))
    return dict(zip(parts[1::2], parts[2::2], strict=True))[source.name]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_every_source_has_a_command_that_parses(source: Source) -> None:
    """The command shown for a source is one that the loader takes."""
    block = re.search(r"```sh\npython -m loaders (.+)\n```", section(source))
    assert block is not None
    options = parser().parse_args(shlex.split(block[1]))
    assert options.source == source.name
    assert options.files
    assert options.source_date or source.name == "boundaries"


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_every_source_says_where_it_is_published_and_on_what_terms(
    source: Source,
) -> None:
    """Landing page and attribution stand in the document as the loader records them."""
    said = section(source)
    assert source.landing_page in said
    assert source.attribution in said
    for layout in source.layouts:
        assert layout.attribution is None or layout.attribution in said
    assert "Licence: Open Government Licence v3.0" in said


def test_no_section_is_left_of_a_source_that_is_gone() -> None:
    """Each section in backticks is of a source that there is."""
    named = set(re.findall(r"(?m)^## `(.+)`$", DOC.read_text(encoding="utf-8")))
    assert named == {source.name for source in SOURCES}


def test_help_lists_every_source_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` names each source and what it is."""
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(["--help"])
    assert ended.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    for source in SOURCES:
        assert f"{source.name} {source.title}" in text
