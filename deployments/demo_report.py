"""What the demo shows at its end, read back from the database; leads by id and company."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from leadline.config.shape import SequenceShape
from leadline.domain.points import as_shown, grade_shown
from leadline.domain.skips import WORDS as SKIP_WORDS
from leadline.domain.skips import SkipReason
from leadline.domain.windows import next_open
from leadline.rendering.reasons import routing_reason
from leadline.schedule import next_times
from leadline.stages import ORDER, open_workspace
from leadline.stages.touches import as_window
from leadline.store import enrollments, outbox
from leadline.store.assignments import find_open, get_reps
from leadline.store.leads import count_leads, list_leads
from leadline.store.stage_batches import sum_batches

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from leadline.config.environment import Environment
    from leadline.domain.batches import Batch
    from leadline.stages import Workspace
    from leadline.store.engine import Connection

SHOWN: Final = 3
_WORDS: Final = {
    "en": {
        "stages": "What each stage did",
        "columns": ("stage", "in", "done", "skipped, by reason", "failed"),
        "leads": "Three leads",
        "lead": "Lead {id}, {company}: {points} points, grade {grade}",
        "owner": "owner",
        "mail": "rep's mail",
        "next": "next nurture mails",
        "nobody": "nobody yet",
        "none": "none",
        "schedules": "Schedules and their next runs",
        "total": "{leads} leads, {mails} mails ({new_leads} new leads, {new_mails} new mails)",
        "ui": "Prefect's pages show these runs: `LEADLINE_HOME={home} make up` starts them.",
        "try": "Three commands to try:",
        "tries": ("explain 1", "leads list --where \"grade = 'A'\"", "mailbox"),
    },
    "ja": {
        "stages": "処理段階ごとの結果",
        "columns": ("処理段階", "対象", "完了", "見送り (理由別)", "失敗"),
        "leads": "リード3件の例",
        "lead": "リード {id} {company}: スコア {points}点、グレード {grade}",
        "owner": "担当",
        "mail": "担当への通知",
        "next": "次のシナリオ配信",
        "nobody": "未定",
        "none": "なし",
        "schedules": "スケジュールと次回の実行",
        "total": (
            "リード {leads}件、メール {mails}通 "
            "(新規リード {new_leads}件、新規メール {new_mails}通)"
        ),
        "ui": "実行結果の画面 (Prefect) は `LEADLINE_HOME={home} make up` で起動します。",
        "try": "次に試すコマンド:",
        "tries": ("explain 1", "leads list --where \"grade = 'A'\"", "mailbox"),
    },
}


@dataclass(frozen=True, slots=True)
class Before:
    """What the database held before the demo ran."""

    leads: int
    mails: int


@dataclass(frozen=True, slots=True)
class Shown:
    """One lead of the report."""

    id: int
    company: str
    points: float
    grade: str
    owner: str
    reason: str
    subject: str
    next_mails: list[str]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that is shown."""

    leads: int
    mails: int
    new_leads: int
    new_mails: int
    shown: list[Shown]
    stages: list[Batch]
    schedules: dict[str, list[str]]


def read_before(environment: Environment, *, now: datetime) -> Before:
    """Count leads and sent mails; the database is made when it is not there."""
    with open_workspace(environment, now=now) as work, work.store.read() as connection:
        return Before(count_leads(connection), _count_sent(connection))


def _count_sent(connection: Connection) -> int:
    return outbox.count_by_state(connection).get("sent", 0)


def read_report(environment: Environment, before: Before, *, now: datetime) -> Report:
    """Read back what the flows recorded."""
    with open_workspace(environment, now=now) as work, work.store.read() as connection:
        leads, mails = count_leads(connection), _count_sent(connection)
        sums = sum_batches(connection)
        return Report(
            leads=leads,
            mails=mails,
            new_leads=leads - before.leads,
            new_mails=mails - before.mails,
            shown=_shown(work, connection),
            stages=[sums[stage] for stage in ORDER if stage in sums],
            schedules={
                name: [
                    f"{at.astimezone(ZoneInfo(schedule.recurrence.timezone)):%Y-%m-%d %H:%M %Z}"
                    for at in next_times(schedule.recurrence, now=now, count=2)
                ]
                for name, schedule in work.project.schedules.items()
            },
        )


def _shown(work: Workspace, connection: Connection) -> list[Shown]:
    """Choose the inquiry, and the best owned lead of each language of the files."""
    leads = list_leads(connection)
    owned = [lead for lead in leads if lead["owner"] and lead["consent"]]
    ranked = sorted(owned, key=lambda lead: (-lead["points"], lead["id"]))
    picks = [lead for lead in leads if lead["request"] == "quote"][:1]
    for language in ("en", "ja"):
        picks += [lead for lead in ranked if lead["language"] == language and lead not in picks][:1]
    return [_one(work, connection, lead) for lead in picks[:SHOWN]]


