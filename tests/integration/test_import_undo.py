"""Taking an import back: what goes, what goes back, what stays and why, and what comes again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from leadline.domain.intake import Rejected, decide_intake
from leadline.domain.keys import address_hash
from leadline.files.sources import Wish
from leadline.stages import ORDER, run_stages
from leadline.stages import undo as undoing
from leadline.stages.imports import finish_import, import_file
from leadline.stages.undo import ImportRunning, NoImportRun, Undone, undo_import
from leadline.store import schema
from leadline.store.bulk import update_rows
from leadline.store.holds import let_go
from leadline.store.submissions import Arrival, add_submissions
from leadline.store.suppressions import add_suppressions, latest_bases, latest_consents
from tests.builders import an_owner
from tests.factories import NOW, a_workspace, read_everything, rows_of

if TYPE_CHECKING:
    from pathlib import Path

    from leadline.stages import Workspace

STAGES = ORDER[:5]
LATER = NOW + timedelta(hours=1)
HEADER = "Email,Full Name,Company,Job Title,Phone,Country,State,Opt-in,Notes,Submitted At"
ANN = "a@x.example,Ann Doe,Ikeda,CEO,+1 206-555-0183,US,Washington,Yes,first,2026-11-20T00:00:00Z"


#: What SQL decides is proven on both databases, the rest on the faster one.
both = pytest.mark.parametrize("work", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project with an empty database, to be copied."""
    home = tmp_path_factory.mktemp("made") / "home"
    with a_workspace(home, demo=True):
        return home


def take(work: Workspace, *rows: str, source: str = "fair", **options: Any) -> int:  # noqa: ANN401
    """Import a file of these rows to its end; returns the run."""
    path = work.environment.home / f"{source}.csv"
    path.write_text("\n".join((HEADER, *rows)) + "\n", encoding="utf-8")
    run = import_file(work, path, now=NOW, wish=Wish(source), **options)
    finish_import(work, run, now=NOW)
    return run.run_id


async def post(work: Workspace, **raw: str) -> None:
    """Let one form post arrive and be judged."""
    arrival = Arrival("form:contact", str(sorted(raw.items())), "form", raw)
    with work.store.write() as connection:
        add_submissions(connection, [arrival], now=LATER)
    await run_stages(work, ["intake"], now=LATER)


def lead(work: Workspace, email: str = "a@x.example") -> dict[str, Any]:
    (found,) = [row for row in rows_of(work, "leads") if row["email"] == email]
    return found


def stated(work: Workspace) -> dict[str, Any]:
    """Return leads, keys, bans and changes, without when a lead was written and is to be scored."""
    apart = {"updated_at", "scoring_due_at", "is_scoring_only"}
    kept = {name: rows_of(work, name) for name in ("lead_keys", "suppressions", "import_changes")}
    leads = [
        {n: v for n, v in row.items() if n not in apart and v is not None}
        for row in rows_of(work, "leads")
    ]
    return {"leads": leads, **kept}


def undo(work: Workspace, run: int, **options: Any) -> Undone:  # noqa: ANN401
    return undo_import(work, run, now=LATER, **options)


@both
def test_leads_that_an_import_created_are_gone_with_all_that_was_theirs(work: Workspace) -> None:
    before = stated(work)
    run = take(work, ANN, "b@x.example,Bo Roe,,,,,,No,,", "no-address,,,,,,,,,")
    found = undo(work, run)
    assert (found.created_removed, found.created_kept) == (2, {})
    assert found.submissions_undone == 3
    assert stated(work) == before
    assert rows_of(work, "consents") == rows_of(work, "scores") == []
    rows = rows_of(work, "submissions")
    assert [(row["state"], row["lead_id"]) for row in rows] == [("undone", None)] * 3
    assert "a@x.example" in str(rows[0]["raw"])
    (kept,) = rows_of(work, "import_runs")
    assert kept["undone_at"] == LATER
    assert kept["undo_counts"] == found.counts()


