"""Rows of files about people who were erased: they are refused, and nothing of them is kept."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol

from leadline.domain.intake import Rejected
from leadline.domain.keys import address_hasher
from leadline.domain.mentions import fold
from leadline.domain.reach import read_email

if TYPE_CHECKING:
    from collections.abc import Collection

    from leadline.domain.columns import Judged

#: The reject code of a row about somebody who was erased.
ERASED: Final = "erased"
_ADDRESS: Final = re.compile(r"[^\s\"'<>(),;:|\[\]{}\\]+@[^\s\"'<>(),;:|\[\]{}\\]+")


class Rows(Protocol):
    """Judged rows of a file, in columns, as they are about to be stored."""

    raws: list[str]
    reasons: list[str | None]
    fields: list[str | None]
    details: list[str | None]


class Erased:
    """The people who were erased, as far as their addresses can be known again."""

    def __init__(self, hashes: Collection[str], *, pepper: str) -> None:
        """Take the keyed hashes of their addresses, and what keys them."""
        self._hashes, self._hash = hashes, address_hasher(pepper)

    def refuse(self, judged: Judged) -> Judged:
        """Return judged rows, those of erased people refused."""
        if not self._hashes:
            return judged
        refused = {
            place: Rejected(ERASED, "", "")
            for place, address in enumerate(judged.values["email"])
            if address and self._hash(address) in self._hashes
        }
        return replace(judged, rejected={**judged.rejected, **refused}) if refused else judged

    def empty(self, rows: Rows) -> None:
        """Keep nothing of refused rows that name an erased person, whatever was wrong."""
        if not self._hashes:
            return
        for place, reason in enumerate(rows.reasons):
            if reason == ERASED or (reason and self._names_one(rows.raws[place])):
                rows.raws[place], rows.reasons[place] = "{}", ERASED
                rows.fields[place] = rows.details[place] = None

    def _names_one(self, text: str) -> bool:
        found = (read_email(word.strip(".!?")) for word in _ADDRESS.findall(fold(text)))
        return any(address and self._hash(address) in self._hashes for address in found)
