"""Three days without one of the parts, with Prefect as the clock: one effective run per flow.

Real processes live in a time that is ahead of the real one (`tests.clocks.FakeTime`): the server,
the serving process, and each run that it starts. What stays alive while the days pass sees its
clock jump ahead; what is killed starts in the time to which it comes back. Runs of the days in
between are planned by the server itself, with the code that plans those to come: after the server
was away those of an hour, as it had them, and else two hours of each minutely flow.
"""

from __future__ import annotations

import csv
import email
import logging
import os
import signal
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from leadline.cli.prefect_server import (
    free_port,
    launch_server,
    prefect_settings,
    start_process,
    stop_process,
)
from leadline.clock import SystemClock
from leadline.domain.keys import match_key_hash
from leadline.stages import open_workspace
from leadline.store.engine import open_store
from leadline.store.events import add_events
from leadline.store.submissions import Arrival, add_submissions
from tests.builders import keep_schedules
from tests.clocks import FakeTime, Ledger, wait_until
from tests.factories import a_project
from tests.prefect_api import ask

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from collections.abc import Set as AbstractSet
    from subprocess import Popen

    from leadline.config.environment import Environment
    from tests.clocks import Taken
    from tests.databases import Cluster

pytestmark = [pytest.mark.xdist_group("machines"), pytest.mark.timeout(600)]
_LOG = logging.getLogger(__name__)
DATABASE = "leadline_downtime"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
GAP = 3 * DAY
MINUTELY = ("process_submissions", "send_due_touches")
ONCE = ("import_files", "refresh_scores")  # made up for by one run after any days
FLOWS = (*MINUTELY, *ONCE, "remove_old_runs")
#: How many runs per minutely flow wait for whoever comes back; a server keeps an hour's planned.
STALE = 120
CONNECTIONS = 10
OTHERS = 20
FROM_FILE = 5
HOT = {"title": "CEO", "industry": "Software", "employees": "5000"}
HEADER = "email,full_name,company,country,consent,request,title,industry,employees"
ALWAYS_OPEN = """\
window: {days: [Mon, Tue, Wed, Thu, Fri, Sat, Sun], opens: "00:00", closes: "23:59"}
touches_per_day: 1
max_lateness: 1d
"""
SEQUENCE = """\
title: {en: Welcome, ja: ウェルカム}
entry: request IN ('document')
steps:
  - {id: hello, wait: 0s, mail: hello}
  - {id: guide, wait: 1d, mail: guide}
  - {id: talk, wait: 10d, mail: talk}
"""


def schedules(at: datetime, catch_up: str) -> str:
    """Return the table: two flows that are due each minute, and three at a time of each day."""
    daily = f"daily {at:%H:%M} UTC"
    return (
        "process_submissions: every minute\n"
        "send_due_touches: every minute\n"
        f"import_files: {daily}\n"
        f"refresh_scores: {daily}\n"
        f'remove_old_runs: {{when: "{daily}", catch_up: {catch_up}}}\n'
    )


def name_of(flow: str) -> str:
    return f"leadline-{flow.replace('_', '-')}"


@dataclass
class Return:
    """What was there when somebody came back.

    Attributes:
        left: when the days began to pass.
        at: when they were over.
        name: what the leads of this downtime are called.
        known: the due times that were taken before.
        mails: those that had left before.
        began: of the monotonic clock.
    """

    left: datetime
    at: datetime
    name: str
    known: set[tuple[str, datetime]]
    mails: set[Path]
    began: float


