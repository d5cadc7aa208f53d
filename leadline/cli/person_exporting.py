"""`leadline export-person`: everything that is held of one person, as one JSON document."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leadline.cli.forgetting import Address, read_address
from leadline.cli.output import as_json, time_text
from leadline.cli.refusals import check_target
from leadline.cli.session import DONE, Session, session_of
from leadline.files.drafts import new_file

if TYPE_CHECKING:
    from collections.abc import Mapping


def export_person(
    context: typer.Context,
    address: Address,
    *,
    target: Annotated[Path | None, typer.Option("--out", metavar="FILE.json")] = None,
) -> int:
    """Write what is held of a person to a file or to standard output."""
    from leadline.stages.person import read_person

    session = session_of(context)
    meant = read_address(address)
    with session.open_workspace() as work:
        found = read_person(work, meant, lang=session.out.lang)
    document = {"exported_at": time_text(session.clock.now()), **found}
    _say(session, document)
    if target is None:
        text = as_json(document, is_ascii=False)
        session.out.text(text)
        session.out.document(document)
        return DONE
    check_target(target, source=None)
    with new_file(target) as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(as_json(document, is_ascii=False).encode() + b"\n")
    session.out.document({"out": str(target), **_counts(document)})
    session.out.line("person.written", file=target, **_counts(document))
    return DONE


def _counts(document: Mapping[str, Any]) -> dict[str, int]:
    return {name: len(document[name]) for name in ("leads", "submissions", "messages")}


def _say(session: Session, document: Mapping[str, Any]) -> None:
    """Say beside the result whether anything is held, and whether the address is banned."""
    if not document["is_held"]:
        session.out.note("person.nothing")
    for ban in document["suppressions"]:
        session.out.note("person.banned", **ban)
    if not document["suppressions"]:
        session.out.note("person.not_banned")
