"""kill -9 at seeded points of the pipeline, and what must hold after running it again.

`python -m tests.faults` (make fault) runs the long loop; the suite runs a fixed sample of it. A
trial starts from a database in which 500 leads wait for intake, forks a process that runs the
whole pipeline, kills it with SIGKILL at a point (before a statement, before or after a commit,
or in mid-SMTP, where the server does the killing), runs the pipeline again to the end, and
checks the invariants. A trial counts only if the killed process had committed something and
had not finished.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import event, func, select, text
from sqlalchemy.engine import Engine

from leadline.config.environment import Environment, read_environment
from leadline.config.folder import create_project
from leadline.stages import ORDER, load_stage, open_workspace, run_stages
from leadline.store import schema
from leadline.store.engine import open_store
from leadline.store.submissions import Arrival, add_submissions
from tests import databases
from tests.wire import Wire, wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LEADS: Final = 500
LIMIT: Final = 100
CONNECTIONS: Final = 5
NOW: Final = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
#: Besides the stages: the two points of the SMTP conversation at which the server kills.
PLACES: Final = (*ORDER, "rcpt", "after_dot")


@dataclass
class Base:
    """The state from which every trial starts."""

    home: Path
    name: str
    cluster: databases.Cluster | None
    wire: Wire
    points: dict[str, int] = field(default_factory=dict)
    number: int = 0

    def fresh(self) -> tuple[Environment, Callable[[], None]]:
        """Copy the prepared database; returns its environment and how to drop it."""
        self.number += 1
        self.wire.clear()
        if self.cluster is None:
            file = self.home / f"trial{self.number}.db"
            shutil.copy(self.home / "prepared.db", file)

            def drop() -> None:
                for path in self.home.glob(f"{file.name}*"):
                    path.unlink()

            return self.environment(databases.sqlite_url(file)), drop
        name = f"{self.name}_{self.number}"
        url = self.cluster.create_database(name, template=self.name)
        cluster = self.cluster
        return self.environment(url), lambda: cluster.drop_database(name)

    def environment(self, url: str) -> Environment:
        """Return the project's environment with this database and the recording server."""
        return read_environment(
            {
                "LEADLINE_HOME": str(self.home),
                "LEADLINE_DATABASE_URL": url,
                "LEADLINE_SMTP_URL": self.wire.url,
            }
        )


def prepare(
    home: Path, cluster: databases.Cluster | None, server: Wire, *, name: str = "prepared"
) -> Base:
    """Make the project and the database with 500 submissions that wait for intake."""
    create_project(home, demo=True)
    settings = home / "config" / "settings.yaml"
    written = settings.read_text("utf-8").replace("bundle_above: 5", "bundle_above: 20")
    settings.write_text(written, "utf-8")
    base = Base(home, name, cluster, server)
    if cluster is None:
        url = databases.sqlite_url(home / "prepared.db")
    else:
        url = cluster.create_database(name)
    with open_workspace(base.environment(url), now=NOW) as work:
        with work.store.write() as connection:
            add_submissions(connection, list(_arrivals()), now=NOW)
        if cluster is None:
            with work.store.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return base


def _arrivals() -> Iterator[Arrival]:
    """Yield 500 leads in the places of the demo's territories; one in ten has no consent."""
    places = (
        ("US", "California", "94103"),
        ("US", "New York", "10001"),
        ("JP", "東京都", "100-0001"),
        ("JP", "大阪府", "530-0001"),
        ("GB", "England", "EC1A 1BB"),
        ("FR", "", "75001"),
    )
    for number in range(LEADS):
        country, region, postal = places[number % len(places)]
        fields = {
            "email": f"lead{number}@fault.example",
            "full_name": f"Lead {number}",
            "company": f"Company {number}",
            "country": country,
            "region": region,
            "postal_code": postal,
            "employees": str(number),
            "message": "Please send a quote",
            "consent": "no" if number % 10 == 0 else "yes",
        }
        yield Arrival("rows", str(number), "file", fields)


