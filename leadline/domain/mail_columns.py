"""Mail addresses of many rows: a pattern decides most, the reader of one cell the others."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np  # noqa: TID253 - a batch computation, loaded by imports alone
import pyarrow as pa
import pyarrow.compute as pc

from leadline.domain.addresses import is_disposable_address, is_free_address, is_role_address
from leadline.domain.column_values import BLANKS, Reading, Values, mask
from leadline.domain.intake import _ROLES
from leadline.domain.reach import read_email

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leadline.domain.column_values import Flags

#: Short addresses of plain letters: no part can be too long, so the pattern needs no counts.
_SHORT: Final = 64
_PLAIN: Final = (
    r"\A[a-z0-9_+']+(?:[.-][a-z0-9_+']+)*"
    r"@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+(?:[a-z0-9]+-)*[a-z0-9]*[a-z]\z"
)


def read_emails(columns: Sequence[pa.Array]) -> Reading:
    """Return the address of each row, from the first of its mail cells that is filled.

    A row whose filled cell holds no address has None, like one without any filled cell.
    """
    found, is_filled = _read(columns[0]), _is_filled(columns[0])
    for cells in columns[1:]:
        found = _behind(found, _read(cells), is_filled)
        is_filled |= _is_filled(cells)
    return found


def _is_filled(cells: pa.Array) -> Flags:
    return mask(pc.not_equal(pc.utf8_trim(cells, BLANKS), "")).copy()


def _read(cells: pa.Array) -> Reading:
    lowered = pc.ascii_lower(pc.ascii_trim(cells, " \t\r\n"))
    is_plain = mask(
        pc.and_(
            pc.match_substring_regex(lowered, _PLAIN),
            pc.less_equal(pc.binary_length(lowered), _SHORT),
        )
    )
    rows: list[str | None] = lowered.to_pylist()
    written: list[str | None] = [None] * len(rows)
    for row in np.flatnonzero(~is_plain).tolist():
        cell = cells[row].as_py()
        rows[row] = email = read_email(cell) if cell else None
        written[row] = beside_email(cell, email)
    return Reading(Values(None, rows=rows), Values(None, rows=written))


def beside_email(cell: str, email: str | None) -> str | None:
    """Return the trimmed text of a mail cell that differs from its address beyond case."""
    text = cell.strip(BLANKS)
    return text if text and text.lower() != email else None


def _behind(first: Reading, second: Reading, is_filled: Flags) -> Reading:
    """Return the first reading where its cell is filled, else the second."""
    rows = zip(is_filled.tolist(), *(part.to_list() for part in (*first, *second)), strict=True)
    chosen = [(one, text) if filled else (two, other) for filled, one, text, two, other in rows]
    values, written = [value for value, _ in chosen], [text for _, text in chosen]
    return Reading(Values(None, rows=values), Values(None, rows=written))


def flag_emails(emails: Sequence[str | None]) -> dict[str, list[bool]]:
    """Return by row what an address tells by itself; nothing is said without an address."""
    column = pa.array(emails, pa.string()).fill_null("")
    is_role: list[bool] = mask(pc.match_substring_regex(column, _ROLE)).tolist()
    for row, email in enumerate(emails):
        if email and not email.isascii():  # case is folded in more ways than a pattern says
            is_role[row] = is_role_address(email)
    domains = [email.rpartition("@")[2] if email else "" for email in emails]
    told = {domain: _told_by_domain(domain) for domain in set(domains)}
    flags = list(map(told.__getitem__, domains))
    return {
        "is_role_address": is_role,
        "is_free_address": [is_free for is_free, _ in flags],
        "is_disposable_address": [is_disposable for _, is_disposable in flags],
    }


@lru_cache(maxsize=1 << 14)
def _told_by_domain(domain: str) -> tuple[bool, bool]:
    address = f"@{domain}"
    return is_free_address(address), is_disposable_address(address)


def _any_role() -> str:
    """Return a pattern of addresses of functions: signs between letters do not count."""
    words = "|".join(r"[-_.]*".join(word) for word in sorted(_ROLES))
    return rf"\A[-_.]*(?:{words})[-_.]*[+@]"


_ROLE: Final = _any_role()
