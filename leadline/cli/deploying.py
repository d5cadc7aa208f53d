"""`leadline deploy`: Prefect gets what the project says, after the difference is shown."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final

import typer

from leadline.cli.output import Column
from leadline.cli.session import DIFFERENCES, DONE, ERROR, Session, session_of
from leadline.errors import LeadlineError

if TYPE_CHECKING:
    from leadline.cli.output import Output

_MARKS: Final = {"create": "+", "update": "~", "delete": "-"}


class DeployFailed(LeadlineError):
    """The program that speaks to Prefect ended without an answer."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "Prefect could not be asked: {why}. Run the command again: what was done stays, and "
        "the rest is done then. If it happens twice, `leadline doctor` says whether Prefect works "
        "here.",
        "ja": "Prefect に接続できませんでした: {why}。再実行してください(完了した変更は有効で、残"
        "りが反映されます)。繰り返す場合は `leadline doctor` で Prefect の状態を確認してください。",
    }


def deploy(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run")] = False,
    remove: Annotated[bool, typer.Option("--remove")] = False,
) -> int:
    """Show what the project changes in Prefect and apply it, or delete all that is ours."""
    session = session_of(context)
    session.out.note("deploy.asking")
    options = [*(["--dry-run"] if dry_run else []), *(["--remove"] if remove else [])]
    shown: list[dict[str, str]] = []
    document: dict[str, Any] = {}
    for document in _ask(session, options):
        if document["changes"] and document["changes"] != shown:  # first what is to be done
            shown = document["changes"]
            _show_changes(session.out, shown)
    del document["is_plan"]
    session.out.document(document)
    if "error" in document:
        session.out.note_text(session.out.words("error", message=document["error"]["message"]))
        return ERROR
    _show_outcome(session.out, document)
    return DIFFERENCES if dry_run and document["changes"] else DONE


def _ask(session: Session, options: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Run the program that speaks to Prefect, which leadline never imports.

    Yields:
        What it says, line by line: what it is going to change, then what it did.

    Raises:
        DeployFailed: it did not come to its end.
    """
    document: dict[str, Any] = {"is_plan": True}
    with (
        TemporaryFile("w+", encoding="utf-8", errors="replace") as errors,
        subprocess.Popen(  # noqa: S603 - our own module, by the interpreter that runs us
            [sys.executable, "-m", "deployments.deploy", *options],
            env={
                **os.environ,
                **session.variables,
                "LEADLINE_LANG": session.out.lang,
                "PYTHONSAFEPATH": "1",  # a project folder may hold a file of any name
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        for line in process.stdout or ():
            with suppress(ValueError):
                document = json.loads(line)
                yield document
        process.wait()
        errors.seek(0)
        words = [line.strip() for line in errors if line.strip()]
    if document["is_plan"]:
        raise DeployFailed(why=words[-1][:300] if words else str(process.returncode))


def _show_changes(out: Output, changes: Sequence[Mapping[str, str]]) -> None:
    columns = (Column("deploy.change"), Column("deploy.name"), Column("deploy.what", may_wrap=True))
    out.table(columns, list(_rows(out, changes)))
    out.text()


def _show_outcome(out: Output, document: Mapping[str, Any]) -> None:
    """Say how much was changed, what was left alone, and where to look."""
    count = len(document["changes"])
    out.line(_outcome(document), count=count, server=document["server"])
    for name in document["paused"]:
        out.line("deploy.paused", name=name)
    if document["remove"]:
        return
    pool = document["work_pool"]
    server = document["server"]
    out.line("deploy.workers" if pool else "deploy.served", pool=pool, server=server)
    out.line("deploy.look", url=document["ui"])


def _outcome(document: Mapping[str, Any]) -> str:
    if not document["changes"]:
        return "deploy.nothing_left" if document["remove"] else "deploy.nothing"
    return "deploy.would" if document["dry_run"] else "deploy.done"


def _rows(out: Output, changes: Sequence[Mapping[str, str]]) -> Iterator[tuple[str, str, str]]:
    for each in changes:
        kind = out.words(f"deploy.kind.{each['kind']}")
        sides = (each["before"], each["after"])
        yield f"{_MARKS[each['action']]} {kind}", each["name"], " -> ".join(filter(None, sides))
