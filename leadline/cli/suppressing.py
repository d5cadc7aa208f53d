"""`leadline suppress`: addresses that must not be written to, named or from a list."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from leadline.cli.refusals import Refused, meant
from leadline.cli.session import DIFFERENCES, DONE, Session, session_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leadline.files.address_lists import AddressList, BadLine
    from leadline.stages.suppression import Outcome
    from leadline.store.engine import Store

#: Bad lines that people are shown; JSON has more.
_SHOWN: Final = 10
_READ: Final = ("encoding", "header_line", "columns", "answers", "sheets_not_read")


def suppress(
    context: typer.Context,
    addresses: Annotated[list[str] | None, typer.Argument(metavar="ADDRESS...")] = None,
    *,
    file: Annotated[Path | None, typer.Option("--file", metavar="FILE")] = None,
    scope: Annotated[str, typer.Option("--scope", metavar="SCOPE")] = "marketing",
    cause: Annotated[str, typer.Option("--cause", metavar="CAUSE")] = "unsubscribe",
    is_dry: Annotated[bool, typer.Option("--dry-run")] = False,
    is_none: Annotated[bool, typer.Option("--none")] = False,
    is_whole: Annotated[bool, typer.Option("--all-rows")] = False,
) -> int:
    """Ban addresses, those of a list, or confirm that there is no list."""
    session = session_of(context)
    _check(session, cause=cause, scope=scope)
    is_one = sum(map(bool, (addresses, file, is_none))) == 1
    if not is_one or (is_none and is_dry) or (is_whole and file is None):
        raise Refused(code="suppress_what")
    with session.open_store() as store:
        from leadline.store.pepper import check_pepper

        check_pepper(store)
        if is_none:
            return _confirm_none(session, store)
        if file is not None:
            what = (cause, scope)
            return _take_list(session, store, file, what=what, is_dry=is_dry, is_whole=is_whole)
        return _take_words(session, store, addresses or [], what=(cause, scope), is_dry=is_dry)


def _check(session: Session, *, cause: str, scope: str) -> None:
    """Refuse a cause or a scope that there is none of, and name the nearest."""
    from leadline.domain.suppression import BAN_SCOPES, CAUSE_WORDS, CAUSES

    lang = session.out.lang
    if cause not in CAUSES:
        known = ", ".join(f"{each} ({CAUSE_WORDS[each][lang]})" for each in CAUSES)
        raise Refused(code="unknown_cause", word=cause, near=meant(cause, CAUSES), known=known)
    if scope not in BAN_SCOPES:
        near, known = meant(scope, BAN_SCOPES), ", ".join(BAN_SCOPES)
        raise Refused(code="unknown_scope", word=scope, near=near, known=known)


def _confirm_none(session: Session, store: Store) -> int:
    from leadline.stages.suppression import confirm_none

    is_news = confirm_none(store, now=session.clock.now())
    session.out.document({"none": True, "recorded": is_news})
    session.out.line("suppress.none" if is_news else "suppress.none_known")
    return DONE


def _take_words(
    session: Session, store: Store, words: Sequence[str], *, what: tuple[str, str], is_dry: bool
) -> int:
    """Ban the addresses that a person names."""
    from leadline.domain.suppression import find_fault, read_addresses
    from leadline.files.address_lists import BadLine
    from leadline.stages.suppression import Outcome
    from leadline.stages.suppression import suppress as ban_all
    from leadline.store.suppression_lists import Ban

    cause, scope = what
    read = [read_addresses(word) for word in words]
    bad = [
        BadLine(number, 0, "invalid_email", fault=find_fault(word))
        for number, (word, found) in enumerate(zip(words, read, strict=True), start=1)
        if not found
    ]
    named = [address for found in read for address in found]
    now = session.clock.now()
    ban = Ban(cause, scope, "command")
    banned = ban_all(store, named, ban=ban, now=now, is_dry=is_dry)
    outcome = Outcome(len(words), len(bad), banned, bad)
    return _report(session, outcome, what=what, is_dry=is_dry)


def _take_list(
    session: Session,
    store: Store,
    file: Path,
    *,
    what: tuple[str, str],
    is_dry: bool,
    is_whole: bool,
) -> int:
    """Ban the addresses of a file.

    Raises:
        Refused: it is empty; a list that is empty is confirmed.
        IntakeError: it cannot be read, has no addresses, or tells its rows apart.
    """
    from leadline.files.reader import FileEmpty
    from leadline.stages.suppression import suppress_list

    cause, scope = what
    size = file.stat().st_size if file.is_file() else None
    try:
        with session.out.progress("suppress.working", size) as advance:
            outcome, listed = suppress_list(
                store,
                file,
                cause=cause,
                scope=scope,
                now=session.clock.now(),
                is_dry=is_dry,
                is_whole=is_whole,
                on_stretch=advance,
            )
    except FileEmpty:
        raise Refused(code="suppress_empty", file=file.name) from None
    if not outcome.records:
        raise Refused(code="suppress_empty", file=file.name)
    return _report(session, outcome, what=what, is_dry=is_dry, file=file, listed=listed)


def _report(
    session: Session,
    outcome: Outcome,
    *,
    what: tuple[str, str],
    is_dry: bool,
    file: Path | None = None,
    listed: AddressList | None = None,
) -> int:
    read = listed.describe() if listed else dict.fromkeys(_READ)
    document: dict[str, Any] = {
        "file": None if file is None else str(file),
        "cause": what[0],
        "scope": what[1],
        "is_dry_run": is_dry,
        "is_known": outcome.is_known,
        "records": outcome.records,
        "rejected": outcome.rejected,
        **asdict(outcome.banned),
        **read,
    }
    rejects = [_reject(bad, session.out.lang) for bad in outcome.bad]
    session.out.document({**document, "rejects": rejects})
    _show(session, document)
    _show_rejects(session, rejects, count=outcome.rejected, file=file)
    return DIFFERENCES if outcome.rejected or document["sheets_not_read"] else DONE


def _reject(bad: BadLine, lang: str) -> dict[str, Any]:
    from leadline.files.address_lists import fault_words

    detail, fix = fault_words(bad, lang)
    place = {"line": bad.line, "column": bad.column}
    return {**place, "reason": bad.reason, "detail": detail, "fix": fix}


def _show(session: Session, document: dict[str, Any]) -> None:
    """Say how the list was read and what became of its addresses."""
    from leadline.domain.suppression import CAUSE_WORDS, SCOPE_WORDS

    out, lang = session.out, session.out.lang
    if document["file"] is not None:
        columns = ", ".join(map(str, document["columns"]))
        key = "suppress.read" if document["header_line"] else "suppress.read_plain"
        name, line = Path(document["file"]).name, document["header_line"]
        encoding = document["encoding"]
        out.line(key, file=name, encoding=encoding, line=line, columns=columns)
    if document["sheets_not_read"]:
        out.note("suppress.sheets", sheets=", ".join(document["sheets_not_read"]))
    if document["answers"]:
        out.note("suppress.answers", column=document["answers"])
    words = {
        "cause": CAUSE_WORDS[document["cause"]][lang],
        "scope": SCOPE_WORDS[document["scope"]][lang],
    }
    out.line("suppress.would" if document["is_dry_run"] else "suppress.done", **document | words)
    for name in ("changed", "leads", "refusals", "exited", "skipped"):
        if document[name]:
            out.line(f"suppress.{name}", count=document[name])
    if document["is_dry_run"]:
        out.line("suppress.nothing_done")


def _show_rejects(
    session: Session, rejects: Sequence[dict[str, Any]], *, count: int, file: Path | None
) -> None:
    """List the first bad lines: where, what, and what to do; never what stands there."""
    if not count:
        return
    out = session.out
    out.line("suppress.rejects", count=count)
    place = f"{file.name}:" if file else out.words("suppress.word")
    for reject in rejects[:_SHOWN]:
        out.line("suppress.reject", place=f"{place}{reject['line']}", **reject)
    if count > _SHOWN:
        out.line("suppress.more", count=count - _SHOWN)
