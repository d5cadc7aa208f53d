"""Erasure: whoever asks to be forgotten is found nowhere any more; only a keyed hash stays.

The files go first, then the database in one transaction, then the files again for what came in
between: killed at any point, the same command still finds everything that is left. A message that
is being written to the wire at that very moment cannot be stopped; it is reported.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from leadline.config.webhook_readings import all_readings
from leadline.domain.intake import is_role_address, match_keys
from leadline.domain.keys import address_hash, match_key_hash
from leadline.domain.mentions import Mentions
from leadline.domain.stated import Stated
from leadline.files.erasing import erase_rows, list_files, remove_files
from leadline.mail.erasing import erase_messages, redact_mail
from leadline.store import erasure
from leadline.store.copies import remove_left
from leadline.store.mentions import list_places, rewrite
from leadline.store.own_rows import find_own, get_last_id
from leadline.store.suppressions import lock_addresses

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime
    from pathlib import Path

    from leadline.domain.payloads import Reading
    from leadline.stages import Workspace
    from leadline.store.engine import Connection, Store
    from leadline.store.own_rows import Arrived, Own


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
        people: every address of theirs, and what looks for it.
    """

    done: Erasure = field(default_factory=Erasure)
    message_ids: set[str] = field(default_factory=set)
    lines: set[tuple[int, int]] = field(default_factory=set)
    people: dict[str, Mentions] = field(default_factory=dict)


def rehearse_erasure(work: Workspace, address: str, *, now: datetime) -> Erasure:
    """Count what an erasure would do; changes nothing.

    Args:
        work: the workspace.
        address: in canonical form.
        now: the time.
    """
    mentions = Mentions.of(address)
    found = _rehearse(work, mentions, now=now)
    _erase_files(work, found, is_rehearsal=True)
    found.done.files = _list_left(work, found.people)
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
    _erase_files(work, before)
    found = _erase_rows(work, work.store, mentions, now=now)
    found.people = before.people | found.people
    _erase_files(work, found)
    done = found.done
    done.mailbox += before.done.mailbox
    done.quarantine += before.done.quarantine
    remove_left(work.environment.state)
    done.is_compacted = erasure.compact(work.store)
    done.files = _list_left(work, found.people)
    return done


def _rehearse(work: Workspace, mentions: Mentions, *, now: datetime) -> _Found:
    with work.store.rehearsal() as store:
        return _erase_rows(work, store, mentions, now=now)


def _erase_rows(work: Workspace, store: Store, mentions: Mentions, *, now: datetime) -> _Found:
    """Erase a person from the database, in one transaction, under every address of theirs."""
    readings = all_readings(work.project)
    people = _find_people(store, mentions, readings)
    hashes = {
        each.mentions.address: address_hash(each.mentions.address, pepper=store.pepper)
        for each in people
    }
    found = _Found(people={each.mentions.address: each.mentions for each in people})
    with store.write(lock="intake") as connection:
        lock_addresses(connection, hashes.values())
        for each in people:
            erasing = _Erasing(connection, each, now, found)
            erasing.erase_person(hashes[each.mentions.address])
        for each in people:
            _Erasing(connection, each, now, found).erase_mentions()
        for hash_ in hashes.values():
            erasure.add_ban(connection, hash_, now=now)
    return found


def _find_people(
    store: Store, mentions: Mentions, readings: Mapping[str, Reading]
) -> list[_Sought]:
    """Return where a person's addresses stand: the one that was asked for, and what they also use.

    Looked for while others may write. The address of a function is several people's.
    """
    asked = _seek(store, mentions, readings)
    with store.read() as connection:
        own = asked.find_own(connection, is_locked=False)
    others = sorted(
        address
        for address in own.emails
        if address != mentions.address and not is_role_address(address)
    )
    return [asked, *(_seek(store, Mentions.of(address), readings) for address in others)]