class House:
    """A project on PostgreSQL, its Prefect server and serving process, all ahead of time."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.ahead = timedelta(0)
        self.daily = self.now() - 5 * HOUR
        self.environment: Environment = a_project(
            folder / "home",
            database_url,
            files={
                "config/schedules.yaml": schedules(self.daily, "within 2h"),
                "config/sending.yaml": ALWAYS_OPEN,
                "config/sequences/welcome.yaml": SEQUENCE,
            },
        )
        give_room(self.environment.home / "config")
        self.time = FakeTime(folder / "ahead")
        self.port = free_port()
        self.server: Popen[bytes] | None = None
        self.serving: Popen[bytes] | None = None
        self.url = f"http://127.0.0.1:{self.port}/api"
        self.settings = {
            **prefect_settings(self.environment, self.url),
            **self.time.variables,
            "PREFECT_RUNNER_POLL_FREQUENCY": "2",
            "LEADLINE_HOME": str(self.environment.home),
            "LEADLINE_DATABASE_URL": database_url,
            "LEADLINE_BASE_URL": "https://leads.example.com",
        }
        self.pass_time(timedelta(0))

    def now(self) -> datetime:
        """Return the time in which the house lives."""
        return SystemClock().now() + self.ahead

    def pass_time(self, gap: timedelta) -> None:
        """Let time pass at once, for what lives and for what will."""
        self.ahead += gap
        self.time.set_ahead(self.ahead)

    def start_server(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Start the server, in the time of the house.

        It marks no run as late and follows no automation: when hundreds of runs are late at once,
        that keeps a SQLite file busy for minutes, and nothing here depends on it.
        """
        with monkeypatch.context() as patch:
            for name, value in self.time.variables.items():
                patch.setenv(name, value)
            for service in ("LATE_RUNS", "TRIGGERS"):
                patch.setenv(f"PREFECT_SERVER_SERVICES_{service}_ENABLED", "false")
            self.server = launch_server(self.environment, port=self.port).process

    def kill_server(self) -> None:
        assert self.server is not None
        os.killpg(self.server.pid, signal.SIGKILL)
        self.server.wait()

    def serve(self) -> None:
        self.serving = start_process(
            ("deployments.serve",),
            settings=self.settings,
            log=self.folder / "serve.log",
            folder=self.environment.home,
        )

    def kill_serving(self) -> None:
        """SIGKILL the serving process and the runs that it started, as a power cut would."""
        assert self.serving is not None
        for pid in descendants(self.serving.pid):
            os.kill(pid, signal.SIGKILL)
        self.serving.wait()

    def ask(self, method: str, path: str, **body: object) -> Any:  # noqa: ANN401 - JSON
        return ask(method, f"{self.url}/{path}", body)

    def plan(self, since: datetime, until: datetime, minutely: int) -> None:
        """Have the server plan what it would have planned between two times, but not all of it."""
        for flow in FLOWS:
            found = self.ask("GET", f"deployments/name/{name_of(flow)}/{name_of(flow)}")
            most = minutely if flow in MINUTELY else 3
            first = until - minutely * MINUTE if flow in MINUTELY else since
            for start in range(0, most, 100):
                self.ask(
                    "POST",
                    f"deployments/{found['id']}/schedule",
                    start_time=(first + start * MINUTE).isoformat(),
                    end_time=until.isoformat(),
                    min_runs=min(100, most),
                    max_runs=min(100, most),
                )

    def runs(self, back: Return, *types: str) -> list[dict[str, Any]]:
        """Return the runs that were planned for the days of a downtime, in some states."""
        between = {"after_": back.left.isoformat(), "before_": back.at.isoformat()}
        chosen: dict[str, Any] = {
            "tags": {"all_": ["auto-scheduled", "leadline"]},
            "expected_start_time": between,
        }
        if types:
            chosen["state"] = {"type": {"any_": list(types)}}
        found: list[dict[str, Any]] = []
        while True:
            page = self.ask(
                "POST", "flow_runs/filter", flow_runs=chosen, limit=200, offset=len(found)
            )
            found += page
            if len(page) < 200:
                return found

    def taken(self) -> list[Taken]:
        ledger = Ledger(self.environment)
        try:
            return ledger.read()
        finally:
            ledger.close()

    def rows(self, query: str) -> Sequence[Any]:
        store = open_store(self.environment.database_url, pepper=self.environment.pepper)
        try:
            with store.read() as connection:
                return connection.execute(text(query)).all()
        finally:
            store.close()

    def drop_leads(self, name: str, count: int = FROM_FILE) -> None:
        """Put a file into the inbox that has been lying there."""
        inbox = self.environment.home / "inbox"
        inbox.mkdir(exist_ok=True)
        rows = [
            f"{name}{number}@example.org,Pat Lee,{name}{number},US,yes,document,,,"
            for number in range(count)
        ]
        (inbox / f"{name}.csv").write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
        long_ago = (SystemClock().now() - DAY).timestamp()
        os.utime(inbox / f"{name}.csv", (long_ago, long_ago))

    def post_leads(self, name: str, at: datetime) -> None:
        """Store what the forms took at a time: many leads, and then two hot ones."""
        arrivals = [
            Arrival("form:contact", f"{name}{number}", "form", raw(f"{name}{number}", **changes))
            for number, changes in enumerate([*[{}] * OTHERS, HOT, HOT])
        ]
        store = open_store(self.environment.database_url, pepper=self.environment.pepper)
        try:
            with store.write() as connection:
                add_submissions(connection, arrivals, now=at)
        finally:
            store.close()

    def note_visitor(self, name: str) -> None:
        """Store what a person did who is no lead yet: the points for it decay for months."""
        email, now = f"{name}@{name}.com", self.now()
        attended = {
            **dict.fromkeys(("lead_id", "campaign")),
            "source": "site",
            "external_id": name,
            "actor": "human",
            "kind": "webinar_attended",
            "address_hash": match_key_hash("email", email, pepper=self.environment.pepper),
            **dict.fromkeys(("occurred_at", "received_at"), now),
        }
        store = open_store(self.environment.database_url, pepper=self.environment.pepper)
        try:
            with store.write() as connection:
                add_events(connection, [attended])
        finally:
            store.close()

    def never_catch_up(self) -> None:
        """Have the policy of the flow that removes old runs be `never`, for a while already."""
        (self.environment.home / "config" / "schedules.yaml").write_text(
            schedules(self.daily, "never"), encoding="utf-8"
        )
        with open_workspace(self.environment, now=self.now()) as work:
            keep_schedules(work.store, work.project, now=self.now())

    def mails(self) -> set[Path]:
        """Return the files of the mails that left."""
        return set((self.environment.state / "mailbox" / "new").glob("*"))

    def close(self) -> None:
        for process in (self.serving, self.server):
            if process is not None:
                stop_process(process)


