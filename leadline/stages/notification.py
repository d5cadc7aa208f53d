"""Notification: new owners are told, in their language; many leads at once become one mail.

It leases the outbox rows that routing left, writes the mails, and gives the rows back ready to
be sent. Nothing is sent here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from leadline.clock import SystemClock
from leadline.domain.batches import Batch
from leadline.domain.keys import address_hash
from leadline.domain.lateness import GRACE, find_wait
from leadline.domain.leads import LEAD_FIELDS
from leadline.domain.points import as_shown, grade_shown
from leadline.domain.skips import SkipReason
from leadline.domain.tokens import sign_token
from leadline.mail.message import Parts, write_message
from leadline.mail.relay import links_work
from leadline.rendering.contexts import lead_context
from leadline.rendering.problems import TemplateProblem
from leadline.rendering.reasons import mail_reasons, routing_reason
from leadline.rendering.receipts import Moment
from leadline.rendering.words import CONSENT_WORDS, REQUEST_WORDS, clock_text, say, wait_texts
from leadline.store import outbox
from leadline.store.assignments import get_assignments
from leadline.store.due_times import has_taken, read_since
from leadline.store.leads import get_leads
from leadline.store.leases import this_process
from leadline.store.receipts import get_receipts
from leadline.store.stage_batches import add_batch
from leadline.store.suppressions import latest_bases

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from leadline.config.shape import RepShape
    from leadline.rendering.sandbox import Rendered
    from leadline.stages import Workspace
    from leadline.store.engine import Connection
    from leadline.store.receipts import Receipt

LIMIT: Final = 2_000
_MAX_REASONS: Final = 3
#: The flow whose schedule says when leads are taken along.
_FLOW: Final = "process_submissions"
#: Known facts that give a conversation its beginning, the most telling first.
_TALKING_POINTS: Final = {
    "product": {"en": "Interested in: {}", "ja": "関心のある製品: {}"},
    "timeframe": {"en": "Time frame: {}", "ja": "検討時期: {}"},
    "budget": {"en": "Budget: {}", "ja": "予算: {}"},
    "decision_role": {"en": "Role in the decision: {}", "ja": "決裁上の立場: {}"},
    "campaign": {"en": "Responded to: {}", "ja": "反応した施策: {}"},
    "source": {"en": "Came through: {}", "ja": "流入元: {}"},
    "industry": {"en": "Industry: {}", "ja": "業種: {}"},
    "website": {"en": "Website: {}", "ja": "Webサイト: {}"},
}
_MAX_TALKING_POINTS: Final = 3


def has_due(work: Workspace, *, now: datetime) -> bool:
    """Tell whether a rep waits to be told, or a process died that was about to."""
    lease = outbox.Lease(this_process(), SystemClock().now())
    with work.store.read() as connection:
        return outbox.has_due(connection, rendered=False, now=now) or outbox.has_left_behind(
            connection, lease=lease
        )


def run_batch(work: Workspace, *, now: datetime, limit: int = LIMIT) -> Batch:
    """Write the mails for one batch of new assignments."""
    started = perf_counter()
    lease = outbox.Lease(this_process(), SystemClock().now())
    with work.store.write(lock="outbox") as connection:
        outbox.recover(connection, lease=lease)
        claims = outbox.claim_unrendered(connection, lease=lease, limit=limit)
    if not claims:
        return Batch("notification")
    facts = _read(work, claims, now=now)
    written = _write(work, facts, now=now)
    with work.store.write() as connection:
        outbox.mark_rendered(connection, written, owner=lease.owner)
        skips = Counter(row["skip_reason"] for row in written if row["skip_reason"])
        held = skips.pop(SkipReason.TEMPLATE_ERROR.value, 0)
        batch = Batch(
            "notification",
            claimed=len(claims),
            done=len(claims) - held - skips.total(),
            skipped=dict(sorted(skips.items())),
            failed=held,
            seconds=perf_counter() - started,
            has_more=len(claims) == limit,
        )
        add_batch(connection, batch, config_hash=work.project.hash, now=now)
    return batch


@dataclass(frozen=True, slots=True)
class Offer:
    """One assignment with everything that its mail or page shows.

    Attributes:
        row: of the outbox.
        assignment: its row.
        lead: its row.
        receipt: of the lead's score, None without one.
        basis: on which marketing mail may be sent.
        wait: how long a late lead waited for us, None in time.
    """

    row: Mapping[str, Any]
    assignment: Mapping[str, Any]
    lead: Mapping[str, Any]
    receipt: Receipt | None
    basis: str
    wait: timedelta | None = None


def _read(work: Workspace, claims: Sequence[outbox.Claim], *, now: datetime) -> list[Offer]:
    with work.store.read() as connection:
        rows = outbox.read_claims(connection, claims)
        assignments = get_assignments(connection, {row["assignment_id"] for row in rows})
        leads = get_leads(connection, {row["lead_id"] for row in rows})
        alone = _alone(work, rows, assignments)
        receipts = get_receipts(connection, {row["lead_id"] for row in rows})
        bases = latest_bases(connection, alone)
        turn_at = _last_turn(work, connection, now=now)
    return [
        Offer(
            row,
            assignments[row["assignment_id"]],
            leads[row["lead_id"]],
            receipts.get(row["lead_id"]),
            bases.get(row["lead_id"], "none"),
            find_wait(assignments[row["assignment_id"]]["waiting_since"], turn_at=turn_at, now=now),
        )
        for row in rows
    ]


def _last_turn(work: Workspace, connection: Connection, *, now: datetime) -> datetime | None:
    """Return the newest time, a grace ago, at which a clock owed the leads' processing.

    None when no clock did: a time before the schedule said what it says was never owed, and in a
    project whose stages are run by hand nobody owes one.
    """
    schedule = work.project.schedules.get(_FLOW)
    kept_since = read_since(connection).get(_FLOW)
    if schedule is None or schedule.paused or kept_since is None:
        return None
    from leadline.schedule import last_time

    turn_at = last_time(schedule.recurrence, now=now - GRACE)
    if turn_at is None or turn_at < kept_since:
        return None
    return turn_at if has_taken(connection, _FLOW, until=turn_at) else None


def _alone(
    work: Workspace,
    rows: Sequence[Mapping[str, Any]],
    assignments: Mapping[int, Mapping[str, Any]],
) -> set[int]:
    """Return the leads that get a mail of their own; only such a mail shows the consent."""
    offered = [row for row in rows if assignments[row["assignment_id"]]["state"] == "offered"]
    counts = Counter(row["rep_id"] for row in offered)
    most = work.project.settings.notification.bundle_above
    return {row["lead_id"] for row in offered if counts[row["rep_id"]] <= most}


def _write(work: Workspace, offers: Sequence[Offer], *, now: datetime) -> list[dict[str, Any]]:
    reps = {rep.rep_id: rep for rep in work.project.reps}
    by_rep: dict[str, list[Offer]] = defaultdict(list)
    written = []
    for offer in offers:
        if offer.assignment["state"] != "offered" or offer.row["rep_id"] not in reps:
            written.append(_skipped(offer, SkipReason.SUPERSEDED, now=now))
        else:
            by_rep[offer.row["rep_id"]].append(offer)
    limits = work.project.settings.notification
    for rep_id, own in sorted(by_rep.items()):
        rep = reps[rep_id]
        ranked = sorted(own, key=_rank)
        if len(ranked) <= limits.bundle_above:
            written.extend(_single(work, rep, offer, now=now) for offer in ranked)
            continue
        for first in range(0, len(ranked), limits.bundle_at_most):
            chunk = ranked[first : first + limits.bundle_at_most]
            written.extend(_bundle(work, rep, chunk, now=now))
    return written


def _rank(offer: Offer) -> tuple[int, float, int]:
    """Put what routing put first at the head: its row, with its priority, carries a bundle."""
    return offer.row["priority"], -(as_shown(offer.lead["points"])), offer.lead["id"]


def _skipped(
    offer: Offer, reason: SkipReason, *, now: datetime, bundle_id: int | None = None
) -> dict[str, Any]:
    empty = dict.fromkeys(("recipient", "address_hash", "subject", "mail"))
    return {
        "id": offer.row["id"],
        "fence": offer.row["fence"],
        **empty,
        "state": "skipped",
        "skip_reason": reason.value,
        "bundle_id": bundle_id,
        "rendered_at": now,
    }


def _held(offer: Offer, *, now: datetime) -> dict[str, Any]:
    """Keep a mail whose template failed for a person to look at; the lead stays assigned."""
    return {**_skipped(offer, SkipReason.TEMPLATE_ERROR, now=now), "state": "failed"}


def _single(work: Workspace, rep: RepShape, offer: Offer, *, now: datetime) -> dict[str, Any]:
    lang = rep_language(rep)
    context = assignment_context(work, rep, offer, lang=lang)
    try:
        mail = work.renderer.render_mail("rep/assignment", lang=lang, context=context)
    except TemplateProblem:
        return _held(offer, now=now)
    return _ready(work, rep, offer, mail, now=now)


def _bundle(
    work: Workspace, rep: RepShape, offers: Sequence[Offer], *, now: datetime
) -> list[dict[str, Any]]:
    """Write one mail for many leads; its row is the first one's, the others point to it."""
    lang = rep_language(rep)
    context = {
        "rep": {"name": rep.name},
        "leads": [_bundled(work, rep, offer, lang) for offer in offers],
        "count": len(offers),
        "late_count": sum(offer.wait is not None for offer in offers),
    }
    try:
        mail = work.renderer.render_mail("rep/bundle", lang=lang, context=context)
    except TemplateProblem:
        return [_held(offer, now=now) for offer in offers]
    head, *rest = offers
    joined = [
        _skipped(offer, SkipReason.BUNDLED, now=now, bundle_id=head.row["id"]) for offer in rest
    ]
    return [_ready(work, rep, head, mail, now=now), *joined]


