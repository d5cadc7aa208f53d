"""`leadline mailbox`: what the built-in mailbox holds in place of sending."""

from __future__ import annotations

import email.policy
import sys
import webbrowser
from collections.abc import Sequence
from email.parser import BytesParser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from leadline.cli.output import Column, time_text
from leadline.cli.session import DONE, Session, session_of

if TYPE_CHECKING:
    from leadline.mail.sink import Filed

SHOWN: Final = 20


def mailbox(
    context: typer.Context,
    is_opened: Annotated[bool, typer.Option("--open")] = False,
) -> int:
    """List the messages of the built-in mailbox, and open the newest on a desktop."""
    from leadline.mail.sink import read_mailbox

    session = session_of(context)
    session.require_project()
    folder = session.environment.state / "mailbox"
    found = read_mailbox(folder)
    out = session.out
    out.document(
        {
            "messages": [
                {
                    "to": filed.recipient,
                    "subject": filed.subject,
                    "at": time_text(filed.at),
                    "path": filed.path,
                }
                for filed in found
            ]
        }
    )
    if not found:
        out.line("mailbox.empty", folder=folder)
        return DONE
    _show(session, found, folder)
    if is_opened:
        _open(session, found[-1].path)
    return DONE


def _show(session: Session, found: Sequence[Filed], folder: Path) -> None:
    columns = (
        Column("mailbox.at"),
        Column("mailbox.to"),
        Column("mailbox.subject", may_shrink=True),
    )
    newest = found[-SHOWN:]
    rows = [(time_text(filed.at), filed.recipient, filed.subject) for filed in newest]
    session.out.table(columns, rows)
    session.out.line("mailbox.count", count=len(found), shown=len(newest), folder=folder)


def _open(session: Session, path: Path) -> None:
    """Show the newest message's page in a browser; without a desktop, say where it is."""
    page = _write_page(session, path)
    if page is None:
        session.out.note("mailbox.no_html", path=path)
    elif _has_desktop(session) and webbrowser.open(page.as_uri()):
        session.out.note("mailbox.opened", path=page)
    else:
        session.out.note("mailbox.no_desktop", path=page)


def _write_page(session: Session, path: Path) -> Path | None:
    """Write a message's HTML part into the state folder, for its owner alone."""
    with path.open("rb") as file:
        message = BytesParser(policy=email.policy.default).parse(file)
    part = message.get_body(preferencelist=("html",))
    if part is None:
        return None
    page = session.environment.state / "mailbox" / "newest.html"
    page.touch(mode=0o600)
    page.write_text(str(part.get_content()), encoding="utf-8")
    return page


def _has_desktop(session: Session) -> bool:
    if sys.platform in {"darwin", "win32"}:
        return True
    return any(session.variables.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
