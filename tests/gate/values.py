"""Values of every kind for tests of rules: ordinary, odd, and a letter off."""

from __future__ import annotations

import polars as pl
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from trigpoint.resources import resource_folder
from trigpoint.schema.catalogue import Schemas
from trigpoint.schema.shape import Schema

Value = str | list[str | None] | None
# With those of the table, about 5,000 values a property.
MANY = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
SCHEMAS = Schemas([resource_folder("shapes")], [resource_folder("ontology")])
ODD = "=@\t\r\n\x00\x7f\x85\xa0ŵ’\u2028\u202a\u202e\u2066\ufdd0\uff1d\uffff\U0001f600"
TEXTS = [
    *("", "10 High Street", "Ysgol Gyfun Gŵyr", "St John’s", "a.b@example.org"),
    *("@ home", "=1+1", "100012345678", "8400001", "123456", "0", "007", "+5"),
    *("1000000000000", "SW1A 1AA", "GIR 0AA", "sw1a1aa", "SW1A1AA", "QV1A 1AA"),
    *("E06000001", "W92000004", "201/3614", "943/0001", "201/0000", "200/1000"),
    *("944/1000", "2013614", "999/9999", "[-3.18,51.48]", "[0, -0.5]"),
    *("[51.48,-3.18]", "[-51,2]", "[180,1]", "[1,90]", "[61.5,0]", "[61,0]"),
    *("[49,2]", "[48.9,2]", "[1.,1]", "[01,1]", "[1e0,1]", "[89.1,-90]", "[-0,0]"),
    *("[1,89.99999999999999999]", "[48.99999999999999999,1]", "2019", "2019-04"),
    *("2024-02-29", "2023-02-29", "1900-02-29", "2000-02-29", "0000", "2019-13"),
    *("2019-04-31", "2019-04-01T12:00:00Z", "2019-04-01T24:00:00Z", "0999"),
    *("2019-04-01T12:00:00.123+01:00", "2019-04-01T12:00:60", "2019-04-01T12:00Z"),
    *("https://example.org/a?b=@c", "mailto:a.b@example.org", "２０１９"),
    *("local-authority-eng:HRT", "statistical-geography-ward:W05000001", "stat"),
    *("statistical-geography-ward:E06000001", "statistical-geography-ward:"),
    *("x:y:z", "statistical-geography-region-eng:E12000001\n"),
    *("statistical-geography-ward", "statistical-geography-region-eng:E1"),
    *("statistical-geography-wards:E06000001"),
]  # fmt: skip

texts = st.one_of(
    st.sampled_from(TEXTS),
    st.text(max_size=8),
    st.text(alphabet=ODD + "aZ09:/[],.- ", max_size=12),
    # One letter of a text set in, taken out or changed.
    st.builds(
        lambda text, at, put, cut: text[:at] + put + text[at + cut :],
        st.sampled_from(TEXTS),
        st.integers(0, 45),
        st.sampled_from(["", *ODD, *"aZ09:/[],.- "]),
        st.integers(0, 2),
    ),
)


def staged(schema: Schema, columns: dict[str, list[Value]]) -> pl.DataFrame:
    """Rows that have these columns, and a key of no interest unless one is given."""
    size = len(next(iter(columns.values())))
    given: dict[str, list[Value]] = {schema.key: ["1"] * size, **columns}
    data = {"_row": pl.Series(range(size), dtype=pl.UInt32)}
    for name, values in given.items():
        many = schema.field(name).many
        kind: pl.DataType = pl.List(pl.String()) if many else pl.String()
        data[name] = pl.Series(values, dtype=kind)
    return pl.DataFrame(data)