async def test_scored_leads_are_gone_as_well(work: Workspace) -> None:
    run = take(work, ANN, is_backfill=True)
    await run_stages(work, STAGES, now=NOW)
    assert len(rows_of(work, "scores")) == 1
    assert undo(work, run).created_removed == 1
    assert rows_of(work, "scores") == rows_of(work, "leads") == []


@both
def test_same_file_can_be_imported_and_taken_back_again_and_again(work: Workspace) -> None:
    first = take(work, ANN)
    undo(work, first)
    second = take(work, ANN)
    assert second != first
    assert lead(work)["company"] == "Ikeda"
    assert undo(work, second).created_removed == 1
    third = take(work, ANN)
    (counts,) = [row["counts"] for row in rows_of(work, "import_runs") if row["id"] == third]
    assert (counts["created"], counts["unchanged"]) == (1, 0)


@both
def test_lead_never_gets_the_id_of_one_that_was_taken_back(work: Workspace) -> None:
    undo_import(work, take(work, ANN), now=LATER)
    run = take(work, ANN.replace("a@x", "b@x"))
    assert [row["id"] for row in rows_of(work, "leads")] == [2]
    undo_import(work, run, now=LATER)
    take(work, ANN)
    assert [row["id"] for row in rows_of(work, "leads")] == [3]


@both
def test_lead_that_was_there_before_says_again_what_it_said(work: Workspace) -> None:
    take(work, ANN, source="web")
    before = stated(work)
    run = take(
        work,
        "a@x.example,Ann Roe,Ramirez K.K.,CFO,03-1234-5678,Japan,東京都,No,second,"
        "2026-11-20T00:30:00Z",
        "a@x.example,,,CTO,,,,,third,2026-11-20T00:40:00Z",
    )
    changed = lead(work)
    assert [changed[name] for name in ("title", "country", "consent")] == ["CTO", "JP", False]
    found = undo(work, run)
    assert stated(work) == before
    assert (found.leads_restored, found.fields_kept, found.created_removed) == (1, {}, 0)
    names = ("full_name", "company", "title", "phone", "country", "region", "consent", "attributes")
    assert found.fields_restored >= len(names)
    assert found.keys_removed == 1
    assert [row["undone_at"] for row in rows_of(work, "consents")] == [None, LATER]


@both
async def test_field_that_was_changed_since_stays_and_is_counted(work: Workspace) -> None:
    take(work, "a@x.example,,Ikeda,CEO,,,,,,2026-11-20T00:00:00Z", source="web")
    run = take(work, "a@x.example,,Ramirez,CFO,,,,,,2026-11-20T00:30:00Z")
    await post(work, email="a@x.example", title="Director")
    found = undo(work, run)
    after = lead(work)
    assert (after["company"], after["company_key"], after["title"]) == (
        "Ikeda",
        "ikeda",
        "Director",
    )
    assert (found.fields_restored, found.fields_kept) == (1, {"changed_since": 1})


@pytest.mark.parametrize(
    ("work", "order"), [("sqlite", (1, 2)), ("postgresql", (2, 1))], indirect=["work"]
)
def test_two_imports_taken_back_in_any_order_leave_what_was_there_before(
    work: Workspace, order: tuple[int, int]
) -> None:
    take(work, ANN, source="web")
    before = stated(work)
    runs = {
        1: take(work, "a@x.example,,Ramirez,CFO,,,,,one,2026-11-20T00:30:00Z", source="one"),
        2: take(work, "a@x.example,,,COO,,Japan,大阪府,No,two,2026-11-20T00:40:00Z", source="two"),
    }
    for number in order:
        undo(work, runs[number])
    assert stated(work) == before


