"""The ledger as a machine: crashes, races and lost answers in any order, on the real code.

Processes claim, mark, write bodies and record; any of them may die or freeze at any point, people
unsubscribe at any point, and the wire keeps count. The promise is checked after every step: at
most one copy of a nurture mail, at most two of a rep's, nothing after an unsubscribe, and at the
end nothing is left or lost.
"""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, settings
from hypothesis import Phase as Search
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from leadline.domain.delivery import Phase, Reply
from leadline.stages import Workspace
from leadline.stages.delivery import _Sending
from leadline.store import outbox
from leadline.store.answers import add_unsubscribe, find_marketing_message
from leadline.store.engine import Store, connect
from leadline.store.leases import LEASE
from tests.builders import DOMAIN, NOW, PEPPER, a_lease, add_message, add_person, an_owner
from tests.factories import a_workspace, rows_of

if TYPE_CHECKING:
    from pathlib import Path

    from leadline.store.outbox import Claim, Lease

TAKEN = Reply(Phase.DONE, 250, "2.0.0 taken")
REFUSED = Reply(Phase.BODY, 451, "4.3.0 later")
CUT_OFF = Reply(Phase.BODY, None, "SMTPServerDisconnected")
#: What the server did with a body, and what the sender saw of it.
ANSWERS = {"taken": TAKEN, "taken, cut off": CUT_OFF, "refused": REFUSED, "lost": CUT_OFF}
PEOPLE = st.integers(0, 3)
PROCESSES = st.integers(0, 1)


@dataclass
class Process:
    """A sender that lives until it crashes: what it holds and what it has marked."""

    lease: Lease
    claims: list[Claim]
    sending: _Sending
    marked: list[dict[str, Any]] = field(default_factory=list)


class Outbox(RuleBasedStateMachine):
    """Everything that may happen to four messages and two processes."""

    workspace: Workspace
    template: Path

    def __init__(self) -> None:
        super().__init__()
        file = self.template.with_name("run.db")
        for left in file.parent.glob("run.db*"):  # of an example that failed
            left.unlink()
        shutil.copy(self.template, file)
        store = Store(connect(f"sqlite:///{file}"), pepper=PEPPER)
        self.work = Workspace(store, self.workspace.project, self.workspace.environment)
        self.clock, self.owners = NOW, 0
        self.processes: dict[int, Process] = {}
        self.accepted: Counter[int] = Counter()
        self.unsubscribed: set[int] = set()
        with store.write() as connection:
            people = [add_person(connection) for _ in range(4)]
            kinds = ("touch", "touch", "touch", "assignment")
            self.ids = [
                add_message(connection, person, kind=kind)
                for person, kind in zip(people, kinds, strict=True)
            ]

    def teardown(self) -> None:
        """All processes die; one run to the end leaves nothing and has lost nothing."""
        self.processes.clear()
        self.clock += LEASE + timedelta(seconds=1)
        later = NOW
        for _ in range(4):
            later += timedelta(hours=7)
            self.clock += LEASE + timedelta(seconds=1)
            self.start(0, now=later)
            while 0 in self.processes:
                self.go_on(0, "taken")
        self.check_the_promise()
        for row in rows_of(self.work, "outbox"):
            is_skipped = row["id"] in self.unsubscribed and row["state"] == "skipped"
            assert is_skipped or row["state"] in {"sent", "unknown"}, row["state"]
        self.work.store.close()

    @rule(number=PROCESSES, what=st.sampled_from(["taken", *sorted(ANSWERS)]))
    def go_on(self, number: int, what: str) -> None:
        """A process takes its next step: it starts, marks, writes and hears an answer, or ends."""
        process = self.processes.get(number)
        if process is None:
            self.start(number)
        elif process.marked:
            self.write(process, what)
        else:
            self.mark(number)

    def start(self, number: int, now: datetime = NOW) -> None:
        """Take back what others left, and claim what is due."""
        self.owners += 1
        lease = a_lease(an_owner(self.owners), self.clock)
        with self.work.store.write(lock="outbox") as connection:
            outbox.recover(connection, lease=lease)
            claims = outbox.claim_due(connection, lease=lease, now=now, limit=3)
        if claims:
            sending = _Sending(self.work, now, lease, list(claims))
            self.processes[number] = Process(lease, claims, sending)

    def mark(self, number: int) -> None:
        """Mark the next message, which the gate lets out or not; end when there is none."""
        process = self.processes[number]
        if not process.sending.waiting:
            process.sending.finish(process.claims, has_more=False)
            del self.processes[number]
            return
        wave, process.sending.waiting = (
            process.sending.waiting[:1],
            process.sending.waiting[1:],
        )
        process.marked = process.sending._mark(wave)
        late = {row["id"] for row in process.marked if row["kind"] == "touch"} & self.unsubscribed
        assert not late, "marked after an unsubscribe that was committed before"

    def write(self, process: Process, what: str) -> None:
        """Write the bodies that were marked, and see an answer or none."""
        for row in process.marked:
            self.accepted[row["id"]] += what.startswith("taken")
        answer = ANSWERS[what]
        process.sending.outcomes = [process.sending._outcome(row, answer) for row in process.marked]
        process.marked = []

    @rule(number=PROCESSES, is_written=st.booleans())
    def crash(self, number: int, *, is_written: bool) -> None:
        """A process dies before the body, or after the server took it and before the record."""
        process = self.processes.pop(number, None)
        if process is not None and is_written:
            self.write(process, "taken")

    @rule(frozen=st.sets(PROCESSES))
    def pass_a_minute(self, frozen: set[int]) -> None:
        """Leases end, but for those of the processes that go on and renew them."""
        self.clock += LEASE + timedelta(seconds=1)
        for number in self.processes.keys() - frozen:
            process = self.processes[number]
            with self.work.store.write() as connection:
                lease = a_lease(process.lease.owner, self.clock)
                outbox.renew(connection, process.claims, lease=lease)

    @rule(number=PEOPLE)
    def unsubscribe(self, number: int) -> None:
        """A person unsubscribes."""
        id_ = self.ids[number]
        row = next(row for row in rows_of(self.work, "outbox") if row["id"] == id_)
        local_part = row["message_id"].strip("<>").partition("@")[0]
        with self.work.store.write() as connection:
            message = find_marketing_message(connection, local_part, domain=DOMAIN)
            if message is not None:
                add_unsubscribe(connection, message, network_address=None, now=NOW)
                self.unsubscribed.add(id_)

    @invariant()
    def check_the_promise(self) -> None:
        """No second copy, and nothing is called sent that did not arrive."""
        for row in rows_of(self.work, "outbox"):
            copies = self.accepted[row["id"]]
            assert copies <= (1 if row["kind"] == "touch" else 2), f"{copies} copies"
            assert row["state"] != "sent" or copies, "called sent and never arrived"
            assert row["state"] not in {"queued", "skipped"} or not copies or row["resends"]


def test_outbox_keeps_its_promise_in_any_order_of_crashes_races_and_lost_answers(
    tmp_path: Path,
) -> None:
    template = tmp_path / "template.db"
    with a_workspace(
        tmp_path / "home",
        f"sqlite:///{template}",
        base_url="https://leads.example.com",
        pepper=PEPPER,
    ) as work:
        with work.store.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        Outbox.workspace, Outbox.template = work, template
    bounded = settings(
        derandomize=True,
        max_examples=40,
        stateful_step_count=25,
        deadline=None,
        database=None,
        phases=[Search.generate],  # a failure of this length reads well as it is
        suppress_health_check=[HealthCheck.too_slow],
    )
    run_state_machine_as_test(Outbox, settings=bounded)