def _seek(store: Store, mentions: Mentions, readings: Mapping[str, Reading]) -> _Sought:
    """Return by table the rows that hold an address."""
    found: dict[str, set[int]] = defaultdict(set)
    with store.read() as connection:
        last = get_last_id(connection)
        for place in list_places(connection, mentions.spellings):
            if mentions.is_in_value(place.values):
                found[place.table.name].add(place.key)
    keys = (("email", mentions.address), *match_keys({"email": mentions.address}, source=""))
    hashes = tuple(match_key_hash(*key, pepper=store.pepper) for key in keys)
    return _Sought(mentions, Stated(mentions, readings), hashes, found, last)


@dataclass(frozen=True, slots=True)
class _Sought:
    """One address of a person, and where it stands.

    Attributes:
        stated: tells whose an arrival is.
        key_hashes: the match key of leads with the address, and that of events with it.
        candidates: by table, keys of rows that hold the address.
        last: the last submission there was.
    """

    mentions: Mentions
    stated: Stated
    key_hashes: tuple[str, ...]
    candidates: Mapping[str, Collection[int]]
    last: int

    def find_own(self, connection: Connection, *, is_locked: bool) -> Own:
        """Return what is the person's under this address."""
        return find_own(
            connection,
            self.stated,
            key_hash=self.key_hashes[0],
            candidates=self.candidates.get("submissions", ()),
            after=self.last,
            is_locked=is_locked,
        )


@dataclass
class _Erasing:
    """One erasure, inside its transaction."""

    connection: Connection
    sought: _Sought
    now: datetime
    found: _Found

    @property
    def mentions(self) -> Mentions:
        """The address."""
        return self.sought.mentions

    def erase_person(self, hash_: str) -> None:
        """Empty the person's leads, arrivals and messages."""
        own = self.sought.find_own(self.connection, is_locked=True)
        leads, arrived = own.leads, own.arrived
        ids = {row.id for row in arrived}
        erasure.erase_events(self.connection, leads, self.sought.key_hashes)
        erasure.erase_leads(self.connection, leads, now=self.now)
        mails = erasure.list_mails(self.connection, leads, ids, hash_)
        self._erase_mails(mails, leads)
        done = self.found.done
        done.leads += len(leads)
        done.submissions += erasure.erase_submissions(self.connection, ids)
        self._keep_lines(arrived)

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

    def erase_mentions(self) -> None:
        """Take the address out of the rows of others, and out of mails about them."""
        candidates = self.sought.candidates
        if not candidates:
            return
        places = list_places(self.connection, self.mentions.spellings, only=candidates)
        changed = rewrite(self.connection, places, self.mentions.redact_value)
        self.found.done.mentions += len(changed)
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


def _erase_files(work: Workspace, found: _Found, *, is_rehearsal: bool = False) -> None:
    """Take a person out of the mailbox, the quarantine files, and the files that we keep."""
    state = work.environment.state
    message_ids, lines = found.message_ids, found.lines
    for mentions in found.people.values():
        found.done.mailbox += erase_messages(
            state / "mailbox", mentions, message_ids=message_ids, is_rehearsal=is_rehearsal
        )
        found.done.quarantine += erase_rows(
            state / "quarantine", mentions, lines=lines, is_rehearsal=is_rehearsal
        )
        remove_files(state, mentions, pattern="mailbox/*.html", is_rehearsal=is_rehearsal)
        remove_files(state, mentions, pattern="inbox/*", is_rehearsal=is_rehearsal)
        message_ids, lines = set(), set()  # each counts once


def _list_left(work: Workspace, people: Mapping[str, Mentions]) -> list[Path]:
    """Return files that still name the address: below the project folder, and in our own."""
    home, state = work.environment.home, work.environment.state
    ours = {state / name for name in ("mailbox", "quarantine", "inbox")}
    apart = {*ours, *erasure.list_files(work.store)}
    found: dict[Path, None] = {}
    for mentions in people.values():
        found |= dict.fromkeys(list_files(home, mentions, apart=apart))
        if not state.is_relative_to(home) and state.is_dir():
            found |= dict.fromkeys(list_files(state, mentions, apart=apart))
    return [*found]