def _ready(
    work: Workspace, rep: RepShape, offer: Offer, mail: Rendered, *, now: datetime
) -> dict[str, Any]:
    identity = work.project.settings.mail
    message = write_message(
        Parts(mail.text, mail.html),
        message_id=offer.row["message_id"],
        sender=(identity.from_name, identity.from_address),
        date=now,
        headers={
            "Reply-To": identity.reply_to or identity.from_address,
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
        },
    )
    return {
        "id": offer.row["id"],
        "fence": offer.row["fence"],
        "recipient": rep.email,
        "address_hash": address_hash(rep.email, pepper=work.store.pepper),
        "subject": mail.subject,
        "mail": message,
        "state": "queued",
        "skip_reason": None,
        "bundle_id": None,
        "rendered_at": now,
    }


def rep_language(rep: RepShape) -> str:
    """Return the first of a rep's languages that leadline speaks."""
    return next((lang for lang in rep.languages if lang in {"en", "ja"}), "en")


def assignment_context(
    work: Workspace, rep: RepShape, offer: Offer, *, lang: str
) -> dict[str, Any]:
    """Return what the assignment mail shows."""
    lead, trace = offer.lead, offer.assignment["trace"]
    chosen = trace["candidates"][0]
    accept, decline = _answer_urls(work, offer, lang)
    return {
        **lead_summary(offer, rep, lang),
        "rep": {"name": rep.name},
        "why_you": routing_reason(offer.assignment, lang),
        "load": chosen["load"] + 1,
        "capacity": chosen["capacity"],
        "submitted_text": _clock(lead["submitted_at"], rep, lang),
        "consent_text": say(CONSENT_WORDS, offer.basis, lang),
        "talking_points": _talking_points(lead, lang),
        **contact_urls(lead),
        "accept_url": accept,
        "decline_url": decline,
        "is_repeat": False,
    }


