"""Who in a file is new: the count of the preview, and what an import makes of the same rows."""

from __future__ import annotations

import hashlib
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadline.domain.resolution import STATED, Arrivals, Evidence, Resolution, SourceRules
from leadline.domain.twins import Marks, Stated, count_strangers
from tests.builders import NOW

Row = tuple[str, str | None, str | None]
PEOPLE = st.sampled_from(
    [("a@x.example", "Ann"), ("a2@x.example", "Ann"), ("b@x.example", "Bob"), ("c@x.example", "Cy")]
)
ROWS = st.lists(
    st.builds(lambda who, number: (*who, number), PEOPLE, st.sampled_from(["1", "2", None])),
    max_size=12,
)


def keys_of(row: Row) -> list[tuple[str, str]]:
    texts = (("email", row[0]), ("external", row[2]))
    return [(kind, hashlib.sha256(text.encode()).hexdigest()) for kind, text in texts if text]


def resolve(rows: list[Row]) -> Resolution:
    """Return what an import makes of rows of address, name and external id."""
    size = len(rows)
    values: dict[str, list[object]] = {name: [None] * size for name in (*STATED, "owner")}
    values["email"], values["full_name"] = [row[0] for row in rows], [row[1] for row in rows]
    found = Resolution({}, {}, {}, iter(count(1)))
    found.take(
        Arrivals(
            submission_ids=range(size),
            received_at=[NOW] * size,
            rules=[SourceRules("fair", "JP", "Asia/Tokyo")] * size,
            values=values,
            attributes=[{}] * size,
            as_written=[None] * size,
            guessed=[frozenset()] * size,
            keys=[keys_of(row) for row in rows],
            evidence=[Evidence()] * size,
        )
    )
    return found


def strangers(rows: list[Row], seen: Marks) -> int:
    stated = [Stated(keys_of(row), row[0], row[1]) for row in rows]
    return count_strangers(stated, (), seen)


@given(rows=ROWS, cut=st.integers(0, 12))
def test_preview_counts_the_leads_that_an_import_makes(rows: list[Row], cut: int) -> None:
    seen = Marks()
    counted = strangers(rows[:cut], seen) + strangers(rows[cut:], seen)
    assert counted == len(resolve(rows).created)


@pytest.mark.parametrize(
    ("second", "leads"),
    [
        (("n2@d.example", "鈴木 花子", "100"), 2),
        (("n2@d.example", "山田 太郎", "100"), 1),
        (("n2@d.example", "太郎　山田", "100"), 1),
        (("n2@d.example", None, "100"), 1),
        (("n1@d.example", "鈴木 花子", "100"), 1),
        (("n2@d.example", "山田 太郎", "101"), 2),
    ],
    ids=["both", "address", "order", "nameless", "name", "id"],
)
def test_external_id_joins_unless_address_and_name_differ(second: Row, leads: int) -> None:
    rows: list[Row] = [("n1@d.example", "山田 太郎", "100"), second]
    assert (len(resolve(rows).created), strangers(rows, Marks())) == (leads, leads)


def test_somebody_else_does_not_take_the_external_id_over() -> None:
    rows: list[Row] = [
        ("n1@d.example", "山田 太郎", "100"),
        ("n2@d.example", "鈴木 花子", "100"),
        ("n3@d.example", "山田 太郎", "100"),
    ]
    found = resolve(rows)
    assert found.outcomes == [("created", 1), ("created", 2), ("duplicate", 1)]
    assert [lead for kind, _, lead in found.keys if kind == "external"] == [1, 1]
    assert strangers(rows, Marks()) == 2
