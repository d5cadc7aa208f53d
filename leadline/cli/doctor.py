"""`leadline doctor`: whether this machine can run the project, and what to do where it cannot."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from leadline.cli.checking import find_problems
from leadline.cli.clocks import find_project, overdue_words, read_clocks
from leadline.cli.ports import PORT, answers, is_free
from leadline.cli.session import DONE, ERROR, Session, session_of
from leadline.cli.versions import find_outdated, list_versions
from leadline.errors import LeadlineError

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from leadline.stages.due_times import Standing

PROBE_SECONDS: Final = 180
ENOUGH_BYTES: Final = 200 * 1024 * 1024
#: This program was not there before; a clock that says so is wrong.
FIRST_YEAR: Final = 2026
LAST_YEAR: Final = 2100
SUPPORTED: Final = ((3, 11), (3, 13))


@dataclass(frozen=True)
class Check:
    """What one check found.

    Attributes:
        name: stable machine-readable name.
        ok: whether all is well.
        message: what was found.
        fix: what to do; "" when all is well.
    """

    name: str
    ok: bool
    message: str
    fix: str = ""


def doctor(
    context: typer.Context,
    quick: Annotated[bool, typer.Option("--quick")] = False,
) -> int:
    """Check this machine, the project, the database, mail and Prefect; sends nothing."""
    session = session_of(context)
    checks: list[Check] = []
    session.finished = {"checks": []}
    for run in (*_LOCAL, *([] if quick else [check_prefect])):
        for check in run(session):
            checks.append(check)
            session.finished["checks"].append(vars(check))
            _show(session, check)
    session.out.document(session.finished)
    failed = sum(not check.ok for check in checks)
    session.out.line("doctor.failed" if failed else "doctor.well", count=failed)
    return ERROR if failed else DONE


def _show(session: Session, check: Check) -> None:
    mark = session.out.words("doctor.ok" if check.ok else "doctor.bad")
    session.out.line("doctor.line", mark=mark, name=check.name, message=check.message)
    if check.fix:
        session.out.line("doctor.fix", fix=check.fix)


def _well(session: Session, name: str, key: str = "", **facts: object) -> Check:
    return Check(name, ok=True, message=session.out.words(key or f"doctor.{name}.ok", **facts))


def _ill(session: Session, name: str, key: str = "", **facts: object) -> Check:
    base = key or f"doctor.{name}.bad"
    words = session.out.words
    return Check(name, ok=False, message=words(base, **facts), fix=words(f"{base}.fix", **facts))


def _told(session: Session, name: str, error: LeadlineError) -> Check:
    """Return a failed check in the words of the error, which say what to do."""
    return Check(name, ok=False, message=error.say(session.out.lang))


def check_python(session: Session) -> Iterator[Check]:
    """Python and the packages that leadline stands on."""
    found = ".".join(map(str, sys.version_info[:3]))
    low, high = SUPPORTED
    if low <= sys.version_info[:2] <= high:
        yield _well(session, "python", version=found)
    else:
        yield _ill(session, "python", version=found)
    wrong = find_outdated()
    if wrong:
        yield _ill(session, "packages", packages=", ".join(wrong))
    else:
        shown = ", ".join(f"{name} {version}" for name, version in list_versions().items())
        yield _well(session, "packages", packages=shown)


def check_clock(session: Session) -> Iterator[Check]:
    """A clock that is wrong by years spoils every deadline."""
    now = session.clock.now()
    is_sane = FIRST_YEAR <= now.year <= LAST_YEAR
    make = _well if is_sane else _ill
    yield make(session, "clock", now=f"{now:%Y-%m-%d %H:%M:%S} UTC")


def check_project_folder(session: Session) -> Iterator[Check]:
    """The project folder, and whether its configuration is valid."""
    try:
        project, problems = find_problems(session)
    except LeadlineError as error:
        yield _told(session, "project", error)
        return
    yield _well(session, "project", home=session.folders.home)
    errors = [problem for problem in problems if not problem.is_warning]
    if errors or project is None:
        first = errors[0].say(session.out.lang) if errors else ""
        yield _ill(session, "configuration", count=len(errors), first=first.split("\n")[0])
    else:
        yield _well(session, "configuration", hash=project.hash[:12])


def check_secrets(session: Session) -> Iterator[Check]:
    """Keys and pepper are there, and nobody else may read them."""
    try:
        session.environment.require_secrets()
    except LeadlineError as error:
        yield _told(session, "secrets", error)
    else:
        yield _well(session, "secrets")


def check_webhooks(session: Session) -> Iterator[Check]:
    """Each source that takes posts of a tool has its secret."""
    from leadline.config.environment import webhook_variable
    from leadline.config.webhook_readings import find_webhook

    try:
        project, known = find_project(session), session.environment.webhook_secrets
    except LeadlineError:
        return  # told by check_project_folder or check_secrets
    found = {name: find_webhook(project, name) for name in project.mappings} if project else {}
    guarded = [name for name, webhook in found.items() if webhook and not webhook.open]
    variables = {name: webhook_variable("SECRET", name) for name in guarded}
    for name, variable in variables.items():
        if variable not in known:
            yield _ill(session, "webhooks", source=name, variable=variable)
    if variables and known.keys() >= set(variables.values()):
        yield _well(session, "webhooks", count=len(variables))


def check_database(session: Session) -> Iterator[Check]:
    """The database can be reached and has this program's schema."""
    from leadline.store.backup import find_schema

    try:
        schema = find_schema(session.folders.database_url)
    except LeadlineError as error:
        yield _told(session, "database", error)
        return
    where, found, needed = schema.where, schema.found, schema.needed
    if found is None:
        yield _well(session, "database", "doctor.database.absent", where=where)
    elif schema.steps:
        yield _ill(session, "database", where=where, found=found, needed=needed)
    else:
        yield _well(session, "database", where=where, found=found)
        yield from _inside_database(session)


