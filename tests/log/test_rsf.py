"""RSF: real files with their roots, and bad ones, each refused with its line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trigpoint.errors import BadRelease
from trigpoint.log import merkle
from trigpoint.log.entry import Draft, Entry, SystemEntry, leaf
from trigpoint.log.rsf import format_rsf, read_rsf
from trigpoint.schema.items import canonical_json, format_hash, item_hash

EMPTY = format_hash(merkle.EMPTY_ROOT)
TIME = "2019-04-01T12:00:00Z"


def item(key: str, **fields: str) -> str:
    return canonical_json({"town": key, **fields})


def name(text: str) -> str:
    return format_hash(item_hash(text))


def root_of(*items: tuple[str, str], time: str = TIME) -> str:
    """The root after entries of these (key, item)."""
    return format_hash(
        merkle.root_hash(
            merkle.leaf_hash(leaf(Entry(n, time, key, item_hash(text))))
            for n, (key, text) in enumerate(items, start=1)
        )
    )


A, B = item("a", name="Ayr"), item("b", name="Bath")
GOOD = [
    f"assert-root-hash\t{EMPTY}",
    'add-item\t{"name":"town"}',
    f"add-item\t{A}",
    f"add-item\t{B}",
    "append-entry\tsystem\tname\t2018-01-01T00:00:00Z\t" + name('{"name":"town"}'),
    f"append-entry\tuser\ta\t{TIME}\t{name(A)}",
    f"assert-root-hash\t{root_of(('a', A))}",
    f"append-entry\tuser\tb\t{TIME}\t{name(B)}",
    f"assert-root-hash\t{root_of(('a', A), ('b', B))}",
]


def write(folder: Path, lines: list[str], called: str = "town.rsf") -> Path:
    path = folder / called
    path.write_bytes("".join(f"{line}\n" for line in lines).encode())
    return path


def test_a_good_file_is_read_whole(tmp_path: Path) -> None:
    """Entries, metadata and the number of assertions checked come out."""
    archive = read_rsf(write(tmp_path, GOOD))
    assert archive.register == "town"
    assert archive.start == 0
    assert archive.entries == [
        Draft(TIME, "a", A, item_hash(A)),
        Draft(TIME, "b", B, item_hash(B)),
    ]
    assert archive.system == [
        SystemEntry("name", "2018-01-01T00:00:00Z", '{"name":"town"}')
    ]
    assert archive.assertions == 3
    assert archive.named("name", "name") == "town"


def test_a_byte_order_mark_and_carriage_returns_are_accepted(tmp_path: Path) -> None:
    """What editors add to a file does not change what it says."""
    path = tmp_path / "town.rsf"
    text = "".join(f"{line}\r\n" for line in GOOD)
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert read_rsf(path).entries == read_rsf(write(tmp_path, GOOD, "b.rsf")).entries


def test_the_metadata_name_beats_the_files(tmp_path: Path) -> None:
    """A renamed file is still of its register; without metadata the file names it."""
    assert read_rsf(write(tmp_path, GOOD, "copy.rsf")).register == "town"
    bare = [line for line in GOOD if "system" not in line and '"town"}' not in line]
    assert read_rsf(write(tmp_path, bare)).register == "town"


def test_a_custodian_is_never_kept(tmp_path: Path) -> None:
    """Metadata that names a person is counted and dropped."""
    person = '{"custodian":"A. Person"}'
    lines = [
        *GOOD[:5],
        f"add-item\t{person}",
        f"append-entry\tsystem\tcustodian\t{TIME}\t{name(person)}",
        *GOOD[5:],
    ]
    archive = read_rsf(write(tmp_path, lines))
    assert archive.withheld == 1
    assert "A. Person" not in repr(archive)


Edit = Callable[[list[str]], list[str]]


def swap(number: int, line: str) -> Edit:
    """Another line in the place of line `number`."""
    return lambda lines: [*lines[: number - 1], line, *lines[number:]]


def insert(number: int, line: str) -> Edit:
    """Another line before line `number`."""
    return lambda lines: [*lines[: number - 1], line, *lines[number - 1 :]]


OLDER = "2019-03-31T12:00:00Z"
BAD: dict[str, tuple[Edit, int, str]] = {
    "orphan-item": (insert(3, f"add-item\t{item('c')}"), 3, "never used"),
    "dangling-entry": (
        swap(6, f"append-entry\tuser\ta\t{TIME}\t{name(item('c'))}"),
        6,
        "was added before",
    ),
    "item-after-its-entry": (
        lambda lines: [*lines[:2], lines[5], lines[2], *lines[3:5], *lines[6:]],
        3,
        "was added before",
    ),
    "item-not-canonical-space": (
        swap(3, 'add-item\t{"name": "Ayr","town":"a"}'),
        3,
        "not in canonical form",
    ),
    "item-not-canonical-order": (
        swap(3, 'add-item\t{"town":"a","name":"Ayr"}'),
        3,
        "not in canonical form",
    ),
    "item-not-canonical-escape": (
        swap(3, 'add-item\t{"name":"\\u0041yr","town":"a"}'),
        3,
        "not in canonical form",
    ),
    "item-half-a-surrogate-pair": (
        swap(3, 'add-item\t{"name":"\\ud83c","town":"a"}'),
        3,
        "not in canonical form",
    ),
    "item-key-twice": (
        swap(3, 'add-item\t{"name":"Ayr","name":"Ayr","town":"a"}'),
        3,
        "not in canonical form",
    ),
    "item-no-json": (swap(3, "add-item\tAyr"), 3, "not JSON"),
    "item-with-number": (swap(3, 'add-item\t{"town":1}'), 3, "array of strings"),
    "root-wrong": (swap(7, f"assert-root-hash\t{EMPTY}"), 7, "root hash of 1 entries"),
    "root-of-more": (
        swap(7, f"assert-root-hash\t{root_of(('a', A), ('b', B))}"),
        7,
        "root hash of 1 entries",
    ),
    "root-in-upper-case": (
        swap(9, "assert-root-hash\tsha-256:" + GOOD[8][-64:].upper()),
        9,
        "is not a hash",
    ),
    "root-of-another-kind": (swap(1, "assert-root-hash\tmd5:00"), 1, "is not a hash"),
    "first-root-unknown": (
        swap(1, f"assert-root-hash\t{root_of(('a', A))}"),
        1,
        "root hash of 0 entries",
    ),
    "entries-out-of-order": (
        lambda lines: [*lines[:6], lines[7].replace(TIME, OLDER), *lines[6:7]],
        7,
        "older than the entry before it",
    ),
    "time-of-no-zone": (
        swap(6, f"append-entry\tuser\ta\t{TIME[:-1]}\t{name(A)}"),
        6,
        "not a time in UTC",
    ),
    "entry-of-neither-kind": (
        swap(6, f"append-entry\tadmin\ta\t{TIME}\t{name(A)}"),
        6,
        "neither user nor system",
    ),
    "entry-without-key": (
        swap(6, f"append-entry\tuser\t\t{TIME}\t{name(A)}"),
        6,
        "key is empty",
    ),
    "entry-of-another-key": (
        lambda lines: [
            *lines[:5],
            lines[5].replace("\ta\t", "\tz\t"),
            *lines[7:8],
        ],
        3,
        "the item of key “z” has another town",
    ),
    "entry-with-two-items": (
        swap(6, f"append-entry\tuser\ta\t{TIME}\t{name(A)};{name(B)}"),
        6,
        "is not a hash",
    ),
    "too-few-parts": (swap(6, f"append-entry\tuser\ta\t{TIME}"), 6, "4 parts, not 5"),
    "too-many-parts": (swap(3, f"add-item\t{A}\t"), 3, "3 parts, not 2"),
    "unknown-command": (swap(3, "delete-item\tx"), 3, "unknown command"),
    "empty-line": (insert(4, ""), 4, "unknown command"),
    "comment": (insert(1, "# towns"), 1, "unknown command"),
    "nothing": (lambda _: [], 1, "the file is empty"),
}


@pytest.mark.parametrize(("edit", "line", "says"), BAD.values(), ids=BAD.keys())
def test_a_bad_file_is_refused_with_its_line(
    tmp_path: Path, edit: Edit, line: int, says: str
) -> None:
    """Each defect is a BadRelease that names the file, the line and what is wrong."""
    path = write(tmp_path, edit(list(GOOD)))
    with pytest.raises(BadRelease, match=says) as caught:
        read_rsf(path)
    assert caught.value.members["file"] == "town.rsf"
    assert caught.value.members["row"] == line
    assert str(caught.value).startswith(f"town.rsf, line {line}: ")


BYTES = {
    "last-line-cut-off": ("\n".join(GOOD).encode(), 9, "cut off"),
    "not-utf-8": (
        "\n".join(GOOD).encode().replace(b"Bath", b"B\xe2th") + b"\n",
        4,
        "not UTF-8",
    ),
    "utf-16": (("\n".join(GOOD) + "\n").encode("utf-16"), 1, "not UTF-8"),
    "nul": (b"\x00\n", 1, "unknown command"),
}


@pytest.mark.parametrize(("content", "line", "says"), BYTES.values(), ids=BYTES.keys())
def test_bad_bytes_are_refused_with_their_line(
    tmp_path: Path, content: bytes, line: int, says: str
) -> None:
    """A file that is cut off or not UTF-8 is refused where it goes wrong."""
    path = tmp_path / "town.rsf"
    path.write_bytes(content)
    with pytest.raises(BadRelease, match=says) as caught:
        read_rsf(path)
    assert caught.value.members["row"] == line


def test_a_file_cut_anywhere_is_refused_or_a_shorter_history(tmp_path: Path) -> None:
    """A cut never gives entries that the whole file has not, nor a foreign error."""
    whole = "".join(f"{line}\n" for line in GOOD).encode()
    entries = read_rsf(write(tmp_path, GOOD)).entries
    path = tmp_path / "town.rsf"
    refused = 0
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        try:
            read = read_rsf(path).entries
        except BadRelease:
            refused += 1
        else:
            assert read == entries[: len(read)]
    assert refused > len(whole) * 0.9


def test_a_line_of_200_megabytes_is_refused_in_little_memory(tmp_path: Path) -> None:
    """A line without end is given up early, not read into memory."""
    path = tmp_path / "town.rsf"
    with path.open("wb") as file:
        file.write(b'add-item\t{"town":"')
        for _ in range(200):
            file.write(b"x" * 2**20)
    script = (
        "import resource, sys; from pathlib import Path\n"
        "from trigpoint.errors import BadRelease\n"
        "from trigpoint.log.rsf import read_rsf\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = peak()\n"
        "try: read_rsf(Path(sys.argv[1]))\n"
        "except BadRelease as error: print(error)\n"
        "print((peak() - before) // 1024)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert "town.rsf, line 1: the line is too long" in told[0]
    assert int(told[1]) < 120


def test_a_file_may_go_on_from_what_is_held(tmp_path: Path) -> None:
    """The first assertion may be the root that the log has; entries go on from it."""
    held = merkle.Frontier()
    held.add([merkle.leaf_hash(leaf(Entry(1, TIME, "a", item_hash(A))))])
    lines = [
        f"assert-root-hash\t{root_of(('a', A))}",
        f"add-item\t{B}",
        *GOOD[7:],
    ]
    archive = read_rsf(write(tmp_path, lines), held)
    assert archive.start == 1
    assert [draft.key for draft in archive.entries] == ["b"]
    assert read_rsf(write(tmp_path, GOOD), held).start == 0
    with pytest.raises(BadRelease, match="root hash of 0 entries"):
        read_rsf(write(tmp_path, lines))


def test_an_item_may_be_absent_only_where_it_is_known_to_be_withheld(
    tmp_path: Path,
) -> None:
    """An entry without its item is refused with the item's name, unless the log that
    reads it withholds the item itself; metadata is never without its item."""
    path = write(tmp_path, [line for line in GOOD if line != f"add-item\t{B}"])
    with pytest.raises(BadRelease, match=f"no item called {name(B)} was added") as told:
        read_rsf(path)
    assert told.value.members["row"] == 7
    assert "its publisher withholds it" in str(told.value)
    with pytest.raises(BadRelease, match="was added before"):
        read_rsf(path, withheld={item_hash(A)})
    archive = read_rsf(path, withheld={item_hash(B)})
    assert archive.entries[1] == Draft(TIME, "b", None, item_hash(B))
    no_name = [line for line in GOOD if line != 'add-item\t{"name":"town"}']
    with pytest.raises(BadRelease, match="was added before"):
        read_rsf(write(tmp_path, no_name), withheld={item_hash('{"name":"town"}')})


def test_a_root_after_each_entry_costs_no_more_than_the_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each assertion folds the peaks of the tree; none hashes the tree anew."""
    tree, lines = merkle.Frontier(), [f"add-item\t{A}"]
    for number in range(1, 513):
        lines.append(f"append-entry\tuser\ta\t{TIME}\t{name(A)}")
        tree.add([merkle.leaf_hash(leaf(Entry(number, TIME, "a", item_hash(A))))])
        lines.append(f"assert-root-hash\t{format_hash(tree.root)}")
    hashed, node_hash = [], merkle.node_hash

    def counting(left: bytes, right: bytes) -> bytes:
        hashed.append(1)
        return node_hash(left, right)

    monkeypatch.setattr(merkle, "node_hash", counting)
    assert read_rsf(write(tmp_path, lines)).assertions == 512
    assert len(hashed) < 512 * 10


