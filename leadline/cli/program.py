"""The command line as a whole: every command in its place, and what becomes of errors."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib.metadata import version
from typing import Annotated, Final

import typer
from typer.core import TyperGroup
from typer.main import get_command

from leadline.cli import (
    checking,
    consents,
    deploying,
    doctor,
    events,
    explaining,
    exporting,
    forgetting,
    importing,
    inspecting,
    leads,
    mailbox,
    person_exporting,
    project,
    releasing,
    running,
    segments,
    serving,
    simulating,
    status,
    submissions,
    suppressing,
)
from leadline.cli.failures import report
from leadline.cli.help_wording import COMMANDS
from leadline.cli.layout import Command, Group, no_parameters
from leadline.cli.output import Output
from leadline.cli.session import (
    DONE,
    ERROR,
    LANGUAGES,
    Session,
    check_language,
    language_of,
    read_asked,
    session_of,
)

INTERRUPTED: Final = 130  # 128 and the number of SIGINT, as shells have it


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    asked = read_asked(arguments)
    lang = asked.lang if asked.lang in LANGUAGES else language_of(os.environ)
    session = Session(Output(lang, asked.is_json), os.environ)
    try:
        check_language(asked.lang)
        code = _call(session, asked.words)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return _leave_quietly()
    except Exception as error:  # noqa: BLE001 - the outermost place: whatever comes is told in words
        return _fail(session, error)
    return code


def _fail(session: Session, error: Exception) -> int:
    try:
        report(session, error)
    except BrokenPipeError:
        return _leave_quietly()
    return ERROR


def _call(session: Session, words: Sequence[str]) -> int:
    try:
        with program().make_context("leadline", list(words), obj=session) as context:
            code = context.command.invoke(context)
    except typer.Exit as wanted:
        return wanted.exit_code
    return code if isinstance(code, int) else DONE


def _leave_quietly() -> int:
    """Give up standard output, whose reader has gone, so that the interpreter does not complain."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
    except (OSError, ValueError):
        return ERROR
    return ERROR


def _group() -> typer.Typer:
    """Return an empty group; errors and help are worded here and not by the parser."""
    return typer.Typer(
        cls=Group, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
    )


#: Every command by its words.
_COMMANDS: Final[dict[str, Callable[..., int]]] = {
    "init": project.init,
    "check": checking.check,
    "doctor": doctor.doctor,
    "migrate": project.migrate,
    "import": importing.import_,
    "release": releasing.release,
    "suppress": suppressing.suppress,
    "run": running.run,
    "deploy": deploying.deploy,
    "up": serving.up,
    "serve": serving.serve,
    "files inspect": inspecting.inspect,
    "leads list": leads.list_,
    "leads show": leads.show,
    "leads export": exporting.export,
    "segments": segments.segments,
    "export-person": person_exporting.export_person,
    "forget": forgetting.forget,
    "submissions list": submissions.list_,
    "submissions show": submissions.show,
    "submissions replay": submissions.replay,
    "events classify": events.classify,
    "events list": events.list_,
    "consents": consents.consents,
    "explain": explaining.explain,
    "simulate scoring": simulating.scoring,
    "mailbox": mailbox.mailbox,
    "status": status.status,
}


@lru_cache(maxsize=1)
def program() -> TyperGroup:
    """Return the command with all its subcommands."""
    app = _group()
    app.callback()(root)
    groups: dict[str, typer.Typer] = {}
    for words, function in _COMMANDS.items():
        group, _, name = words.rpartition(" ")
        if group and group not in groups:
            groups[group] = _group()
            groups[group].callback()(no_parameters)
            app.add_typer(groups[group], name=group)
        groups.get(group, app).command(name, cls=Command)(function)
    built = get_command(app)
    if not isinstance(built, TyperGroup):
        message = "several commands make a group"
        raise TypeError(message)
    order = list(COMMANDS)
    built.commands = dict(sorted(built.commands.items(), key=lambda each: order.index(each[0])))
    return built


def _show_version(context: typer.Context, is_wanted: bool) -> None:
    if is_wanted:
        out = session_of(context).out
        found = version("leadline")
        out.text(f"leadline {found}")
        out.document({"version": found})
        raise typer.Exit


def root(
    context: typer.Context,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Take the options that stand before the command."""
    del context, show_version
