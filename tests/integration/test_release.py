"""Backfills: what holds a lead back, what lets it go, and to whom it goes then."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from email import message_from_string
from email.policy import default
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert

from leadline.domain.conditions import Condition, compile_condition
from leadline.domain.keys import address_hash
from leadline.domain.leads import DERIVED_FIELDS, LEAD_FIELDS
from leadline.rendering.reasons import routing_reason
from leadline.stages import ORDER, run_stages
from leadline.stages.imports import finish_import, import_file
from leadline.stages.release import plan_release, release_import
from leadline.store import schema
from leadline.store.bulk import update_rows
from leadline.store.holds import let_go, make_score_due
from leadline.store.import_runs import find_import_run, list_import_runs
from leadline.store.leases import this_process
from leadline.store.submissions import Arrival, add_submissions, finish_import_run
from leadline.store.suppressions import add_suppressions
from tests.builders import an_owner
from tests.factories import NOW, a_workspace, rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from leadline.stages import Workspace

#: The pipeline up to the sequences; nothing is sent.
STAGES = ORDER[:5]
HEADER = (
    "rep_id,name,email,manager_id,team,territories,languages,skills,weekly_capacity,"
    "working_days,working_hours,time_zone,days_off,active\n"
)
ENGLISH = "R01,Kim,r01@example.com,,sales-en,T01;T03,en,,40,Mon-Fri,09:00-18:00,UTC,,true\n"
JAPANESE = (
    "R13,中島,r13@example.jp,,sales-ja,T02,ja,,{capacity},Mon-Fri,09:00-18:00,Asia/Tokyo,,true\n"
)
#: One is away today, one has left.
UNABLE = (
    "R14,鈴木,r14@example.jp,,sales-ja,T02,ja,,9,Mon-Fri,09:00-18:00,Asia/Tokyo,2026-11-20,true\n"
    "R15,井上,r15@example.jp,,sales-ja,T02,ja,,9,Mon-Fri,09:00-18:00,Asia/Tokyo,,false\n"
)


def reps(capacity: int = 5) -> dict[str, str]:
    return {"config/reps.csv": HEADER + ENGLISH + JAPANESE.format(capacity=capacity) + UNABLE}


#: What SQL decides is proven on both databases, the rest on the faster one.
both = pytest.mark.parametrize("work", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project with an empty database, to be copied."""
    home = tmp_path_factory.mktemp("made") / "home"
    with a_workspace(home, files=reps()):
        return home


def backfill(work: Workspace, rows: Sequence[dict[str, str]]) -> int:
    """Import a file of these rows as a backfill; returns the run."""
    names = ("email", "country", "title", "consent", "owner")
    lines = [",".join(names), *(",".join(row.get(name, "") for name in names) for row in rows)]
    path = work.environment.home / "old.csv"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    run = import_file(work, path, now=NOW, is_backfill=True)
    finish_import(work, run, now=NOW)
    return run.run_id


async def post(work: Workspace, key: str, **raw: str) -> None:
    """Let one form post arrive and be judged."""
    with work.store.write() as connection:
        add_submissions(connection, [Arrival("form:contact", key, "form", raw)], now=NOW)
    await run_stages(work, ["intake"], now=NOW)


def a_where(text: str) -> Condition:
    compiled = compile_condition(text, fields={**LEAD_FIELDS, **DERIVED_FIELDS})
    assert isinstance(compiled, Condition)
    return compiled


def owners(work: Workspace) -> dict[str, str | None]:
    return {lead["email"]: lead["owner"] for lead in rows_of(work, "leads")}


ONE = {"email": "a@x.jp", "country": "JP", "consent": "yes"}


async def test_held_lead_is_scored_and_neither_assigned_nor_told_of_nor_enrolled(
    work: Workspace,
) -> None:
    run = backfill(work, [ONE])
    await run_stages(work, STAGES, now=NOW)
    await run_stages(work, STAGES, now=NOW + timedelta(days=9))
    (lead,) = rows_of(work, "leads")
    assert lead["grade"]
    assert lead["held_import_run_id"] == run
    waits = [lead[f"{duty}_due_at"] for duty in ("scoring", "routing", "enrollment")]
    assert waits == [None, None, None]
    assert [rows_of(work, table) for table in ("assignments", "outbox", "enrollments")] == [[]] * 3


@both
async def test_released_lead_is_assigned_told_of_and_enrolled(work: Workspace) -> None:
    run = backfill(work, [ONE])
    await run_stages(work, STAGES, now=NOW)
    assert release_import(work, run, condition=None, now=NOW) == 1
    await run_stages(work, STAGES, now=NOW)
    (lead,) = rows_of(work, "leads")
    assert (lead["held_import_run_id"], lead["owner"]) == (None, "R13")
    found = [len(rows_of(work, table)) for table in ("assignments", "outbox", "enrollments")]
    assert found == [1, 1, 1]


