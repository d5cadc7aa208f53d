"""Delivery: the last gate before a body is written, and what a server's answer means.

The reading of codes follows RFC 5321 4.2 and RFC 3463: a 4xx is tried again, a 5xx is final;
5.7.x and 5.5.x speak of us and not of the address, so they fail the message without calling the
address bad; only the codes of a bad recipient (5.1.x but for 5.1.5 and those of the sender, and
5.4.4) are a bounce, and never in answer to MAIL, which names nobody but us. A bare 550 is what
servers say of full mailboxes and of block lists, too: it counts where its words say that nobody
has this address.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from leadline.domain.skips import SkipReason
from leadline.domain.windows import next_open

if TYPE_CHECKING:
    from datetime import datetime

    from leadline.domain.consent import Permission
    from leadline.domain.windows import Window

FIRST_RETRY: Final = timedelta(minutes=5)
LONGEST_RETRY: Final = timedelta(hours=6)
#: RFC 3463 and RFC 7505 codes that say that the recipient's address itself is bad.
_BOUNCE: Final = re.compile(r"^5\.(1\.([0-46]|10)|4\.4)$")
#: What servers without enhanced codes say when nobody has the address.
_NOBODY: Final = re.compile(
    r"(user|mailbox|recipient|address|account|alias)( is)? (unknown|not known|not found|invalid)"
    r"|(unknown|invalid|no such|non-?existent|nonexisting)( local)?"
    r" (user|mailbox|recipient|address|account|person|alias)"
    r"|does( not|n.t) exist|no (mailbox|user|account) (here|by that name)",
    re.IGNORECASE,
)
#: Classes of reply codes, and the one that says "mailbox unavailable" (RFC 5321 4.2).
_ACCEPTED: Final = 2
_TRANSIENT: Final = 4
_PERMANENT: Final = 5
_NO_MAILBOX: Final = 550
_SERVICE_CLOSING: Final = 421
_ENHANCED: Final = re.compile(r"^([245]\.\d{1,3}\.\d{1,3})\b")


class Phase(StrEnum):
    """How far a mail transaction came: no connection, MAIL, RCPT, the body, the last answer."""

    CONNECT = "connect"
    SENDER = "sender"
    ENVELOPE = "envelope"
    BODY = "body"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Reply:
    """What is known of one attempt.

    Attributes:
        phase: the last phase that was entered.
        code: the server's three digits; None when the connection ended without an answer.
        text: the server's words, one line.
    """

    phase: Phase
    code: int | None
    text: str

    @property
    def enhanced(self) -> str:
        """Return the enhanced status code (RFC 3463), or ""."""
        match = _ENHANCED.match(self.text)
        return match[1] if match else ""

    @property
    def is_turned_away(self) -> bool:
        """Tell whether the connection ended before anything was said of the message."""
        return self.phase is Phase.SENDER and self.code in {None, _SERVICE_CLOSING}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The state that an attempt leads to, and when to try again.

    Attributes:
        is_repeat: the next attempt may be the second copy that arrives.
    """

    state: str
    event: str
    due_at: datetime | None = None
    is_repeat: bool = False


def decide_outcome(
    reply: Reply,
    *,
    attempts: int,
    may_resend: bool,
    now: datetime,
    give_up_after: timedelta,
) -> Outcome:
    """Decide what an answer means for the message.

    A connection lost once the body was begun leaves the truth unknowable (RFC 1047): that is a
    state of its own and never a guess, and an answer that is none of SMTP's tells no more.
    Before the body, trying again is safe, and where no connection came about there is nothing
    to be said of the message, however often.

    Args:
        reply: the answer.
        attempts: how many there were, this one included.
        may_resend: whether a repeat is better than a loss (a rep's mail, once).
        now: the present.
        give_up_after: how long after its first attempt a message is tried again; what it waited
            before that, for us or for a relay that was away, does not count.
    """
    due_at = now + retry_delay(attempts)
    answer = 0 if reply.code is None else reply.code // 100
    if reply.phase is Phase.DONE and answer == _ACCEPTED:
        return Outcome("sent", "sent")
    if reply.phase in {Phase.BODY, Phase.DONE} and answer not in {_TRANSIENT, _PERMANENT}:
        if may_resend:
            return Outcome("deferred", "unknown", due_at, is_repeat=True)
        return Outcome("unknown", "unknown")
    if answer == _PERMANENT:
        return Outcome("bounced", "bounced") if _is_bounce(reply) else Outcome("failed", "rejected")
    waits = sum(map(retry_delay, range(1, attempts + 1)), timedelta())
    if reply.phase is not Phase.CONNECT and waits > give_up_after:
        return Outcome("failed", "failed")
    return Outcome("deferred", "deferred", due_at)


