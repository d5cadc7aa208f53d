"""`leadline explain`: the reasons that were recorded when each thing was decided.

Nothing is worked out again here: what is shown is what the stages wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from leadline.cli.leads import find_lead, say_erased
from leadline.cli.output import Column, time_text
from leadline.cli.refusals import Refused, meant
from leadline.cli.running import read_instant, reason_words
from leadline.cli.score_showing import (
    read_routing_skip,
    read_score,
    show_routing_skip,
    show_score,
)
from leadline.cli.session import DONE, Session, session_of

if TYPE_CHECKING:
    from leadline.store.engine import Store

ASPECTS: Final = ("scoring", "routing", "touches")
_ANSWERS: Final = ("acknowledgment", "confirmation")
_MESSAGE: Final = ("kind", "rep_id", "state", "skip_reason", "attempts", "due_at", "sent_at")
Row = dict[str, Any]
_Reader = Callable[["Store", Mapping[str, Any], str], Row]
_Shower = Callable[[Session, Mapping[str, Any]], None]


def explain(
    context: typer.Context,
    lead: Annotated[str, typer.Argument(metavar="LEAD")],
    aspect: Annotated[str | None, typer.Argument(metavar="[scoring|routing|touches]")] = None,
    *,
    model: Annotated[str | None, typer.Option("--model", metavar="NAME")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", metavar="ISO")] = None,
) -> int:
    """Say why a lead has its score, its owner and its mails."""
    session = session_of(context)
    if aspect is not None and aspect not in ASPECTS:
        raise Refused(
            code="unknown_aspect",
            word=aspect,
            near=meant(aspect, ASPECTS),
            known=", ".join(ASPECTS),
        )
    wanted = ASPECTS if aspect is None else (aspect,)
    read = _READERS | {"scoring": _score_reader(session, wanted, model, as_of)}
    found: Row = {}
    with session.open_store() as store:
        row = find_lead(store, lead)
        if say_erased(session, row):
            return DONE
        for name in wanted:
            found |= read[name](store, row, session.out.lang)
    session.out.document({"lead": row["id"], **found})
    session.out.line("explain.lead", lead=row["id"])
    show = _SHOWERS | {"scoring": partial(show_score, is_past=as_of is not None)}
    for name in wanted:
        show[name](session, found)
    return DONE


def _score_reader(
    session: Session, wanted: Sequence[str], model: str | None, as_of: str | None
) -> _Reader:
    """Return what reads the score that the options name.

    Raises:
        Refused: the options are given where scores are not explained, or name no time,
            or one that is yet to come.
    """
    for option, value in (("--model", model), ("--as-of", as_of)):
        if value is not None and tuple(wanted) != ("scoring",):
            raise Refused(code="not_of_a_score", option=option)
    at = read_instant(as_of) if as_of is not None else None
    if at is not None and at > session.clock.now():
        raise Refused(code="as_of_to_come", word=as_of)
    return partial(read_score, model=model, as_of=at)


def read_assignment(store: Store, lead: Mapping[str, Any], lang: str) -> Row:
    """Return who owns a lead and who else was looked at, or why it waits."""
    from leadline.rendering.reasons import routing_reason
    from leadline.store.assignments import find_open

    with store.read() as connection:
        found = find_open(connection, [lead["id"]]).get(lead["id"])
    skip = {"routing_skip": read_routing_skip(lead, lang)}
    if found is None:
        return {"assignment": None, **skip}
    return {
        **skip,
        "assignment": {
            "rep": found["rep_id"],
            "state": found["state"],
            "queue": found["queue"],
            "territory": found["territory"],
            "tried": found["trace"].get("tried", []),
            "candidates": found["trace"].get("candidates", []),
            "reason": routing_reason(found, lang),
            "assigned_at": time_text(found["assigned_at"]),
            "response_due_at": time_text(found["response_due_at"]),
            "config_hash": found["config_hash"],
        },
    }


def read_touches(store: Store, lead: Mapping[str, Any], lang: str) -> Row:
    """Return what became of every step, what comes next, and why a lead is in no sequence."""
    from leadline.store.enrollments import list_by_lead
    from leadline.store.outbox import list_by_lead as list_messages

    with store.read() as connection:
        messages = list_messages(connection, lead["id"])
        enrollments = list_by_lead(connection, lead["id"])
    by_touch = {row["touch_id"]: row for row in messages}
    skip = lead["enrollment_skip"]
    return {
        "touches": [
            _touch(enrollment, touch, by_touch.get(touch["id"]), lang)
            for enrollment in enrollments
            for touch in enrollment["touches"]
        ],
        "enrollments": [_enrollment(enrollment, lang) for enrollment in enrollments],
        "messages": [{name: _plain(row[name]) for name in _MESSAGE} for row in messages],
        "enrollment_skip": skip and {"reason": skip, "text": reason_words(skip, lang)},
    }


def _plain(value: object) -> object:
    return time_text(value) if isinstance(value, datetime) else value


def _touch(
    enrollment: Mapping[str, Any],
    touch: Mapping[str, Any],
    message: Mapping[str, Any] | None,
    lang: str,
) -> Row:
    """Return one touch; once it has a message, the message's state is the touch's."""
    reason = touch["skip_reason"] or (message and message["skip_reason"])
    return {
        "sequence": enrollment["sequence"],
        "step": touch["step"],
        "state": message["state"] if message else touch["state"],
        "reason": reason,
        "text": reason_words(reason, lang) if reason else "",
        "at": time_text(touch["decided_at"]),
        "sent_at": time_text(message["sent_at"]) if message else None,
        "due_at": time_text(message["due_at"]) if message else None,
        "reply_code": message["reply_code"] if message else None,
        "basis": touch["basis"],
        "config_hash": touch["config_hash"],
    }


def _enrollment(enrollment: Mapping[str, Any], lang: str) -> Row:
    steps, skip = enrollment["body"]["shape"]["steps"], enrollment["skip_reason"]
    is_active = enrollment["state"] == "active"
    return {
        "sequence": enrollment["sequence"],
        "state": enrollment["state"],
        "exit_reason": enrollment["exit_reason"],
        "skip_reason": skip,
        "text": reason_words(skip, lang) if skip else "",
        "next_step": steps[enrollment["step"]]["id"] if is_active else None,
        "next_due_at": time_text(enrollment["next_due_at"]),
        "started_at": time_text(enrollment["started_at"]),
    }


def show_assignment(session: Session, found: Mapping[str, Any]) -> None:
    """Print who owns a lead, why, and who else was looked at."""
    out, assignment = session.out, found["assignment"]
    if assignment is None:
        if found["routing_skip"]:
            show_routing_skip(session, found)
        else:
            out.line("explain.no_assignment")
        return
    key = "explain.assignment" if assignment["rep"] else "explain.queue"
    state = out.words(f"state.{assignment['state']}")
    out.line(key, **{**assignment, "state": state})
    columns = (
        Column("explain.rep"),
        Column("explain.load", is_number=True),
        Column("explain.capacity", is_number=True),
        Column("explain.passed_over"),
    )
    rows = [
        (
            each["rep"],
            each["load"],
            each["capacity"],
            out.words(f"explain.{each['passed_over']}") if "passed_over" in each else "",
        )
        for each in assignment["candidates"]
    ]
    if rows:
        out.table(columns, rows)


def show_touches(session: Session, found: Mapping[str, Any]) -> None:
    """Print what became of each step and what comes next."""
    out, skip = session.out, found["enrollment_skip"]
    _show_answers(session, found["messages"])
    if not found["enrollments"]:
        if skip:
            out.line("explain.not_enrolled", reason=skip["text"])
        else:
            out.line("explain.no_enrollment")
        return
    _show_enrollments(session, found["enrollments"])
    names = ("sequence", "step", "state", "text", "at", "sent_at")
    told = [{**touch, "state": out.words(f"state.{touch['state']}")} for touch in found["touches"]]
    rows = [[touch[name] for name in names] for touch in told]
    if rows:
        out.table([Column(f"explain.touch.{name}") for name in names], rows)


def _show_answers(session: Session, messages: Sequence[Mapping[str, Any]]) -> None:
    """Print the mails that answered the lead's form posts, and why one was not sent."""
    out = session.out
    for message in messages:
        if message["kind"] in _ANSWERS:
            reason = message["skip_reason"]
            out.line(
                f"explain.{message['kind']}",
                state=out.words(f"state.{message['state']}"),
                why=f" ({reason_words(reason, out.lang)})" if reason else "",
            )


def _show_enrollments(session: Session, enrollments: Sequence[Mapping[str, Any]]) -> None:
    for enrollment in enrollments:
        if enrollment["state"] != "active":
            key = "explain.ended"
        elif enrollment["next_due_at"] is None:
            key = "explain.held"
        else:
            key = "explain.active"
        reason = enrollment["exit_reason"]
        ending = session.out.words(f"ending.{reason}") if reason else ""
        why = f" ({enrollment['text']})" if enrollment["text"] else ""
        session.out.line(key, **enrollment, ending=ending, why=why)


_READERS: Final[dict[str, _Reader]] = {"routing": read_assignment, "touches": read_touches}
_SHOWERS: Final[dict[str, _Shower]] = {"routing": show_assignment, "touches": show_touches}