@both
async def test_created_lead_stays_where_something_depends_on_it(work: Workspace) -> None:
    """One was given to a rep, one waits and is in a sequence, two are known to others."""
    places = {"told": "US,Washington", "enrolled": "FR,", "said": ",", "refused": ",", "free": ","}
    run = take(
        work,
        *(f"{name}@x.example,,,,,{place},Yes,," for name, place in places.items()),
        is_backfill=True,
    )
    ids = {name: lead(work, f"{name}@x.example")["id"] for name in places}
    await run_stages(work, STAGES, now=NOW)
    with work.store.write() as connection:
        let_go(connection, [ids["told"], ids["enrolled"]], now=NOW)
    await run_stages(work, STAGES, now=NOW)
    await post(work, email="said@x.example")
    evidence = {"purpose": "marketing", "channel": "email", "is_granted": False, "at": LATER}
    with work.store.write() as connection:
        refusal = {"lead_id": ids["refused"], "source": "unsubscribe", **evidence}
        connection.execute(schema.consents.insert().values(refusal))
    found = undo(work, run)
    assert found.created_removed == 1
    reasons = ("message", "enrolled", "other_submission", "consent")
    assert found.created_kept == dict.fromkeys(reasons, 1)
    assert {row["id"] for row in rows_of(work, "leads")} == {*ids.values()} - {ids["free"]}


@pytest.mark.parametrize(
    ("work", "order"),
    [("sqlite", (1, 2)), ("postgresql", (1, 2)), ("sqlite", (2, 1))],
    indirect=["work"],
)
async def test_lead_that_nobody_states_any_more_is_gone_in_any_order(
    work: Workspace, order: tuple[int, int]
) -> None:
    runs = {
        1: take(work, "a@x.example,Ann Doe,,,,,,,,2026-11-20T00:00:00Z", source="one"),
        2: take(work, "a@x.example,,Ikeda,,,,,,,2026-11-20T00:10:00Z", source="two"),
    }
    found = [undo(work, runs[number]) for number in order]
    assert rows_of(work, "leads") == rows_of(work, "lead_keys") == []
    assert [each.created_removed for each in found] == [0, 1]
    sums = await run_stages(work, STAGES, now=LATER)
    assert [total.stage for total in sums if total.claimed] == []


async def test_lead_that_nobody_states_any_more_stays_where_a_rep_has_it(work: Workspace) -> None:
    first = take(work, ANN, source="one")
    second = take(work, "a@x.example,,Ramirez,,,,,,,2026-11-20T00:10:00Z", source="two")
    assert undo(work, first).created_kept == {"other_submission": 1}
    await run_stages(work, STAGES, now=NOW)
    found = undo(work, second)
    assert (found.created_removed, sum(found.created_kept.values())) == (0, 1)
    assert not found.created_kept.keys() - {"message", "enrolled", "assigned"}
    assert len(rows_of(work, "leads")) == 1


def test_consent_that_another_import_states_is_not_called_the_persons(work: Workspace) -> None:
    old = take(work, ANN, source="old", is_backfill=True)
    take(work, ANN.replace("2026-11-20", "2026-11-21"), source="export")
    assert len(rows_of(work, "consents")) == 2
    assert undo(work, old).created_kept == {"other_submission": 1}


# ---- a hold that the import has ended ----


AGAIN = ANN.replace("first", "again")


@both
async def test_lead_that_the_import_let_go_is_held_again(work: Workspace) -> None:
    old = take(work, ANN, source="old", is_backfill=True)
    await run_stages(work, STAGES, now=NOW)
    before = stated(work)
    live = take(work, ANN)
    assert lead(work)["held_import_run_id"] is None
    found = undo(work, live)
    assert stated(work) == before
    assert (found.fields_kept, found.leads_restored) == ({}, 1)
    await run_stages(work, STAGES, now=LATER)
    held = lead(work)
    assert (held["held_import_run_id"], held["scoring_due_at"]) == (old, None)
    assert held["routing_due_at"] is held["enrollment_due_at"] is None
    for table in ("assignments", "enrollments", "outbox"):
        assert rows_of(work, table) == []
    with work.store.write() as connection:
        assert let_go(connection, [held["id"]], now=LATER) == 1
    await run_stages(work, STAGES, now=LATER)
    assert len(rows_of(work, "assignments")) == 1


