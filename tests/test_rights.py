"""Custodians' keys: made once, known by hash, refused when they should be."""

from __future__ import annotations

import ast
import inspect
import json
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from trigpoint import rights
from trigpoint.dates import today
from trigpoint.errors import InvalidInput, InvalidShape, KeyRequired, NotPermitted
from trigpoint.organisations import check_organisation
from trigpoint.rights import (
    OWNER_FILE,
    CustodianKey,
    Custodians,
    Token,
    make_owner,
    read_token,
)

DFE = "Department for Education"


@pytest.fixture
def custodians(tmp_path: Path) -> Custodians:
    """An installation's keys folder, with nothing in it."""
    return Custodians(tmp_path / "keys")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def day(offset: int) -> str:
    return (datetime.now(UTC).date() + timedelta(offset)).isoformat()


def test_a_key_is_known_by_its_token_and_for_its_registers(
    custodians: Custodians,
) -> None:
    """What is made is found again by the token, and by nothing less."""
    token = custodians.add(DFE, ["school-eng", "school-wls"], day(30)).reveal()
    key = custodians.permit(token, ["school-wls", "school-eng"])
    assert (key.name, key.registers) == (DFE, ("school-eng", "school-wls"))
    assert key.expires == day(30)
    assert custodians.known() == [key]


def test_only_a_hash_of_the_secret_is_stored(custodians: Custodians) -> None:
    """The file of keys has no secret, and nobody else can read it."""
    token = custodians.add(DFE, ["*"])
    stored = (custodians.folder / "custodians.json").read_text()
    assert token.secret not in stored
    assert token.hash in stored
    assert mode(custodians.folder / "custodians.json") == 0o600
    assert mode(custodians.folder) == 0o700


def test_no_text_of_a_token_shows_its_secret() -> None:
    """Neither what Python prints of a token nor an error about one repeats it."""
    token = Token.new()
    assert token.secret not in f"{token} {token!r} {[token]}"
    with pytest.raises(KeyRequired) as raised:
        Token.parse(token.reveal() + "0")
    assert token.secret not in f"{raised.value} {raised.value.members}"


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "tp_",
        "tp_0123456789ab_" + "A" * 64,
        "tp_0123456789ab_" + "0" * 64 + "\n",
        "tp_0123456789ab_" + "٣" * 64,
        "x" * 100_000,
    ],
    ids=["empty", "bare", "capitals", "newline", "digits of Arabic", "long"],
)
def test_what_is_no_token_is_refused(custodians: Custodians, wrong: str) -> None:
    """Only the one form is a token."""
    with pytest.raises(KeyRequired, match="not a custodian's key"):
        custodians.permit(wrong, [])


def test_an_unknown_id_and_a_wrong_secret_get_the_same_answer(
    custodians: Custodians,
) -> None:
    """Nobody learns from the refusal whether an id is known."""
    token = custodians.add(DFE, ["*"])
    said = []
    for wrong in (Token(token.id, "0" * 64), Token("0" * 12, token.secret)):
        with pytest.raises(KeyRequired) as raised:
            custodians.permit(wrong.reveal(), [])
        said.append((str(raised.value), raised.value.members))
    assert said[0] == said[1]


def test_secrets_are_compared_in_constant_time() -> None:
    """`identify` decides by `hmac.compare_digest` over hashes of one length, and makes
    that comparison before it looks whether the id was found."""
    tree = ast.parse(inspect.getsource(rights))
    identify = next(
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name == "identify"
    )
    calls = [
        ast.unparse(node.value)
        for node in identify.body
        if isinstance(node, ast.Assign)
    ]
    refusals = [i for i, node in enumerate(identify.body) if isinstance(node, ast.If)]
    compared = [
        i
        for i, node in enumerate(identify.body)
        if "compare_digest" in str(ast.unparse(node))
    ]
    assert "hmac.compare_digest(token.hash, digest)" in calls
    assert compared[0] < refusals[0]
    assert "==" not in ast.unparse(identify)
    assert len(rights._NOBODY) == len(Token.new().hash)


def test_a_key_is_refused_from_the_day_on_which_it_expires() -> None:
    """The day before it is good; on the day itself it is not."""
    made = CustodianKey("0" * 12, DFE, ("*",), "2020-01-01T00:00:00Z")
    good = CustodianKey(made.id, DFE, ("*",), made.made, day(1))
    good.check(["country"])
    late = CustodianKey(made.id, DFE, ("*",), made.made, today())
    with pytest.raises(NotPermitted, match=f"expired on {today()}"):
        late.check(["country"])


def test_a_revoked_key_is_refused_with_the_time(custodians: Custodians) -> None:
    """It stays in the list, and revoking it again keeps the first time."""
    token = custodians.add(DFE, ["*"])
    revoked = custodians.revoke(token.id)
    assert revoked.revoked is not None
    assert custodians.revoke(token.id) == revoked
    with pytest.raises(NotPermitted, match=f"revoked at {revoked.revoked}"):
        custodians.permit(token.reveal(), [])
    with pytest.raises(InvalidInput, match="no key 000000000000"):
        custodians.revoke("0" * 12)