def _one(work: Workspace, connection: Connection, lead: dict[str, Any]) -> Shown:
    lang, words = work.environment.lang, _WORDS[work.environment.lang]
    assignment = find_open(connection, [lead["id"]]).get(lead["id"])
    rep = get_reps(connection).get(lead["owner"] or "")
    return Shown(
        id=lead["id"],
        company=lead["company"] or "",
        points=as_shown(lead["points"]),
        grade=grade_shown(lead["grade"], lead["engagement_level"]),
        owner=rep["name"] if rep else str(words["nobody"]),
        reason=routing_reason(assignment, lang) if assignment else "",
        subject=_subject(connection, lead["id"]),
        next_mails=_next_mails(work, connection, lead),
    )


def _subject(connection: Connection, lead_id: int) -> str:
    """Return the subject of the mail that told the rep of this lead, alone or with others."""
    told = [row for row in outbox.list_by_lead(connection, lead_id) if row["kind"] == "assignment"]
    for row in told:
        if row["bundle_id"]:
            found = outbox.find_subject(connection, row["bundle_id"])
            return found or ""
        return row["subject"] or ""
    return ""


def _next_mails(work: Workspace, connection: Connection, lead: dict[str, Any]) -> list[str]:
    """Return the local days on which the steps still to come may go, by window and plan."""
    dates = []
    for row in enrollments.list_by_lead(connection, lead["id"]):
        due_at = row["next_due_at"]
        if row["state"] != "active" or due_at is None:
            continue
        zone, shape = lead["zone"], _shape(row)
        window = as_window(shape.window or work.project.sending.window)
        for number, step in enumerate(shape.steps[row["step"] :]):
            if number:
                due_at += step.wait
            due_at = next_open(due_at, window=window, zone=zone)
            local = due_at.astimezone(ZoneInfo(zone))
            dates.append(f"{local:%Y-%m-%d} {row['sequence']}/{step.id}")
    return dates


def _shape(row: dict[str, Any]) -> SequenceShape:
    return SequenceShape.model_validate_json(json.dumps(row["body"]["shape"]))


def show(report: Report, environment: Environment, *, home: Path, seconds: float) -> None:
    """Print the report."""
    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    words = _WORDS[environment.lang]
    console.print(_stage_table(report, environment.lang))
    console.print(f"\n[bold]{words['leads']}[/bold]")
    for lead in report.shown:
        _show_lead(console, lead, words)
    console.print(f"\n[bold]{words['schedules']}[/bold]")
    for name, times in report.schedules.items():
        console.print(f"  {name}: {', '.join(times)}")
    console.print(f"\n{words['ui'].format(home=home)}")  # type: ignore[attr-defined]
    console.print(str(words["try"]))
    for command in words["tries"]:
        console.print(f"  LEADLINE_HOME={home} .venv/bin/leadline {command}", markup=False)
    figures = {**_totals(report), "seconds": round(seconds)}
    console.print(f"\n[bold]{words['total'].format(**figures)}[/bold]")  # type: ignore[attr-defined]


def _totals(report: Report) -> dict[str, int]:
    return {
        "leads": report.leads,
        "mails": report.mails,
        "new_leads": report.new_leads,
        "new_mails": report.new_mails,
    }


def _stage_table(report: Report, lang: str) -> Table:
    words = _WORDS[lang]
    table = Table(title=str(words["stages"]), title_justify="left", title_style="bold")
    for number, column in enumerate(words["columns"]):
        table.add_column(column, justify="right" if number in {1, 2, 4} else "left")
    for batch in report.stages:
        skipped = "\n".join(
            f"{count} {_reason(name, lang)}" for name, count in batch.skipped.items()
        )
        table.add_row(batch.stage, str(batch.claimed), str(batch.done), skipped, str(batch.failed))
    return table


def _reason(name: str, lang: str) -> str:
    """Return a reason in words: one of ours, or why a row was rejected."""
    from leadline.domain.reject_words import REJECT_WORDS

    if name in set(SkipReason):
        return SKIP_WORDS[SkipReason(name)][lang]
    return REJECT_WORDS[name][lang] if name in REJECT_WORDS else name


def _show_lead(console: Console, lead: Shown, words: dict[str, Any]) -> None:
    facts = {"id": lead.id, "company": lead.company, "points": lead.points, "grade": lead.grade}
    console.print("  " + words["lead"].format(**facts), markup=False)
    console.print(f"    {words['owner']}: {lead.owner} ({lead.reason})", markup=False)
    console.print(f"    {words['mail']}: {lead.subject or words['none']}", markup=False)
    following = ", ".join(lead.next_mails) or words["none"]
    console.print(f"    {words['next']}: {following}", markup=False)
