"""Rows of files about people who were erased: they are refused, and nothing of them is kept."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol

from leadline.domain.intake import Rejected
from leadline.domain.keys import address_hasher
from leadline.domain.mentions import ERASED as GONE
from leadline.domain.mentions import fold
from leadline.domain.reach import read_email
from leadline.domain.suppression import read_addresses

if TYPE_CHECKING:
    from collections.abc import Collection

    from leadline.domain.columns import Judged

#: The reject code of a row about somebody who was erased.
ERASED: Final = "erased"
_ADDRESS: Final = re.compile(r"[^\s\"<>(),;:|\[\]\\]+@[^\s\"'<>(),;:|\[\]{}\\]+")


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

    def is_erased(self, address: str | None) -> bool:
        """Tell whether a canonical address is that of somebody who was erased."""
        return bool(self._hashes and address) and self._hash(address or "") in self._hashes

    def empty(self, rows: Rows, *, emails: Collection[int]) -> None:
        """Keep nothing of refused rows of an erased person, whatever was wrong.

        Args:
            rows: all rows, the refused ones among them.
            emails: places of the cells that are to be the address; a row that could not be told
                apart into cells is the person's when it names nobody else.
        """
        if not self._hashes:
            return
        for place, reason in enumerate(rows.reasons):
            if reason == ERASED or (reason and self._is_of_one(rows.raws[place], emails)):
                rows.raws[place], rows.reasons[place] = "{}", ERASED
                rows.fields[place] = rows.details[place] = None
            elif reason:
                rows.raws[place] = self._redacted(rows.raws[place])

    def _redacted(self, raw: str) -> str:
        """Return a refused row of somebody else without the addresses of erased people."""

        def without(found: re.Match[str]) -> str:
            address = read_email(found[0].strip("'`.!?"))
            return GONE if address and self._hash(address) in self._hashes else found[0]

        if "@" not in fold(raw):
            return raw
        cells = json.loads(raw)
        if isinstance(cells, list):
            redacted = [_ADDRESS.sub(without, cell) if cell else cell for cell in cells]
            return raw if redacted == cells else json.dumps(redacted, ensure_ascii=False)
        redacted_text = {name: _ADDRESS.sub(without, str(cell)) for name, cell in cells.items()}
        return raw if redacted_text == cells else json.dumps(redacted_text)

    def _is_of_one(self, raw: str, emails: Collection[int]) -> bool:
        if "@" not in fold(raw):
            return False
        cells = json.loads(raw)
        if isinstance(cells, list):
            stated = [cells[place] for place in emails if place < len(cells)]
            return any(self._are_erased(read_addresses(str(cell or ""))) for cell in stated)
        words = _ADDRESS.findall(fold(" ".join(map(str, cells.values()))))
        found = (read_email(word) or read_email(word.strip("'`.!?")) for word in words)
        return self._are_erased([address for address in found if address])

    def _are_erased(self, addresses: Collection[str]) -> bool:
        """Tell whether there are addresses and all of them were erased."""
        return bool(addresses) and all(self._hash(each) in self._hashes for each in addresses)