async def test_lead_that_is_released_before_it_was_scored_goes_on_after_that(
    work: Workspace,
) -> None:
    run = backfill(work, [ONE])
    assert release_import(work, run, condition=None, now=NOW) == 1
    (lead,) = rows_of(work, "leads")
    assert lead["routing_due_at"] is None
    await run_stages(work, STAGES, now=NOW)
    assert owners(work) == {"a@x.jp": "R13"}


async def test_second_release_changes_nothing(work: Workspace) -> None:
    run = backfill(work, [ONE, {**ONE, "email": "b@x.jp"}])
    await run_stages(work, STAGES, now=NOW)
    assert release_import(work, run, condition=None, now=NOW) == 2
    before = [rows_of(work, table) for table in ("leads", "stage_batches")]
    assert release_import(work, run, condition=None, now=NOW + timedelta(hours=1)) == 0
    assert before == [rows_of(work, table) for table in ("leads", "stage_batches")]
    assert plan_release(work, run, condition=None, now=NOW).held == 0


@pytest.mark.parametrize(
    ("work", "limit"), [("sqlite", 1), ("postgresql", 2), ("sqlite", 5)], indirect=["work"]
)
async def test_release_lets_go_those_of_the_condition_whatever_the_size_of_a_batch(
    work: Workspace, limit: int
) -> None:
    rows = [{"email": f"l{n}@x.jp", "country": "JP" if n % 2 else "US"} for n in range(5)]
    run = backfill(work, rows)
    other = backfill(work, [{"email": "other@x.jp", "country": "JP"}])
    await run_stages(work, STAGES, now=NOW)
    where = a_where("country = 'jp'")
    plan = plan_release(work, run, condition=where, now=NOW)
    assert (plan.held, plan.matching, plan.routed) == (5, 2, 2)
    assert release_import(work, run, condition=where, now=NOW, limit=limit) == 2
    held = Counter(lead["held_import_run_id"] for lead in rows_of(work, "leads"))
    assert held == {run: 3, other: 1, None: 2}
    ledger = [row for row in rows_of(work, "stage_batches") if row["stage"] == "release"]
    assert sum(row["done"] for row in ledger) == 2


@both
async def test_released_lead_keeps_the_owner_that_the_file_stated(work: Workspace) -> None:
    run = backfill(work, [{**ONE, "owner": "R01"}])
    await run_stages(work, STAGES, now=NOW)
    release_import(work, run, condition=None, now=NOW)
    await run_stages(work, STAGES, now=NOW)
    (assignment,) = rows_of(work, "assignments")
    assert (assignment["rep_id"], assignment["state"]) == ("R01", "offered")
    assert assignment["territory"] is None
    reason = "owner stated by the import, 1 of 40 this week"
    assert (routing_reason(assignment, "en"), owners(work)) == (reason, {"a@x.jp": "R01"})
    assert "引き継ぎ" in routing_reason(assignment, "ja")
    (message,) = rows_of(work, "outbox")
    mail = message_from_string(message["mail"], policy=default).get_body(("plain",))
    assert mail is not None
    assert "owner stated by the import" in " ".join(mail.get_content().split())


@pytest.mark.parametrize(
    ("owner", "passed_over"), [("R14", "away"), ("R15", "inactive"), ("R01", None)]
)
async def test_released_lead_goes_by_territory_when_its_owner_cannot_take_it(
    work: Workspace, owner: str, passed_over: str | None
) -> None:
    run = backfill(work, [{**ONE, "owner": owner}])
    release_import(work, run, condition=None, now=NOW)
    await run_stages(work, STAGES, now=NOW)
    (assignment,) = rows_of(work, "assignments")
    assert assignment["rep_id"] == ("R13" if passed_over else owner)
    assert assignment["trace"]["stated_owner"].get("passed_over") == passed_over


async def test_lead_that_waits_in_the_queue_is_given_to_its_stated_owner_later(
    tmp_path: Path,
) -> None:
    with a_workspace(tmp_path / "home", files=reps(capacity=1)) as work:
        rows = [{"email": f"l{n}@x.jp", "country": "JP", "owner": "R13"} for n in range(2)]
        run = backfill(work, rows)
        plan = plan_release(work, run, condition=None, now=NOW)
        assert (plan.owners, plan.beyond_capacity, plan.routed) == ({"R13": 2}, 1, 0)
        release_import(work, run, condition=None, now=NOW)
        for days in (0, 1):  # R14 is away on the first day only
            await run_stages(work, STAGES, now=NOW + timedelta(days=days))
        found = Counter(lead["owner"] for lead in rows_of(work, "leads"))
    assert found == {"R13": 1, "R14": 1}