def _inside_database(session: Session) -> Iterator[Check]:
    from leadline.store.engine import Store, connect
    from leadline.store.pepper import PepperChanged, check_pepper
    from leadline.store.status import find_last_batch

    try:
        _, pepper = session.environment.require_secrets()
    except LeadlineError:
        pepper = ""  # told by check_secrets
    store = Store(connect(session.folders.database_url), pepper=pepper)
    try:
        with store.read() as connection:
            at = find_last_batch(connection)
            clocks = read_clocks(connection, find_project(session), now=session.clock.now())
        yield _last_run(session, at)
        yield _schedules(session, clocks)
        if pepper:
            check_pepper(store)
    except PepperChanged as error:
        yield _told(session, "pepper", error)
    finally:
        store.close()


def _schedules(session: Session, clocks: Sequence[Standing]) -> Check:
    """Tell whether somebody runs the schedules; before the first start nobody is expected to."""
    if all(each.last is None for each in clocks):
        return _well(session, "schedules", "doctor.schedules.none")
    if flows := overdue_words(clocks):
        return _ill(session, "schedules", flows=flows)
    return _well(session, "schedules")


def _last_run(session: Session, at: datetime | None) -> Check:
    if at is None:
        return _well(session, "last_run", "doctor.last_run.never")
    return _well(session, "last_run", at=f"{at:%Y-%m-%d %H:%M:%S} UTC")


def check_mail(session: Session) -> Iterator[Check]:
    """The relay lets us in over TLS, and links in mail can be opened; nothing is sent."""
    from leadline.mail.relay import links_work, read_relay

    environment = session.folders
    try:
        relay = read_relay(environment.smtp_url)
    except LeadlineError as error:
        yield _told(session, "smtp", error)
        return
    if relay is None:
        yield _well(session, "smtp", "doctor.smtp.mailbox", folder=environment.state / "mailbox")
        return
    yield _login(session, relay)
    if relay.tls == "none" and not relay.is_loopback:
        yield _ill(session, "tls", relay=relay)
    else:
        yield _well(session, "tls", relay=relay, tls=relay.tls)
    make = _well if links_work(environment.smtp_url, environment.base_url) else _ill
    yield make(session, "base_url", url=environment.base_url)


