"""Rows of a file on their way into the store: a chunk at a time, each row with its content key."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from leadline.domain.keys import REJECT_MARK
from leadline.domain.twins import Twins

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    import pyarrow as pa

    from leadline.files.records import Rows
    from leadline.files.rejects import Reject


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a file.

    Attributes:
        columns: the cells of the readable rows, one array per column.
        lines: physical line of each readable row.
        keys: its content key.
        rejects: the rows that cannot be read.
        reject_keys: their content keys.
        size: bytes of the file that this covers.
    """

    columns: Sequence[pa.Array]
    lines: Sequence[int]
    keys: Sequence[str]
    rejects: Sequence[Reject]
    reject_keys: Sequence[str]
    size: int

    @property
    def count(self) -> int:
        """Return how many rows there are, readable or not."""
        return len(self.keys) + len(self.rejects)

    @property
    def all_keys(self) -> list[str]:
        """Return the content keys of all rows."""
        return [*self.keys, *self.reject_keys]

    def without(self, known: Collection[str]) -> Chunk:
        """Return the rows whose keys are not among `known`."""
        if not known:
            return self
        kept = [place for place, key in enumerate(self.keys) if key not in known]
        left = [place for place, key in enumerate(self.reject_keys) if key not in known]
        return replace(
            self,
            columns=[column.take(kept) if kept else column.slice(0, 0) for column in self.columns],
            lines=[self.lines[place] for place in kept],
            keys=[self.keys[place] for place in kept],
            rejects=[self.rejects[place] for place in left],
            reject_keys=[self.reject_keys[place] for place in left],
        )

    def lines_of(self, keys: Collection[str]) -> list[tuple[str, int]]:
        """Return content key and line of the rows that have one of the keys."""
        lines = (*self.lines, *(reject.line for reject in self.rejects))
        return [pair for pair in zip(self.all_keys, lines, strict=True) if pair[0] in keys]


def cut_chunks(batches: Iterable[Rows], size: int) -> Iterator[Chunk]:
    """Yield the rows of a file, at most `size` readable ones at a time, in file order."""
    twins = Twins()
    for rows in batches:
        lines, rejects = rows.lines.tolist(), rows.rejects
        raws: list[bytes] = rows.raws.to_pylist()
        for start in range(0, max(len(lines), 1), size):
            stop = start + size
            is_last = stop >= len(lines)
            ends_at = None if is_last else lines[stop]
            mine, rejects = _split(rejects, ends_at)
            yield Chunk(
                columns=[column.slice(start, size) for column in rows.columns],
                lines=lines[start:stop],
                keys=twins.keys(raws[start:stop]),
                rejects=mine,
                reject_keys=twins.keys([REJECT_MARK + reject.raw for reject in mine]),
                size=rows.size if is_last else 0,
            )


def _split(rejects: list[Any], ends_at: int | None) -> tuple[list[Any], list[Any]]:
    """Part the rejects that stand above a line from the others."""
    if ends_at is None:
        return rejects, []
    above = sum(reject.line < ends_at for reject in rejects)
    return rejects[:above], rejects[above:]
