"""Delivery: rendered mails leave, each under the gate, each with its outcome recorded.

`sending` is committed before a body is written, and one such commit covers at most the next
message of each connection: a crash leaves at most that many messages of unknown outcome, and
says so. Outcomes are recorded together with the next wave's mark.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from leadline.clock import SystemClock
from leadline.domain.batches import Batch
from leadline.domain.days import local_midnight
from leadline.domain.delivery import (
    Defer,
    Gate,
    Phase,
    Refuse,
    Reply,
    decide_gate,
    decide_outcome,
)
from leadline.domain.windows import parse_window
from leadline.mail.message import REPEAT_WORDS, address_message, redirected
from leadline.mail.relay import links_work, read_relay
from leadline.mail.sink import sink_transport
from leadline.mail.transport import Envelope, RelayUnreachable, SmtpTransport
from leadline.store import outbox
from leadline.store.enrollments import exit_enrollments
from leadline.store.leases import LEASE, this_process
from leadline.store.stage_batches import add_batch
from leadline.store.suppressions import add_suppressions, find_suppressed, lock_addresses

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from datetime import datetime

    from leadline.domain.delivery import Outcome
    from leadline.mail.transport import Transport
    from leadline.stages import Workspace
    from leadline.store.engine import Connection

LIMIT: Final = 500


def has_due(work: Workspace, *, now: datetime) -> bool:
    """Tell whether a rendered message is due."""
    with work.store.read() as connection:
        return outbox.has_due(connection, rendered=True, now=now)


@asynccontextmanager
async def open_transport(work: Workspace) -> AsyncIterator[Transport]:
    """Open the way out that LEADLINE_SMTP_URL names.

    Raises:
        TransientDeliveryError: the relay cannot be reached now.
        PermanentDeliveryError: it refuses us.
    """
    relay = read_relay(work.environment.smtp_url)
    if relay is None:
        async with sink_transport(work.environment.state / "mailbox") as transport:
            yield transport
        return
    async with SmtpTransport(relay) as transport:
        yield transport


async def run_batch(
    work: Workspace, *, now: datetime, transport: Transport, limit: int = LIMIT
) -> Batch:
    """Send one batch of due messages.

    Raises:
        RelayUnreachable: the relay went away; what was not sent is queued again.
    """
    lease = outbox.Lease(this_process(), SystemClock().now())
    claims = await asyncio.to_thread(_claim, work, lease, now, limit)
    if not claims:
        return Batch("delivery")
    sending = _Sending(work, now, lease, claims)
    keeper = asyncio.create_task(_keep_lease(work, lease))
    try:
        await sending.run(transport)
    finally:
        keeper.cancel()
        with suppress(asyncio.CancelledError):
            await keeper
        sending.finish(has_more=len(claims) == limit)
    if sending.lost_relay:
        raise RelayUnreachable(
            relay=str(read_relay(work.environment.smtp_url)), why=sending.lost_relay
        )
    return sending.batch


def _claim(work: Workspace, lease: outbox.Lease, now: datetime, limit: int) -> list[outbox.Claim]:
    with work.store.write(lock="outbox") as connection:
        outbox.recover(connection, lease=lease)
        return outbox.claim_due(connection, lease=lease, now=now, limit=limit)


async def _keep_lease(work: Workspace, lease: outbox.Lease) -> None:
    """Prolong the lease while a slow server keeps us waiting."""
    while True:
        await asyncio.sleep(LEASE.total_seconds() / 3)
        await asyncio.to_thread(_renew, work, outbox.Lease(lease.owner, SystemClock().now()))


def _renew(work: Workspace, lease: outbox.Lease) -> None:
    with work.store.write() as connection:
        outbox.renew(connection, lease=lease)


@dataclass
class _Sending:
    """One leased batch on its way out, a wave at a time."""

    work: Workspace
    now: datetime
    lease: outbox.Lease
    waiting: list[outbox.Claim]
    claimed: int = 0
    outcomes: list[dict[str, Any]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    skips: Counter[str] = field(default_factory=Counter)
    started: float = field(default_factory=perf_counter)
    lost_relay: str = ""
    batch: Batch = field(default_factory=lambda: Batch("delivery"))

    async def run(self, transport: Transport) -> None:
        """Send wave after wave until nothing of the batch is left."""
        self.claimed = len(self.waiting)
        while self.waiting and not self.lost_relay:
            wave, self.waiting = (
                self.waiting[: transport.width],
                self.waiting[transport.width :],
            )
            rows = await asyncio.to_thread(self._mark, wave)
            if rows:
                await self._send(transport, rows)

    async def _send(self, transport: Transport, rows: Sequence[Mapping[str, Any]]) -> None:
        replies = [Reply(Phase.BODY, None, "interrupted")] * len(rows)
        try:
            replies = await transport.send([self._envelope(row) for row in rows])
        finally:
            self.outcomes = [
                self._outcome(row, reply) for row, reply in zip(rows, replies, strict=True)
            ]
        if all(reply.phase is Phase.CONNECT for reply in replies):
            self.lost_relay = replies[0].text or "connection lost"

    def _mark(self, wave: Sequence[outbox.Claim]) -> list[dict[str, Any]]:
        """Record the last wave and mark the next, in one transaction; returns what may go out."""
        with self.work.store.write() as connection:
            addresses = outbox.list_addresses(connection, wave)
            self._lock(connection, addresses)
            self._record(connection)
            rows = self._gate(connection, wave, addresses)
            ids = [row["id"] for row in rows]
            mine = outbox.mark_sending(connection, ids, owner=self.lease.owner, now=self.now)
        self.outcomes = []
        return [row for row in rows if row["id"] in mine]

    def _lock(self, connection: Connection, addresses: set[str]) -> None:
        """Hold every address that this transaction reads or bans, at once and in order.

        Whoever unsubscribes takes the address first as well; taking ours in two goes, with rows
        changed between, could end in a deadlock.
        """
        bounced = {row["address_hash"] for row in self.outcomes if row["state"] == "bounced"}
        lock_addresses(connection, addresses | bounced)

    def _gate(
        self, connection: Connection, wave: Sequence[outbox.Claim], addresses: set[str]
    ) -> list[dict[str, Any]]:
        """Ask the gate about a wave; what may not go out is recorded and left out."""
        rows = outbox.read_gate(connection, wave, owner=self.lease.owner)
        suppressed = find_suppressed(connection, addresses)
        leads = {row["lead_id"] for row in rows if row["kind"] == "touch"}
        sent = outbox.list_sent(connection, leads, since=self.now - timedelta(days=2))
        verdicts = [
            (row, decide_gate(self._facts(row, suppressed, sent), now=self.now)) for row in rows
        ]
        refused = [self._refused(row, v) for row, v in verdicts if isinstance(v, (Refuse, Defer))]
        outbox.mark_refused(connection, refused, owner=self.lease.owner)
        return [row for row, verdict in verdicts if not isinstance(verdict, (Refuse, Defer))]

    def _facts(
        self,
        row: Mapping[str, Any],
        suppressed: set[str],
        sent: Mapping[int, Sequence[datetime]],
    ) -> Gate:
        environment = self.work.environment
        zone = row["zone"] or "UTC"
        today = local_midnight(self.now, zone)
        return Gate(
            is_nurture=row["kind"] == "touch",
            is_suppressed=row["address_hash"] in suppressed,
            has_consent=row["has_consent"] is True,
            is_enrolled=row["enrollment_state"] in {"active", "completed"},
            has_public_url=links_work(environment.smtp_url, environment.base_url),
            sent_today=sum(at >= today for at in sent.get(row["lead_id"], ())),
            touches_per_day=self.work.project.sending.touches_per_day,
            window=parse_window(row["sending_window"]) if row["sending_window"] else None,
            zone=zone,
            next_day_at=local_midnight(self.now, zone, days=1),
        )

    def _refused(self, row: Mapping[str, Any], verdict: Refuse | Defer) -> dict[str, Any]:
        self.skips[verdict.reason.value] += 1
        later = isinstance(verdict, Defer)
        return {
            "id": row["id"],
            "state": "deferred" if later else "skipped",
            "skip_reason": verdict.reason.value,
            "due_at": verdict.until if isinstance(verdict, Defer) else row["due_at"],
        }

    def _envelope(self, row: Mapping[str, Any]) -> Envelope:
        settings = self.work.project.settings
        subject, recipient = row["subject"], row["recipient"]
        if row["resends"]:
            subject = REPEAT_WORDS["en" if subject.isascii() else "ja"] + subject
        if settings.redirect_all_to:
            subject, recipient = redirected(subject, recipient), settings.redirect_all_to
        message = address_message(row["mail"], recipient=recipient, subject=subject)
        return Envelope(row["id"], settings.mail.from_address, recipient, message)

    def _outcome(self, row: Mapping[str, Any], reply: Reply) -> dict[str, Any]:
        outcome = decide_outcome(
            reply,
            attempts=row["attempts"] + 1,
            created_at=row["created_at"],
            now=self.now,
            give_up_after=self.work.project.sending.give_up_after,
        )
        self.counts[outcome.state] += 1
        return {
            **self._columns(row, outcome),
            "phase": reply.phase.value,
            "reply_code": reply.code,
            "reply": reply.text or None,
            "event": outcome.event,
            "attempt": row["fence"],
            "address_hash": row["address_hash"],
            "lead_id": row["lead_id"],
        }

    def _columns(self, row: Mapping[str, Any], outcome: Outcome) -> dict[str, Any]:
        reached = outcome.state in {"sent", "unknown"}
        return {
            "id": row["id"],
            "state": outcome.state,
            "due_at": outcome.due_at or row["due_at"],
            "sent_at": self.now if reached else None,
        }

    def _record(self, connection: Connection) -> None:
        """Record outcomes; an address that does not exist is banned at once."""
        outbox.mark_outcomes(connection, self.outcomes, owner=self.lease.owner, now=self.now)
        bounced = [row for row in self.outcomes if row["state"] == "bounced"]
        if not bounced:
            return
        add_suppressions(
            connection,
            [
                {
                    "address_hash": row["address_hash"],
                    "scope": "global",
                    "cause": "hard_bounce",
                    "message_id": None,
                    "at": self.now,
                }
                for row in bounced
            ],
        )
        leads = {row["lead_id"] for row in bounced}
        exit_enrollments(connection, leads, reason="bounced", now=self.now)

    def finish(self, *, has_more: bool) -> None:
        """Record what is known, give back what was not begun, and count."""
        with self.work.store.write() as connection:
            self._lock(connection, set())
            self._record(connection)
            outbox.release(connection, self.waiting, owner=self.lease.owner)
            skipped = self.skips + Counter({"deferred": self.counts["deferred"]})
            self.batch = Batch(
                "delivery",
                claimed=self.claimed - len(self.waiting),
                done=self.counts["sent"],
                skipped=dict(sorted(skipped.items())),
                failed=sum(self.counts[state] for state in ("bounced", "failed", "unknown")),
                seconds=perf_counter() - self.started,
                has_more=has_more,
            )
            add_batch(connection, self.batch, config_hash=self.work.project.hash, now=self.now)
        self.outcomes = []