def lead_summary(offer: Offer, rep: RepShape, lang: str) -> dict[str, Any]:
    """Return what every view of an offer begins with."""
    return {
        "lead": lead_context(shown_fields(offer.lead), lang),
        "points": as_shown(offer.lead["points"]),
        "grade": grade_shown(offer.lead["grade"], offer.lead["engagement_level"]),
        "reasons": _reasons(offer, rep, lang),
        "request_text": say(REQUEST_WORDS, offer.lead["request"] or "other", lang),
        "due_text": due_text(offer.assignment, rep, lang),
        **_wait_texts(offer, rep, lang),
    }


def _wait_texts(offer: Offer, rep: RepShape, lang: str) -> dict[str, str]:
    """Return how long a late lead waited, and since when; "" in time."""
    if offer.wait is None:
        return dict.fromkeys(("waited_text", "waited_brief", "waiting_since_text"), "")
    waited, brief = wait_texts(offer.wait, lang)
    since = _clock(offer.assignment["waiting_since"], rep, lang)
    return {"waited_text": waited, "waited_brief": brief, "waiting_since_text": since}


def due_text(assignment: Mapping[str, Any], rep: RepShape, lang: str) -> str:
    """Return the response deadline as a clock time in the rep's zone, "" without one."""
    due_at = assignment["response_due_at"]
    return _clock(due_at, rep, lang) if due_at else ""