def check_suppressions(session: Session) -> Iterator[Check]:
    """Before mail leaves, somebody has said who unsubscribed in the tool that was used before."""
    from leadline.mail.relay import read_relay
    from leadline.store.backup import find_schema
    from leadline.store.engine import Store, connect
    from leadline.store.suppression_lists import has_list

    try:
        relay = read_relay(session.folders.smtp_url)
        schema = find_schema(session.folders.database_url)
    except LeadlineError:
        return  # told by check_mail or check_database
    if relay is None or (schema.found and schema.steps):
        return
    is_told = False
    if schema.found:
        store = Store(connect(session.folders.database_url), pepper="")
        try:
            with store.read() as connection:
                is_told = has_list(connection)
        finally:
            store.close()
    yield (_well if is_told else _ill)(session, "suppressions")


def _login(session: Session, relay: Any) -> Check:  # noqa: ANN401 - a Relay, imported by the caller alone
    from leadline.mail.transport import SmtpTransport

    async def greet() -> None:
        async with SmtpTransport(relay, width=1):
            return

    try:
        asyncio.run(greet())
    except LeadlineError as error:
        return _told(session, "smtp", error)
    return _well(session, "smtp", relay=relay)


def check_inboxes(session: Session) -> Iterator[Check]:
    """Inboxes elsewhere can be reached and listed; nothing is taken in."""
    from leadline.files.remote import FolderUnusable, open_folder, shown_url

    try:
        project = find_project(session)
    except LeadlineError:
        return  # told by check_project_folder
    for inbox in project.settings.inboxes if project else ():
        try:
            waiting = len(open_folder(inbox.url).look())
        except FolderUnusable as error:
            yield _told(session, "inbox", error)
        else:
            yield _well(session, "inbox", folder=shown_url(inbox.url), count=waiting)


def check_disk(session: Session) -> Iterator[Check]:
    """There is room for the database, its journal and the quarantine."""
    folder = _existing(session.folders.state)
    free = shutil.disk_usage(folder).free
    make = _well if free >= ENOUGH_BYTES else _ill
    yield make(session, "disk", folder=folder, free=f"{free / 1e9:.1f} GB")


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


def check_binds(session: Session) -> Iterator[Check]:
    """The web app's port is free or ours, and Prefect's server listens on loopback or asks who."""
    if is_free("127.0.0.1", PORT):
        yield _well(session, "web_port", port=PORT)
    elif answers("127.0.0.1", PORT):
        yield _well(session, "web_port", "doctor.web_port.ours", port=PORT)
    else:
        yield _ill(session, "web_port", port=PORT)
    host = session.variables.get("PREFECT_SERVER_API_HOST", "127.0.0.1")
    has_password = bool(session.variables.get("PREFECT_SERVER_API_AUTH_STRING"))
    is_safe = has_password or host in {"127.0.0.1", "localhost", "::1"}
    make = _well if is_safe else _ill
    yield make(session, "prefect_bind", host=host)


def check_prefect(session: Session) -> Iterator[Check]:
    """Prefect's server app can be imported, asked in a process of its own."""
    command = [sys.executable, "-m", "deployments.probe", "--json"]
    session.out.note("doctor.asking_prefect")
    try:
        done = subprocess.run(  # noqa: S603 - our own module, by the interpreter that runs us
            command, capture_output=True, text=True, timeout=PROBE_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        yield _ill(session, "prefect", why=f"> {PROBE_SECONDS} s")
        return
    try:
        found = json.loads(done.stdout)
    except ValueError:
        yield _ill(session, "prefect", why=_last_line(done.stderr) or str(done.returncode))
    else:
        if found.get("ok"):
            yield _well(session, "prefect", version=found.get("prefect", ""))
        else:
            yield _ill(session, "prefect", why=found.get("message") or found.get("error") or "")


def _last_line(text: str) -> str:
    return next((line for line in reversed(text.splitlines()) if line.strip()), "")[:200]


_LOCAL: Final[tuple[Callable[[Session], Iterator[Check]], ...]] = (
    check_python,
    check_clock,
    check_project_folder,
    check_secrets,
    check_webhooks,
    check_database,
    check_mail,
    check_suppressions,
    check_inboxes,
    check_disk,
    check_binds,
)
