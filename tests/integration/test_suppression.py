"""Bans from lists and by hand: what they stop, what they prove, and that again changes nothing."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from openpyxl import Workbook
from sqlalchemy import event, text, update

from leadline.files.address_lists import MixedRows, NoAddresses, SeveralAddressColumns
from leadline.stages import delivery
from leadline.stages.suppression import confirm_none, suppress, suppress_list
from leadline.store import schema
from leadline.store.suppression_lists import Ban, has_list
from tests.builders import NOW, PEPPER, a_store, add_message, add_person, message
from tests.factories import a_workspace, rows_of
from tests.fakes import FakeTransport

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leadline.store.engine import Store
    from tests.builders import Person

LATER = NOW + timedelta(days=1)
LATEST = NOW + timedelta(days=2)
UNSUBSCRIBED = Ban("unsubscribe", "marketing", "command")
CUSTOMERS = Ban("customer", "marketing", "command")
ELSEWHERE: dict[str, Any] = {
    "smtp_url": "smtp://relay.example.com",
    "base_url": "https://leads.example.com",
    "pepper": PEPPER,
}
JAPANESE = (
    "番号,氏名,メールアドレス,配信停止日\r\n"
    "1,鈴木 充,mituru@ikeda.example,2024/1/2\r\n"
    "2,佐藤,ｓａｔｏ＠ikeda.example,2024/1/3\r\n"
    "3,田中,,2024/1/4\r\n"
    "4,中島,nakajima@ikeda,2024/1/5\r\n"
)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with a_store(database_url) as opened:
        yield opened


def queue(store: Store, **changes: Any) -> tuple[Person, int]:  # noqa: ANN401 - columns
    """Store a person with consent, in a sequence, whose next mail waits."""
    with store.write() as connection:
        person = add_person(connection)
        return person, add_message(connection, person, **changes)


def everything(store: Store) -> dict[str, list[dict[str, Any]]]:
    return {name: rows_of(store, name) for name in schema.metadata.tables}


def take(store: Store, path: Path, **changes: Any) -> Any:  # noqa: ANN401 - options and an outcome
    asked = {"cause": "unsubscribe", "scope": "marketing", "now": NOW, **changes}
    return suppress_list(store, path, **asked)[0]


def lift(store: Store, person: Person, *, at: Any) -> None:  # noqa: ANN401 - a time
    table = schema.suppressions
    with store.write() as connection:
        mine = table.c.address_hash == person.address_hash
        connection.execute(update(table).where(mine).values(lifted_at=at))


def listed(folder: Path, *lines: str, name: str = "list.txt") -> Path:
    path = folder / name
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


# ---- what a ban stops and proves ----


def test_unsubscribed_address_is_stopped_everywhere_in_one_go(store: Store) -> None:
    person, mail = queue(store)
    done = suppress(store, [person.email, "nobody@x.example"], ban=UNSUBSCRIBED, now=NOW)
    assert (done.added, done.leads, done.refusals, done.exited, done.skipped) == (2, 1, 1, 1, 1)
    ban = next(
        r for r in rows_of(store, "suppressions") if r["address_hash"] == person.address_hash
    )
    assert (ban["scope"], ban["cause"], ban["lifted_at"]) == ("marketing", "unsubscribe", None)
    *_, proof = rows_of(store, "consents")
    assert (proof["lead_id"], proof["is_granted"], proof["purpose"], proof["channel"]) == (
        *(person.lead_id, False),
        *("marketing", "email"),
    )
    assert (proof["source"], proof["at"]) == ("command", NOW)
    (enrollment,) = rows_of(store, "enrollments")
    assert (enrollment["state"], enrollment["exit_reason"]) == ("exited", "suppressed")
    assert rows_of(store, "leads")[0]["consent"] is False
    assert (message(store, mail)["state"], message(store, mail)["skip_reason"]) == (
        *("skipped", "suppressed"),
    )


@pytest.mark.parametrize("cause", ["customer", "competitor", "hard_bounce", "manual"])
def test_ban_that_is_no_act_of_the_person_is_no_refusal(store: Store, cause: str) -> None:
    person, mail = queue(store)
    before = rows_of(store, "consents")
    done = suppress(store, [person.email], ban=Ban(cause, "marketing", "command"), now=NOW)
    assert (done.added, done.refusals) == (1, 0)
    assert rows_of(store, "consents") == before
    assert rows_of(store, "leads")[0]["consent"] is True
    assert message(store, mail)["state"] == "skipped"
    assert rows_of(store, "enrollments")[0]["state"] == "exited"


def test_who_refused_before_gets_no_second_refusal(store: Store) -> None:
    with store.write() as connection:
        person = add_person(connection, consent=False)
    before = rows_of(store, "consents")
    assert suppress(store, [person.email], ban=UNSUBSCRIBED, now=NOW).refusals == 0
    assert rows_of(store, "consents") == before


@pytest.mark.parametrize(("scope", "state"), [("marketing", "queued"), ("global", "skipped")])
def test_scope_decides_whether_answers_to_the_person_go_on(
    store: Store, scope: str, state: str
) -> None:
    person, _ = queue(store)
    with store.write() as connection:
        answer = add_message(connection, person, kind="acknowledgment")
        told = add_message(connection, person, kind="assignment")
    suppress(store, [person.email], ban=Ban("complaint", scope, "command"), now=NOW)
    assert message(store, answer)["state"] == state
    assert message(store, told)["state"] == "queued"


def test_second_time_changes_nothing(store: Store) -> None:
    person, _ = queue(store)
    suppress(store, [person.email], ban=UNSUBSCRIBED, now=NOW)
    before = everything(store)
    again = suppress(store, [person.email], ban=UNSUBSCRIBED, now=LATER)
    assert (again.added, again.known, again.refusals, again.exited, again.skipped) == (
        *(0, 1),
        *(0, 0, 0),
    )
    assert everything(store) == before


def test_lifted_ban_is_set_again_by_a_person(store: Store) -> None:
    person, _ = queue(store)
    suppress(store, [person.email], ban=UNSUBSCRIBED, now=NOW)
    lift(store, person, at=LATER)
    assert suppress(store, [person.email], ban=CUSTOMERS, now=LATEST).added == 1
    (ban,) = rows_of(store, "suppressions")
    assert (ban["cause"], ban["at"], ban["lifted_at"]) == ("customer", LATEST, None)


def test_batch_costs_as_many_statements_for_many_as_for_few(store: Store) -> None:
    counts = []
    for size in (2, 40):
        people = [queue(store)[0] for _ in range(size)]
        seen: list[str] = []

        def count(*found: Any, seen: list[str] = seen) -> None:  # noqa: ANN401 - a hook's arguments
            seen.append(found[2])

        event.listen(store.engine, "before_cursor_execute", count)
        suppress(store, [person.email for person in people], ban=UNSUBSCRIBED, now=NOW)
        event.remove(store.engine, "before_cursor_execute", count)
        counts.append(len(seen))
    assert counts[0] == counts[1]


# ---- lists ----


def test_japanese_list_in_cp932_is_taken_by_its_header(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "配信停止リスト.csv"
    path.write_bytes(JAPANESE.encode("cp932"))
    outcome = take(store, path)
    assert (outcome.records, outcome.banned.added, outcome.rejected) == (4, 2, 2)
    assert [(bad.line, bad.reason, bad.fault) for bad in outcome.bad] == [
        (4, "missing_email", "missing"),
        (5, "invalid_email", "no_dot"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "euc_jp"])
def test_list_in_any_encoding_gives_the_same_bans(
    store: Store, tmp_path: Path, encoding: str
) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(JAPANESE.replace(",", "\t").encode(encoding))
    assert take(store, path).banned.added == 2


def test_workbook_is_a_list_too(store: Store, tmp_path: Path) -> None:
    book = Workbook()
    for row in (("会社名", "E-mail"), ("池田鉱業", "a@x.example"), ("山田", "b@x.example")):
        book.active.append(row)
    book.save(tmp_path / "list.xlsx")
    assert take(store, tmp_path / "list.xlsx").banned.added == 2


def test_plain_text_is_a_list_whose_first_line_counts(store: Store, tmp_path: Path) -> None:
    lines = ("a@x.example", "Bo B <b@x.example>", "", "mailto:C@x.example", "Dee, D <d@x.example>")
    outcome = take(store, listed(tmp_path, *lines))
    assert (outcome.banned.added, outcome.rejected) == (4, 0)


def test_column_of_addresses_is_found_by_its_cells(store: Store, tmp_path: Path) -> None:
    path = listed(tmp_path, "1;a@x.example;2024-01-02", "2;b@x.example;2024-01-03", name="l.csv")
    assert take(store, path).banned.added == 2


def test_bad_lines_are_told_and_the_rest_goes_on(store: Store, tmp_path: Path) -> None:
    outcome = take(store, listed(tmp_path, "a@x.example", "nobody", "c@x,example", "d@x.example"))
    assert [(bad.line, bad.fault) for bad in outcome.bad] == [(2, "no_at"), (3, "comma")]
    assert (outcome.records, outcome.banned.added) == (4, 2)


def test_no_address_is_taken_for_a_note_above_a_header(store: Store, tmp_path: Path) -> None:
    names = ("nobody", "Unsubscribes", "メールアドレス")
    for number, name in enumerate(names):
        path = listed(tmp_path, f"a{number}@x.example", name, f"b{number}@x.example")
        assert take(store, path).banned.added == 2


def test_header_of_a_plain_text_is_no_bad_line(store: Store, tmp_path: Path) -> None:
    outcome = take(store, listed(tmp_path, "配信停止", "a@x.example", '"b@x.example"'))
    assert (outcome.records, outcome.banned.added, outcome.rejected) == (2, 2, 0)


def test_table_whose_header_is_no_first_line_needs_a_known_word(
    store: Store, tmp_path: Path
) -> None:
    rows = ("2,b@x.example", "3,c@x.example")
    with pytest.raises(NoAddresses):
        take(store, listed(tmp_path, "Our list", "", "Number,Somebody", *rows, name="l.csv"))
    noted = ("Exported by admin@example.com", "", "番号,メールアドレス", *rows)
    assert take(store, listed(tmp_path, *noted, name="l.csv")).banned.added == 2


def test_same_list_again_changes_nothing(store: Store, tmp_path: Path) -> None:
    person, _ = queue(store)
    path = listed(tmp_path, person.email, "b@x.example", person.email)
    first = take(store, path)
    before = everything(store)
    again = take(store, path, now=LATER)
    assert (first.banned.added, first.banned.known, first.is_known) == (2, 1, False)
    assert (again.banned.added, again.banned.known, again.is_known) == (0, 3, True)
    assert everything(store) == before
    (kept,) = rows_of(store, "suppression_lists")
    assert (kept["file_name"], kept["records"], kept["added"]) == ("list.txt", 3, 2)
    assert rows_of(store, "consents")[-1]["source"] == "list:list.txt"


def test_same_list_again_leaves_a_ban_lifted_that_was_lifted_since(
    store: Store, tmp_path: Path
) -> None:
    person, _ = queue(store)
    path = listed(tmp_path, person.email)
    take(store, path)
    lift(store, person, at=LATER)
    assert take(store, path, now=LATEST).banned.added == 0
    path.write_text(f"{person.email}\nnew@x.example\n", encoding="utf-8")
    assert take(store, path, now=LATEST).banned.added == 2


def test_same_list_for_another_cause_is_another_list(store: Store, tmp_path: Path) -> None:
    path = listed(tmp_path, "a@x.example")
    take(store, path)
    take(store, path, cause="complaint", scope="global")
    assert [row["scope"] for row in rows_of(store, "suppression_lists")] == ["marketing", "global"]
    assert {row["cause"] for row in rows_of(store, "suppressions")} == {"unsubscribe", "complaint"}


def test_dry_run_counts_what_the_list_would_do_and_changes_nothing(
    store: Store, tmp_path: Path
) -> None:
    person, _ = queue(store)
    path = listed(tmp_path, person.email, "b@x.example", person.email)
    before = everything(store)
    dry = take(store, path, is_dry=True).banned
    assert everything(store) == before
    done = take(store, path).banned
    assert (dry.added, dry.known, dry.leads) == (done.added, done.known, 1)


def test_list_longer_than_a_batch_is_taken_whole(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leadline.stages.suppression.LIMIT", 7)
    with a_store(sqlite_url) as store:
        path = listed(tmp_path, *(f"user{n % 20}@x.example" for n in range(50)))
        banned = take(store, path).banned
        assert (banned.added, banned.known, len(rows_of(store, "suppressions"))) == (20, 30, 20)


def test_list_that_breaks_off_is_recorded_only_when_it_is_through(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leadline.stages.suppression.LIMIT", 1)

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    path = listed(tmp_path, "a@x.example", "b@x.example")
    with a_store(sqlite_url) as store:
        with pytest.raises(KeyboardInterrupt):
            take(store, path, on_stretch=stop)
        assert rows_of(store, "suppression_lists") == []
        again = take(store, path)
        assert (again.banned.added, again.banned.known, again.is_known) == (0, 2, False)
        assert len(rows_of(store, "suppression_lists")) == 1


def test_list_without_addresses_is_refused_and_not_recorded(store: Store, tmp_path: Path) -> None:
    with pytest.raises(NoAddresses):
        take(store, listed(tmp_path, "Company,City", "Ikeda,Osaka", name="l.csv"))
    take(store, listed(tmp_path, "nobody", "nobody else"))
    assert rows_of(store, "suppression_lists") == []


def test_columns_of_two_kinds_of_addresses_need_a_header(store: Store, tmp_path: Path) -> None:
    lines = ("a@x.example,rep@example.com", "b@x.example,rep@example.com")
    with pytest.raises(SeveralAddressColumns, match="number 1, 2"):
        take(store, listed(tmp_path, *lines, name="l.csv"))
    assert rows_of(store, "suppressions") == []


def test_confirmation_that_there_is_no_list_is_recorded_once(store: Store) -> None:
    assert confirm_none(store, now=NOW)
    assert not confirm_none(store, now=LATER)
    (kept,) = rows_of(store, "suppression_lists")
    assert (kept["file_name"], kept["file_hash"], kept["records"]) == (None, None, 0)
    with store.read() as connection:
        assert has_list(connection)


# ---- against delivery ----


async def test_ban_that_commits_before_the_mark_wins(tmp_path: Path, database_url: str) -> None:
    with a_workspace(tmp_path / "home", database_url, **ELSEWHERE) as work:
        _, first = queue(work.store)
        person, second = queue(work.store)

        async def ban(_: object) -> None:
            if not transport.sent:
                suppress(work.store, [person.email], ban=CUSTOMERS, now=NOW)

        transport = FakeTransport(before=ban)
        await delivery.run_batch(work, now=NOW, transport=transport)
        found = [message(work.store, id_) for id_ in (first, second)]
    assert [(row["state"], row["skip_reason"]) for row in found] == [
        ("sent", None),
        ("skipped", "suppressed"),
    ]


async def wait_for_a_waiter(store: Store) -> None:
    """Return when somebody waits for a lock in this database."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    async with asyncio.timeout(30):
        while True:
            with store.read() as connection:
                if connection.execute(waiting).scalar_one():
                    return
            await asyncio.sleep(0.01)


