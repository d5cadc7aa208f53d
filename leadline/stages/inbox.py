"""The inboxes: files that people drop are taken in, once each by their content, and put away.

What was taken in moves to `done/` of its folder. What cannot be stays, with a report beside it,
until the file or the configuration changes. Nothing is ever deleted or overwritten. A process that
is killed leaves the file where it was; the next one finds that its content is known, or goes on
where the import stopped.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from leadline.config.mappings import source_settings
from leadline.domain.batches import Batch
from leadline.domain.inbox_reports import (
    Stamp,
    Subject,
    read_stamp,
    write_failure,
    write_hold,
)
from leadline.errors import IntakeError, LeadlineError, StageError
from leadline.files.claims import claimed
from leadline.files.folders import REPORT, Found, LocalFolder, report_name, source_of
from leadline.files.remote import FolderUnusable, open_folder, shown_url
from leadline.files.sources import Wish, file_hash
from leadline.store.import_runs import find_import_run
from leadline.store.submissions import find_finished_import

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from datetime import datetime

    from leadline.files.folders import Folder
    from leadline.stages import Workspace
    from leadline.store.import_runs import ImportRun

INBOX: Final = "inbox"
#: A file that changed within this time may still be on its way into the folder.
_SETTLED_SECONDS: Final = 5.0
_COUNTS: Final = (
    *("source", "run", "encoding", "records", "accepted", "rejected"),
    *("created", "updated", "unchanged", "duplicates", "is_backfill"),
)


class Importing(Protocol):
    """What takes a single file in: `leadline.stages.imports`. Stages know nothing of each other."""

    @property
    def preview_import(self) -> Any: ...  # noqa: ANN401, D102 - the functions of that module
    @property
    def import_file(self) -> Any: ...  # noqa: ANN401, D102 - as above
    @property
    def finish_import(self) -> Any: ...  # noqa: ANN401, D102 - as above


@dataclass(slots=True)
class Look:
    """What lies in the inboxes.

    Attributes:
        paths: files to take in, by the names that people see.
        left: facts of what is left alone: files with a report that still holds, and inboxes that
            cannot be used.
        waiting: how many files have just changed and may not be whole.
    """

    paths: list[str] = field(default_factory=list)
    left: list[dict[str, Any]] = field(default_factory=list)
    waiting: int = 0


class Taken(NamedTuple):
    """What became of one file: facts without any row, and what intake did."""

    facts: dict[str, Any]
    batch: Batch


@dataclass(frozen=True, slots=True)
class _Inbox:
    """A place where files are dropped."""

    shown: str
    url: str = ""
    source: str | None = None
    is_backfill: bool = False

    def open(self, home: Path) -> Folder:
        return open_folder(self.url) if self.url else LocalFolder(home / INBOX, INBOX)


@dataclass(frozen=True, slots=True)
class _Drop:
    """A file on its way in.

    Attributes:
        shown: its name for people.
        is_given: whether a person named it; then it is read again, and stays where it is.
        is_agreed: whether that person lets however many new leads go on.
    """

    folder: Folder
    name: str
    source: str | None
    is_backfill: bool
    is_given: bool
    is_agreed: bool = False

    @property
    def shown(self) -> str:
        return f"{self.folder.shown}/{self.name}" if self.folder.shown else self.name

    @property
    def path(self) -> str:
        """Return the path by which the command line reaches the file, "" when it is elsewhere."""
        if not isinstance(self.folder, LocalFolder):
            return ""
        is_url = "://" in self.folder.shown
        return str(self.folder.root / self.name) if is_url else self.shown

    @property
    def stem(self) -> str:
        return Path(self.name).stem


def look(work: Workspace, *, now: datetime) -> Look:
    """Look which files wait in the inboxes.

    Args:
        work: the workspace.
        now: the real time: a file that has just changed may not be whole yet.
    """
    seen = Look()
    for inbox in _inboxes(work):
        try:
            folder = inbox.open(work.environment.home)
            for found in folder.look():
                source = inbox.source or source_of(found.name)
                if not _is_settled(found, now):
                    seen.waiting += 1
                elif _is_left(work, folder, found, source=source):
                    seen.left.append({"file": f"{inbox.shown}/{found.name}", "outcome": "reported"})
                else:
                    seen.paths.append(f"{inbox.shown}/{found.name}")
        except (FolderUnusable, OSError) as error:
            kind = type(error).__name__
            seen.left.append({"file": inbox.shown, "outcome": "unusable", "error": kind})
    return seen


def take(
    work: Workspace,
    path: str,
    *,
    now: datetime,
    by: Importing,
    is_given: bool = False,
    is_agreed: bool = False,
) -> Taken:
    """Take one file in, or say why not.

    Args:
        work: the workspace.
        path: as `look` named it; or below the project folder.
        now: recorded as the time of arrival.
        by: what takes a single file in.
        is_given: whether a person named the file: it is read again though its content is known,
            and neither moved nor reported on.
        is_agreed: whether that person lets however many new leads go on.

    Returns:
        `outcome` is `imported`, `known` (its content was taken in before), `held` (more new leads
        than may go on), `failed`, `reported` (its report still holds), `busy` (another process is
        at it), `gone` or `unusable` (its folder is).

    Raises:
        LeadlineError: the database cannot be used; trying again goes on where it stopped.
    """
    try:
        drop = _find_drop(work, path, is_given=is_given)
        if drop is None:
            return _left({"file": path, "outcome": "failed", "error": "OutsideHome"})
        with claimed(_own(work, drop).with_suffix(".lock")) as is_mine:
            if not is_mine:
                return _left({"file": path, "outcome": "busy"})
            return _take(work, replace(drop, is_agreed=is_agreed), now=now, by=by)
    except FolderUnusable as error:
        return _left({"file": path, "outcome": "unusable", "error": type(error).__name__})


def _inboxes(work: Workspace) -> list[_Inbox]:
    stated = work.project.settings.inboxes
    elsewhere = [
        _Inbox(shown_url(each.url), each.url, each.source, each.backfill) for each in stated
    ]
    return [_Inbox(INBOX), *elsewhere]


def _is_settled(found: Found, now: datetime) -> bool:
    """Tell whether a file is whole; one from the future is, and somebody's clock is wrong."""
    if found.changed_at is None:
        return True
    return abs(now.timestamp() - found.changed_at) >= _SETTLED_SECONDS