def test_a_key_is_for_no_other_register(custodians: Custodians) -> None:
    """One register too many refuses the whole, and is named."""
    token = custodians.add(DFE, ["school-eng"]).reveal()
    with pytest.raises(NotPermitted, match="not for the register country") as raised:
        custodians.permit(token, ["school-eng", "country"])
    assert raised.value.members["register"] == "country"
    assert custodians.permit(token, ["school-eng"]).name == DFE


@pytest.mark.parametrize(
    "name",
    [
        "jane.doe@education.gov.uk",
        "Department (jane@example.org)",
        "Mr J Smith",
        "Dr. Jane Doe",
        "Cllr Jane Mary Doe",
        "Helpdesk +44 20 7946 0000",
        "Helpdesk 020 7946 0000",
        "",
        "   ",
        "two\nlines",
        "x" * 201,
    ],
)
def test_a_name_that_may_be_a_persons_is_refused(
    custodians: Custodians, name: str
) -> None:
    """A key's name stands in the log for ever, so it is an organisation's."""
    with pytest.raises(InvalidInput, match="belongs to an organisation"):
        custodians.add(name, ["*"])
    assert custodians.known() == []


@pytest.mark.parametrize(
    "name",
    [
        DFE,
        "Dr Challoner's Grammar School",
        "Lady Margaret School",
        "Transport for London",
        "Comhairle nan Eilean Siar",
        "1st Digital Ltd",
        "Miss Selfridge Trust",
    ],
)
def test_names_of_organisations_are_taken(name: str) -> None:
    """Also those that are called after somebody."""
    assert check_organisation(f" {name} ") == name


@pytest.mark.parametrize(
    ("registers", "expires", "error"),
    [
        ([], None, InvalidInput),
        (["School"], None, InvalidShape),
        (["*"], "2027", InvalidInput),
        (["*"], "2027-02-30", InvalidInput),
        (["*"], today(), InvalidInput),
    ],
    ids=["no register", "no name", "no day", "no such day", "past"],
)
def test_what_a_key_is_for_must_be_said_properly(
    custodians: Custodians, registers: list[str], expires: str | None, error: type
) -> None:
    """No register, a name that is none, a date that is none or past: no key."""
    with pytest.raises(error):
        custodians.add(DFE, registers, expires)
    assert custodians.known() == []


def test_no_key_is_taken_while_others_may_read_the_file(
    custodians: Custodians,
) -> None:
    """A file of keys that others could have changed proves nothing."""
    token = custodians.add(DFE, ["*"]).reveal()
    (custodians.folder / "custodians.json").chmod(0o660)
    with pytest.raises(KeyRequired, match="set its mode to 600"):
        custodians.permit(token, [])


@pytest.mark.parametrize("text", ["", "[]", '{"keys": [{}]}', '{"keys": 3}'])
def test_a_damaged_file_of_keys_permits_nothing(
    custodians: Custodians, text: str
) -> None:
    """It is said which file cannot be read, and no foreign error comes through."""
    token = custodians.add(DFE, ["*"]).reveal()
    (custodians.folder / "custodians.json").write_text(text)
    with pytest.raises(KeyRequired, match=r"custodians\.json cannot be read"):
        custodians.permit(token, [])


def test_the_owner_is_permitted_everything_without_naming_a_key(
    custodians: Custodians,
) -> None:
    """Who may read the keys folder may append; the file is for nobody else."""
    key = make_owner(custodians.folder)
    assert custodians.permit(None, ["country", "school-eng"]) == key
    assert mode(custodians.folder / OWNER_FILE) == 0o600
    assert make_owner(custodians.folder) == key
    assert custodians.known() == [key]


def test_an_owner_whose_key_is_not_known_gets_another(custodians: Custodians) -> None:
    """As after a crash between the two files: one key is in force, and it is held."""
    make_owner(custodians.folder)
    (custodians.folder / "custodians.json").unlink()
    assert custodians.permit(make_owner_token(custodians), ["country"]).name


def make_owner_token(custodians: Custodians) -> str:
    make_owner(custodians.folder)
    return read_token(custodians.folder / OWNER_FILE)


def test_without_an_owners_key_one_must_be_named(custodians: Custodians) -> None:
    """The refusal says where a key can be named."""
    with pytest.raises(KeyRequired, match="--key or TRIGPOINT_KEY"):
        custodians.permit(None, ["country"])


def test_a_token_file_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    """As with ssh's keys: the secret may be known already."""
    file = tmp_path / "key"
    file.write_text(Token.new().reveal())
    file.chmod(0o644)
    with pytest.raises(KeyRequired, match="set its mode to 600"):
        read_token(file)
    with pytest.raises(KeyRequired, match="cannot be used"):
        read_token(tmp_path / "nothing")
    file.write_bytes(b"\xff" * 1000)
    file.chmod(0o600)
    with pytest.raises(KeyRequired, match="more than 200 bytes"):
        read_token(file)


def test_keys_made_at_the_same_time_are_all_kept(custodians: Custodians) -> None:
    """The lock serialises those who change the file; none undoes another's change."""
    threads = [
        threading.Thread(target=custodians.add, args=(f"{DFE} {n}", ["*"]))
        for n in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {key.name for key in custodians.known()} == {f"{DFE} {n}" for n in range(12)}
    state = json.loads((custodians.folder / "custodians.json").read_text())
    assert len({row["id"] for row in state["keys"]}) == 12
    left = sorted(path.name for path in custodians.folder.iterdir())
    assert left == ["custodians.json", "custodians.json.lock"]
