"""Which rows and keys of a file were there before in the same file, without keeping them."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np  # noqa: TID253 - loaded when a file is imported

from leadline.domain.keys import pair_key, row_key
from leadline.domain.matching import is_someone_else, name_letters

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from leadline.domain.columns import Judged
    from leadline.domain.resolution import Key


class Marks:
    """Eight bytes of each of many digests: which were there before.

    They are kept in sorted runs of doubling length, so that a million cost some megabytes and a
    look is a few binary searches.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._runs: list[NDArray[np.uint64]] = []

    def find(self, digests: Sequence[str]) -> set[int]:
        """Return the marks of those digests that are there."""
        marks = np.unique(as_marks(digests))
        return {mark for run in self._runs for mark in marks[_among(run, marks)].tolist()}

    def add(self, digests: Sequence[str]) -> None:
        """Keep the marks of digests; runs of like length are joined."""
        if digests:
            run = np.unique(as_marks(digests))
            while self._runs and len(self._runs[-1]) <= len(run):
                run = np.union1d(self._runs.pop(), run)
            self._runs.append(run)


def as_marks(digests: Sequence[str]) -> NDArray[np.uint64]:
    """Return the first eight bytes of digests, which are given in hexadecimal digits."""
    return np.frombuffer(bytes.fromhex("".join(digest[:16] for digest in digests)), np.uint64)


def _among(run: NDArray[np.uint64], marks: NDArray[np.uint64]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = run[np.minimum(np.searchsorted(run, marks), len(run) - 1)] == marks
    return found


class Twins:
    """Gives each row of a file its content key: its bytes, and which of its twins it is."""

    def __init__(self) -> None:
        """Begin with a file of which nothing was seen."""
        self._seen = Marks()
        self._counts: dict[int, int] = {}

    def keys(self, rows: Sequence[bytes]) -> list[str]:
        """Return the content keys of the next rows, which follow those of earlier calls."""
        keys = [row_key(row, 0) for row in rows]
        again = self._met_again(keys)
        self._seen.add(keys)
        if again:
            for place, mark in enumerate(as_marks(keys).tolist()):
                if mark in again and (nth := self._next_of(mark)):
                    keys[place] = row_key(rows[place], nth)
        return keys

    def _met_again(self, keys: Sequence[str]) -> set[int]:
        """Return the marks that occur twice here, or here and before."""
        before = self._seen.find(keys)
        for mark in before:
            self._counts.setdefault(mark, 1)
        found, counts = np.unique(as_marks(keys), return_counts=True)
        return before.union(found[counts > 1].tolist())

    def _next_of(self, mark: int) -> int:
        """Return how many twins came before, and count this one."""
        count = self._counts.get(mark, 0)
        self._counts[mark] = count + 1
        return count


class Stated(NamedTuple):
    """Who a row of a file is.

    Attributes:
        keys: kind and hash of its match keys.
        email: its address.
        name: its full name.
        is_other: whether it is somebody else than the known lead that has its external id.
    """

    keys: Sequence[Key]
    email: str
    name: str | None
    is_other: bool = False


def state_rows(
    judged: Judged,
    keys: Sequence[Sequence[Key]],
    known: Mapping[Key, int],
    people: Mapping[int, tuple[str | None, str | None]],
) -> list[Stated]:
    """Return who the accepted rows are.

    Args:
        judged: all rows.
        keys: of the accepted rows.
        known: the lead of each key that is known.
        people: address and full name of the leads that have an external id.
    """
    accepted = [place for place in range(judged.count) if place not in judged.rejected]
    emails, names = judged.values["email"], judged.values.get("full_name", [None] * judged.count)
    rows = []
    for place, each in zip(accepted, keys, strict=True):
        email, name = emails[place], names[place]
        lead_id = next((known.get(key) for key in each if key[0] == "external"), None)
        held = people.get(lead_id) if lead_id is not None else None
        is_other = held is not None and is_someone_else(held, (email, name))
        rows.append(Stated(each, email, name, is_other))
    return rows


def count_strangers(rows: Sequence[Stated], known: Collection[Key], seen: Marks) -> int:
    """Count the rows that share no key with a known lead or an earlier row of the file.

    An external id counts only with an address or a name that was met with it, see
    `leadline.domain.matching.is_someone_else`. An import looks at the first address and the newest
    name of the lead, which other rows may have changed; here every one that was met fits. So where
    one lead of a file has several names, an import may make more leads than are counted.

    Args:
        rows: who they are.
        known: the keys that lead to a lead.
        seen: those of the rows before, to which these are added.
    """
    bonds = [_bonds(row) for row in rows]
    digests = [digest for row in rows for _, digest in row.keys] + list(chain(*bonds))
    met = seen.find(digests) if digests else set()
    marks = dict(zip(digests, as_marks(digests).tolist(), strict=True))
    count, added = 0, list[str]()
    for row, tied in zip(rows, bonds, strict=True):
        fits = not row.name or any(marks[bond] in met for bond in tied)
        found = [
            _leads(key, row, known, fits=fits, is_met=marks[key[1]] in met) for key in row.keys
        ]
        count += True not in found
        kept = [digest for _, digest in row.keys] + (tied[:2] if False not in found else [])
        met.update(map(marks.__getitem__, kept))
        added += kept
    seen.add(added)
    return count


def _bonds(row: Stated) -> list[str]:
    """Return what ties an external id to the row's address, to its name, and to no name."""
    texts = (row.email, name_letters(row.name), "")
    return [
        pair_key(digest, text) for kind, digest in row.keys if kind == "external" for text in texts
    ]


def _leads(
    key: Key, row: Stated, known: Collection[Key], *, fits: bool, is_met: bool
) -> bool | None:
    """Return whether a key leads to the row's lead: False to another's, None to none."""
    if key not in known and not is_met:
        return None
    if key[0] != "external":
        return True
    return (is_met and fits) or (key in known and not row.is_other)