def run_forked(environment: Environment, switch: Callable[[str], None]) -> int:
    """Run the whole pipeline in a forked process; returns its wait status."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            _child(environment, switch)
            code = 0
        except BaseException as error:  # noqa: BLE001 - a forked child must never return
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    return status


def run_together(environment: Environment, *, processes: int) -> list[int]:
    """Run the pipeline in several forked processes at the same time; returns their statuses."""
    start, go = os.pipe()
    pids = []
    for _ in range(processes):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                os.close(go)
                os.read(start, 1)  # ends when the starter closes its side, for all at once
                _child(environment, _nothing)
                code = 0
            except BaseException as error:  # noqa: BLE001 - a forked child must never return
                sys.stderr.write(f"{type(error).__name__}: {error}\n")
            finally:
                os._exit(code)
        pids.append(pid)
    os.close(start)
    os.close(go)
    return [os.waitpid(pid, 0)[1] for pid in pids]


def shares(environment: Environment) -> list[int]:
    """Return how many batches each process recorded, the largest first."""
    store = open_store(environment.database_url, pepper=environment.pepper)
    try:
        with store.read() as connection:
            rows = connection.execute(
                select(schema.stage_batches.c.process, func.count()).group_by(
                    schema.stage_batches.c.process
                )
            ).all()
    finally:
        store.close()
    return sorted((row[1] for row in rows), reverse=True)


def _child(environment: Environment, switch: Callable[[str], None]) -> None:
    with open_workspace(environment, now=NOW) as work:
        for name in ORDER:
            switch(name)
            asyncio.run(run_stages(work, [name], now=NOW, limit=LIMIT))


class Switch:
    """Counts the points that a stage passes, and kills this process at one of them."""

    def __init__(self, *, stage: str = "", at: int = 0) -> None:
        """Kill at the `at`-th point of `stage`; count only when `stage` is empty."""
        self.counts: Counter[str] = Counter()
        self._stage, self._at, self._now = stage, at, ""
        event.listen(Engine, "before_cursor_execute", self._point)
        event.listen(Engine, "after_cursor_execute", self._point)
        event.listen(Engine, "commit", self._point)

    def __call__(self, stage: str) -> None:
        """Note which stage begins."""
        self._now = stage

    def _point(self, *_: object) -> None:
        self.counts[self._now] += 1
        if self._now == self._stage and self.counts[self._now] == self._at:
            os.kill(os.getpid(), signal.SIGKILL)


def count_points(base: Base) -> None:
    """Run once without a kill, and note how many points each stage passes."""
    environment, drop = base.fresh()
    report = base.home / "points.json"
    pid = os.fork()
    if pid == 0:
        switch = Switch()
        try:
            _child(environment, switch)
            report.write_text(json.dumps(switch.counts), "utf-8")
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    base.points = json.loads(report.read_text("utf-8"))
    check(base, environment)
    drop()


@dataclass(frozen=True)
class Trial:
    """One kill: where it was meant, and whether it counts."""

    place: str
    point: int
    counts: bool
    unknown: int


def run_trial(base: Base, place: str, random_: random.Random) -> Trial:
    """Kill one run at a seeded point of `place`, run again, and check."""
    environment, drop = base.fresh()
    plan = base.wire.folder / "plan.json"
    plan.unlink(missing_ok=True)
    if place in ORDER:
        point = random_.randint(1, base.points[place])
        status = run_forked(environment, _LazySwitch(place, point))
    else:
        point = random_.randint(1, 200)
        status = run_forked(environment, _WireSwitch(base.wire, place, point))
    plan.unlink(missing_ok=True)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    counts = killed and _has_begun(environment) and not _has_finished(environment)
    assert run_forked(environment, _nothing) == 0, "the second run failed"
    unknown = check(base, environment)
    _check_idle(environment)
    drop()
    return Trial(place, point, counts, unknown)


def _nothing(stage: str) -> None:
    del stage


class _LazySwitch:
    """Installs the switch in the forked process only."""

    def __init__(self, stage: str, at: int) -> None:
        self._stage, self._at = stage, at
        self._switch: Switch | None = None

    def __call__(self, stage: str) -> None:
        if self._switch is None:
            self._switch = Switch(stage=self._stage, at=self._at)
        self._switch(stage)


class _WireSwitch:
    """Has the server kill this process in mid-conversation."""

    def __init__(self, server: Wire, at: str, message: int) -> None:
        self._server, self._at, self._message = server, at, message

    def __call__(self, stage: str) -> None:
        if stage == "delivery":
            at = "rcpt" if self._at == "rcpt" else "after_dot"
            self._server.kill_sender(os.getpid(), at=at, message=self._message)  # type: ignore[arg-type]


def _counted(environment: Environment, *statements: Any) -> list[int]:  # noqa: ANN401 - queries
    store = open_store(environment.database_url, pepper=environment.pepper)
    try:
        with store.read() as connection:
            return [int(connection.execute(s).scalar() or 0) for s in statements]
    finally:
        store.close()


def _has_begun(environment: Environment) -> bool:
    batches = select(func.count()).select_from(schema.stage_batches)
    held = select(func.count()).where(schema.outbox.c.state.in_(("leased", "sending")))
    return any(_counted(environment, batches.where(schema.stage_batches.c.done > 0), held))


def _has_finished(environment: Environment) -> bool:
    with open_workspace(environment, now=NOW) as work:
        due = any(load_stage(name).has_due(work, now=NOW) for name in ORDER)
    held = select(func.count()).where(schema.outbox.c.state.in_(("leased", "sending")))
    return not due and _counted(environment, held) == [0]


def _check_idle(environment: Environment) -> None:
    """Running everything again changes nothing."""
    newest = select(func.max(schema.stage_batches.c.id))
    before = _counted(environment, newest)
    assert run_forked(environment, _nothing) == 0
    assert _counted(environment, newest) == before, "a third run found work"


def check(base: Base, environment: Environment) -> int:
    """Check every invariant; returns how many messages are of unknown outcome."""
    store = open_store(environment.database_url, pepper=environment.pepper)
    try:
        with store.read() as connection:
            _check_leads(connection)
            return _check_mails(connection, base.wire.taken())
    finally:
        store.close()


def _check_leads(connection: Any) -> None:  # noqa: ANN401 - a connection of the store
    def count(sql: str) -> int:
        return int(connection.execute(text(sql)).scalar() or 0)

    assert count("SELECT count(*) FROM leads") == LEADS
    assert count("SELECT count(DISTINCT email) FROM leads") == LEADS
    assert count("SELECT count(*) FROM submissions WHERE state = 'accepted'") == LEADS
    assert count("SELECT count(*) FROM scores") == LEADS
    assert count("SELECT count(*) FROM assignments") == LEADS
    assert count("SELECT count(DISTINCT lead_id) FROM assignments") == LEADS
    assert (
        count(
            "SELECT count(*) FROM leads l JOIN assignments a ON a.lead_id = l.id "
            "WHERE coalesce(l.owner, '') <> coalesce(a.rep_id, '')"
        )
        == 0
    )
    assert (
        count(
            "SELECT count(*) FROM (SELECT a.rep_id FROM assignments a JOIN reps r "
            "ON r.rep_id = a.rep_id GROUP BY a.rep_id, r.weekly_capacity "
            "HAVING count(*) > r.weekly_capacity) AS above"
        )
        == 0
    )
    consenting = count("SELECT count(*) FROM leads WHERE consent")
    assert consenting == LEADS - LEADS // 10
    assert count("SELECT count(DISTINCT lead_id) FROM enrollments") == consenting
    assert count("SELECT count(*) FROM enrollments") == consenting


def _check_mails(connection: Any, taken: Counter[str]) -> int:  # noqa: ANN401
    rows = connection.execute(
        text("SELECT message_id, kind, state, skip_reason, bundle_id, resends FROM outbox")
    ).all()
    assert len({row.message_id for row in rows}) == len(rows)
    assert set(taken) <= {row.message_id for row in rows}, "a message without a row went out"
    for row in rows:
        copies = taken[row.message_id]
        if row.state == "sent":
            most = 2 if row.resends else 1
            assert 1 <= copies <= most, f"{row.kind} is sent and was taken {copies} times"
        elif row.state == "unknown":
            assert row.kind == "touch", "a rep's mail is repeated once before it is unknown"
            assert copies <= 1, "an unknown touch was taken twice"
        elif row.state == "skipped":
            assert row.skip_reason == "bundled", f"skipped: {row.skip_reason}"
            assert copies == 0
            assert row.bundle_id is not None
        else:
            assert row.state in {"queued", "deferred"}, f"left in state {row.state}"
            raise AssertionError(f"a {row.kind} mail was left in state {row.state}")
    planned = connection.execute(
        text("SELECT count(*) FROM touches WHERE state = 'planned'")
    ).scalar()
    assert planned == sum(row.kind == "touch" for row in rows), "a touch without a mail"
    twice = connection.execute(
        text(
            "SELECT count(*) FROM (SELECT enrollment_id, step FROM touches "
            "GROUP BY enrollment_id, step HAVING count(*) > 1) AS twice"
        )
    ).scalar()
    assert twice == 0, "a step was taken twice"
    unknown: int = sum(row.state == "unknown" for row in rows)
    assert unknown <= CONNECTIONS, f"{unknown} messages of unknown outcome"
    return unknown


def run_loop(base: Base, *, trials: int, seed: int) -> Iterator[Trial]:
    """Yield counted trials, every place in turn; a kill that came too early or late is repeated."""
    random_ = random.Random(seed)  # noqa: S311 - repeatable on purpose
    done, number = 0, 0
    while done < trials:
        trial = run_trial(base, PLACES[number % len(PLACES)], random_)
        yield trial
        number += trial.counts
        done += trial.counts


def main() -> int:
    """Run the long loop and print one line per kind of database."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--seed", type=int, default=20261120)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append")
    options = parser.parse_args()
    for kind in options.database or ("sqlite", "postgresql"):
        started = time.monotonic()
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            cluster = (
                stack.enter_context(databases.postgresql_cluster(folder / "cluster"))
                if kind == "postgresql"
                else None
            )
            server = stack.enter_context(wire(folder / "wire"))
            base = prepare(folder / "home", cluster, server)
            count_points(base)
            trials = list(_reported(base, options.trials, options.seed))
        counted = [trial for trial in trials if trial.counts]
        places = Counter(trial.place for trial in counted)
        sys.stdout.write(
            f"{kind}: {len(counted)} kills counted of {len(trials)}, each place "
            f"{dict(places)}, unknown at most {max(t.unknown for t in counted)}, "
            f"0 lost, 0 twice, {time.monotonic() - started:.0f} s\n"
        )
    return 0


def _reported(base: Base, trials: int, seed: int) -> Iterator[Trial]:
    for trial in run_loop(base, trials=trials, seed=seed):
        sys.stderr.write(f"{trial}\n")
        yield trial


if __name__ == "__main__":
    raise SystemExit(main())
