"""`leadline check`: every fault of the project folder, before a run and without a database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import typer

from leadline.cli.failures import problem_row
from leadline.cli.output import plain
from leadline.cli.session import DIFFERENCES, DONE, ERROR, Session, session_of
from leadline.errors import LeadlineError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import timedelta

    from leadline.config.shape import Project

SHOWN_TIMES: Final = 5
_WEEKDAYS: Final = {"en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), "ja": "月火水木金土日"}


def check(context: typer.Context) -> int:
    """Check configuration, templates and addresses, and show when the schedules run next."""
    session = session_of(context)
    project, problems = find_problems(session)
    errors = [problem for problem in problems if not problem.is_warning]
    warnings = [problem for problem in problems if problem.is_warning]
    schedules = list_schedules(session, project) if project else []
    out = session.out
    out.document(
        {
            "errors": [problem_row(problem, out.lang) for problem in errors],
            "warnings": [problem_row(problem, out.lang) for problem in warnings],
            "config_hash": project.hash if project else None,
            "schedules": schedules,
        }
    )
    _show(session, errors, warnings)
    _show_schedules(session, schedules)
    if errors:
        return ERROR
    if project is not None:
        out.line("check.sound", hash=project.hash[:12], home=session.folders.home)
    return DIFFERENCES if warnings else DONE


def find_problems(session: Session) -> tuple[Project | None, list[Problem]]:
    """Return the project, if it has no error, and everything that is wrong, in order of place.

    Raises:
        ProjectMissing: there is no project folder.
    """
    from leadline.config.loader import check_project
    from leadline.rendering.checks import check_templates

    home = session.folders.home
    project, problems = check_project(home, now=session.clock.now())
    if project is not None:
        faults = check_templates(project.templates, fields=project.settings.fields)
    else:
        # which fields a template may name is not known while the settings are in error
        faults = tuple(
            fault
            for fault in check_templates(_read_templates(home / "templates"))
            if fault.code != "unknown_variable"
        )
    known = {(each.file, each.line, each.column, each.code) for each in problems}
    fresh = [each for each in faults if (each.file, each.line, each.column, each.code) not in known]
    found = sorted((*problems, *fresh), key=lambda each: (each.file, each.line, each.column))
    return project, [*found, *_address_problems(session)]


def _read_templates(folder: Path) -> dict[str, str]:
    """Return the templates as they stand; what is no UTF-8 is reported already."""
    files = (path for path in sorted(folder.rglob("*")) if path.suffix in {".txt", ".html"})
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8", "replace")
        for path in files
        if path.is_file()
    }


def _address_problems(session: Session) -> list[Problem]:
    """Return what is wrong with the addresses that the environment gives."""
    from leadline.mail.relay import links_work

    environment = session.folders
    try:
        if links_work(environment.smtp_url, environment.base_url):
            return []
    except LeadlineError as error:
        words = {lang: error.say(lang) for lang in ("en", "ja")}
        return [Problem("bad_smtp_url", "LEADLINE_SMTP_URL", 0, 0, words)]
    return [
        Problem("no_public_url", "LEADLINE_BASE_URL", 0, 0, no_public_url(), "", is_warning=True)
    ]


def no_public_url() -> Mapping[str, str]:
    """Return the warning that links in mail would lead nowhere, per language."""
    from leadline.cli.wording import say

    return {lang: say("check.no_public_url", lang) for lang in ("en", "ja")}


def list_schedules(session: Session, project: Project) -> list[dict[str, Any]]:
    """Return each schedule with the next times at which it is due."""
    from leadline.domain.recurrence_sentences import restate
    from leadline.schedule import next_times

    now = session.clock.now()
    return [
        {
            "flow": flow,
            "words": schedule.recurrence.words,
            "meaning": restate(schedule.recurrence)[session.out.lang],
            "cron": "; ".join(schedule.recurrence.lines),
            "lines": list(schedule.recurrence.lines),
            "timezone": schedule.recurrence.timezone,
            "holidays": list(schedule.recurrence.calendar.names),
            "catch_up": say_catch_up(schedule.catch_up),
            "paused": schedule.paused,
            "next": next_times(schedule.recurrence, now=now, count=SHOWN_TIMES),
        }
        for flow, schedule in project.schedules.items()
    ]


def say_catch_up(catch_up: timedelta | None) -> str:
    """Return a catch-up as it is written in schedules.yaml."""
    if catch_up is None:
        return "once"
    if not catch_up:
        return "never"
    minutes, seconds = divmod(int(catch_up.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "m"), (seconds, "s"))
    return "within " + " ".join(f"{number}{unit}" for number, unit in parts if number)


def _show(session: Session, errors: Iterable[Problem], warnings: Iterable[Problem]) -> None:
    out = session.out
    for key, problems in (("check.errors", list(errors)), ("check.warnings", list(warnings))):
        if problems:
            out.line(key, count=len(problems))
            for problem in problems:
                out.text("\n".join(plain(line) for line in problem.say(out.lang).split("\n")))


def _show_schedules(session: Session, schedules: Iterable[Mapping[str, Any]]) -> None:
    for schedule in schedules:
        zone = ZoneInfo(schedule["timezone"])
        key = "check.schedule_paused" if schedule["paused"] else "check.schedule"
        session.out.line(
            key,
            flow=schedule["flow"],
            words=schedule["words"],
            meaning=schedule["meaning"],
            catch_up=_caught_up(schedule["catch_up"], session.out.lang),
            zone=schedule["timezone"],
            times=", ".join(
                _local(at.astimezone(zone), session.out.lang) for at in schedule["next"]
            ),
        )


def _caught_up(written: str, lang: str) -> str:
    """Return in a few words what happens to a time that was missed."""
    from leadline.cli.wording import say

    word, _, within = written.partition(" ")
    return say(f"check.catch_up_{word}", lang, within=within)


def _local(at: Any, lang: str) -> str:  # noqa: ANN401 - a datetime in its zone
    weekday = _WEEKDAYS[lang][at.weekday()]
    return f"{at:%m-%d} ({weekday}) {at:%H:%M}" if lang == "ja" else f"{weekday} {at:%m-%d %H:%M}"