async def test_ban_that_was_begun_first_commits_first(tmp_path: Path, postgresql_url: str) -> None:
    from leadline.store.suppression_lists import ban_addresses, hash_addresses

    with (
        a_workspace(tmp_path / "home", postgresql_url, **ELSEWHERE) as work,
        ExitStack() as begun,
    ):
        queue(work.store)
        person, second = queue(work.store)
        hashes = hash_addresses([person.email], pepper=PEPPER)

        async def begin(_: object) -> None:
            connection = begun.enter_context(work.store.write())
            ban_addresses(connection, hashes, ban=CUSTOMERS, now=NOW)

        transport = FakeTransport(before=begin)
        run = asyncio.create_task(delivery.run_batch(work, now=NOW, transport=transport))
        await wait_for_a_waiter(work.store)
        begun.close()
        await run
        found = message(work.store, second)
    assert (found["state"], found["skip_reason"]) == ("skipped", "suppressed")
    assert len(transport.sent) == 1


# ---- lists that tell their rows apart ----


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("Status", ("subscribed", "unsubscribed")),
        ("Status", ("Subscribed", "Subscribed")),
        ("ステータス", ("配信停止", "配信中")),
        ("購読状況", ("解除", "購読中")),
        ("Status", ("active", "unsubscribed")),
        ("Unsubscribed at", ("2026-01-01", "")),
        ("配信停止日時", ("", "2026/01/01 10:00")),
    ],
)
def test_list_that_tells_its_rows_apart_bans_nobody(
    store: Store, tmp_path: Path, header: str, cells: tuple[str, str]
) -> None:
    rows = [f"{name}@x.example,{cell}" for name, cell in zip("ab", cells, strict=True)]
    path = listed(tmp_path, f"Email,{header}", *rows, name="all.csv")
    with pytest.raises(MixedRows) as caught:
        take(store, path)
    assert header in str(caught.value)
    assert rows_of(store, "suppressions") == []
    assert take(store, path, is_whole=True).banned.added == 2


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("Status", ("unsubscribed", "bounced")),
        ("配信停止日時", ("2026/01/02", "2026/01/01 10:00")),
        ("会社", ("池田鉱業", "")),
        ("Plan", ("basic", "pro")),
        ("Reason", ("", "")),
    ],
)
def test_list_of_bans_alone_is_taken(
    store: Store, tmp_path: Path, header: str, cells: tuple[str, str]
) -> None:
    rows = [f"{name}@x.example,{cell}" for name, cell in zip("ab", cells, strict=True)]
    assert take(store, listed(tmp_path, f"Email,{header}", *rows, name="l.csv")).banned.added == 2
