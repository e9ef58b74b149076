"""Appending over HTTP: keys, rows in and receipts out, all or nothing, once."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.app import create_app
from tests.demo import ROOT
from tests.docs_replay import matches
from tests.testclient import TestClient
from trigpoint.cli import app
from trigpoint.identity import read_identity
from trigpoint.log.checkpoint import parse_checkpoint
from trigpoint.log.note import parse_note
from trigpoint.register import Registers
from trigpoint.rights import OWNER, Custodians, Token
from trigpoint.schema.items import format_hash

DFE, FCDO = "Department for Education", "Foreign Office"
URL = "/registers/country/records"
TYPE = "local-authority-type"


class Desk:
    """A running server over a data directory of its own, and its keys."""

    def __init__(self, data: Path, client: TestClient) -> None:
        self.data = data
        self.client = client
        identity = read_identity(data)
        assert identity is not None
        assert identity.keys is not None
        self.custodians = Custodians(identity.keys)
        self.token = self.custodians.add(FCDO, ["country"]).reveal()
        self.reader = Registers.open(data)

    def post(
        self,
        rows: Any,
        url: str = URL,
        token: str | None = None,
        kind: str = "application/json",
        **headers: str,
    ) -> Any:
        body = rows if isinstance(rows, str | bytes) else json.dumps(rows)
        given = {"Authorization": f"Bearer {token or self.token}"}
        sent = {"Content-Type": kind, **given, **headers}
        return self.client.post(url, content=body, headers=sent)


@pytest.fixture
def desk(data: Path, tmp_path: Path) -> Iterator[Desk]:
    """The sample, copied with its keys, served with its log open for custodians."""
    copy = tmp_path / "data"
    shutil.copytree(data, copy)
    shutil.copytree(f"{data}.keys", f"{copy}.keys")
    served = create_app(Registers.open(copy), workers=1)
    with TestClient(served, raise_server_exceptions=False) as client:
        yield Desk(copy, client)


def test_a_row_is_appended_signed_and_answered_for(desk: Desk) -> None:
    """The answer names the entry, and a checkpoint that covers it and verifies."""
    answer = desk.post([{"country": "FR", "name": "France"}])
    assert answer.status_code == 201
    body = answer.json()
    assert (body["added"], body["changed"], body["unchanged"]) == (1, 0, 0)
    (entry,) = body["entries"]
    assert (entry["entry-number"], entry["key"]) == ("6", "FR")
    assert answer.headers["location"] == "/registers/country/entries/6"
    assert answer.headers["trigpoint-log-size"] == "country=6"
    assert answer.headers["cache-control"] == "no-store"
    signed = parse_checkpoint(parse_note(body["checkpoint"]).text)
    assert (signed.size, format_hash(signed.root)) == (body["size"], body["root"])
    assert desk.reader.log.checkpoint("country") == body["checkpoint"]
    assert desk.reader.log.verify("country") == signed.root
    assert desk.client.get(f"{URL}/FR").json()["name"] == "France"


def test_the_document_shows_a_request_and_its_answer(desk: Desk) -> None:
    """docs/api.md has the request, and the answer that it gets."""
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    section = text.partition("## `POST /registers/{register}/records`")[2]
    request, answer = re.findall(r"```(?:text|json)\n(.*?)```", section, re.DOTALL)[:2]
    head, _, body = request.partition("\n\n")
    assert head.splitlines()[0] == f"POST {URL}"
    assert matches(answer, desk.post(body).text)


def test_the_log_says_whose_key_it_was(desk: Desk) -> None:
    """The batch has the key's id and organisation; rows that follow are part of it."""
    desk.post([{"country": "FR", "name": "France"}])
    desk.post([{"country": "DE", "name": "Germany"}])
    batch = desk.reader.log.batches()[-1]
    assert batch.key is not None
    assert (batch.key.id, batch.key.name) == (desk.token.split("_")[1], FCDO)
    assert batch.batch.source == "http"
    assert batch.ranges == {"country": (6, 7)}


def test_entries_say_whose_key_appended_them(desk: Desk) -> None:
    """In the entry, in lists of entries, on the page, and in `trigpoint status`."""
    desk.post([{"country": "FR", "name": "France"}])
    by = {"key": desk.token.split("_")[1], "name": FCDO}
    entry = desk.client.get("/registers/country/entries/6").json()
    assert entry["appended-by"] == by
    listed = desk.client.get("/registers/country/entries?start=5").json()["entries"]
    assert [one["appended-by"]["name"] for one in listed] == [OWNER, FCDO]
    page = desk.client.get("/registers/country/entries.html").text
    assert f"<td>{FCDO}</td>" in page
    printed = CliRunner().invoke(app, ["status", "--data", str(desk.data)]).output
    (line,) = [one for one in printed.splitlines() if one.startswith("country ")]
    assert line.endswith(f"  {FCDO}")


