"""Archived registers through the façade: their own roots, or nothing at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from trigpoint.errors import BadRelease, InvalidShape
from trigpoint.gate.report import Report
from trigpoint.gate.report_file import ReportFile
from trigpoint.log import merkle
from trigpoint.log.entry import Batch, Entry, leaf
from trigpoint.log.rsf import format_rsf, read_rsf
from trigpoint.register import Registers
from trigpoint.schema.items import Item, canonical_json, format_hash, item_hash

BATCH = Batch("rsf", "Archived registers", release_date="2019-11-01")
TIME = "2019-04-01T12:00:00Z"


def fields(register: str, *names: str) -> list[tuple[str, str]]:
    """System entries that define a register of string fields."""
    definition: Item = {"register": register, "fields": [register, *names]}
    found: list[tuple[str, Item]] = [
        ("name", {"name": register}),
        (f"register:{register}", definition),
    ]
    for name in (register, *names):
        member: Item = {"field": name, "datatype": "string", "cardinality": "1"}
        found.append((f"field:{name}", member))
    return [(key, canonical_json(item)) for key, item in found]


def rsf(
    folder: Path,
    rows: list[tuple[str, dict[str, str]]],
    *,
    register: str = "town",
    called: str | None = None,
    system: list[tuple[str, str]] | None = None,
    after: list[tuple[str, dict[str, str]]] | None = None,
) -> Path:
    """An RSF file of these entries; `after` are the entries that it goes on from."""
    metadata = fields(register, "name") if system is None else system
    if after is not None:
        metadata = []
    items = [(key, canonical_json({register: key, **item})) for key, item in rows]
    held = [(k, canonical_json({register: k, **item})) for k, item in after or []]
    leaves = [
        merkle.leaf_hash(leaf(Entry(n, TIME, key, item_hash(text))))
        for n, (key, text) in enumerate(held + items, start=1)
    ]
    lines = [f"assert-root-hash\t{format_hash(merkle.root_hash(leaves[: len(held)]))}"]
    lines += [f"add-item\t{text}" for _, text in metadata + items]
    lines += [
        f"append-entry\t{kind}\t{key}\t{TIME}\t{format_hash(item_hash(text))}"
        for kind, entries in (("system", metadata), ("user", items))
        for key, text in entries
    ]
    lines.append(f"assert-root-hash\t{format_hash(merkle.root_hash(leaves))}")
    path = folder / (called or f"{register}.rsf")
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


AYR, BATH, CORK = (
    ("a", {"name": "Ayr"}),
    ("b", {"name": "Bath"}),
    ("c", {"name": "Cork"}),
)


@pytest.fixture
def registers(tmp_path: Path) -> Iterator[Registers]:
    registers = Registers.open(tmp_path / "data", write=True)
    yield registers
    registers.log.close()


def test_a_register_of_its_own_fields_is_loaded(
    registers: Registers, tmp_path: Path
) -> None:
    """Without a shape of ours, the file's definitions make one, kept in the log."""
    path = rsf(tmp_path, [AYR, BATH])
    summary = registers.import_rsf([path], BATCH)
    assert summary.appended
    assert summary.counts["town"].added == 2
    again = Registers.open(registers.data)
    assert again.schema("town").derived
    assert again.schema("town").names == ("town", "name")
    (line,) = [x for x in again.lines(again.log.record("town", "a")) if "label" in x]
    assert line.endswith('"Ayr" .')


def test_a_key_that_comes_again_in_one_file_was_changed(
    registers: Registers, tmp_path: Path
) -> None:
    """Of two new entries of one key the first adds it and the second changes it."""
    again = ("a", {"name": "Inbhir Àir"})
    summary = registers.import_rsf([rsf(tmp_path, [AYR, again])], BATCH)
    found = summary.counts["town"]
    assert (found.added, found.changed, found.unchanged) == (1, 1, 0)