def raw(name: str, **changes: str) -> dict[str, str]:
    stated = {"email": f"{name}@{name}.com", "full_name": "Pat Lee", "company": name}
    return stated | {"country": "US", "consent": "yes", "request": "document"} | changes


def descendants(pid: int) -> list[int]:
    """Return a process and all that it started, whatever their groups."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
    children = [int(word) for word in found.split()]
    return [pid, *(each for child in children for each in descendants(child))]


def give_room(config: Path) -> None:
    """Let every rep take any number of leads, and tell them of each in a mail of its own."""
    table = config / "reps.csv"
    head, *rows = list(csv.reader(table.read_text("utf-8").splitlines()))
    place = head.index("weekly_capacity")
    full = [[*row[:place], "100000", *row[place + 1 :]] for row in rows if row]
    with table.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *full])
    settings = config / "settings.yaml"
    words = settings.read_text("utf-8")
    settings.write_text(words.replace("bundle_above: 5", "bundle_above: 100"), encoding="utf-8")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, postgresql: Cluster) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("downtime"), postgresql.create_database(DATABASE))
    with pytest.MonkeyPatch.context() as patch:
        made.start_server(patch)
    made.note_visitor("early0")
    made.serve()
    made.post_leads("early", made.now())
    made.drop_leads("early")
    try:
        wait_until(lambda: has_ended(made, MINUTELY), "a first run of each flow", patience=200)
        yield made
    finally:
        made.close()
        postgresql.drop_database(DATABASE)


def has_ended(
    house: House, flows: Sequence[str], after: Collection[tuple[str, datetime]] = ()
) -> bool:
    """Tell whether each flow has a due time that is over, beside those known before."""
    fresh = [row for row in house.taken() if (row.flow, row.due_at) not in after]
    return {row.flow for row in fresh if row.state in {"completed", "skipped"}} >= set(flows)


def leave(house: House, name: str, *, without: Callable[[], None] | None = None) -> Return:
    """Note what was done, and let three days pass; leads arrive, and wait.

    Args:
        house: where.
        name: what the leads are called.
        without: what happens meanwhile, before anything can be stored again.
    """
    known = {(row.flow, row.due_at) for row in house.taken()}
    left, mails = house.now(), house.mails()
    house.drop_leads(name)
    if without is None:
        house.pass_time(GAP)
    else:
        without()
    house.post_leads(name, left + GAP / 2)
    return Return(left, house.now(), name, known, mails, time.monotonic())


def check_return(house: House, back: Return, also: AbstractSet[str] = frozenset()) -> None:
    """Wait until everything is made up for, and look at all that is promised."""
    wait_until(lambda: has_ended(house, FLOWS, back.known), "the runs", patience=200)
    effective = time.monotonic() - back.began
    wait_until(
        lambda: not house.runs(back, "SCHEDULED", "PENDING", "RUNNING"),
        "the end of the stale runs",
        patience=300,
    )
    gone = time.monotonic() - back.began
    states = Counter(run["state_name"] for run in house.runs(back))
    _LOG.info("%s: made up in %.0f s, stale gone in %.0f s, %s", back.name, effective, gone, states)
    check_runs(house, back, also)
    check_mails(house, back)
    check_leads(house, back)


def check_runs(house: House, back: Return, also: AbstractSet[str]) -> None:
    """One run of each flow made up for all that was missed; the policies hold."""
    fresh = [row for row in house.taken() if (row.flow, row.due_at) not in back.known]
    done = {}
    for flow, missed in (*((each, 4000) for each in MINUTELY), *((each, 2) for each in ONCE)):
        (done[flow],) = [row for row in fresh if row.flow == flow and row.missed_count >= missed]
        assert done[flow].state == "completed"
    for flow in ONCE:
        assert [row.missed_count for row in fresh if row.flow == flow] == [2]
    assert done["refresh_scores"].ending == "Completed", "points decayed meanwhile"
    (skipped,) = [row for row in fresh if row.flow == "remove_old_runs"]
    assert (skipped.state, skipped.skip_reason) == ("skipped", "too_late")
    effective = {row.flow_run_id for row in done.values()}
    for id_ in effective:
        message = house.ask("GET", f"flow_runs/{id_}")["state"]["message"]
        assert "earlier time(s) since" in message
    stale = [run for run in house.runs(back) if run["id"] not in effective]
    assert {run["state_name"] for run in stale} <= {"Idle", "Cancelled"} | also


def check_leads(house: House, back: Return) -> None:
    """Whatever waited became one lead each; nurture goes on slowly."""
    found = [row[0] for row in house.rows("SELECT email FROM leads")]
    assert len([each for each in found if each.startswith(back.name)]) == OTHERS + 2 + FROM_FILE
    assert not house.rows("SELECT id FROM submissions WHERE state <> 'accepted'")
    touches = house.rows("SELECT lead_id, state, skip_reason, decided_at FROM touches")
    late = [row for row in touches if row.decided_at >= back.left]
    sent = Counter(row.lead_id for row in late if row.state == "planned")
    assert max(sent.values()) == 1, "at most one a day for each lead"
    assert {row.skip_reason for row in late if row.state == "skipped"} == {"expired"}


def check_mails(house: House, back: Return) -> None:
    """The reps hear of hot leads first, and of all leads before nurture goes on."""
    wait_until(lambda: len(mails_of(house, back)) >= 2 * (OTHERS + 2), "the mails", patience=150)
    mails = mails_of(house, back)
    reps = [(place, lead) for place, (kind, lead) in enumerate(mails) if kind == "assignment"]
    assert len(reps) == OTHERS + 2
    hot = {f"{back.name}{number}" for number in (OTHERS, OTHERS + 1)}
    assert hot <= {lead for place, lead in reps if place < CONNECTIONS}
    assert reps[-1][0] < len(reps) + CONNECTIONS


def mails_of(house: House, back: Return) -> list[tuple[str, str]]:
    """Return the mails about what the forms took, in the order sent: kind, and the lead's name."""
    known = {
        row.message_id: (row.kind, row.email.partition("@")[0])
        for row in house.rows(
            "SELECT message_id, kind, leads.email FROM outbox JOIN leads ON leads.id = lead_id"
            " WHERE leads.email LIKE '%.com'"
        )
    }
    files = sorted(house.mails() - back.mails, key=lambda file: file.stat().st_mtime_ns)
    ids = [email.message_from_bytes(file.read_bytes())["Message-ID"] for file in files]
    return [known[id_] for id_ in ids if id_ in known and known[id_][1].startswith(back.name)]


