"""Which rows and keys of a file were there before in the same file, without keeping them."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import numpy as np  # noqa: TID253 - loaded when a file is imported

from leadline.domain.keys import row_key

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray


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


def count_strangers(
    keys: Sequence[Sequence[tuple[str, str]]], known: Collection[tuple[str, str]], seen: Marks
) -> int:
    """Count the rows that share no key with a known lead or an earlier row of the file.

    Args:
        keys: kind and hash of the match keys, by row.
        known: those that lead to a lead.
        seen: those of the rows before, to which these are added.
    """
    digests = [digest for each in keys for _, digest in each]
    met = seen.find(digests) if digests else set()
    marks = iter(as_marks(digests).tolist())
    count = 0
    for each in keys:
        mine = set(islice(marks, len(each)))
        count += met.isdisjoint(mine) and not any(key in known for key in each)
        met |= mine
    seen.add(digests)
    return count