def test_the_same_file_twice_appends_nothing(
    registers: Registers, tmp_path: Path
) -> None:
    """A file that says nothing new leaves log, batches and views as they are."""
    path = rsf(tmp_path, [AYR, BATH])
    registers.import_rsf([path], BATCH)
    before = (registers.log.sizes(), registers.log.batches(), registers.view().version)
    summary = registers.import_rsf([path], BATCH)
    assert summary.counts["town"].unchanged == 2
    assert (summary.counts["town"].added, summary.counts["town"].changed) == (0, 0)
    assert before == (
        registers.log.sizes(),
        registers.log.batches(),
        registers.view().version,
    )


def test_a_longer_file_goes_on_from_what_is_held(
    registers: Registers, tmp_path: Path
) -> None:
    """Of a whole register only the new entries are appended."""
    registers.import_rsf([rsf(tmp_path, [AYR])], BATCH)
    renamed = ("a", {"name": "Inbhir Àir"})
    summary = registers.import_rsf([rsf(tmp_path, [AYR, BATH, renamed])], BATCH)
    found = summary.counts["town"]
    assert (found.added, found.changed, found.unchanged) == (1, 1, 1)
    assert registers.log.record("town", "a").item["name"] == "Inbhir Àir"
    assert registers.log.verify("town") == registers.log.root("town")
    older = registers.import_rsf([rsf(tmp_path, [AYR])], BATCH)
    assert older.counts["town"].unchanged == 1
    assert registers.log.size("town") == 3


def test_a_file_of_new_entries_goes_on_from_the_current_root(
    registers: Registers, tmp_path: Path
) -> None:
    """A file may begin with the root that the log has, and hold what came since."""
    registers.import_rsf([rsf(tmp_path, [AYR, BATH])], BATCH)
    delta = rsf(tmp_path, [CORK], after=[AYR, BATH])
    summary = registers.import_rsf([delta], BATCH)
    assert summary.counts["town"].added == 1
    assert [entry.key for entry in registers.log.entries("town")] == ["a", "b", "c"]
    assert registers.log.root("town") == registers.log.verify("town")


@pytest.mark.parametrize(
    "rows", [[("a", {"name": "Air"})], [BATH, AYR], [("z", {"name": "Ayr"}), BATH]]
)
def test_another_history_is_refused(
    registers: Registers, tmp_path: Path, rows: list[tuple[str, dict[str, str]]]
) -> None:
    """A file whose entries are not those of the log is refused, and nothing changes."""
    registers.import_rsf([rsf(tmp_path, [AYR, BATH])], BATCH)
    root = registers.log.root("town")
    with pytest.raises(BadRelease, match="another history"):
        registers.import_rsf([rsf(tmp_path, [*rows, CORK])], BATCH)
    assert registers.log.root("town") == root


def test_two_files_of_one_register_are_refused(
    registers: Registers, tmp_path: Path
) -> None:
    """They could tell different histories, so they are loaded one after the other."""
    files = [rsf(tmp_path, [AYR]), rsf(tmp_path, [BATH, CORK], called="copy.rsf")]
    with pytest.raises(BadRelease, match="another file is of the register town"):
        registers.import_rsf(files, BATCH)
    assert registers.log.sizes() == {}


def test_a_file_does_not_go_on_from_another_register(
    registers: Registers, tmp_path: Path
) -> None:
    """The root of one register is no beginning for the entries of another."""
    city = rsf(tmp_path, [AYR, BATH], register="city")
    registers.import_rsf([rsf(tmp_path, [CORK]), city], BATCH)
    both = ("c", {"name": "Cork", "town": "c"})
    text = rsf(tmp_path, [both], register="city", after=[AYR, BATH]).read_text()
    name = canonical_json({"name": "town"})
    lines = text.splitlines(keepends=True)
    lines[2:2] = [
        f"add-item\t{name}\n",
        f"append-entry\tsystem\tname\t{TIME}\t{format_hash(item_hash(name))}\n",
    ]
    (tmp_path / "city.rsf").write_text("".join(lines))
    before = registers.log.sizes()
    with pytest.raises(BadRelease, match="it goes on from the entries of city"):
        registers.import_rsf([tmp_path / "city.rsf"], BATCH)
    assert registers.log.sizes() == before


