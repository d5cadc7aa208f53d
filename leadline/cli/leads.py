"""`leadline leads`: the leads themselves, by a condition or one with its history."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from leadline.cli.output import Column, time_text
from leadline.cli.refusals import Refused, meant
from leadline.cli.session import DONE, Session, session_of
from leadline.domain import points

if TYPE_CHECKING:
    from leadline.config.shape import Project
    from leadline.domain.conditions import Condition
    from leadline.store.engine import Store

CHUNK: Final = 5_000
FIRST: Final = 100  # a table shows fifty
SHOWN: Final = 50
MOST: Final = 2**63 - 1  # iterators count no further
#: What follows from the values of a lead.
_DERIVED: Final = (
    *("is_role_address", "is_free_address", "is_disposable_address"),
    *("company_key", "region_code"),
)
Lead = dict[str, Any]
Where = Annotated[str | None, typer.Option("--where", metavar="CONDITION")]
Segment = Annotated[str | None, typer.Option("--segment", metavar="NAME")]


def list_(
    context: typer.Context,
    where: Where = None,
    segment: Segment = None,
    limit: Annotated[int | None, typer.Option("--limit", metavar="N", min=0, max=MOST)] = None,
) -> int:
    """List leads; without a limit JSON has all of them and a table the first fifty."""
    session = session_of(context)
    wanted = limit if limit is not None else 0 if session.out.is_json else SHOWN
    with session.open_store() as store:
        _, found = find_leads(session, store, where, segment)
        rows = list(itertools.islice(found, wanted) if wanted else found)
        has_more = bool(wanted) and next(found, None) is not None
    session.out.document({"leads": rows})
    _show_list(session, rows)
    if has_more:
        session.out.line("leads.more", count=len(rows))
    elif not rows:
        session.out.line("leads.none")
    return DONE


def _show_list(session: Session, rows: list[Lead]) -> None:
    if not rows:
        return
    columns = (
        Column("leads.id", is_number=True),
        Column("leads.company", may_shrink=True),
        Column("leads.name", may_shrink=True),
        Column("leads.grade"),
        Column("leads.score", is_number=True),
        Column("leads.owner"),
        Column("leads.lifecycle_stage"),
    )
    names = ("id", "company", "full_name", "graded", "score", "owner", "lifecycle_stage")
    told = ({**row, "graded": _graded(row)} for row in rows)
    session.out.table(columns, ([row[name] for name in names] for row in told))


def _graded(row: Lead) -> str:
    """Return grade and engagement level as in A1, "" without a score."""
    return points.grade_shown(row["grade"], row["engagement_level"]) if row["grade"] else ""


def find_leads(
    session: Session, store: Store, where: str | None, segment: str | None = None
) -> tuple[list[str], Iterator[Lead]]:
    """Return the columns, and the leads of a condition and a segment in order of id.

    Raises:
        Refused: the condition cannot be read, or there is no such segment.
        ConfigError: the project folder, which declares the custom fields, has faults.
    """
    from leadline.config.loader import read_project

    project = read_project(session.environment.home)
    conditions = [read_condition(project, where)] if where is not None else []
    conditions += [read_segment(project, segment)] if segment is not None else []
    found = _matching(store, project, conditions, as_of=session.clock.now())
    return columns_of(project), found


def _matching(
    store: Store, project: Project, conditions: Sequence[Condition], *, as_of: datetime
) -> Iterator[Lead]:
    """Read chunk after chunk; each is a transaction of its own, so that no writer waits."""
    from leadline.domain.conditions import joined
    from leadline.store.leads import get_leads, list_leads
    from leadline.store.selection import list_matching

    condition = joined(conditions) if conditions else None
    after, size = 0, FIRST
    while True:
        with store.read() as connection:
            if condition is None:
                rows = list_leads(connection, after=after, limit=size)
            else:
                ids = list_matching(connection, condition, as_of=as_of, after=after, limit=size)
                found = get_leads(connection, ids)
                rows = [found[lead_id] for lead_id in ids]
        yield from (as_shown(row, project) for row in rows)
        if len(rows) < size:
            return
        after, size = rows[-1]["id"], CHUNK


def read_segment(project: Project, name: str) -> Condition:
    """Return the condition of the segment that `--segment` names.

    Raises:
        Refused: there is none of this name.
    """
    from leadline.config.conditions import compile_segments

    found = compile_segments(project).get(name)
    if found is None:
        known = ", ".join(project.segments) or "-"
        raise Refused(
            code="no_segment", word=name, known=known, meant=meant(name, project.segments.keys())
        )
    return found


def read_condition(project: Project, text: str) -> Condition:
    """Compile the value of `--where`.

    Raises:
        Refused: it has faults; all of them are listed with their columns.
    """
    from leadline.config.conditions import compile_segments, condition_fields
    from leadline.domain.conditions import Condition, compile_condition

    segments = compile_segments(project)
    fields, zone = condition_fields(project, text), project.settings.timezone
    compiled = compile_condition(text, fields=fields, segments=segments, zone=zone)
    if isinstance(compiled, Condition):
        return compiled
    listing = {
        lang: "\n".join(
            f"  {finding.line}:{finding.column} {finding.code}: {finding.message[lang]}"
            + (f" -> {finding.suggestion}" if finding.suggestion else "")
            for finding in compiled
        )
        for lang in ("en", "ja")
    }
    raise Refused(code="bad_condition", listing=listing)


def columns_of(project: Project) -> list[str]:
    """Return the contract's keys of a lead: canonical, custom, then what we decided."""
    from leadline.files.exports import export_columns

    return export_columns(tuple(project.settings.fields))