def test_the_same_rows_again_append_nothing(desk: Desk) -> None:
    """A client that lost the answer may send again: 200, and the log is as it was."""
    rows = [{"country": "FR", "name": "France"}, {"country": "DE", "name": "Germany"}]
    assert desk.post(rows).status_code == 201
    before = desk.reader.log.sizes(), len(desk.reader.log.batches())
    again = desk.post(rows)
    assert again.status_code == 200
    assert again.json()["unchanged"] == 2
    assert again.json()["entries"] == []
    assert again.json()["size"] == 7
    assert (desk.reader.log.sizes(), len(desk.reader.log.batches())) == before


def test_rows_may_come_as_lines_or_as_a_table(desk: Desk) -> None:
    """Each format appends the same item."""
    lines = '{"country":"FR","name":"France"}\n'
    table = "country,name\nFR,France\n"
    assert desk.post(lines, kind="application/x-ndjson").status_code == 201
    assert desk.post(table, kind="text/csv; charset=utf-8").json()["unchanged"] == 1


def test_partial_rows_amend_and_whole_rows_replace(desk: Desk) -> None:
    """With `partial` what is not named stays; without, it is gone."""
    amended = desk.post(
        [{"country": "CZ", "official-name": "Czechia"}], f"{URL}?partial=true"
    )
    assert amended.json()["changed"] == 1
    record = desk.reader.log.record("country", "CZ").item
    assert (record["official-name"], record["start-date"]) == ("Czechia", "1993-01-01")
    assert desk.post([{"country": "CZ", "name": "Czechia"}]).json()["changed"] == 1
    record = desk.reader.log.record("country", "CZ").item
    assert record == {"country": "CZ", "name": "Czechia"}
    unknown = desk.post([{"country": "XX", "name": "X"}], f"{URL}?partial=true")
    assert unknown.status_code == 422
    assert "no record of this key" in unknown.json()["detail"]


def test_a_dry_run_says_all_and_appends_nothing(desk: Desk) -> None:
    """The counts are those of the real thing, a refusal too."""
    before = desk.reader.log.sizes()
    rows = [{"country": "FR", "name": "France"}, {"country": "GB", "name": "UK"}]
    dry = desk.post(rows, f"{URL}?dry-run=true")
    assert dry.status_code == 200
    assert (dry.json()["dry-run"], dry.json()["entries"]) == (True, [])
    assert desk.reader.log.sizes() == before
    bad = desk.post([{"country": "France"}], f"{URL}?dry-run=true")
    assert bad.status_code == 422
    real = desk.post(rows).json()
    for name in ("added", "changed", "unchanged"):
        assert dry.json()[name] == real[name]


def test_a_refused_row_keeps_all_out_and_is_reported_as_shacl_does(desk: Desk) -> None:
    """Members are those of a validation report; a single row is an item."""
    before = desk.reader.log.sizes()
    answer = desk.post([{"country": "FR", "name": "F"}, {"country": "x", "name": "X"}])
    assert answer.status_code == 422
    body = answer.json()
    assert body["type"] == "/problems/release-rejected"
    (violation,) = body["violations"]
    assert body["total"] == 1
    assert violation["focusNode"] == "http://localhost:8000/id/country/x"
    assert violation["value"] == "x"
    assert {"resultPath", "sourceShape", "message"} <= violation.keys()
    assert desk.reader.log.sizes() == before
    single = desk.post([{"country": "x", "name": "X"}]).json()
    assert single["type"] == "/problems/item-rejected"
    assert single["detail"].endswith("; violations in all: 1; nothing was appended")


def test_of_very_many_violations_a_thousand_are_listed(desk: Desk) -> None:
    """The answer stays readable, and says how many there were."""
    rows = [{"country": f"x{n}", "name": "X"} for n in range(1_100)]
    body = desk.post(rows).json()
    assert len(body["violations"]) == 1_000
    assert body["total"] == 1_100
    assert "; violations in all: 1100; " in body["detail"]