def _is_bounce(reply: Reply) -> bool:
    """Tell whether a refusal says that the recipient's address does not exist."""
    if reply.phase is Phase.SENDER:
        return False
    if reply.enhanced:
        return bool(_BOUNCE.match(reply.enhanced))
    is_refused = reply.phase is Phase.ENVELOPE and reply.code == _NO_MAILBOX
    return is_refused and bool(_NOBODY.search(reply.text))


def retry_delay(attempts: int) -> timedelta:
    """Return how long to wait after `attempts` attempts: doubling from 5 minutes to 6 hours."""
    doublings: int = 2 ** min(max(attempts - 1, 0), 16)
    return min(FIRST_RETRY * doublings, LONGEST_RETRY)


@dataclass(frozen=True, slots=True)
class Gate:
    """What is read about a leased message inside the transaction that would mark it `sending`.

    Attributes:
        is_nurture: marketing mail; mail to reps and to the admin is exempt from consent, window
            and cap.
        permission: what the consent gate says; None for mail that needs no consent and is not
            stopped by a ban either.
        is_enrolled: the enrollment was not left for a reason that stops its mails.
        planned_at: when the touch was planned; the relay may have been away since.
        max_lateness: how long a planned mail is of use.
        sent_today: nurture mails to the lead since its local midnight.
        window: sending window, None for rep mail.
    """

    is_nurture: bool
    permission: Permission | SkipReason | None
    is_enrolled: bool
    planned_at: datetime
    max_lateness: timedelta
    has_public_url: bool
    sent_today: int
    touches_per_day: int
    window: Window | None
    zone: str
    next_day_at: datetime | None


@dataclass(frozen=True, slots=True)
class Pass:
    """The body may be written."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Not sent, for good."""

    reason: SkipReason


@dataclass(frozen=True, slots=True)
class Defer:
    """Not now; the message is due again at `until`."""

    reason: SkipReason
    until: datetime


def decide_gate(  # noqa: PLR0911 - one line per reason, in the order of their weight
    gate: Gate, *, now: datetime
) -> Pass | Refuse | Defer:
    """Decide whether a message may be marked `sending` at this very moment."""
    if isinstance(gate.permission, SkipReason):
        return Refuse(gate.permission)
    if not gate.is_nurture:
        return Pass()
    if not gate.is_enrolled:
        return Refuse(SkipReason.EXITED)
    if now - _could_go_at(gate) > gate.max_lateness:
        return Refuse(SkipReason.EXPIRED)
    if not gate.has_public_url:
        return Defer(SkipReason.NO_PUBLIC_URL, now + timedelta(hours=1))
    if gate.sent_today >= gate.touches_per_day and gate.next_day_at is not None:
        return Defer(SkipReason.OVER_CAP, gate.next_day_at)
    if gate.window is not None:
        opens = next_open(now, window=gate.window, zone=gate.zone)
        if opens > now:
            return Defer(SkipReason.OUTSIDE_WINDOW, opens)
    return Pass()


def _could_go_at(gate: Gate) -> datetime:
    """Return when a planned mail could first go out: waiting for Monday is not being late."""
    if gate.window is None:
        return gate.planned_at
    return next_open(gate.planned_at, window=gate.window, zone=gate.zone)
