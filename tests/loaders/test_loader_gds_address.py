"""GDS's addresses: UPRNs in decimal, everything else as it was."""

from __future__ import annotations

from pathlib import Path

from loaders.gds_address import ADDRESS, ADDRESSES, SOURCE
from tests.loaders.reading import one, read_rows, reasons, staged
from trigpoint.identifiers import uprn_from_base32


def test_the_real_addresses_have_uprns(real_data: Path) -> None:
    """26,140 addresses, 671 of them ended, keys as the core reads base32."""
    path = real_data / "addresses" / "gds_address.tsv.gz"
    read = read_rows(SOURCE, [path])[ADDRESS]
    assert len(staged(read)) == read[ADDRESS].n_unique() == 26_140
    assert read["end-date"].drop_nulls().len() == 671
    assert read["name-cy"].drop_nulls().len() == 26_140 - 24_831
    assert read["parent-address"].drop_nulls().len() == 1976
    basement = one(read, address=uprn_from_base32("10GVYB"))
    del basement["_row"]
    assert basement == {
        "address": uprn_from_base32("10GVYB"),
        "parent-address": uprn_from_base32("10F07J"),
        "street": "21000580",
        "name": "BASEMENT",
        "point": "[-0.2106830,51.4777420]",
    }


def test_a_key_that_is_no_base32_is_a_problem(tmp_path: Path) -> None:
    """The letter U is none of Crockford's; the row says which field it is in."""
    path = tmp_path / "addresses.tsv"
    header = "\t".join(ADDRESSES.columns)
    path.write_text(f"{header}\n10DP3R\t10DU3R\t\t1\tA\t\t\t\n", encoding="utf-8")
    read = read_rows(SOURCE, [path])[ADDRESS]
    assert reasons(read, "_problem") == {
        "parent-address: 10DU3R is no UPRN in base32": 1
    }