def as_shown(row: Mapping[str, Any], project: Project) -> Lead:
    """Return a stored lead with the contract's keys."""
    custom = {
        name: _custom((row["attributes"] or {}).get(name), kind)
        for name, kind in project.settings.fields.items()
    }
    ours = {
        "employees": _employees(row["employees"]),
        "score": _points(row["points"]),
        "fit_points": _points(row["fit_points"]),
        "engagement_points": _points(row["engagement_points"]),
    }
    shown = {**row, **custom, **ours}
    return {name: _stated(shown[name]) for name in columns_of(project)}


def _points(stored: float | None) -> float | None:
    return None if stored is None else points.as_shown(stored)


def _stated(value: object) -> object:
    return time_text(value) if isinstance(value, datetime) else value


def _employees(text: str | None) -> int | str | None:
    """Return the head count as stated: a number, or a range as text."""
    return int(text) if text is not None and text.isdecimal() else text


def _custom(text: str | None, kind: str) -> object:
    """Return a custom field, stored as text in one shape, in its own type."""
    if text is None or kind in {"text", "time"}:
        return text
    if kind == "boolean":
        return text == "true"
    number = float(text)
    return int(number) if number.is_integer() else number


def find_lead(store: Store, name: str) -> Lead:
    """Return the lead that a person names by id or address.

    Raises:
        Refused: there is none.
    """
    from leadline.store.leads import find_lead_id, get_leads

    with store.read() as connection:
        lead_id = find_lead_id(connection, name)
        if lead_id is None:
            code = "no_lead" if name.isdecimal() else "no_lead_with_address"
            raise Refused(code=code, word=name)
        return get_leads(connection, [lead_id])[lead_id]


def say_erased(session: Session, lead: Lead) -> bool:
    """Say of a lead that was erased when that was; returns whether it was."""
    from leadline.cli.output import time_text

    if (erased_at := lead["erased_at"]) is None:
        return False
    session.out.document({"lead": lead["id"], "erased_at": time_text(erased_at)})
    session.out.line("lead.erased", lead=lead["id"], date=erased_at.date().isoformat())
    return True


def show(
    context: typer.Context,
    lead: Annotated[str, typer.Argument(metavar="LEAD")],
) -> int:
    """Show one lead with the submissions that it was made of."""
    from leadline.config.loader import read_project
    from leadline.store.status import list_submissions

    session = session_of(context)
    with session.open_store() as store:
        row = find_lead(store, lead)
        with store.read() as connection:
            submissions = list_submissions(connection, row["id"])
    shown = as_shown(row, read_project(session.environment.home))
    others = {name: text for name, text in row["attributes"].items() if name not in shown}
    out = session.out
    derived = {name: row[name] for name in _DERIVED}
    written = {"attributes": others, "as_written": row["as_written"] or {}}
    out.document({"leads": [{**shown, **derived, **written}], "submissions": submissions})
    stated = {name: value for name, value in {**shown, **others}.items() if value is not None}
    out.table((Column("leads.field"), Column("leads.value", may_wrap=True)), stated.items())
    out.line("leads.submissions", count=len(submissions))
    _show_submissions(session, submissions)
    out.line("leads.next", lead=row["id"])
    return DONE


def _show_submissions(session: Session, submissions: list[dict[str, Any]]) -> None:
    from leadline.rendering.words import OUTCOME_WORDS, say

    names = ("id", "source", "line", "received_at", "outcome")
    rows = [
        {**each, "outcome": say(OUTCOME_WORDS, each["outcome"] or "", session.out.lang)}
        for each in submissions
    ]
    columns = [Column(f"leads.submission.{name}") for name in names]
    session.out.table(columns, ([_stated(row[name]) for name in names] for row in rows))