async def test_lead_that_is_due_for_a_rep_is_held_again(work: Workspace) -> None:
    old = take(work, ANN, source="old", is_backfill=True)
    await run_stages(work, STAGES, now=NOW)
    live = take(work, AGAIN)
    await run_stages(work, ("scoring",), now=NOW)
    assert lead(work)["routing_due_at"] is not None
    undo(work, live)
    assert (lead(work)["held_import_run_id"], lead(work)["routing_due_at"]) == (old, None)


async def test_lead_that_a_rep_has_taken_up_since_is_not_held_again(work: Workspace) -> None:
    take(work, ANN, source="old", is_backfill=True)
    live = take(work, AGAIN)
    await run_stages(work, STAGES, now=NOW)
    assert len(rows_of(work, "assignments")) == 1
    found = undo(work, live)
    assert found.fields_kept["went_on"] == 1
    assert lead(work)["held_import_run_id"] is None


async def test_lead_that_a_form_lets_go_too_is_not_held_again(work: Workspace) -> None:
    take(work, ANN, source="old", is_backfill=True)
    live = take(work, AGAIN)
    await post(work, email="a@x.example")
    assert undo(work, live).fields_kept["let_go_by_others"] == 1
    assert lead(work)["held_import_run_id"] is None


@both
@pytest.mark.parametrize("last", [ANN, ANN.replace("first", "third")], ids=["same", "other"])
def test_hold_comes_back_with_the_last_import_that_let_go(work: Workspace, last: str) -> None:
    old = take(work, ANN, source="old", is_backfill=True)
    before = stated(work)
    runs = [take(work, ANN, source="one"), take(work, last, source="two")]
    assert undo(work, runs[0]).fields_kept == {"let_go_by_others": 1}
    assert lead(work)["held_import_run_id"] is None
    assert undo(work, runs[1]).fields_kept == {}
    assert lead(work)["held_import_run_id"] == old
    assert stated(work) == before


def test_other_backfill_lets_no_lead_go(work: Workspace) -> None:
    old = take(work, ANN, source="old", is_backfill=True)
    live = take(work, AGAIN)
    take(work, ANN.replace("first", "third"), source="older", is_backfill=True)
    assert "let_go_by_others" not in undo(work, live).fields_kept
    assert lead(work)["held_import_run_id"] == old


async def test_consent_of_a_lead_that_stays_no_longer_counts(work: Workspace) -> None:
    run = take(work, ANN)
    await post(work, email="a@x.example", title="Director")
    assert lead(work)["consent"] is True
    found = undo(work, run)
    assert found.created_kept == {"other_submission": 1}
    assert (lead(work)["consent"], found.consents_undone) == (None, 1)
    ids = [lead(work)["id"]]
    with work.store.read() as connection:
        assert latest_bases(connection, ids) == latest_consents(connection, ids) == {}


async def test_refusal_since_the_import_and_a_suppression_stay(work: Workspace) -> None:
    take(work, "a@x.example,,,,,,,Yes,,2026-11-19T00:00:00Z", source="web")
    run = take(work, "a@x.example,,,,,,,No,,2026-11-20T00:00:00Z")
    hash_ = address_hash("a@x.example", pepper=work.store.pepper)
    ban = {"address_hash": hash_, "scope": "marketing", "cause": "unsubscribe", "message_id": None}
    with work.store.write() as connection:
        add_suppressions(connection, [{**ban, "at": LATER}])
    await post(work, email="a@x.example", consent="no")
    before = rows_of(work, "suppressions")
    undo(work, run)
    assert lead(work)["consent"] is False
    assert before == rows_of(work, "suppressions")


async def test_lead_that_was_restored_is_scored_again_and_nothing_follows(work: Workspace) -> None:
    take(work, ANN, source="web")
    await run_stages(work, STAGES, now=NOW)
    run = take(work, "a@x.example,,Ramirez,CFO,,,,,,2026-11-20T00:30:00Z")
    await run_stages(work, STAGES, now=NOW)
    tables = ("assignments", "enrollments", "outbox")
    before = [rows_of(work, table) for table in tables]
    undo(work, run)
    assert (lead(work)["scoring_due_at"], lead(work)["is_scoring_only"]) == (LATER, True)
    sums = await run_stages(work, STAGES, now=LATER)
    assert {total.stage: total.claimed for total in sums if total.claimed} == {"scoring": 1}
    assert before == [rows_of(work, table) for table in tables]