def test_an_email_address_is_refused_and_not_repeated(desk: Desk) -> None:
    """Personal data comes neither into the log nor back in the answer."""
    answer = desk.post([{"country": "FR", "name": "jane.doe@example.org"}])
    assert answer.status_code == 422
    assert "jane" not in answer.text


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic dXNlcjpwYXNz",
        "Bearer tp_0_0",
        pytest.param(f"Bearer {Token.new().reveal()}", id="one never given out"),
        "Bearer a b",
    ],
)
def test_without_a_known_key_nothing_is_read(desk: Desk, given: str | None) -> None:
    """401, and how to do better; what stands in the body is no matter."""
    headers = {"Content-Type": "application/json"}
    if given is not None:
        headers["Authorization"] = given
    answer = desk.client.post(URL, content=b"\xff nonsense", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["type"] == "/problems/key-required"
    assert answer.headers["www-authenticate"] == 'Bearer realm="trigpoint"'


def test_two_authorization_headers_are_none(desk: Desk) -> None:
    """Which of two is meant would be a guess."""
    pair = [("Authorization", f"Bearer {desk.token}")] * 2
    answer = desk.client.post(URL, content="[]", headers=pair)
    assert answer.status_code == 401


def test_a_key_in_the_address_is_not_taken(desk: Desk) -> None:
    """Addresses end up in logs: the parameter is refused, and its value not said."""
    for name in ("key", "token", "access_token"):
        answer = desk.client.post(f"{URL}?{name}={desk.token}", content="[]")
        assert answer.status_code in (400, 401)
        assert desk.token not in answer.text


def test_a_key_is_refused_when_it_is_not_for_this(desk: Desk) -> None:
    """Another register, expired, revoked: 403, saying which and when."""
    day = (datetime.now(UTC).date() + timedelta(1)).isoformat()
    other = desk.custodians.add(DFE, ["school-eng"], day)
    rows = [{"country": "FR", "name": "France"}]
    answer = desk.post(rows, token=other.reveal())
    assert answer.status_code == 403
    assert answer.json()["type"] == "/problems/not-permitted"
    assert "not for the register country, but for school-eng" in answer.json()["detail"]
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
    path = desk.custodians.folder / "custodians.json"
    path.write_text(path.read_text().replace(day, "2020-01-01"))
    answer = desk.post(rows, "/registers/school-eng/records", token=other.reveal())
    assert "expired on 2020-01-01" in answer.json()["detail"]
    desk.custodians.revoke(desk.token.split("_")[1])
    answer = desk.post(rows)
    assert answer.status_code == 403
    assert "was revoked at" in answer.json()["detail"]
    assert desk.reader.log.size("country") == 5


def test_no_answer_has_the_secret(desk: Desk) -> None:
    """Whatever goes wrong, the token is not said again."""
    answers = [
        desk.post([{"country": "x"}]),
        desk.post([], token=desk.token + "0"),
        desk.post([{"country": "FR", "name": "F"}], "/registers/nothing/records"),
        desk.post("{", kind="text/plain"),
        desk.post([{"country": "FR", "name": "F"}]),
    ]
    assert [answer.status_code for answer in answers] == [422, 401, 404, 415, 201]
    for answer in answers:
        assert desk.token.split("_")[2] not in f"{answer.text}{answer.headers}"


def test_a_new_register_can_begin_over_http(desk: Desk) -> None:
    """A register that has a shape and no entry yet gets its first."""
    url = "/registers/territory/records"
    key = desk.custodians.add(FCDO, ["territory"]).reveal()
    row = {"territory": "GI", "name": "Gibraltar"}
    answer = desk.post([row], url, token=key)
    assert answer.status_code == 201
    assert answer.json()["size"] == 1


def test_a_body_is_bounded(desk: Desk) -> None:
    """Too many bytes are 413, and too many rows are said to be."""
    answer = desk.post(b"[" + b" " * 4_000_001)
    assert answer.status_code == 413
    rows = '{"country":"FR"}\n' * 5_001
    answer = desk.post(rows, kind="application/x-ndjson")
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"pointer": "", "detail": "more than 5000 rows: send them in parts"}
    ]


def test_browsers_are_not_let_in_with_keys(desk: Desk) -> None:
    """A preflight allows no `Authorization`, so no page of another site can append."""
    answer = desk.client.options(
        URL,
        headers={
            "Origin": "https://evil.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization",
        },
    )
    allowed = answer.headers["access-control-allow-headers"].lower()
    assert "authorization" not in allowed
    assert "access-control-allow-credentials" not in answer.headers
    posted = desk.post([{"country": "FR", "name": "F"}], Cookie=f"key={desk.token}")
    assert "set-cookie" not in posted.headers


def test_fifty_at_once_are_each_appended_once(desk: Desk) -> None:
    """Every acknowledged row is in the log exactly once, where its answer says."""
    keys = [a + b for a in "ABDEFHIJKL" for b in "ABCDEFGHIJKLMNO"]  # none held

    def send(key: str) -> Any:
        return desk.post([{"country": key, "name": f"Land {key}"}])

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(send, keys))
    assert {answer.status_code for answer in answers} == {201}
    log = desk.reader.log
    for key, answer in zip(keys, answers, strict=True):
        (said,) = answer.json()["entries"]
        assert log.entry("country", int(said["entry-number"])).as_json() == said
        assert [entry.as_json() for entry in log.trail("country", key)] == [said]
        assert answer.json()["size"] >= int(said["entry-number"])
    assert log.size("country") == 5 + len(keys)
    assert log.root("country") == log.verify("country")


def test_bad_rows_among_good_ones_hurt_nobody_else(desk: Desk) -> None:
    """Refused with a report of their own rows, while all the others are appended."""
    letters = "ABCDEFGHIJKLMNOPQRST"
    good = [[{"country": f"Z{x}", "name": x}] for x in letters]
    bad = [[{"country": f"bad {x}", "name": x}] for x in letters]
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(desk.post, [*good, *bad]))
    assert [answer.status_code for answer in answers] == [201] * 20 + [422] * 20
    for (row,), answer in zip(bad, answers[20:], strict=True):
        values = {one["value"] for one in answer.json()["violations"]}
        assert values == {row["country"]}
    assert desk.reader.log.size("country") == 25