def test_three_days_without_the_machine(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.kill_serving()
    house.kill_server()
    back = leave(house, "machine")
    house.start_server(monkeypatch)
    house.serve()
    check_return(house, back)


def test_three_days_without_the_serving_process(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.kill_serving()
    house.kill_server()
    back = leave(house, "serving")
    house.start_server(monkeypatch)
    house.plan(back.left, back.at, minutely=STALE)
    assert len(house.runs(back, "SCHEDULED")) >= 2 * STALE
    back.began = time.monotonic()
    house.serve()
    check_return(house, back)
    cancelled = [run for run in house.runs(back) if run["state_name"] == "Cancelled"]
    assert len(cancelled) >= 2 * STALE - 10, "few of them started a process to find that out"


def test_three_days_without_the_server(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.never_catch_up()
    house.kill_server()
    back = leave(house, "server")
    time.sleep(15)  # it asks again and again meanwhile
    back.began = time.monotonic()
    house.start_server(monkeypatch)
    assert house.serving is not None
    assert house.serving.poll() is None
    check_return(house, back)


def test_three_days_without_the_database(house: House, postgresql: Cluster) -> None:
    house.never_catch_up()

    def has_failed(since: datetime) -> bool:
        chosen = {
            "state": {"type": {"any_": ["FAILED"]}},
            "start_time": {"after_": since.isoformat()},
        }
        return bool(house.ask("POST", "flow_runs/filter", flow_runs=chosen))

    def be_away() -> None:
        gone_at = house.now()
        postgresql.take_away(DATABASE)
        wait_until(lambda: has_failed(gone_at), "a run that fails", patience=200)
        house.pass_time(GAP)
        house.plan(gone_at, house.now(), minutely=STALE)
        late_at = house.now()
        wait_until(lambda: has_failed(late_at), "a late run that fails", patience=200)
        postgresql.give_back(DATABASE)

    back = leave(house, "database", without=be_away)
    check_return(house, back, also={"Failed"})