BAD_SYSTEMS = {
    "no-definition": [("name", '{"name":"town"}')],
    "field-not-defined": fields("town", "name")[:-1],
    "datatype-unknown": [
        *fields("town", "name")[:-1],
        ("field:name", '{"cardinality":"1","datatype":"furlong","field":"name"}'),
    ],
    "datatype-missing": [
        *fields("town", "name")[:-1],
        ("field:name", '{"cardinality":"1","field":"name"}'),
    ],
    "name-of-no-register": fields("../town", "name"),
    "field-of-no-name": fields("town", "name> <x"),
}


@pytest.mark.parametrize("system", BAD_SYSTEMS.values(), ids=BAD_SYSTEMS.keys())
def test_bad_definitions_are_refused(
    registers: Registers, tmp_path: Path, system: list[tuple[str, str]]
) -> None:
    """A register that is not defined as it must be is not loaded."""
    register = json.loads(system[0][1])["name"]
    rows = [("a", {"name": "Ayr"})]
    path = rsf(tmp_path, rows, register=register, called="town.rsf", system=system)
    with pytest.raises((BadRelease, InvalidShape)):
        registers.import_rsf([path], BATCH)
    assert registers.log.sizes() == {}
    assert registers.view().sizes == {}


def test_an_item_that_its_shape_refuses_keeps_the_archive_out(
    registers: Registers, tmp_path: Path
) -> None:
    """An undeclared field is a violation, named with its entry; nothing is written."""
    path = rsf(tmp_path, [AYR, ("b", {"name": "Bath", "e-mail": "b@example.org"})])
    good = rsf(tmp_path, [AYR], register="city")
    summary = registers.import_rsf([good, path], BATCH)
    assert not summary.appended
    (violation,) = [v for v in summary.report.violations if v.severity == "violation"]
    assert (violation.register, violation.row, violation.key, violation.field) == (
        *("town", 2, "b", "e-mail"),
    )
    assert registers.log.sizes() == {}


def test_findings_in_an_archive_are_reported_by_the_shape_that_it_brings(
    registers: Registers, tmp_path: Path
) -> None:
    """RDF of a value needs its field, of which nothing is known before."""
    path = rsf(tmp_path, [("a", {"name": "=1"})])
    file = ReportFile(tmp_path / "found.nt", registers.base, registers.schemas)
    with Report(files=[file]) as report:
        registers.import_rsf([path], BATCH, report=report)
    assert report.conforms
    assert '<http://www.w3.org/ns/shacl#value> "=1" .' in file.path.read_text("utf-8")


def test_one_bad_file_keeps_the_good_ones_out(
    registers: Registers, tmp_path: Path
) -> None:
    """All the files of a load are believed, or none is."""
    good, bad = rsf(tmp_path, [AYR]), rsf(tmp_path, [BATH], register="city")
    bad.write_bytes(bad.read_bytes()[:-20])
    with pytest.raises(BadRelease, match=r"city\.rsf, line \d+: the last line"):
        registers.import_rsf([good, bad], BATCH)
    assert registers.log.sizes() == {}
    assert registers.log.batches() == []


def test_a_dry_run_writes_nothing(registers: Registers, tmp_path: Path) -> None:
    """The counts are told, and neither log nor shapes are kept."""
    summary = registers.import_rsf([rsf(tmp_path, [AYR])], BATCH, dry_run=True)
    assert summary.counts["town"].added == 1
    assert not summary.appended
    assert registers.log.sizes() == {}
    assert "town" not in registers.schemas


# ---- the real files ----------------------------------------------------------


