"""Erasure: whoever asks to be forgotten is found nowhere any more; only a keyed hash stays.

The files go first, then the database in one transaction, then the files again for what came in
between: killed at any point, the same command still finds everything that is left. A message that
is being written to the wire at that very moment cannot be stopped; it is reported.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from leadline.domain.keys import address_hash
from leadline.domain.mentions import Mentions
from leadline.files.erasing import erase_rows, list_files, remove_files
from leadline.mail.erasing import erase_messages, redact_mail
from leadline.store import erasure
from leadline.store.mentions import list_places, rewrite
from leadline.store.suppressions import lock_addresses

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime
    from pathlib import Path

    from leadline.stages import Workspace
    from leadline.store.engine import Connection, Store
    from leadline.store.erasure import Arrived
    from leadline.store.mentions import Place

#: Rows that cannot be told apart into cells keep their text whole.
_WHOLE: Final = {"text"}
_LEFT_OPEN: Final = frozenset({"new", "waiting", "quarantined", "undone"})


@dataclass(slots=True)
class Erasure:
    """What an erasure came to, in counts.

    Attributes:
        leads: leads that were emptied.
        submissions: arrivals that were emptied.
        messages: mails to or about the person, of the outbox.
        mentions: rows of others, without the address now.
        mailbox: messages taken out of the built-in mailbox.
        quarantine: rows taken out of quarantine files.
        in_flight: messages that were just being sent.
        files: files of the project that still name the address, and are the company's to change.
        is_compacted: whether nothing of it is left in the database's file.
    """

    leads: int = 0
    submissions: int = 0
    messages: int = 0
    mentions: int = 0
    mailbox: int = 0
    quarantine: int = 0
    in_flight: int = 0
    files: list[Path] = field(default_factory=list)
    is_compacted: bool = True

    @property
    def is_whole(self) -> bool:
        """Tell whether nothing is left to do for a person."""
        return self.is_compacted and not (self.files or self.in_flight)


@dataclass(slots=True)
class _Found:
    """What the database had of a person.

    Attributes:
        message_ids: of mails to or about the person.
        lines: import run and line of the person's rows.
    """

    done: Erasure = field(default_factory=Erasure)
    message_ids: set[str] = field(default_factory=set)
    lines: set[tuple[int, int]] = field(default_factory=set)


def rehearse_erasure(work: Workspace, address: str, *, now: datetime) -> Erasure:
    """Count what an erasure would do; changes nothing.

    Args:
        work: the workspace.
        address: in canonical form.
        now: the time.
    """
    mentions = Mentions.of(address)
    found = _rehearse(work, mentions, now=now)
    _erase_files(work, mentions, found, is_rehearsal=True)
    found.done.files = _list_left(work, mentions)
    return found.done


def erase_person(work: Workspace, address: str, *, now: datetime) -> Erasure:
    """Erase a person everywhere and ban the address; doing it again changes nothing.

    Args:
        work: the workspace.
        address: in canonical form.
        now: recorded as the time of the erasure.
    """
    mentions = Mentions.of(address)
    before = _rehearse(work, mentions, now=now)
    _erase_files(work, mentions, before)
    found = _erase_rows(work.store, mentions, now=now)
    _erase_files(work, mentions, found)
    done = found.done
    done.mailbox += before.done.mailbox
    done.quarantine += before.done.quarantine
    done.is_compacted = erasure.compact(work.store)
    done.files = _list_left(work, mentions)
    return done


def _rehearse(work: Workspace, mentions: Mentions, *, now: datetime) -> _Found:
    with work.store.rehearsal() as store:
        return _erase_rows(store, mentions, now=now)


def _erase_rows(store: Store, mentions: Mentions, *, now: datetime) -> _Found:
    """Erase a person from the database, in one transaction."""
    candidates = _find_places(store, mentions)
    hash_ = address_hash(mentions.address, pepper=store.pepper)
    with store.write(lock="intake") as connection:
        lock_addresses(connection, {hash_})
        erasing = _Erasing(connection, mentions, now)
        erasing.erase_person(hash_)
        erasing.erase_mentions(candidates)
        erasure.add_ban(connection, hash_, now=now)
    return erasing.found


def _find_places(store: Store, mentions: Mentions) -> dict[str, set[int]]:
    """Return by table the rows that hold the address; looked for while others may write."""
    found: dict[str, set[int]] = defaultdict(set)
    with store.read() as connection:
        for place in list_places(connection, mentions.spellings):
            if mentions.is_in_value(place.values):
                found[place.table.name].add(place.key)
    return found


@dataclass
class _Erasing:
    """One erasure, inside its transaction."""

    connection: Connection
    mentions: Mentions
    now: datetime
    found: _Found = field(default_factory=_Found)

    def erase_person(self, hash_: str) -> None:
        """Empty the person's leads, arrivals and messages."""
        leads = erasure.lock_leads(self.connection, self.mentions.address)
        arrived = erasure.list_arrived(self.connection, leads)
        arrived += [row for row in erasure.list_open(self.connection) if self._is_own(row)]
        ids = {row.id for row in arrived}
        erasure.erase_leads(self.connection, leads, now=self.now)
        mails = erasure.list_mails(self.connection, leads, ids, hash_)
        self._erase_mails(mails, leads)
        done = self.found.done
        done.leads += len(leads)
        done.submissions += erasure.erase_submissions(self.connection, ids)
        self._keep_lines(arrived)

    def _is_own(self, row: Arrived) -> bool:
        """Tell whether an arrival is the person's, and not somebody's who speaks of them."""
        return self._is_theirs(row.kind, row.raw)

    def _is_theirs(self, kind: str, raw: object) -> bool:
        is_whole = kind == "webhook" or (isinstance(raw, dict) and set(raw) == _WHOLE)
        find = self.mentions.is_in_value if is_whole else self.mentions.is_whole_in
        return find(raw)

    def _keep_lines(self, arrived: Collection[Arrived]) -> None:
        self.found.lines |= {
            (row.import_run_id, row.line) for row in arrived if row.import_run_id and row.line
        }

    def _erase_mails(self, rows: list[dict[str, Any]], leads: Collection[int]) -> None:
        self._count_mails(rows)
        erasure.erase_mails(self.connection, rows, leads)

    def _count_mails(self, rows: list[dict[str, Any]]) -> None:
        known = {row["id"] for row in rows if row["mail"] is not None}
        self.found.message_ids |= {row["message_id"] for row in rows}
        self.found.done.in_flight += sum(row["state"] == "sending" for row in rows)
        self.found.done.messages += len(known)

    def erase_mentions(self, candidates: Mapping[str, Collection[int]]) -> None:
        """Take the address out of the rows of others, and out of mails about them."""
        if not candidates:
            return
        places = list_places(self.connection, self.mentions.spellings, only=candidates)
        own = [place for place in places if self._is_left_open(place)]
        done = self.found.done
        done.submissions += erasure.erase_submissions(self.connection, {place.key for place in own})
        others = [place for place in places if place not in own]
        changed = rewrite(self.connection, others, self.mentions.redact_value)
        done.mentions += len(changed)
        leads = {place.lead_id for place in changed if place.lead_id is not None}
        mails = [
            row
            for row in erasure.list_mails(self.connection, leads, (), "")
            if self.mentions.is_in(row["mail"] or "") or self.mentions.is_in(row["subject"] or "")
        ]
        self._count_mails(mails)
        erasure.redact_mails(
            self.connection,
            mails,
            redact=self.mentions.redact,
            redact_mail=partial(redact_mail, mentions=self.mentions),
        )

    def _is_left_open(self, place: Place) -> bool:
        row = place.row
        return (
            place.table.name == "submissions"
            and row["state"] in _LEFT_OPEN
            and self._is_theirs(row["kind"], row["raw"])
        )


def _erase_files(
    work: Workspace, mentions: Mentions, found: _Found, *, is_rehearsal: bool = False
) -> None:
    """Take a person out of the mailbox, the quarantine files, and the files that we keep."""
    state = work.environment.state
    found.done.mailbox += erase_messages(
        state / "mailbox", mentions, message_ids=found.message_ids, is_rehearsal=is_rehearsal
    )
    found.done.quarantine += erase_rows(
        state / "quarantine", mentions, lines=found.lines, is_rehearsal=is_rehearsal
    )
    remove_files(state, mentions, pattern="mailbox/*.html", is_rehearsal=is_rehearsal)
    remove_files(state, mentions, pattern="inbox/*", is_rehearsal=is_rehearsal)


def _list_left(work: Workspace, mentions: Mentions) -> list[Path]:
    """Return files that still name the address: below the project folder, and in our own."""
    home, state = work.environment.home, work.environment.state
    ours = {state / name for name in ("mailbox", "quarantine", "inbox")}
    apart = {*ours, *erasure.list_files(work.store)}
    found = list_files(home, mentions, apart=apart)
    if not state.is_relative_to(home) and state.is_dir():
        found += list_files(state, mentions, apart=apart)
    return found
