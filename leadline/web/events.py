"""Behavior events that a tool posts: each is stored, or kept as refused, before the answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from leadline.config.mappings import find_events, source_settings
from leadline.domain.behavior import Event, as_row
from leadline.domain.erased import ERASED, Erased
from leadline.domain.intake import Rejected
from leadline.domain.posted_events import NotEventsError, Posted, cut_batch, read_posted
from leadline.store.behavior import add_behavior
from leadline.store.erasure import list_erased
from leadline.store.submissions import Arrival, add_submissions
from leadline.web.event_schema import EVENT_ANSWERS, EVENT_REQUEST
from leadline.web.pages import Refusal, content_type_of
from leadline.web.senders import receive
from leadline.web.site import Visiting

if TYPE_CHECKING:
    from datetime import datetime

    from leadline.stages import Workspace

router: Final = APIRouter()
#: What a body may say that it is, and whether each of its lines is a document.
_KINDS: Final = {
    "application/json": False,
    "application/x-ndjson": True,
    "application/ndjson": True,
    "application/jsonl": True,
}


@dataclass
class _Outcome:
    """What became of a post.

    Attributes:
        accepted: events that are stored now.
        known: events that were stored before.
        rejected: place in the post, field and reason of each that was refused.
    """

    accepted: int = 0
    known: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)


@router.post(
    "/events/{source}", status_code=200, responses=EVENT_ANSWERS, openapi_extra=EVENT_REQUEST
)
async def take_events(visit: Visiting, source: str) -> Response:
    """Take events that a tool posts: 200 once they are stored, also when they were before."""
    events = find_events(visit.work.project, source)
    if events is None:
        raise Refusal(404, "not_found")
    is_lines = _KINDS.get(content_type_of(visit.request))
    if is_lines is None:
        raise Refusal(415, "not_json")
    body = await receive(visit, source, events, what="events of", is_batch=True)
    try:
        found = cut_batch(body, is_lines=is_lines)
    except NotEventsError:
        raise Refusal(422, "no_events") from None
    work, now = visit.work, visit.now
    zone = source_settings(work.project, source).timezone or work.project.settings.timezone
    posted = await run_in_threadpool(
        lambda: [*read_posted(found, columns=events.columns, zone=zone, now=now)]
    )
    outcome = _Outcome()
    if posted:
        outcome = await visit.site.in_turn(_store, work, source, posted, now=now)
    return JSONResponse(
        {"accepted": outcome.accepted, "known": outcome.known, "rejected": outcome.rejected}
    )


def _store(work: Workspace, source: str, posted: list[Posted], *, now: datetime) -> _Outcome:
    """Commit everything that one post holds."""
    with work.store.write() as connection:
        erased = Erased(list_erased(connection), pepper=work.store.pepper)
        outcome, rows, refused = _Outcome(), list[dict[str, Any]](), list[Arrival]()
        for index, each in enumerate(posted):
            verdict = each.verdict
            if isinstance(verdict, Event) and not erased.is_erased(verdict.email):
                pepper = work.store.pepper
                rows.append(as_row(verdict, source=source, key=each.key, pepper=pepper, now=now))
                continue
            if isinstance(verdict, Event):
                verdict = Rejected(ERASED, "", "")  # and nothing of it is kept
            else:
                refused.append(_arrival(source, each, verdict))
            outcome.rejected.append(
                {"index": index, "field": each.place or None, "reason": verdict.reason}
            )
        outcome.accepted = len(add_behavior(connection, rows, now=now).created)
        outcome.known = len(rows) - outcome.accepted
        add_submissions(connection, refused, now=now)
    return outcome


def _arrival(source: str, posted: Posted, rejected: Rejected) -> Arrival:
    return Arrival(
        source=source,
        content_key=posted.key,
        kind="event",
        raw=posted.raw,
        reason=rejected.reason,
        field=rejected.column,
        detail=rejected.detail,
    )