KEYS = st.text('abcé "\\:/', min_size=1, max_size=4)


@settings(deadline=None)
@given(st.lists(st.tuples(KEYS, st.text(max_size=5)), max_size=12))
def test_what_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    """read after format gives the entries, items and metadata that went in."""
    texts = [item(key, name=value) for key, value in rows]
    entries = [
        Entry(n, TIME, key, item_hash(text))
        for n, ((key, _), text) in enumerate(zip(rows, texts, strict=True), start=1)
    ]
    system = [SystemEntry("register-name", TIME, '{"register-name":"Towns"}')]
    root = merkle.root_hash(merkle.leaf_hash(leaf(entry)) for entry in entries)
    path = tmp_path_factory.mktemp("rsf") / "copy.rsf"
    lines = format_rsf("town", system, entries, texts, root)
    path.write_text("".join(lines), encoding="utf-8", newline="")
    archive = read_rsf(path)
    assert archive.register == "town"
    assert [(d.timestamp, d.key, d.item_hash) for d in archive.entries] == [
        (e.timestamp, e.key, e.item_hash) for e in entries
    ]
    assert [draft.item for draft in archive.entries] == texts
    assert archive.system[1:] == system
    assert archive.assertions == 2


def test_all_archived_registers_have_the_roots_that_they_assert(
    rsf_files: list[Path],
) -> None:
    """51 files, 102 assertions, every one of them checked."""
    archives = [read_rsf(path) for path in rsf_files]
    assert len(archives) == 51
    assert sum(archive.assertions for archive in archives) == 102
    said = sum(
        line.startswith(b"assert-root-hash")
        for path in rsf_files
        for line in path.read_bytes().splitlines()
    )
    assert said == 102
    assert {archive.register for archive in archives} == {p.stem for p in rsf_files}


def test_one_changed_byte_of_a_real_file_is_noticed(
    rsf_files: list[Path], tmp_path: Path
) -> None:
    """A digit changed in an item, a time or a hash makes the file unbelievable."""
    (country,) = [path for path in rsf_files if path.stem == "country"]
    whole = country.read_bytes()
    path = tmp_path / country.name
    for old, new in (
        (b'"start-date":"1991', b'"start-date":"1992'),
        (b"Honduran", b"Hondurun"),
        (b"append-entry\tuser\tGB\t2016", b"append-entry\tuser\tGB\t2015"),
        (b"append-entry\tuser\tGB", b"append-entry\tuser\tUK"),
    ):
        assert whole.count(old) >= 1
        path.write_bytes(whole.replace(old, new, 1))
        with pytest.raises(BadRelease):
            read_rsf(path)
