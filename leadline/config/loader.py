"""Reading a project folder as a whole: typed, or every fault of every file.

The files are read once; their hash, their texts and what is made of them belong to the same
bytes.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Final, TypeVar

from leadline.config.assets import Asset, list_assets
from leadline.config.calendars import check_calendars, collect_calendars, read_calendars
from leadline.config.checks import Documents, check_documents
from leadline.config.consent import ConsentShape, consent_rules
from leadline.config.document import Document, read_document
from leadline.config.forms import FormShape
from leadline.config.problems import Spot, nearest
from leadline.config.schedules import read_schedules, surround
from leadline.config.scoring import Scoring, Segments
from leadline.config.shape import (
    MappingShape,
    Project,
    Schedule,
    Sending,
    SequenceShape,
    Settings,
)
from leadline.config.staffing import check_staffing
from leadline.config.tables import Table, read_reps, read_territories
from leadline.config.validation import validate
from leadline.config.values import Shape
from leadline.errors import ConfigError, ProjectMissing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from leadline.errors import Problem

S = TypeVar("S", bound=Shape)
R = TypeVar("R", bound=Shape)

_FILES: Final = (
    "settings.yaml",
    "sending.yaml",
    "scoring.yaml",
    "schedules.yaml",
    "consent.yaml",
    "segments.yaml",
)
_TABLES: Final = tuple(
    f"{stem}.{ending}"
    for stem in ("reps", "territories", "calendars")
    for ending in ("csv", "xlsx")
)
#: Folders whose files are named on the command line and are not part of the configuration.
_ELSEWHERE: Final = ("calendars",)
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_NAME_FORM: Final = {
    "en": "a file name of small letters, digits, _ and -",
    "ja": "英小文字・数字・_・- のファイル名",
}


def read_project(home: Path, *, now: datetime | None = None, has_assets: bool = True) -> Project:
    """Read and validate a project folder.

    Args:
        home: the folder with `config/` and `templates/`.
        now: the time that is kept as `read_at` (aware UTC).
        has_assets: False for a copy of `config/` and `templates/` alone.

    Raises:
        ProjectMissing: if there is no `config/settings.yaml`.
        ConfigError: if anything is wrong; it holds the errors of all files.
    """
    project, problems = check_project(home, now=now, has_assets=has_assets)
    if project is None:
        raise ConfigError([problem for problem in problems if not problem.is_warning])
    return project


def check_project(
    home: Path, *, now: datetime | None = None, has_assets: bool = True
) -> tuple[Project | None, tuple[Problem, ...]]:
    """Read a project folder and say everything that is wrong with it.

    Args:
        home: the folder with `config/` and `templates/`.
        now: the time that is kept as `read_at` (aware UTC).
        has_assets: whether the documents that forms offer are there to be looked at.

    Returns:
        The project, None when it has an error, and all errors and warnings by file and line.

    Raises:
        ProjectMissing: if there is no `config/settings.yaml`.
    """
    config = _read_files(home / "config")
    if "settings.yaml" not in config:
        raise ProjectMissing(home=str(home))
    assets = list_assets(home) if has_assets else None
    folder = _Folder(config, _read_files(home / "templates"), assets)
    project = folder.read(now)
    problems = sorted(folder.problems, key=lambda each: (each.file, each.line, each.column))
    return project, tuple(problems)


def _read_files(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file below a folder; hidden and backup files do not count."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    names = {path.relative_to(folder): path for path in paths}
    kept = {
        name.as_posix(): path
        for name, path in names.items()
        if not name.name.endswith("~")
        and not any(part.startswith((".", "~$", "__")) for part in name.parts)
    }
    return {name: kept[name].read_bytes() for name in sorted(kept)}


def hash_files(config: Mapping[str, bytes], templates: Mapping[str, bytes]) -> str:
    """Return the SHA-256 (hex) over all names and contents of a project folder."""
    digest = sha256()
    for folder, files in (("config", config), ("templates", templates)):
        for name, data in sorted(files.items()):
            digest.update(f"{folder}/{name}\0{len(data)}\0".encode())
            digest.update(data)
    return digest.hexdigest()


class _Folder:
    """A project folder on its way to a `Project`; collects what is wrong."""

    def __init__(
        self,
        config: Mapping[str, bytes],
        templates: Mapping[str, bytes],
        assets: Mapping[str, Asset] | None,
    ) -> None:
        self.problems: list[Problem] = []
        self._config = config
        self._templates = templates
        self._assets = assets
        self._files: dict[str, str] = {}

    def read(self, now: datetime | None) -> Project | None:
        """Return the project, or None when there is an error."""
        self._check_names()
        settings, settings_document = self._yaml("settings.yaml", Settings)
        scoring, scoring_document = self._yaml("scoring.yaml", Scoring)
        sending, _ = self._yaml("sending.yaml", Sending)
        consent, _ = self._yaml("consent.yaml", ConsentShape)
        segments, segments_document = self._yaml("segments.yaml", Segments)
        schedules = self._schedules(settings, settings_document)
        if scoring and scoring.decays and "refresh_scores" not in schedules:
            self.problems.append(Spot("config/schedules.yaml").warning("no_refresh"))
        sequences, sequence_documents = self._named("sequences", SequenceShape)
        forms, form_documents = self._named("forms", FormShape)
        mappings, mapping_documents = self._named("mappings", MappingShape)
        templates = self._texts("templates", self._templates)
        documents = Documents(
            settings=settings_document,
            scoring=scoring_document,
            segments=segments_document,
            sequences=sequence_documents,
            forms=form_documents,
            mappings=mapping_documents,
            templates=frozenset(self._templates),
            assets=self._assets,
        )
        self.problems += check_documents(documents)
        reps = self._table("reps", read_reps)
        territories = self._table("territories", read_territories)
        self.problems += check_staffing(reps, territories)
        if not (settings and scoring and sending and consent and segments) or self._has_errors():
            return None
        return Project(
            settings=settings,
            sending=sending,
            scoring=scoring,
            reps=reps.rows,
            territories=territories.rows,
            sequences=sequences,
            forms=forms,
            schedules=schedules,
            consent=consent_rules(consent),
            mappings=mappings,
            segments=segments.segments,
            templates=templates,
            files=self._files,
            hash=hash_files(self._config, self._templates),
            read_at=now,
        )

    def _has_errors(self) -> bool:
        return any(not problem.is_warning for problem in self.problems)

    def _check_names(self) -> None:
        """Note missing files, and files that nobody would read."""
        if "scoring.yaml" not in self._config:
            self.problems.append(Spot("config/scoring.yaml").problem("missing_file"))
        for name in self._config:
            folder, _, file = name.rpartition("/")
            stem, _, ending = file.rpartition(".")
            spot = Spot(f"config/{name}")
            if folder in {"sequences", "forms"} and ending == "yaml":
                if not _NAME.fullmatch(stem):
                    self.problems.append(spot.problem("bad_form", expected=_NAME_FORM))
            elif folder == "mappings" and ending == "yaml":
                continue  # named like its source, which may be any file's stem
            elif name not in {*_FILES, *_TABLES} and not _is_aside(name):
                suggestion = nearest(name, (*_FILES, *_TABLES))
                self.problems.append(spot.warning("unknown_file", suggestion=suggestion))

    def _document(self, name: str) -> Document:
        """Return a YAML file of `config/`; an absent one is empty."""
        file = f"config/{name}"
        if name not in self._config:
            return Document(file, "", None)
        text = self._text(file, self._config[name])
        if text is None:
            return Document(file, "", None)
        self._files[name] = text
        document, problems = read_document(file, text)
        self.problems += problems
        return document

    def _yaml(self, name: str, shape: type[S]) -> tuple[S | None, Document]:
        count = len(self.problems)
        document = self._document(name)
        is_broken = document.data is None and len(self.problems) > count
        is_absent = name == "scoring.yaml" and name not in self._config
        if is_broken or is_absent:
            return None, document
        value, problems = validate(shape, document)
        self.problems += problems
        return value, document

    def _named(self, folder: str, shape: type[S]) -> tuple[dict[str, S], dict[str, Document]]:
        """Return the shapes and documents of a folder by the names of their files."""
        shapes: dict[str, S] = {}
        documents: dict[str, Document] = {}
        for name in self._config:
            above, _, file = name.rpartition("/")
            if above == folder and file.endswith(".yaml"):
                stem = file.removesuffix(".yaml")
                value, documents[stem] = self._yaml(name, shape)
                if value is not None:
                    shapes[stem] = value
        return shapes, documents

    def _schedules(self, settings: Settings | None, document: Document) -> dict[str, Schedule]:
        table = self._table("calendars", read_calendars, is_optional=True)
        self.problems += check_calendars(table, document)
        around = surround(settings, collect_calendars(table))
        schedules, problems = read_schedules(self._document("schedules.yaml"), around)
        self.problems += problems
        return schedules

    def _table(
        self,
        stem: str,
        read: Callable[[str, bytes], tuple[Table[R], tuple[Problem, ...]]],
        *,
        is_optional: bool = False,
    ) -> Table[R]:
        names = [name for name in (f"{stem}.csv", f"{stem}.xlsx") if name in self._config]
        if not names and is_optional:
            return Table((), is_sound=True, text="")
        if not names:
            self.problems.append(Spot(f"config/{stem}.csv").problem("missing_file"))
            return Table((), is_sound=False, text="")
        if len(names) > 1:
            spot = Spot(f"config/{names[1]}")
            self.problems.append(spot.problem("two_tables", other=f"config/{names[0]}"))
        table, problems = read(f"config/{names[0]}", self._config[names[0]])
        self.problems += problems
        self._files[names[0]] = table.text
        return table

    def _texts(self, folder: str, files: Mapping[str, bytes]) -> dict[str, str]:
        texts = ((name, self._text(f"{folder}/{name}", data)) for name, data in files.items())
        return {name: text for name, text in texts if text is not None}

    def _text(self, file: str, data: bytes) -> str | None:
        try:
            return data.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            self.problems.append(Spot(file, line, 1).problem("bad_encoding", expected="UTF-8"))
            return None


def _is_aside(name: str) -> bool:
    return name.endswith((".md", ".txt")) or name.split("/", maxsplit=1)[0] in _ELSEWHERE
