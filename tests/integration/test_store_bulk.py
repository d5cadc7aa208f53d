"""Writing many rows: the same on both databases, typed, in one statement, and guarded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, select

from leadline.errors import StoreError
from leadline.store import schema
from leadline.store.bulk import (
    allocate_ids,
    among,
    among_pairs,
    insert_rows,
    update_columns,
    update_rows,
    upsert_rows,
)
from tests.builders import NOW, a_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leadline.store.engine import Connection, Store

BANS = schema.suppressions
SUBMISSIONS = schema.submissions
ODD = 'O\'Brien "ü" 鈴木 \\ % :name ? {} \\u0041 💡\n'


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with a_store(database_url) as opened:
        yield opened


def a_ban(hash_: str = "one", **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    ban = {"address_hash": hash_, "scope": "global", "cause": "manual", "message_id": None}
    return ban | {"at": NOW} | changes


def a_submission(id_: int, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    row = {"id": id_, "source": "test", "content_key": str(id_), "kind": "file", "raw": {}}
    return row | {"received_at": NOW, "state": "new", "line": None, "reason": None} | changes


def causes(connection: Connection) -> dict[str, str]:
    rows = connection.execute(select(BANS.c.address_hash, BANS.c.cause))
    return {row[0]: row[1] for row in rows}


def test_every_kind_of_value_comes_back_as_it_was(store: Store) -> None:
    raw = {"text": ODD, "list": [1, None, True, {"a": 1.5}], ODD: ""}
    with store.write() as connection:
        insert_rows(connection, SUBMISSIONS, [a_submission(1, raw=raw, line=7, reason=ODD)])
        found = connection.execute(select(SUBMISSIONS)).one()
    assert (raw, 7, ODD, NOW, None) == (
        found.raw,
        found.line,
        found.reason,
        found.received_at,
        found.lead_id,
    )


def test_known_rows_stay_as_they_were_when_they_are_ignored(store: Store) -> None:
    with store.write() as connection:
        insert_rows(connection, BANS, [a_ban("one", cause="first")])
        insert_rows(
            connection, BANS, [a_ban("one", cause="second"), a_ban("two")], ignore_known=True
        )
        assert causes(connection) == {"one": "first", "two": "manual"}


def a_rule_set(hash_: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"hash": hash_, "rules": [{"id": ODD}], "created_at": NOW} | changes


def test_upsert_adds_what_is_new_and_changes_what_differs(store: Store) -> None:
    table = schema.rule_sets
    with store.write() as connection:
        assert upsert_rows(connection, table, [a_rule_set("a"), a_rule_set("b")], key="hash") == 2
        rows = [a_rule_set("a"), a_rule_set("b", rules=[]), a_rule_set("c")]
        assert upsert_rows(connection, table, rows, key="hash") == 2
        found = connection.execute(select(table.c.hash, table.c.rules).order_by(table.c.hash))
        assert [tuple(row) for row in found] == [
            ("a", [{"id": ODD}]),
            ("b", []),
            ("c", [{"id": ODD}]),
        ]


def test_upsert_of_the_same_rows_changes_none(store: Store) -> None:
    rows = [a_rule_set(str(number)) for number in range(50)]
    with store.write() as connection:
        assert upsert_rows(connection, schema.rule_sets, rows, key="hash") == 50
        assert upsert_rows(connection, schema.rule_sets, rows, key="hash") == 0
        assert upsert_rows(connection, schema.rule_sets, [], key="hash") == 0


def test_each_row_gets_its_own_values_and_the_count_is_told(store: Store) -> None:
    with store.write() as connection:
        insert_rows(connection, SUBMISSIONS, [a_submission(n) for n in (1, 2, 3)])
        changes: dict[int, str | None] = {1: ODD, 3: None, 9: "x"}
        rows = [{"id": id_, "reason": reason} for id_, reason in changes.items()]
        assert update_rows(connection, SUBMISSIONS, rows) == 2
        query = select(SUBMISSIONS.c.reason).order_by(SUBMISSIONS.c.id)
        assert list(connection.execute(query).scalars()) == [ODD, None, None]


def test_guard_and_fence_leave_rows_that_are_in_another_state(store: Store) -> None:
    with store.write() as connection:
        insert_rows(
            connection,
            SUBMISSIONS,
            [
                a_submission(1, line=1),
                a_submission(2, line=1, state="accepted"),
                a_submission(3, line=2),
            ],
        )
        rows = [{"id": n, "line": 1, "reason": "late"} for n in (1, 2, 3)]
        changed = update_rows(
            connection, SUBMISSIONS, rows, fence="line", guard="state = 'new' AND source = 'test'"
        )
        late = select(SUBMISSIONS.c.id).where(SUBMISSIONS.c.reason == "late")
        assert (changed, list(connection.execute(late).scalars())) == (1, [1])


@pytest.mark.parametrize("write", [insert_rows, update_rows])
def test_no_rows_need_no_statement(store: Store, write: Any) -> None:  # noqa: ANN401
    with store.write() as connection:
        counted = count_statements(connection)
        write(connection, BANS, [])
        assert counted == []


def test_ids_are_given_out_once(store: Store) -> None:
    with store.write() as connection:
        first = allocate_ids(connection, SUBMISSIONS, 3)
        insert_rows(connection, SUBMISSIONS, [a_submission(id_) for id_ in first])
        second = allocate_ids(connection, SUBMISSIONS, 3)
        assert allocate_ids(connection, SUBMISSIONS, 0) == []
    assert sorted({*first, *second}) == [*first, *second]
    assert len({*first, *second}) == 6


@pytest.mark.parametrize("count", [0, 1, 5_000])
def test_any_number_of_values_is_one_parameter(store: Store, count: int) -> None:
    with store.write() as connection:
        insert_rows(connection, BANS, [a_ban("1"), a_ban(ODD), a_ban("absent")])
        counted = count_statements(connection)
        wanted = [ODD, *map(str, range(count))] if count else []
        query = select(BANS.c.address_hash).where(among(connection, BANS.c.address_hash, wanted))
        found = set(connection.execute(query).scalars())
    assert found == set(wanted) & {"1", ODD}
    assert len(counted) == 1


def test_pairs_match_only_together(store: Store) -> None:
    with store.write() as connection:
        rows = [a_submission(n, line=line) for n, line in ((1, 1), (2, 1), (3, 2))]
        insert_rows(connection, SUBMISSIONS, rows)
        columns = (SUBMISSIONS.c.id, SUBMISSIONS.c.line)

        def found(*pairs: tuple[int, int]) -> list[int]:
            query = select(SUBMISSIONS.c.id).where(among_pairs(connection, columns, pairs))
            return sorted(connection.execute(query).scalars())

        assert found((1, 1), (2, 2), (3, 2)) == [1, 3]
        assert found() == []


def test_thousand_rows_are_one_statement(store: Store) -> None:
    with store.write() as connection:
        counted = count_statements(connection)
        insert_rows(connection, BANS, [a_ban(str(n)) for n in range(1_000)])
        changes = [{"address_hash": str(n), "cause": str(n)} for n in range(1_000)]
        assert update_rows(connection, BANS, changes, key="address_hash") == 1_000
        assert causes(connection)["999"] == "999"
    assert len(counted) == 3


def count_statements(connection: Connection) -> list[str]:
    """Return a list that grows by each statement that is sent from now on."""
    sent: list[str] = []

    def note(*facts: Any) -> None:  # noqa: ANN401 - SQLAlchemy's event
        sent.append(facts[2])

    event.listen(connection, "before_cursor_execute", note)
    return sent


def test_a_refused_row_among_many_is_told_in_plain_words(store: Store) -> None:
    with store.write() as connection:
        insert_rows(connection, BANS, [a_ban("one"), a_ban("two")])
    columns: dict[str, list[Any]] = {"address_hash": ["one", "two"], "cause": ["ours", None]}
    with pytest.raises(StoreError) as caught, store.write() as connection:
        update_columns(connection, BANS, columns, key=("address_hash",))
    assert "two" not in str(caught.value)
    with store.read() as connection:
        assert causes(connection) == {"one": "manual", "two": "manual"}