@both
def test_key_that_another_submission_states_too_stays(work: Workspace) -> None:
    phone = "Ann Doe,,,+1 206-555-0183"
    take(work, "a@x.example,Ann Doe,,,,,,,,2026-11-20T00:00:00Z", source="web")
    run = take(work, f"a@x.example,{phone},,,,,2026-11-20T00:10:00Z")
    keys = len(rows_of(work, "lead_keys"))
    take(work, f"a@x.example,{phone},,,again,2026-11-20T00:20:00Z,", source="other")
    assert undo(work, run).keys_removed == 0
    assert len(rows_of(work, "lead_keys")) == keys


@pytest.mark.parametrize("is_refused", [True, False])
def test_no_key_goes_while_a_submission_cannot_be_read_any_more(
    work: Workspace, monkeypatch: pytest.MonkeyPatch, *, is_refused: bool
) -> None:
    phone = "Ann Doe,,,+1 206-555-0183"
    take(work, "a@x.example,Ann Doe,,,,,,,,2026-11-20T00:00:00Z", source="web")
    run = take(work, f"a@x.example,{phone},,,,,2026-11-20T00:10:00Z")
    take(work, f"a@x.example,{phone},,,again,,2026-11-20T00:20:00Z", source="other")

    def decide(cells: Any, **rest: Any) -> Any:  # noqa: ANN401
        if rest["source"].name != "other":
            return decide_intake(cells, **rest)
        if is_refused:
            return Rejected("invalid_email", "Email", "")
        raise KeyError

    keys = len(rows_of(work, "lead_keys"))
    with work.store.write() as connection:  # the lead itself states no number
        connection.execute(schema.leads.update().values(phone=None))
    monkeypatch.setattr(undoing, "decide_intake", decide)
    assert undo(work, run).keys_removed == 0
    assert len(rows_of(work, "lead_keys")) == keys


def test_key_that_the_lead_itself_states_stays(work: Workspace) -> None:
    take(work, ANN, source="web")
    run = take(work, ANN.replace("first,2026-11-20", "more,2026-11-21"))
    keys = rows_of(work, "lead_keys")
    with work.store.write() as connection:  # what made the lead is there no longer
        rows = schema.submissions
        first = rows_of(work, "submissions")[0]
        raw = [cell.replace("+1 206-555-0183", "") for cell in first["raw"]]
        connection.execute(rows.update().where(rows.c.id == first["id"]).values(raw=raw))
    found = undo(work, run)
    assert (found.keys_removed, found.fields_restored > 0) == (0, True)
    assert rows_of(work, "lead_keys") == keys


def test_lead_that_an_import_changed_in_two_chunks_says_what_it_said_before_both(
    work: Workspace,
) -> None:
    take(work, ANN, source="web")
    before = stated(work)
    rows = [f"a@x.example,,Firm {day},,,,,,,2026-11-{day}T00:00:00Z" for day in (21, 22, 23)]
    run = take(work, *rows, size=1)
    (change,) = rows_of(work, "import_changes")
    assert lead(work)["company"] == change["after"]["company"] == "Firm 23"
    assert change["before"]["company"] == "Ikeda"
    undo(work, run)
    assert stated(work) == before


def test_nothing_is_kept_of_what_an_import_changed_on_leads_of_its_own(work: Workspace) -> None:
    run = take(work, ANN, "a@x.example,,Ramirez,,,,,,,2026-11-21T00:00:00Z", size=1)
    assert lead(work)["company"] == "Ramirez"
    assert rows_of(work, "import_changes") == []
    assert undo(work, run).created_removed == 1


@pytest.mark.parametrize("work", ["postgresql"], indirect=True)
def test_undo_waits_for_arrivals_that_are_being_judged(work: Workspace) -> None:
    run = take(work, ANN)
    with ThreadPoolExecutor(1) as threads:
        with work.store.write(lock="intake"):
            found = threads.submit(undo, work, run)
            with pytest.raises(TimeoutError):
                found.result(timeout=1)
        assert found.result(timeout=30).created_removed == 1


