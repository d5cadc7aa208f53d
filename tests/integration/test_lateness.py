"""After downtime: hot leads go first, and reps are told which leads waited because of it."""

from __future__ import annotations

import email
import email.policy
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete

from leadline.domain.leads import HOT_GRADE
from leadline.stages import ORDER, delivery, run_stages
from leadline.store import schema
from leadline.store.assignments import answer_assignment
from leadline.store.due_times import add_taken
from leadline.store.outbox import PRIORITY_HOT
from leadline.store.submissions import Arrival, add_submissions
from tests.builders import keep_schedules
from tests.factories import a_workspace, rows_of
from tests.fakes import FakeTransport

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from leadline.stages import Workspace

TOKYO = ZoneInfo("Asia/Tokyo")
#: A turn of the schedule in the repository's schedules.yaml, which is "every 5 min".
FRIDAY = datetime(2026, 11, 20, 10, 2, tzinfo=TOKYO)
MONDAY = FRIDAY + timedelta(days=3)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
HEADER = (
    "rep_id,name,email,manager_id,team,territories,languages,skills,weekly_capacity,"
    "working_days,working_hours,time_zone,days_off,active\n"
)
BASE = "https://leads.example.com"
HOT = {"title": "CEO", "industry": "Software", "employees": "5000"}


def reps(capacity: int = 40) -> dict[str, str]:
    lines = (
        "R01,Kim,r01@example.com,,sales-en,T01,en",
        "R13,中島,r13@example.jp,,sales-ja,T02,ja",
        "R14,森,r14@example.jp,,sales-ja,T02,ja",
    )
    hours = "Mon-Fri,09:00-18:00,Asia/Tokyo,,true"
    return {"config/reps.csv": HEADER + "".join(f"{x},,{capacity},{hours}\n" for x in lines)}