async def test_plan_counts_only_who_has_agreed_and_is_not_suppressed(work: Workspace) -> None:

    rows = [
        {"email": f"l{n}@x.jp", "consent": said} for n, said in enumerate(("yes", "yes", "no", ""))
    ]
    run = backfill(work, rows)
    hash_ = address_hash("l0@x.jp", pepper=work.store.pepper)
    ban = {"address_hash": hash_, "scope": "global", "cause": "manual", "message_id": None}
    with work.store.write() as connection:
        add_suppressions(connection, [{**ban, "at": NOW}])
    plan = plan_release(work, run, condition=None, now=NOW)
    assert (plan.held, plan.with_consent) == (4, 1)


def test_plan_counts_leads_of_a_rep_who_has_left_as_routed(work: Workspace) -> None:
    rows = [{"email": f"{owner}@x.jp", "owner": owner} for owner in ("R13", "R15")]
    run = backfill(work, rows)
    assert set(owners(work).values()) == {"R13", "R15"}
    plan = plan_release(work, run, condition=None, now=NOW)
    assert (plan.owners, plan.matching, plan.routed) == ({"R13": 1}, 2, 1)


@both
async def test_backfill_that_changes_a_known_lead_leads_to_nothing_but_its_score(
    work: Workspace,
) -> None:
    await post(work, "1", email="a@x.jp", country="JP")
    await run_stages(work, STAGES[:3], now=NOW)
    await run_stages(work, STAGES, now=NOW)
    before = [rows_of(work, table) for table in ("assignments", "outbox", "enrollments")]
    (lead,) = rows_of(work, "leads")
    with work.store.write() as connection:
        update_rows(connection, schema.leads, [{"id": lead["id"], "consent": True}])
        make_score_due(connection, [lead["id"]], now=NOW)
    sums = await run_stages(work, STAGES, now=NOW)
    assert {total.stage: total.claimed for total in sums if total.claimed} == {"scoring": 1}
    assert before == [rows_of(work, table) for table in ("assignments", "outbox", "enrollments")]
    (lead,) = rows_of(work, "leads")
    assert (lead["is_scoring_only"], lead["scoring_due_at"]) == (None, None)


@both
async def test_backfill_does_not_silence_a_live_arrival_that_waits_for_its_score(
    work: Workspace,
) -> None:
    await post(work, "1", email="a@x.jp", country="JP")
    (lead,) = rows_of(work, "leads")
    with work.store.write() as connection:
        make_score_due(connection, [lead["id"]], now=NOW + timedelta(hours=1))
    (lead,) = rows_of(work, "leads")
    assert (lead["is_scoring_only"], lead["scoring_due_at"]) == (None, NOW)
    await run_stages(work, STAGES, now=NOW)
    assert owners(work) == {"a@x.jp": "R13"}


async def test_score_for_its_own_sake_leaves_a_lead_that_waits_for_routing_waiting(
    work: Workspace,
) -> None:
    await post(work, "1", email="a@x.jp", country="JP")
    await run_stages(work, ["scoring"], now=NOW)
    (before,) = rows_of(work, "leads")
    with work.store.write() as connection:
        make_score_due(connection, [before["id"]], now=NOW + timedelta(hours=1))
    await run_stages(work, ["scoring"], now=NOW + timedelta(hours=1))
    (after,) = rows_of(work, "leads")
    assert (NOW, before["routing_due_at"]) == (after["routing_due_at"], NOW)


@both
async def test_live_arrival_lets_a_held_lead_go(work: Workspace) -> None:
    run = backfill(work, [{**ONE, "owner": "R01"}, {**ONE, "email": "b@x.jp"}])
    await run_stages(work, STAGES, now=NOW)
    ids = {lead["email"]: lead["id"] for lead in rows_of(work, "leads")}
    with work.store.write() as connection:
        assert let_go(connection, [ids["a@x.jp"]], now=NOW) == 1
        assert let_go(connection, [ids["a@x.jp"]], now=NOW) == 0
    await run_stages(work, STAGES, now=NOW)
    assert owners(work) == {"a@x.jp": "R01", "b@x.jp": None}
    with work.store.read() as connection:
        ((found, held),) = list_import_runs(connection, limit=9)
    assert (found.id, found.is_backfill, held) == (run, True, 1)


@both
def test_import_run_is_running_until_its_process_is_known_to_be_dead(work: Workspace) -> None:
    fixed = {"source": "s", "file_name": "f", "file_hash": "h", "encoding": "", "delimiter": ","}
    dead = an_owner(2**22 + 1, here=True, started="1")
    processes = (None, str(this_process()), str(an_owner(1)), str(dead))
    rows: list[dict[str, Any]] = [
        {**fixed, "mapping": {}, "started_at": NOW, "owner": owner} for owner in processes
    ]
    with work.store.write() as connection:
        connection.execute(insert(schema.import_runs), rows)
        ids = range(1, 5)
        runs = [find_import_run(connection, id_) for id_ in ids]
        assert [run and run.is_running for run in runs] == [True, True, True, False]
        finish_import_run(connection, ids[1], counts={"records": 0}, now=NOW)
        finished = find_import_run(connection, ids[1])
        assert finished is not None
        assert not finished.is_running
        assert find_import_run(connection, 99) is None
