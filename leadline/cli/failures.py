"""What a person sees when a command cannot do its work: one message, and never a traceback.

What leadline foresaw says itself what to do next. What nobody foresaw is told by its type and
place alone, because its text may hold data; the whole of it goes into a file for its owner.
"""

from __future__ import annotations

import errno
import os
import re
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer
from typer.core import TyperGroup

import leadline
from leadline.cli.output import plain
from leadline.cli.refusals import Refused, meant
from leadline.errors import ConfigError, LeadlineError

if TYPE_CHECKING:
    from leadline.cli.session import Session
    from leadline.errors import Problem

_PACKAGE: Final = Path(leadline.__file__).parent
_WORD_PARTS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
#: Options that take the number of an import.
_RUN_OPTIONS: Final = frozenset({"--undo", "--import"})
_IN_BRACKETS: Final = re.compile(r"\(([^()]*)\)$")


def report(session: Session, error: Exception) -> None:
    """Say on stderr what went wrong, and in the JSON document when one is wanted."""
    foreseen = foresee(error)
    if isinstance(foreseen, LeadlineError):
        message, details = foreseen.say(session.out.lang), details_of(foreseen, session.out.lang)
    else:
        message, details = _unforeseen(session, error), {"code": "unforeseen"}
    lines = message.split("\n")
    shown = "\n".join(plain(line) for line in lines)
    session.out.note_text(session.out.words("error", message=shown))
    session.out.document({**session.finished, "error": {**details, "message": message}})


def details_of(error: LeadlineError, lang: str) -> dict[str, Any]:
    """Return the code of an error, and every fault where it is about the configuration."""
    code = getattr(error, "code", None) or _code(type(error).__name__)
    if isinstance(error, ConfigError) and error.problems:
        return {"code": code, "problems": [problem_row(each, lang) for each in error.problems]}
    return {"code": code}


def problem_row(problem: Problem, lang: str) -> dict[str, Any]:
    """Return one fault of the configuration as the contract shows it."""
    return {
        "code": problem.code,
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "message": problem.message.get(lang, problem.message["en"]),
        "suggestion": problem.suggestion,
    }


def _code(name: str) -> str:
    """Return `file_missing` for `FileMissing`."""
    return _WORD_PARTS.sub("_", name.lstrip("_")).lower()


def foresee(error: Exception) -> Exception:
    """Return the error in words of ours, if it is of a kind that people meet; else itself."""
    if isinstance(error, typer.TyperException):
        return _usage(error)
    if isinstance(error, typer.Abort):
        return Refused(code="aborted")
    if isinstance(error, OSError) and error.strerror and error.filename:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return Refused(code="disk_full", file=error.filename)
        return Refused(code="file_unusable", file=error.filename, why=error.strerror)
    return error


def _usage(error: typer.TyperException) -> Refused:
    """Word what the command-line parser refuses."""
    context: Any = getattr(error, "ctx", None)
    command = context.command_path if context else "leadline"
    option: str | None = getattr(error, "option_name", None)
    parameter = getattr(error, "param", None)
    if option is not None and hasattr(error, "possibilities"):
        return Refused(
            code="unknown_option",
            command=command,
            word=option,
            near=meant(option, _options(context)),
        )
    if option is not None:
        return Refused(code="option_value", command=command, option=option)
    if hasattr(error, "param_type"):
        what = parameter.metavar or parameter.opts[0] if parameter else "?"
        return Refused(code="missing", command=command, what=what.rstrip("."))
    if isinstance(error, typer.BadParameter):
        what = _shown(parameter) if parameter else "?"
        facts = {"option": what} if what in _RUN_OPTIONS else {"command": command, "what": what}
        return Refused(code="run_number" if what in _RUN_OPTIONS else "bad_value", **facts)
    if context is not None and isinstance(context.command, TyperGroup):
        return Refused(code="command_missing", command=command)
    found = _IN_BRACKETS.search(error.format_message())
    return _too_many(command, found[1] if found else "")


def _shown(parameter: Any) -> str:  # noqa: ANN401 - the parser's parameter has no public type
    """Return an option as it is typed, an argument as the help names it."""
    is_argument = parameter.param_type_name == "argument"
    return str(parameter.metavar).rstrip(".") if is_argument else str(parameter.opts[0])


def _too_many(command: str, words: str) -> Refused:
    if command.endswith(" release") and words.isdecimal():
        return Refused(code="release_number", run=words)
    return Refused(code="too_many_words", command=command, words=words)


def _options(context: Any) -> Iterator[str]:  # noqa: ANN401 - the parser's context has no public type
    """Give the options that the command takes."""
    yield from ("--help", "--json", "--lang")
    for parameter in context.command.params if context else ():
        yield from (option for option in parameter.opts if option.startswith("--"))


def _unforeseen(session: Session, error: Exception) -> str:
    kind, place = type(error).__name__, place_of(error)
    try:
        path = _keep_trace(session, error)
    except (OSError, LeadlineError) as reason:
        why = getattr(reason, "strerror", None) or type(reason).__name__
        return session.out.words("unforeseen_unkept", kind=kind, place=place, why=why)
    return session.out.words("unforeseen", kind=kind, place=place, path=path)


def place_of(error: Exception) -> str:
    """Return file and line of the innermost of our own lines that the error passed through."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(_PACKAGE)]
    if not ours:
        return "leadline"
    inside = Path(ours[-1].filename).relative_to(_PACKAGE.parent)
    return f"{inside.as_posix()}:{ours[-1].lineno}"


def _keep_trace(session: Session, error: Exception) -> Path:
    """Write the whole traceback into a new file that only its owner may read."""
    folder = session.folders.state / "logs"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    at = session.clock.now().strftime("%Y%m%dT%H%M%S")
    path = folder / f"error-{at}-{os.getpid()}.txt"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.writelines(traceback.format_exception(error))
    return path
