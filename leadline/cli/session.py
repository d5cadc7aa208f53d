"""One call of the command: the options that all commands take, the environment, the clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import typer

from leadline.cli.output import Output
from leadline.cli.refusals import Refused
from leadline.clock import SystemClock
from leadline.config.environment import language_of as language_of  # noqa: PLC0414 - named from here
from leadline.config.environment import read_environment
from leadline.errors import ProjectMissing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leadline.clock import Clock
    from leadline.config.environment import Environment
    from leadline.stages import Workspace
    from leadline.store.engine import Store

DONE: Final = 0
ERROR: Final = 1
DIFFERENCES: Final = 2
LANGUAGES: Final = ("en", "ja")


@dataclass
class Session:
    """What every command works with.

    Attributes:
        out: where results and notes go, in which language, as words or as JSON.
        variables: the environment variables.
        clock: tells the time.
        finished: what was done so far; an error's JSON document shows it beside the error.
    """

    out: Output
    variables: Mapping[str, str]
    clock: Clock = field(default_factory=SystemClock)
    finished: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def environment(self) -> Environment:
        """Folders, addresses and secrets, with the language of this call.

        Raises:
            SecretsExposed: others than the owner may read the file of secrets.
        """
        return replace(read_environment(self.variables), lang=self.out.lang)

    @cached_property
    def folders(self) -> Environment:
        """The environment without its secrets, for whoever must work though they are unusable."""
        return read_environment(self.variables, reads_secrets=False)

    def require_project(self) -> Path:
        """Return the project folder.

        Raises:
            ProjectMissing: LEADLINE_HOME or the current folder is none.
        """
        home = self.environment.home
        if not (home / "config" / "settings.yaml").is_file():
            raise ProjectMissing(home=str(home))
        return home

    @contextmanager
    def open_store(self) -> Iterator[Store]:
        """Open the database for a command that only looks.

        Raises:
            ProjectMissing: there is no project here, so its database is not made by accident.
            StoreError: the database cannot be used.
        """
        from leadline.store.engine import open_store

        self.require_project()
        self.environment.require_secrets()
        store = open_store(self.environment.database_url, pepper=self.environment.pepper)
        try:
            yield store
        finally:
            store.close()

    def open_workspace(self) -> Workspace:
        """Open database and configuration for a command that runs stages.

        Raises:
            ProjectMissing, ConfigError, StoreError: see `leadline.stages.open_workspace`.
        """
        from leadline.stages import open_workspace

        self.require_project()
        return open_workspace(self.environment, now=self.clock.now())


def session_of(context: typer.Context) -> Session:
    """Return the session that a command was called with."""
    session = context.obj
    if not isinstance(session, Session):
        message = "a command is called through leadline.cli.main"
        raise TypeError(message)
    return session


@dataclass(frozen=True)
class Asked:
    """The options that every command takes, wherever they stand.

    Attributes:
        words: the command line without them.
        is_json: whether one JSON document is wanted.
        lang: the value of `--lang` as written, None when it is absent.
    """

    words: tuple[str, ...]
    is_json: bool = False
    lang: str | None = None


def read_asked(arguments: Sequence[str]) -> Asked:
    """Take `--json` and `--lang` out of a command line; after `--` nothing is an option."""
    words: list[str] = []
    is_json, lang = False, None
    rest = iter(arguments)
    for word in rest:
        if word == "--":
            words += [word, *rest]
        elif word == "--json":
            is_json = True
        elif word == "--lang":
            lang = next(rest, "")
        elif word.startswith("--lang="):
            lang = word.removeprefix("--lang=")
        else:
            words.append(word)
    return Asked(tuple(words), is_json, lang)


def check_language(lang: str | None) -> None:
    """Refuse a language that leadline does not speak.

    Raises:
        Refused: names the two that it does.
    """
    if lang is not None and lang not in LANGUAGES:
        raise Refused(code="bad_choice", option="--lang", word=lang, choices=" | ".join(LANGUAGES))