def test_all_archives_have_their_own_roots_in_the_log(
    archived: Path, rsf_files: list[Path]
) -> None:
    """51 registers and 102 roots: sizes and roots in the log are the files' own."""
    registers = Registers.open(archived)
    archives = [read_rsf(path) for path in rsf_files]
    assert len(archives) == len(registers.log.registers()) == 51
    assert sum(archive.assertions for archive in archives) == 102
    beside = sum(len(archive.system) + archive.withheld for archive in archives)
    assert sum(registers.log.sizes().values()) + beside == 11_741
    for path, archive in zip(rsf_files, archives, strict=True):
        register = archive.register
        assert registers.log.size(register) == len(archive.entries)
        assert registers.log.verify(register) == registers.log.root(register)
        said = _asserted(path)
        for size, root in said:
            assert registers.log.root(register, size) == root
        registers.log.close()


def _asserted(path: Path) -> list[tuple[int, bytes]]:
    """Each asserted root of a file, with the number of user entries before it."""
    found, size = [], 0
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("append-entry\tuser\t"):
            size += 1
        elif line.startswith("assert-root-hash\t"):
            found.append((size, bytes.fromhex(line[-64:])))
    return found


def test_no_custodian_is_kept_anywhere(archived: Path, rsf_files: list[Path]) -> None:
    """The persons named in the files' metadata are in no file of the data directory."""
    names: set[str] = set()
    for path in rsf_files:
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith('add-item\t{"custodian":'):
                names.add(json.loads(line.removeprefix("add-item\t"))["custodian"])
    assert len(names) > 20
    persons = {name.encode() for name in names if " " in name}
    found = {
        (file.name, person.decode())
        for file in archived.rglob("*")
        if file.is_file()
        for content in [file.read_bytes()]
        for person in persons
        if person in content
    }
    assert found == set()


def test_an_archive_survives_being_written_and_read(
    archived: Path, tmp_path: Path
) -> None:
    """A register written as RSF and loaded elsewhere has the same root."""
    registers = Registers.open(archived)
    elsewhere = Registers.open(tmp_path / "data", write=True)
    paths = []
    for register in ("country", "datatype", "local-authority-eng", "jobcentre"):
        entries = registers.log.entries(register, 1, 100_000)
        items = [registers.log.item(entry.item_hash) for entry in entries]
        system = registers.log.system_entries(register)
        root = registers.log.root(register)
        path = tmp_path / f"{register}.rsf"
        text = "".join(format_rsf(register, system, entries, items, root))
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    assert elsewhere.import_rsf(paths, BATCH).appended
    for path in paths:
        assert elsewhere.log.root(path.stem) == registers.log.root(path.stem)


BOW_TIE = "POLYGON ((0 51, 1 52, 1 51, 0 52, 0 51))"


@pytest.mark.parametrize(
    "item",
    [
        {"postcode": "SW1A 2AA", "point": "[190,51]"},
        {
            "area": "statistical-geography-london-borough-eng:E09000033",
            "boundary": "E09000033-2025-full",
            "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
            "geometry": BOW_TIE,
            "resolution": "full",
            "vintage": "2025",
        },
    ],
    ids=["point beyond the earth", "outline that crosses itself"],
)
def test_history_with_a_geometry_that_cannot_be_indexed_is_refused(
    tmp_path: Path, item: dict[str, str | list[str]]
) -> None:
    """What no view could be built of does not get into the log by way of an archive."""
    register = "postcode" if "postcode" in item else "boundary"
    text = canonical_json(item)
    digest = item_hash(text)
    entry = Entry(1, "2026-01-01T00:00:00Z", str(item[register]), digest)
    root = merkle.root_hash([merkle.leaf_hash(leaf(entry))])
    lines = format_rsf(register, [], [entry], [text], root)
    file = tmp_path / f"{register}.rsf"
    file.write_text("".join(lines), encoding="utf-8")
    registers = Registers.open(tmp_path / "data", write=True)
    summary = registers.import_rsf([file], Batch("rsf", "A wedge"))
    assert not summary.appended
    assert registers.log.size(register) == 0