def _is_left(work: Workspace, folder: Folder, found: Found, *, source: str | None) -> bool:
    """Tell whether the report beside a file still holds, and nobody took the file in meanwhile."""
    stamp = read_stamp(folder.read_report(found.name)) if found.has_report else None
    if stamp is None or (stamp.settings, stamp.mark) != (_settings(work), found.mark):
        return False
    return _find_known(work, stamp.content, source) is None


def _find_drop(work: Workspace, path: str, *, is_given: bool) -> _Drop | None:
    """Return the file of a path; None when it lies neither in an inbox nor below the project.

    Whoever may start a run in Prefect's pages may name any path.
    """
    home = work.environment.home
    for inbox in _inboxes(work):
        name = path.removeprefix(f"{inbox.shown}/")
        if name != path and not {"", ".", ".."} & set(name.split("/")):
            source = inbox.source or source_of(name)
            return _Drop(inbox.open(home), name, source, inbox.is_backfill, is_given)
    file = (home / path).resolve()
    if not is_given or not file.is_relative_to(home):
        return None
    name = file.relative_to(home).as_posix()
    return _Drop(LocalFolder(home, ""), name, None, is_backfill=False, is_given=True)


def _take(work: Workspace, drop: _Drop, *, now: datetime, by: Importing) -> Taken:
    found = drop.folder.find(drop.name)
    if found is None:
        missing = {"file": drop.shown, "outcome": "failed", "error": "FileMissing"}
        return _left(missing if drop.is_given else {"file": drop.shown, "outcome": "gone"})
    handling = _Handling(work, drop, found, now)
    try:
        with handling.fetched() as file:
            handling.content = file_hash(file)
            return _judge(handling, file, by=by)
    except FolderUnusable:
        raise
    except IntakeError as error:
        return handling.refuse(error)
    except (LeadlineError, OSError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - one file may not keep the others from coming in
        return handling.refuse(_unforeseen(error))


def _judge(handling: _Handling, file: Path, *, by: Importing) -> Taken:
    """Take a file in, unless that was done before, or a person must decide first."""
    work, drop = handling.work, handling.drop
    if not drop.is_given:
        if known := _find_known(work, handling.content, drop.source):
            return handling.put_away({"outcome": "known", "source": known.source, "run": known.id})
        if handling.is_reported():
            return _left({"file": drop.shown, "outcome": "reported"})
    wish = Wish(source=drop.source)
    settings = source_settings(work.project, drop.source or drop.stem)
    is_backfill = drop.is_backfill or bool(settings.backfill)
    if not is_backfill and not drop.is_agreed:
        preview = by.preview_import(work, file, wish=wish)
        is_backfill = bool(preview.file.settings.backfill)
        if preview.created + preview.released > preview.file.threshold and not is_backfill:
            return handling.hold(preview)
    run = by.import_file(work, file, now=handling.now, wish=wish, is_backfill=is_backfill)
    report = by.finish_import(work, run, now=handling.now)
    facts = {"outcome": "imported", **{name: report[name] for name in _COUNTS}}
    facts["quarantine"] = _below(report["quarantine"], work.environment.state)
    taken = _left({"file": drop.shown, **facts}) if drop.is_given else handling.put_away(facts)
    return taken._replace(batch=run.batch)


@dataclass
class _Handling:
    """One file in hand, and the ways in which that ends."""

    work: Workspace
    drop: _Drop
    found: Found
    now: datetime
    content: str = ""

    def fetched(self) -> AbstractContextManager[Path]:
        return self.drop.folder.fetch(self.drop.name, _own(self.work, self.drop))

    def is_reported(self) -> bool:
        """Tell whether the report beside the file holds for its content."""
        report = self._own_report()
        stamp = read_stamp(report)
        if stamp is None or (stamp.content, stamp.settings) != (self.content, self._stamp.settings):
            return False
        self._write(report.replace(f"mark={stamp.mark}", f"mark={self.found.mark}"))
        return True

    def put_away(self, facts: dict[str, Any]) -> Taken:
        """Move the file to `done/`, unless it has changed meanwhile: then it is another one."""
        folder, name = self.drop.folder, self.drop.name
        day = self.now.astimezone(ZoneInfo(self.work.project.settings.timezone)).date().isoformat()
        facts = {"file": self.drop.shown, **facts, "moved_to": ""}
        try:
            found = folder.find(name)
            if found is not None and found.mark == self.found.mark:
                facts["moved_to"] = folder.put_away(name, day)
                if self._own_report():
                    folder.remove_report(name)
        except (FolderUnusable, OSError) as error:
            facts["unmoved"] = type(error).__name__
        return _left(facts)

    def refuse(self, error: LeadlineError) -> Taken:
        """Leave the file where it is, with a report that says what is wrong with it."""
        why = {lang: _said(error, self.drop.shown, lang) for lang in ("en", "ja")}
        facts = {"file": self.drop.shown, "outcome": "failed", "error": _kind(error)}
        return self._leave(facts, write_failure(self._subject(), why, self._stamp))

    def hold(self, preview: Any) -> Taken:  # noqa: ANN401 - a Preview, of another stage
        """Leave the file where it is: a person must say whether its leads are old ones."""
        source, created, released = preview.file.name, preview.created, preview.released
        threshold = preview.file.threshold
        facts = {
            "file": self.drop.shown,
            "outcome": "held",
            "source": source,
            "encoding": str(preview.file.table.encoding),
            "new_leads": created,
            "released": released,
            "backfill_threshold": threshold,
        }
        text = write_hold(
            self._subject(source),
            created=created,
            released=released,
            threshold=threshold,
            stamp=self._stamp,
        )
        return self._leave(facts, text)

    @property
    def _stamp(self) -> Stamp:
        return Stamp(self.content or "none", _settings(self.work), self.found.mark)

    def _subject(self, source: str = "") -> Subject:
        drop = self.drop
        name = drop.source or source or drop.stem
        return Subject(drop.shown, name, is_stated=drop.source is not None, path=drop.path)

    def _leave(self, facts: dict[str, Any], report: str) -> Taken:
        if not self.drop.is_given and self._write(report):
            folder, separator, file = self.drop.shown.rpartition("/")
            is_here = isinstance(self.drop.folder, LocalFolder)
            name = report_name(file) if is_here else file + REPORT
            facts["report"] = folder + separator + name
        return _left(facts)

    def _own_report(self) -> str:
        """Return the report beside the file, "" when there is none, or one that is not ours."""
        report = self.drop.folder.read_report(self.drop.name) if self.found.has_report else ""
        return report if read_stamp(report) else ""

    def _write(self, report: str) -> bool:
        """Write the report; without one the file is tried again by the next run."""
        if self.found.has_report and not self._own_report():
            return False
        try:
            self.drop.folder.write_report(self.drop.name, report)
        except (FolderUnusable, OSError):
            return False
        return True


def _left(facts: dict[str, Any]) -> Taken:
    return Taken(facts, Batch("intake"))


def _find_known(work: Workspace, content: str, source: str | None) -> ImportRun | None:
    """Return the finished import of the same content that still counts.

    The same content of another source, where the folder states one, is another import.
    """
    with work.store.read() as connection:
        run_id = find_finished_import(connection, content, source=source)
        return None if run_id is None else find_import_run(connection, run_id)


def _own(work: Workspace, drop: _Drop) -> Path:
    """Return where we may keep a copy of a file while we are at it."""
    name = hashlib.sha256(drop.shown.encode("utf-8", "surrogateescape")).hexdigest()[:32]
    return work.environment.state / INBOX / name


def _settings(work: Workspace) -> str:
    """Return a digest of what decides, beside the file, whether it can be taken in."""
    text = f"{work.project.hash} {version('leadline')}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _below(path: str, folder: Path) -> str:
    """Return a path without the folders of this machine."""
    return Path(path).relative_to(folder).as_posix() if path else ""


def _said(error: LeadlineError, shown: str, lang: str) -> str:
    """Return an error in words that quote nothing of the file: its header may be a row."""
    details = {**error.details, "file": shown}
    if "header" in details:
        details["header"] = ""
    return type(error)(**details).say(lang)


def _kind(error: LeadlineError) -> str:
    return str(error.kind) if isinstance(error, StageError) else type(error).__name__


def _unforeseen(error: Exception) -> StageError:
    """Return what may be said of an error that nobody foresaw: its kind and its place."""
    trace = error.__traceback__
    place = "?"
    while trace is not None:
        place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return StageError(stage="imports", kind=type(error).__name__, place=place)