@pytest.fixture
def work(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    """Give a workspace whose schedules a clock has followed for a month."""
    with a_workspace(tmp_path / "home", database_url, files=reps(), base_url=BASE) as opened:
        start_clock(opened, at=FRIDAY - 30 * DAY)
        yield opened


def start_clock(work: Workspace, *, at: datetime) -> None:
    """Let a clock have taken leads along since an instant, by the schedule of the project."""
    keep_schedules(work.store, work.project, now=at)
    turn = {"flow": "process_submissions", "due_at": at, "clock": "embedded", "missed_count": 0}
    with work.store.write() as connection:
        add_taken(connection, {**turn, "flow_run_id": None, "missed_since": None}, now=at)


def post(
    work: Workspace, name: str, *, now: datetime = FRIDAY, is_hot: bool = False, **changes: str
) -> None:
    stated = {"email": f"{name}@{name}.jp", "company": name, "country": "JP"}
    raw = stated | (HOT if is_hot else {}) | changes
    with work.store.write() as connection:
        add_submissions(connection, [Arrival("form:contact", name, "form", raw)], now=now)


async def run(work: Workspace, now: datetime, stages: Sequence[str] = ORDER[:4]) -> None:
    await run_stages(work, stages, now=now)


def subjects(work: Workspace) -> list[str]:
    """Return the subjects of the rep mails that are written, in the order of their rows."""
    return [row["subject"] for row in rows_of(work, "outbox") if row["state"] == "queued"]


def text_of(message: str) -> str:
    parsed = email.message_from_string(message, policy=email.policy.default)
    part = parsed.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def is_marked(work: Workspace) -> bool:
    whole = [row["subject"] + text_of(row["mail"]) for row in rows_of(work, "outbox")]
    assert whole
    return any("遅延" in each or "LATE" in each for each in whole)


# ---- hot first ----


async def test_backlog_goes_out_hot_leads_first_then_other_reps_mail_then_nurture(
    work: Workspace,
) -> None:
    for number in range(4):
        post(work, f"lead{number}", consent="yes")
    await run(work, FRIDAY)  # and the relay is away
    for number in (4, 5):
        post(work, f"lead{number}", consent="yes", is_hot=True)
    await run(work, MONDAY, ORDER[:6])
    wire = FakeTransport(width=1)
    await delivery.run_batch(work, now=MONDAY, transport=wire)
    rows = {row["id"]: row for row in rows_of(work, "outbox")}
    grades = {row["id"]: row["grade"] for row in rows_of(work, "leads")}
    sent = [(rows[id_]["kind"], grades[rows[id_]["lead_id"]] == "A") for id_ in wire.ids]
    assert sent[:6] == [("assignment", True)] * 2 + [("assignment", False)] * 4
    assert {kind for kind, _ in sent[6:]} == {"touch"}
    nurtured = [rows[id_]["lead_id"] for id_ in wire.ids[6:]]
    assert len(nurtured) == len(set(nurtured)) == 6


@pytest.mark.parametrize("limit", [1, 2, None])
async def test_hot_leads_get_the_last_places_however_small_the_batches(
    tmp_path: Path, database_url: str, limit: int | None
) -> None:
    files = reps(capacity=1)
    with a_workspace(tmp_path / "home", database_url, files=files) as work:
        for number in range(5):
            post(work, f"lead{number}", is_hot=number > 2)
        await run_stages(work, ORDER[:2], now=FRIDAY)
        await run_stages(work, ["routing"], now=FRIDAY, limit=limit)
        owned = [row["grade"] for row in rows_of(work, "leads") if row["owner"]]
        assert owned == [HOT_GRADE] * 2


async def test_bundle_leaves_with_the_priority_of_its_hottest_lead(work: Workspace) -> None:
    for number in range(7):
        post(work, f"lead{number}", country="US", title="Director", message="A quote, please")
    post(work, "lead7", country="US", title="CEO")
    await run(work, FRIDAY)
    *_, hot = rows_of(work, "leads")
    assert hot["points"] < rows_of(work, "leads")[0]["points"]
    (written,) = [row for row in rows_of(work, "outbox") if row["state"] == "queued"]
    assert written["priority"] == PRIORITY_HOT
    assert written["subject"].startswith("8 leads for you · first: A4 · lead7")


# ---- marked late ----


async def test_leads_of_three_days_are_marked_in_the_language_of_their_rep(
    work: Workspace,
) -> None:
    post(work, "osaka", is_hot=True)
    post(work, "boston", country="US", now=FRIDAY + 2 * DAY)
    await run(work, MONDAY)
    assert [subject.partition(" · ")[0] for subject in subjects(work)] == ["遅延3日", "LATE 24 h"]
    japanese, english = (text_of(row["mail"]) for row in rows_of(work, "outbox"))
    assert "11月20日(金) 10:02 (JST) から3日間お待ちいただいています" in japanese
    assert "waited 24 hours, since 10:02 (JST), Sun 22 Nov, and reaches you only now" in english


async def test_bundle_marks_only_those_of_its_leads_that_are_late(work: Workspace) -> None:
    for number in range(4):
        post(work, f"old{number}", country="US")
    for number in range(3):
        post(work, f"new{number}", country="US", now=MONDAY)
    await run(work, MONDAY)
    (subject,) = subjects(work)
    assert subject.startswith("7 leads for you · 4 LATE · first: ")
    (row,) = (row for row in rows_of(work, "outbox") if row["mail"])
    assert text_of(row["mail"]).count("LATE 3 d: since 10:02 (JST), Fri 20 Nov") == 4


@pytest.mark.parametrize(("minutes", "is_late"), [(0, False), (17, False), (18, True)])
async def test_lead_is_late_a_quarter_of_an_hour_after_the_turn_that_it_should_have_had(
    work: Workspace, minutes: int, *, is_late: bool
) -> None:
    post(work, "osaka")  # at 10:02, and the next turn is at 10:05
    await run(work, FRIDAY + minutes * MINUTE)
    assert is_marked(work) is is_late


async def test_lead_that_came_while_the_schedule_rests_is_not_late(
    tmp_path: Path, database_url: str
) -> None:
    files = reps() | {
        "config/schedules.yaml": "process_submissions: every 15 min, Mon-Fri 08-20 Asia/Tokyo\n"
    }
    with a_workspace(tmp_path / "home", database_url, files=files) as work:
        start_clock(work, at=FRIDAY - DAY)
        post(work, "osaka", now=FRIDAY.replace(hour=21))
        await run(work, MONDAY.replace(hour=8, minute=1))
        assert not is_marked(work)


@pytest.mark.parametrize("change", ["run by hand", "paused", "newer than the lead"])
async def test_lead_is_not_late_while_no_clock_owes_its_turn(
    tmp_path: Path, database_url: str, change: str
) -> None:
    files = dict(reps())
    if change == "paused":
        files["config/schedules.yaml"] = "process_submissions: {when: every 5 min, paused: true}\n"
    with a_workspace(tmp_path / "home", database_url, files=files) as work:
        start_clock(work, at=FRIDAY - DAY)
        if change == "newer than the lead":
            keep_schedules(work.store, work.project, now=MONDAY - MINUTE)
        if change == "run by hand":
            with work.store.write() as connection:
                connection.execute(delete(schema.due_times))
        post(work, "osaka")
        await run(work, MONDAY)
        assert not is_marked(work)


async def test_old_list_is_not_late_when_it_is_imported(work: Workspace) -> None:
    post(work, "osaka", submitted_at="2026-03-01T09:00:00Z")
    await run(work, FRIDAY + MINUTE)
    assert rows_of(work, "leads")[0]["submitted_at"].month == 3
    assert not is_marked(work)


async def test_lead_that_waited_for_capacity_is_not_late(tmp_path: Path, database_url: str) -> None:
    with a_workspace(tmp_path / "home", database_url, files=reps(capacity=1)) as work:
        start_clock(work, at=FRIDAY - DAY)
        for number in range(3):
            post(work, f"lead{number}")
        await run(work, FRIDAY)
        midnight = datetime(2026, 11, 23, 0, 0, tzinfo=ZoneInfo("UTC"))  # of the company
        for day in (midnight - 2 * DAY, midnight - DAY, midnight):
            await run(work, day + MINUTE)
        assert [row["state"] for row in rows_of(work, "assignments")] == ["offered"] * 3
        assert not is_marked(work)


@pytest.mark.parametrize(("pause", "is_late"), [(MINUTE, False), (3 * DAY, True)])
async def test_declined_lead_is_late_only_when_nobody_is_asked_in_time(
    work: Workspace, pause: timedelta, *, is_late: bool
) -> None:
    post(work, "osaka", now=FRIDAY - DAY)
    await run(work, FRIDAY - DAY)
    post(work, "again", email="osaka@osaka.jp", title="Manager", now=FRIDAY - DAY / 2)
    await run(work, FRIDAY - DAY / 2)
    with work.store.write() as connection:
        answer_assignment(connection, 1, state="declined", reason="x", now=FRIDAY)
    await run(work, FRIDAY + pause)
    first, second = rows_of(work, "assignments")
    assert (first["state"], second["state"]) == ("declined", "offered")
    assert second["waiting_since"] == FRIDAY
    assert is_marked(work) is is_late


async def test_lead_that_was_assigned_before_the_machine_stopped_is_late_when_told(
    work: Workspace,
) -> None:
    post(work, "osaka")
    await run(work, FRIDAY, ORDER[:3])
    await run(work, MONDAY, ["notification"])
    assert subjects(work)[0].startswith("遅延3日 · ")
