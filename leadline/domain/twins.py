"""Which rows of a file were there before in the same file, without keeping the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np  # noqa: TID253 - loaded when a file is imported

from leadline.domain.keys import row_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Marks = NDArray[np.uint64]


class Twins:
    """Gives each row of a file its content key: its bytes, and which of its twins it is.

    Eight bytes per row are kept, in sorted runs of doubling length, so that a million rows cost
    some megabytes and a look is a few binary searches.
    """

    def __init__(self) -> None:
        """Begin with a file of which nothing was seen."""
        self._runs: list[Marks] = []
        self._counts: dict[int, int] = {}

    def keys(self, rows: Sequence[bytes]) -> list[str]:
        """Return the content keys of the next rows, which follow those of earlier calls."""
        keys = [row_key(row, 0) for row in rows]
        marks: Marks = np.frombuffer(bytes.fromhex("".join(key[:16] for key in keys)), np.uint64)
        again = self._met_again(marks)
        self._add(marks)
        if again:
            for place, mark in enumerate(marks.tolist()):
                if mark in again and (nth := self._next_of(mark)):
                    keys[place] = row_key(rows[place], nth)
        return keys

    def _met_again(self, marks: Marks) -> set[int]:
        """Return the marks that occur twice here, or here and before."""
        found, counts = np.unique(marks, return_counts=True)
        known: Any = counts > 1
        for run in self._runs:
            places = np.minimum(np.searchsorted(run, found), len(run) - 1)
            before = run[places] == found
            known |= before
            for mark in found[before].tolist():
                self._counts.setdefault(mark, 1)
        return set(found[known].tolist())

    def _next_of(self, mark: int) -> int:
        """Return how many twins came before, and count this one."""
        count = self._counts.get(mark, 0)
        self._counts[mark] = count + 1
        return count

    def _add(self, marks: Marks) -> None:
        """Keep marks; runs of like length are joined."""
        if len(marks):
            run: Marks = np.unique(marks)
            while self._runs and len(self._runs[-1]) <= len(run):
                run = np.union1d(self._runs.pop(), run)
            self._runs.append(run)
