"""All shapes together: links are tied to registers, and clashes are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from rdflib import SH, Graph, URIRef

from tests.schema.museum import MUSEUM, PREFIXES
from trigpoint.errors import InvalidShape, NoSuchRegister
from trigpoint.iris import SHAPES
from trigpoint.schema.catalogue import DERIVED_CLASS, Schemas


def folder(where: Path, **files: str) -> Path:
    where.mkdir(exist_ok=True)
    for name, text in files.items():
        (where / f"{name}.ttl").write_text(PREFIXES + text)
    return where


def test_a_link_knows_the_register_it_leads_to(tmp_path: Path) -> None:
    """The class of a link is tied to the register whose records are of it."""
    schemas = Schemas([folder(tmp_path, museum=MUSEUM)])
    assert schemas["museum"].field("annexes").target == "museum"
    assert schemas["museum"].field("council").target is None
    known = schemas.by_class(schemas["museum"].target_class)
    assert known is schemas["museum"]
    assert schemas.by_class("http://example.org/Unknown") is None


def test_every_shape_of_ours_can_be_read(schemas: Schemas) -> None:
    """All registers of the project have a schema, named in order."""
    assert {"country", "address", "school-eng", "boundary", "uk"} <= set(schemas)
    assert list(schemas) == sorted(schemas)
    assert len(schemas) == len(list(schemas))


def test_a_link_to_a_class_of_no_register_is_refused(tmp_path: Path) -> None:
    """A link to nothing is a mistake in the shape."""
    text = MUSEUM.replace("sh:class tp:Museum", "sh:class tp:Gallery")
    with pytest.raises(InvalidShape, match="no register has the class"):
        Schemas([folder(tmp_path, museum=text)])


def test_a_derived_class_names_a_register_that_may_be_missing(tmp_path: Path) -> None:
    """A link of a derived shape may lead to a register that is not there."""
    text = MUSEUM.replace("sh:class tp:Museum", f"sh:class <{DERIVED_CLASS}gallery>")
    schemas = Schemas([folder(tmp_path, museum=text)])
    assert schemas["museum"].field("annexes").target == "gallery"
    assert "gallery" not in schemas


@pytest.mark.parametrize("kept", ["tp:register", "sh:targetClass"])
def test_two_shapes_for_one_register_or_class_are_refused(
    tmp_path: Path, kept: str
) -> None:
    """Neither a register nor a class may be defined twice."""
    other = MUSEUM.replace("shape:museum", "shape:other")
    if kept == "tp:register":
        other = other.replace("sh:targetClass tp:Museum", "sh:targetClass tp:Other")
    else:
        other = other.replace('tp:register "museum"', 'tp:register "other"')
    with pytest.raises(InvalidShape, match="same register or the same class"):
        Schemas([folder(tmp_path, museum=MUSEUM, other=other)])


def test_a_shape_of_ours_takes_the_place_of_a_derived_one(tmp_path: Path) -> None:
    """A derived shape is used only until there is one of ours."""
    derived = PREFIXES + MUSEUM.replace("Museums of", "Once museums of")
    alone = Schemas([], derived=[derived])
    assert alone["museum"].derived
    both = Schemas([folder(tmp_path, museum=MUSEUM)], derived=[derived])
    assert not both["museum"].derived
    assert both["museum"].description == "Museums of the county."


@pytest.mark.parametrize("content", [b"shape:museum a ", b"\xff\xfe\x00"])
def test_a_file_that_is_no_turtle_is_refused(tmp_path: Path, content: bytes) -> None:
    """A shape file that cannot be parsed is named."""
    (tmp_path / "broken.ttl").write_bytes(content)
    with pytest.raises(InvalidShape, match=r"broken\.ttl"):
        Schemas([tmp_path])


def test_an_unknown_register_is_an_error_of_ours(schemas: Schemas) -> None:
    """Asking for a register that is not there raises NoSuchRegister."""
    assert "atlantis" not in schemas
    with pytest.raises(NoSuchRegister, match="atlantis"):
        schemas["atlantis"]


def test_a_shape_graph_holds_the_shape_and_what_it_refers_to(schemas: Schemas) -> None:
    """It has the fields of its register, lists and all, and no other register."""
    graph = schemas.shape_graph("country")
    shape = URIRef(f"{SHAPES}country")
    assert set(graph.objects(shape, SH.property)) == {
        URIRef(field.shape) for field in schemas["country"].fields
    }
    assert URIRef(f"{SHAPES}territory") not in set(graph.subjects())
    again = Graph().parse(data=graph.serialize(format="nt"), format="nt")
    assert len(again) == len(graph)


def test_ends_matter_where_a_link_has_to_hold(schemas: Schemas) -> None:
    """Boundaries link to areas of any kind as they held; nobody asks when a street
    ended."""
    assert schemas.ends_matter("statistical-geography-ward")
    assert not schemas.ends_matter("street")
