"""Delivery: what a server's answer means for a message, and the last gate before its body."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leadline.domain.delivery import (
    Defer,
    Outcome,
    Pass,
    Phase,
    Refuse,
    Reply,
    decide_gate,
    decide_outcome,
    retry_delay,
)
from leadline.domain.skips import SkipReason
from tests.builders import NOW, a_gate, a_reply
from tests.fakes import UNREACHABLE

DAY = timedelta(days=1)
GIVE_UP = timedelta(hours=72)
SATURDAY = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


def outcome(reply: Reply, *, attempts: int = 1, may_resend: bool = False) -> Outcome:
    return decide_outcome(
        reply,
        attempts=attempts,
        may_resend=may_resend,
        now=NOW,
        give_up_after=GIVE_UP,
    )


@pytest.mark.parametrize(
    ("state", "phase", "code", "text"),
    [
        ("sent", Phase.DONE, 250, "2.0.0 queued as 4XyZ"),
        ("sent", Phase.DONE, 250, ""),
        # nothing is known once the body was begun
        ("unknown", Phase.BODY, None, "SMTPServerDisconnected"),
        ("unknown", Phase.BODY, -1, "Malformed SMTP response line"),
        ("unknown", Phase.BODY, 250, "to DATA, where 354 belongs"),
        ("unknown", Phase.BODY, 354, "once more"),
        ("unknown", Phase.DONE, 199, ""),
        # a 4xx, or no answer before the body, is tried again
        ("deferred", Phase.CONNECT, None, "connection refused"),
        ("deferred", Phase.SENDER, None, "SMTPReadTimeoutError"),
        ("deferred", Phase.SENDER, 451, "4.3.0 try later"),
        ("deferred", Phase.ENVELOPE, None, "SMTPServerDisconnected"),
        ("deferred", Phase.ENVELOPE, -1, "garbage"),
        ("deferred", Phase.ENVELOPE, 252, "cannot verify"),
        ("deferred", Phase.ENVELOPE, 421, "4.7.0 too many connections"),
        ("deferred", Phase.ENVELOPE, 450, "4.2.0 greylisted"),
        ("deferred", Phase.ENVELOPE, 452, "4.5.3 too many recipients"),
        ("deferred", Phase.BODY, 451, "4.3.0 after the dot"),
        ("deferred", Phase.BODY, 421, "4.3.2 closing"),
        # the address does not exist
        ("bounced", Phase.ENVELOPE, 550, "5.1.1 user unknown"),
        ("bounced", Phase.ENVELOPE, 550, "5.1.2 host unknown"),
        ("bounced", Phase.ENVELOPE, 551, "5.1.6 moved"),
        ("bounced", Phase.ENVELOPE, 556, "5.1.10 null MX"),
        ("bounced", Phase.ENVELOPE, 550, "5.4.4 no route"),
        ("bounced", Phase.ENVELOPE, 550, "no such user here"),
        ("bounced", Phase.ENVELOPE, 550, "Requested action not taken: mailbox not found"),
        ("bounced", Phase.ENVELOPE, 550, "<a@b.example>: Recipient address does not exist"),
        ("bounced", Phase.ENVELOPE, 550, "Unknown user"),
        ("bounced", Phase.BODY, 550, "5.1.1 user unknown"),
        # the refusal speaks of us, of the message or of a full mailbox, never of the address
        ("failed", Phase.ENVELOPE, 550, "5.7.1 blocked by policy"),
        ("failed", Phase.ENVELOPE, 550, "Blocked by zen.spamhaus.org"),
        ("failed", Phase.ENVELOPE, 550, "Rejected because 192.0.2.1 is in a black list"),
        ("failed", Phase.ENVELOPE, 550, "relay not permitted"),
        ("failed", Phase.ENVELOPE, 550, "Mailbox full"),
        ("failed", Phase.ENVELOPE, 550, "Requested action not taken: mailbox unavailable"),
        ("failed", Phase.ENVELOPE, 550, ""),
        ("failed", Phase.ENVELOPE, 550, "5.2.1 disabled"),
        ("failed", Phase.ENVELOPE, 550, "5.1.7 bad sender syntax"),
        ("failed", Phase.ENVELOPE, 550, "5.1.8 sender's domain does not resolve"),
        ("failed", Phase.ENVELOPE, 550, "5.1.5 valid, but no"),
        ("failed", Phase.ENVELOPE, 552, "5.2.2 mailbox full"),
        ("failed", Phase.ENVELOPE, 554, "access denied"),
        ("failed", Phase.SENDER, 550, "sender rejected"),
        ("failed", Phase.SENDER, 550, "5.1.0 sender rejected"),
        ("failed", Phase.SENDER, 552, "5.3.4 too big"),
        ("failed", Phase.BODY, 550, "content"),
        ("failed", Phase.BODY, 554, "5.7.1 looks like spam"),
    ],
)
def test_answer_leads_to_its_state(state: str, phase: Phase, code: int | None, text: str) -> None:
    found = outcome(a_reply(phase, code, text))
    event = "rejected" if state == "failed" else state
    assert (state, event) == (found.state, found.event)


def test_mail_that_may_be_repeated_is_sent_once_more_when_its_outcome_is_unknown() -> None:
    cut_off = a_reply(Phase.BODY, None)
    again = Outcome("deferred", "unknown", NOW + timedelta(minutes=5), is_repeat=True)
    assert again == outcome(cut_off, may_resend=True)
    assert not outcome(a_reply(Phase.ENVELOPE, None), may_resend=True).is_repeat


@pytest.mark.parametrize(
    ("minutes", "attempts"),
    [(5, 0), (5, 1), (10, 2), (20, 3), (320, 7), (360, 8), (360, 9), (360, 10_000)],
)
def test_wait_doubles_from_five_minutes_to_six_hours(minutes: int, attempts: int) -> None:
    assert timedelta(minutes=minutes) == retry_delay(attempts)


def test_deferred_message_is_due_after_its_wait() -> None:
    found = outcome(a_reply(Phase.ENVELOPE, 451), attempts=3)
    assert NOW + timedelta(minutes=20) == found.due_at


def test_message_is_given_up_when_its_attempts_have_taken_too_long() -> None:
    # 5, 10 ... 320 minutes and then every 6 hours: the 17th attempt is 64:35 after the first
    greylisted = a_reply(Phase.ENVELOPE, 450)
    assert outcome(greylisted, attempts=17).state == "deferred"
    assert outcome(greylisted, attempts=18) == Outcome("failed", "failed")


def test_message_is_never_given_up_for_a_relay_that_is_away() -> None:
    assert outcome(UNREACHABLE, attempts=1_000).state == "deferred"


@pytest.mark.parametrize(
    ("turned_away", "phase", "code"),
    [
        (True, Phase.SENDER, None),
        (True, Phase.SENDER, 421),
        (False, Phase.SENDER, 451),
        (False, Phase.ENVELOPE, 421),
        (False, Phase.ENVELOPE, None),
        (False, Phase.CONNECT, None),
        (False, Phase.BODY, None),
    ],
)
def test_only_a_connection_that_ended_at_mail_says_nothing_of_the_message(
    *, turned_away: bool, phase: Phase, code: int | None
) -> None:
    assert turned_away is a_reply(phase, code).is_turned_away


@pytest.mark.parametrize(
    ("enhanced", "text"),
    [
        ("5.1.1", "5.1.1 <x>: unknown"),
        ("4.7.0", "4.7.0"),
        ("", "unknown 5.1.1"),
        ("", "3.1.1 what"),
        ("", ""),
    ],
)
def test_enhanced_code_stands_at_the_beginning_of_the_text(enhanced: str, text: str) -> None:
    assert enhanced == a_reply(Phase.ENVELOPE, 550, text).enhanced


# ---- the gate ----

EVERYTHING: dict[str, Any] = {
    "permission": SkipReason.SUPPRESSED,
    "is_enrolled": False,
    "planned_at": NOW - 30 * DAY,
    "has_public_url": False,
    "sent_today": 1,
}


def test_mail_that_nothing_speaks_against_may_go_out() -> None:
    assert Pass() == decide_gate(a_gate(), now=NOW)


@pytest.mark.parametrize(
    ("without", "verdict"),
    [
        (0, Refuse(SkipReason.SUPPRESSED)),
        (1, Refuse(SkipReason.EXITED)),
        (2, Refuse(SkipReason.EXPIRED)),
        (3, Defer(SkipReason.NO_PUBLIC_URL, SATURDAY + timedelta(hours=1))),
        (4, Defer(SkipReason.OVER_CAP, NOW + timedelta(hours=14))),
        (5, Defer(SkipReason.OUTSIDE_WINDOW, datetime(2026, 11, 23, tzinfo=UTC))),
    ],
)
def test_refusal_that_weighs_more_is_told_first(without: int, verdict: Refuse | Defer) -> None:
    changes = dict(list(EVERYTHING.items())[without:])
    assert verdict == decide_gate(a_gate(**changes), now=SATURDAY)


def test_mail_to_a_rep_passes_whatever_holds_for_leads() -> None:
    gate = a_gate(**{**EVERYTHING, "is_nurture": False, "permission": None})
    assert Pass() == decide_gate(gate, now=SATURDAY)


def test_answer_to_a_form_passes_every_limit_but_a_ban() -> None:
    gate = a_gate(**{**EVERYTHING, "is_nurture": False})
    assert Refuse(SkipReason.SUPPRESSED) == decide_gate(gate, now=SATURDAY)


def test_planned_mail_goes_out_until_it_is_later_than_allowed() -> None:
    assert Pass() == decide_gate(a_gate(planned_at=NOW - 3 * DAY), now=NOW)
    late = a_gate(planned_at=NOW - 3 * DAY - timedelta(seconds=1))
    assert Refuse(SkipReason.EXPIRED) == decide_gate(late, now=NOW)


def test_mail_that_was_moved_to_monday_is_late_from_monday_on() -> None:
    friday_evening = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)  # 19:00 in Tokyo
    opens = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
    moved = a_gate(planned_at=friday_evening, max_lateness=2 * DAY)
    assert Pass() == decide_gate(moved, now=opens + 2 * DAY)
    late = decide_gate(moved, now=opens + 2 * DAY + timedelta(seconds=1))
    assert late == Refuse(SkipReason.EXPIRED)


def test_cap_of_two_lets_a_second_mail_of_the_day_out_and_not_a_third() -> None:
    assert Pass() == decide_gate(a_gate(sent_today=1, touches_per_day=2), now=NOW)
    third = decide_gate(a_gate(sent_today=2, touches_per_day=2), now=NOW)
    assert isinstance(third, Defer)


def test_mail_without_a_window_goes_out_at_any_hour() -> None:
    assert Pass() == decide_gate(a_gate(window=None), now=SATURDAY)
