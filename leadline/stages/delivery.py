"""Delivery: rendered mails leave, each under the gate, each with its outcome recorded.

`sending` is committed before a body is written, and one such commit covers at most the next
message of each connection: a crash leaves at most that many messages of unknown outcome, and
says so. Outcomes are recorded together with the next wave's mark.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
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
    Pass,
    Phase,
    Refuse,
    Reply,
    decide_gate,
    decide_outcome,
)
from leadline.domain.skips import SkipReason
from leadline.domain.windows import parse_window
from leadline.mail.message import REPEAT_WORDS, HeaderInjection, address_message, redirected
from leadline.mail.relay import links_work, read_relay
from leadline.mail.sink import sink_transport
from leadline.mail.transport import Envelope, RelayUnreachable, SmtpTransport
from leadline.store import outbox
from leadline.store.enrollments import exit_enrollments
from leadline.store.leases import LEASE, this_process
from leadline.store.observations import judge_mails_anew
from leadline.store.stage_batches import add_batch
from leadline.store.suppressions import (
    Addressee,
    add_suppressions,
    decide_permissions,
    find_suppressed,
    lock_addresses,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from datetime import datetime

    from leadline.domain.consent import Permission
    from leadline.domain.delivery import Outcome
    from leadline.mail.transport import Transport
    from leadline.stages import Workspace
    from leadline.store.engine import Connection

LIMIT: Final = 500
#: How many seconds the messages on their way have when the run is told to stop. Prefect and
#: service managers kill after 30.
GRACE_SECONDS: Final = 20


def has_due(work: Workspace, *, now: datetime) -> bool:
    """Tell whether a rendered message is due, or was left by a process that died."""
    lease = outbox.Lease(this_process(), SystemClock().now())
    with work.store.read() as connection:
        is_due = outbox.has_due(
            connection, rendered=True, now=now, has_nurture=not work.is_nurture_paused
        )
        return is_due or outbox.has_left_behind(connection, lease=lease)


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
    keeper = asyncio.create_task(_keep_lease(work, claims, lease))
    try:
        await sending.run(transport, keeper)
    finally:
        keeper.cancel()
        sending.finish(claims, has_more=len(claims) == limit)
        await asyncio.gather(keeper, return_exceptions=True)
    if sending.lost_relay:
        raise RelayUnreachable(
            relay=str(read_relay(work.environment.smtp_url)), why=sending.lost_relay
        )
    return sending.batch


def _claim(work: Workspace, lease: outbox.Lease, now: datetime, limit: int) -> list[outbox.Claim]:
    with work.store.write(lock="outbox") as connection:
        outbox.recover(connection, lease=lease)
        return outbox.claim_due(
            connection, lease=lease, now=now, limit=limit, has_nurture=not work.is_nurture_paused
        )


async def _keep_lease(work: Workspace, claims: Sequence[outbox.Claim], lease: outbox.Lease) -> None:
    """Prolong the lease while a slow server keeps us waiting; ends when that cannot be done."""
    while True:
        await asyncio.sleep(LEASE.total_seconds() / 3)
        at = outbox.Lease(lease.owner, SystemClock().now())
        if not await asyncio.to_thread(_renew, work, claims, at):
            return


def _renew(work: Workspace, claims: Sequence[outbox.Claim], lease: outbox.Lease) -> int:
    with work.store.write() as connection:
        return outbox.renew(connection, claims, lease=lease)


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

    async def run(self, transport: Transport, keeper: asyncio.Task[None]) -> None:
        """Send wave after wave until nothing of the batch is left, or it is ours no more."""
        self.claimed = len(self.waiting)
        while self.waiting and not self.lost_relay and not keeper.done():
            wave, self.waiting = (
                self.waiting[: transport.width],
                self.waiting[transport.width :],
            )
            if rows := await self._marked(wave):
                await self._send(transport, rows)

    async def _marked(self, wave: Sequence[outbox.Claim]) -> list[dict[str, Any]]:
        """Mark a wave in a thread; when we are told to stop meanwhile, it goes back unsent."""
        marking = asyncio.ensure_future(asyncio.to_thread(self._mark, wave))
        try:
            return await asyncio.shield(marking)
        except asyncio.CancelledError:
            stopped = Reply(Phase.CONNECT, None, "stopped")
            self.outcomes = [self._outcome(row, stopped) for row in await marking]
            raise

    async def _send(self, transport: Transport, rows: Sequence[Mapping[str, Any]]) -> None:
        replies = [Reply(Phase.BODY, None, "interrupted")] * len(rows)
        envelopes = [row["envelope"] for row in rows]
        sending = asyncio.ensure_future(transport.send(envelopes, on_reply=replies.__setitem__))
        try:
            await asyncio.shield(sending)
        except asyncio.CancelledError:
            # half a message is of unknown outcome: let those on their way arrive
            await asyncio.wait({sending}, timeout=GRACE_SECONDS)
            sending.cancel()
            raise
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
            rows = self._gate(connection, wave)
            passed = [outbox.Claim(row["id"], row["fence"]) for row in rows]
            owner = self.lease.owner
            mine = outbox.mark_sending(connection, passed, owner=owner, now=self.now)
            judge_mails_anew(connection, mine, now=self.now)
        self.outcomes = []
        return [row for row in rows if row["id"] in mine]

    def _lock(self, connection: Connection, addresses: set[str]) -> None:
        """Hold every address that this transaction reads or bans, at once and in order.

        Whoever unsubscribes takes the address first as well; taking ours in two goes, with rows
        changed between, could end in a deadlock.
        """
        bounced = {row["address_hash"] for row in self.outcomes if row["state"] == "bounced"}
        lock_addresses(connection, addresses | bounced)

    def _permissions(
        self, connection: Connection, rows: Sequence[Mapping[str, Any]]
    ) -> dict[int, Permission | SkipReason | None]:
        """Ask, by message, whether its recipient may be written to; a rep and the admin may."""
        project = self.work.project
        people = {
            row["id"]: Addressee(
                row["lead_id"], row["address_hash"], row["country"] or project.settings.country
            )
            for row in rows
            if row["kind"] == "touch"
        }
        decided = decide_permissions(
            connection, list(people.values()), rules=project.consent, now=self.now
        )
        answers = {row["id"]: row["address_hash"] for row in rows if row["kind"] in outbox.ANSWERS}
        banned = find_suppressed(connection, set(answers.values()), purpose="transactional")
        return {
            **dict(zip(people, decided, strict=True)),
            **{id_: SkipReason.SUPPRESSED for id_, hash_ in answers.items() if hash_ in banned},
        }

    def _gate(self, connection: Connection, wave: Sequence[outbox.Claim]) -> list[dict[str, Any]]:
        """Ask the gate about a wave; what may not go out is recorded and left out."""
        rows = outbox.read_gate(connection, wave, owner=self.lease.owner)
        permissions = self._permissions(connection, rows)
        leads = {row["lead_id"] for row in rows if row["kind"] == "touch"}
        sent = outbox.list_sent(connection, leads, since=self.now - timedelta(days=2))
        passed, refused = [], []
        for row in rows:
            verdict = self._verdict(row, permissions, sent)
            if not isinstance(verdict, Pass):
                refused.append(self._refused(row, verdict))
            elif (envelope := self._envelope(row)) is None:
                refused.append(self._unwritable(row))
            else:
                if row["kind"] == "touch":  # a rep's mail about a lead is none to the lead
                    sent.setdefault(row["lead_id"], []).append(self.now)
                passed.append({**row, "envelope": envelope})
        outbox.mark_refused(connection, refused, owner=self.lease.owner)
        return passed

    def _verdict(
        self,
        row: Mapping[str, Any],
        permissions: Mapping[int, Permission | SkipReason | None],
        sent: Mapping[int, Sequence[datetime]],
    ) -> Pass | Refuse | Defer:
        if row["mail"] is None:  # emptied while it was on its way, by an erasure
            return Refuse(SkipReason.ERASED)
        return decide_gate(self._facts(row, permissions, sent), now=self.now)

    def _facts(
        self,
        row: Mapping[str, Any],
        permissions: Mapping[int, Permission | SkipReason | None],
        sent: Mapping[int, Sequence[datetime]],
    ) -> Gate:
        environment, sending = self.work.environment, self.work.project.sending
        sequence = self.work.project.sequences.get(row["sequence"])
        lateness = sequence.max_lateness if sequence else None
        zone = row["zone"] or "UTC"
        today = local_midnight(self.now, zone)
        return Gate(
            is_nurture=row["kind"] == "touch",
            permission=permissions.get(row["id"]),
            is_enrolled=row["enrollment_state"] in {"active", "completed"},
            planned_at=row["created_at"],
            max_lateness=sending.max_lateness if lateness is None else lateness,
            has_public_url=links_work(environment.smtp_url, environment.base_url),
            sent_today=sum(at >= today for at in sent.get(row["lead_id"], ())),
            touches_per_day=sending.touches_per_day,
            window=parse_window(row["sending_window"]) if row["sending_window"] else None,
            zone=zone,
            next_day_at=local_midnight(self.now, zone, days=1),
        )

    def _refused(self, row: Mapping[str, Any], verdict: Refuse | Defer) -> dict[str, Any]:
        self.skips[verdict.reason.value] += 1
        state, due_at = "skipped", row["due_at"]
        if isinstance(verdict, Defer):
            state, due_at = "deferred", verdict.until
        elif verdict.reason is SkipReason.EXPIRED:
            state = "expired"
        return self._ended(row, state, verdict.reason, due_at)

    def _unwritable(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Hold one message that cannot be written as mail, so that it does not stop the others."""
        self.counts["failed"] += 1
        return self._ended(row, "failed", SkipReason.TEMPLATE_ERROR, row["due_at"])

    @staticmethod
    def _ended(
        row: Mapping[str, Any], state: str, reason: SkipReason, due_at: datetime
    ) -> dict[str, Any]:
        kept = {"id": row["id"], "fence": row["fence"]}
        return {**kept, "state": state, "skip_reason": reason.value, "due_at": due_at}

    def _envelope(self, row: Mapping[str, Any]) -> Envelope | None:
        """Return the message as it leaves, None when its headers cannot be written."""
        settings = self.work.project.settings
        subject, recipient = row["subject"], row["recipient"]
        if row["resends"]:
            subject = REPEAT_WORDS["en" if subject.isascii() else "ja"] + subject
        if settings.redirect_all_to:
            subject, recipient = redirected(subject, recipient), settings.redirect_all_to
        try:
            message = address_message(row["mail"], recipient=recipient, subject=subject)
        except HeaderInjection:
            return None
        return Envelope(row["id"], settings.mail.from_address, recipient, message)

    def _outcome(self, row: Mapping[str, Any], reply: Reply) -> dict[str, Any]:
        outcome = decide_outcome(
            reply,
            attempts=row["attempts"] + 1,
            may_resend=row["kind"] in outbox.RESENDABLE and row["resends"] < outbox.MOST_RESENDS,
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
            "fence": row["fence"],
            "attempts": row["attempts"] + (reply.phase is not Phase.CONNECT),
            "resends": row["resends"] + outcome.is_repeat,
            "kind": row["kind"],
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
        reached = {row["id"] for row in self.outcomes if row["sent_at"] is not None}
        judge_mails_anew(connection, reached, now=self.now)
        bounced = [row for row in self.outcomes if row["state"] == "bounced"]
        if not bounced or self.work.project.settings.redirect_all_to:
            return  # a redirected mail says nothing of the address that it was meant for
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
        to_leads = {"touch", *outbox.ANSWERS}
        leads = {row["lead_id"] for row in bounced if row["kind"] in to_leads}
        exit_enrollments(connection, leads, reason="bounced", now=self.now)

    def finish(self, claims: Sequence[outbox.Claim], *, has_more: bool) -> None:
        """Record what is known, give back what was not begun, and count."""
        with self.work.store.write() as connection:
            self._lock(connection, set())
            self._record(connection)
            outbox.release(connection, claims, owner=self.lease.owner)
            skipped = self.skips + Counter({"deferred": self.counts["deferred"]})
            self.batch = Batch(
                "delivery",
                claimed=self.claimed - len(self.waiting),
                done=self.counts["sent"],
                skipped=dict(sorted(skipped.items())),
                failed=sum(self.counts[state] for state in ("bounced", "failed", "unknown")),
                seconds=perf_counter() - self.started,
                has_more=has_more or bool(self.waiting),
            )
            add_batch(connection, self.batch, config_hash=self.work.project.hash, now=self.now)
        self.outcomes = []