def contact_urls(lead: Mapping[str, Any]) -> dict[str, str]:
    """Return the links by which a rep calls or writes to a lead; "" without a number."""
    return {
        "call_url": f"tel:{lead['phone']}" if lead["phone"] else "",
        "mail_url": f"mailto:{quote(lead['email'], safe='@')}",
    }


def shown_fields(lead: Mapping[str, Any]) -> dict[str, Any]:
    """Return the canonical fields of a stored lead, for a template."""
    return {name: lead.get(name) for name in LEAD_FIELDS}


def _clock(at: datetime, rep: RepShape, lang: str) -> str:
    return _clock_text(at, rep.time_zone, lang)


@lru_cache(maxsize=1024)
def _clock_text(at: datetime, zone: str, lang: str) -> str:
    """Remember a deadline's words: all leads of a bundle may share them."""
    return clock_text(at, zone=ZoneInfo(zone), lang=lang)


def _reasons(offer: Offer, rep: RepShape, lang: str) -> list[dict[str, Any]]:
    if offer.receipt is None:
        return []
    return score_texts(offer.receipt, lang, zone=rep.time_zone)[:_MAX_REASONS]


def score_texts(receipt: Receipt, lang: str, *, zone: str) -> list[dict[str, Any]]:
    """Return the reasons of a score with their points, the weightiest first."""
    return mail_reasons(receipt.lines, lang, Moment(receipt.held.as_of, ZoneInfo(zone)))


def _talking_points(lead: Mapping[str, Any], lang: str) -> list[str]:
    stated = (
        words[lang].format(lead[name]) for name, words in _TALKING_POINTS.items() if lead[name]
    )
    return list(islice(stated, _MAX_TALKING_POINTS))


def _bundled(work: Workspace, rep: RepShape, offer: Offer, lang: str) -> dict[str, Any]:
    return {**lead_summary(offer, rep, lang), "page_url": _answer_urls(work, offer, lang)[0]}


def answer_page_url(work: Workspace, assignment: Mapping[str, Any]) -> str:
    """Return the link to a rep's page for one assignment; it lives as long as the deadline."""
    token = sign_token(
        "assignment",
        str(assignment["id"]),
        keys=work.environment.secret_keys,
        expires_at=assignment["response_due_at"],
    )
    return f"{work.environment.base_url}/a/{token}"


def _answer_urls(work: Workspace, offer: Offer, lang: str) -> tuple[str, str]:
    """Return where Accept and Decline lead.

    When the web app cannot be reached from where the rep reads mail, both are prefilled mails.
    """
    if links_work(work.environment.smtp_url, work.environment.base_url):
        page = answer_page_url(work, offer.assignment)
        return page, page
    identity = work.project.settings.mail
    address, number = identity.reply_to or identity.from_address, offer.assignment["id"]
    accept, decline = ("承諾", "辞退") if lang == "ja" else ("accept", "decline")
    base = f"mailto:{quote(address, safe='@')}?subject="
    return f"{base}{quote(f'{accept} #{number}')}", f"{base}{quote(f'{decline} #{number}')}"
