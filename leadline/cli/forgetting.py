"""`leadline forget`: a person is erased everywhere, after a look at what there is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from leadline.cli.refusals import Refused
from leadline.cli.session import DIFFERENCES, DONE, Session, session_of

if TYPE_CHECKING:
    from leadline.stages.erasure import Erasure

#: Stands for an address on standard input, where no list of processes shows it.
STDIN: Final = "-"
_COUNTS: Final = ("leads", "submissions", "messages", "mentions", "mailbox", "quarantine")
_MOST_SHOWN: Final = 20

Address = Annotated[str, typer.Argument(metavar="ADDRESS")]


def forget(
    context: typer.Context,
    address: Address,
    *,
    is_agreed: Annotated[bool, typer.Option("--yes")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run")] = False,
) -> int:
    """Erase a person; what stays is the keyed hash of the address."""
    from leadline.stages.erasure import erase_person, rehearse_erasure

    session = session_of(context)
    meant = read_address(address)
    with session.open_workspace() as work:
        now = session.clock.now()
        if dry_run or not is_agreed:
            plan = rehearse_erasure(work, meant, now=now)
            session.finished = _document(plan, is_done=False)
            _show(session, plan, "forget.plan")
            if dry_run:
                session.out.document(session.finished)
                return DIFFERENCES if plan.files else DONE
            _agree(session)
        done = erase_person(work, meant, now=now)
    session.out.document(_document(done, is_done=True))
    _show(session, done, "forget.done")
    _show_left(session, done)
    return DONE if done.is_whole else DIFFERENCES


def read_address(text: str) -> str:
    """Return the canonical address that a person names; `-` reads it from standard input.

    Raises:
        Refused: it is none; the text is not repeated.
    """
    from leadline.domain.reach import read_one_email

    if text == STDIN:
        text = sys.stdin.readline()
    found = read_one_email(text)
    if found is None:
        raise Refused(code="no_address")
    return found


def _agree(session: Session) -> None:
    """Ask at a terminal; a script, and whoever wants JSON, has to say `--yes`.

    Raises:
        Refused: nobody agreed.
    """
    is_asked = not session.out.is_json and sys.stdin.isatty() and sys.stdout.isatty()
    answer = ""
    if is_asked:
        try:
            answer = input(session.out.words("forget.ask"))
        except EOFError:
            answer = ""
    if answer.strip().lower() not in {"y", "yes", "はい"}:
        raise Refused(code="forget_unasked")


def _document(done: Erasure, *, is_done: bool) -> dict[str, Any]:
    return {
        "is_done": is_done,
        **{name: getattr(done, name) for name in _COUNTS},
        "in_flight": done.in_flight,
        "is_compacted": done.is_compacted if is_done else None,
        "files": [str(path) for path in done.files],
    }


def _show(session: Session, done: Erasure, title: str) -> None:
    out = session.out
    found = {name: getattr(done, name) for name in _COUNTS}
    out.line(title if any(found.values()) else f"{title}_nothing")
    for name, count in found.items():
        if count:
            out.line(f"forget.{name}", count=count)
    if done.files:
        out.line("forget.files", count=len(done.files))
        for path in done.files[:_MOST_SHOWN]:
            out.line("forget.file", file=path)
        if len(done.files) > _MOST_SHOWN:
            out.line("forget.more", count=len(done.files) - _MOST_SHOWN)


def _show_left(session: Session, done: Erasure) -> None:
    """Say what has to be done by a person, or by the same command once more."""
    if done.in_flight:
        session.out.line("forget.in_flight", count=done.in_flight)
    if not done.is_compacted:
        session.out.line("forget.not_compacted")