def test_undo_of_an_undone_import_changes_nothing_and_says_so(work: Workspace) -> None:
    run = take(work, ANN)
    first = undo(work, run)
    before = read_everything(work)
    second = undo_import(work, run, now=LATER + timedelta(days=1))
    assert (first.is_repeat, second.is_repeat) == (False, True)
    assert (first.counts(), LATER) == (second.counts(), second.undone_at)
    assert read_everything(work) == before


def test_import_without_a_row_can_be_taken_back(work: Workspace) -> None:
    found = undo(work, take(work))
    assert (found.submissions_undone, found.undone_at) == (0, LATER)


def test_import_that_is_running_is_refused_and_one_whose_process_died_is_not(
    work: Workspace,
) -> None:
    path = work.environment.home / "fair.csv"
    path.write_text(f"{HEADER}\n{ANN}\n", encoding="utf-8")
    run = import_file(work, path, now=NOW).run_id
    before = read_everything(work)
    with pytest.raises(ImportRunning, match=r"fair\.csv"):
        undo(work, run)
    assert read_everything(work) == before
    dead = str(an_owner(2**22 + 1, here=True, started="1"))
    with work.store.write() as connection:
        update_rows(connection, schema.import_runs, [{"id": run, "owner": dead}])
    assert undo(work, run).created_removed == 1


def test_import_that_is_not_there_is_refused(work: Workspace) -> None:
    with pytest.raises(NoImportRun) as refused:
        undo(work, 7)
    assert "7" in refused.value.say("en")
    assert "7" in refused.value.say("ja")


class Killed(BaseException):
    """Stands for SIGKILL between two transactions."""


@pytest.mark.parametrize(
    ("work", "batches"), [("sqlite", 1), ("sqlite", 4), ("postgresql", 2)], indirect=["work"]
)
def test_undo_that_was_cut_short_is_finished_by_the_next(work: Workspace, batches: int) -> None:
    take(work, ANN, "known@x.example,,Old,,,,,,,2026-11-01T00:00:00Z", source="web")
    before = stated(work)
    rows = [f"l{number}@x.example,,,,,,,Yes,," for number in range(5)]
    changes = ("a@x.example,,Ramirez,,,,,No,,", "known@x.example,,New,,,,,,,")
    run = take(work, *rows[:2], *changes, *rows[2:])
    left = [batches]

    def kill(_count: int) -> None:
        left[0] -= 1
        if not left[0]:
            raise Killed

    with pytest.raises(Killed):
        undo(work, run, limit=1, on_batch=kill)
    (kept,) = [row for row in rows_of(work, "import_runs") if row["id"] == run]
    assert kept["undone_at"] is None
    found = undo(work, run, limit=2)
    assert stated(work) == before
    assert (found.created_removed, found.leads_restored, found.submissions_undone) == (5, 2, 7)
    assert not found.is_repeat


def test_undo_does_as_many_statements_for_many_leads_as_for_few(
    tmp_path: Path, sqlite_url: str
) -> None:
    from sqlalchemy import event

    with a_workspace(tmp_path / "home", sqlite_url, demo=True) as work:
        counts = []
        for size in (2, 40):
            rows = [
                f"l{size}-{number}@x.example,,Ikeda,,,,,Yes,,2026-11-01" for number in range(size)
            ]
            take(work, *rows[::2], source=f"web{size}")
            run = take(work, *(row.replace("Ikeda", "Ramirez") for row in rows), source=f"s{size}")
            statements: list[str] = []

            def count(*facts: Any, found: list[str] = statements) -> None:  # noqa: ANN401 - an event
                found.append(facts[2])

            event.listen(work.store.engine, "before_cursor_execute", count)
            found = undo(work, run)
            event.remove(work.store.engine, "before_cursor_execute", count)
            assert (found.created_removed, found.leads_restored) == (size // 2, size // 2)
            counts.append(len(statements))
        assert counts[0] == counts[1]
