"""Rows of a file on their way into the store: a chunk at a time, each row with its content key."""

from __future__ import annotations

from dataclasses import dataclass, replace
from json.encoder import encode_basestring
from typing import TYPE_CHECKING

from leadline.domain.keys import REJECT_MARK
from leadline.domain.twins import Twins
from leadline.files.records import Rows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    import pyarrow as pa

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
    for rows in _gathered(batches, size):
        lines, rejects = rows.lines.tolist(), rows.rejects
        raws: list[bytes] = rows.raws.to_pylist()
        for start in range(0, max(len(lines), 1), size):
            stop = start + size
            is_last = stop >= len(lines)
            mine, rejects = _split(rejects, None if is_last else lines[stop])
            yield Chunk(
                columns=[column.slice(start, size) for column in rows.columns],
                lines=lines[start:stop],
                keys=twins.keys(raws[start:stop]),
                rejects=mine,
                reject_keys=twins.keys([REJECT_MARK + reject.raw for reject in mine]),
                size=rows.size if is_last else 0,
            )


def _gathered(batches: Iterable[Rows], size: int) -> Iterator[Rows]:
    """Join batches until each but the last has `size` rows or more."""
    waiting: list[Rows] = []
    for rows in batches:
        waiting.append(rows)
        if sum(len(each.lines) + len(each.rejects) for each in waiting) >= size:
            yield _joined(waiting)
            waiting = []
    if waiting:
        yield _joined(waiting)


def _joined(parts: list[Rows]) -> Rows:
    if len(parts) == 1:
        return parts[0]
    import numpy as np
    import pyarrow as pa

    return Rows(
        lines=np.concatenate([part.lines for part in parts]),
        columns=tuple(
            pa.concat_arrays(columns)
            for columns in zip(*(part.columns for part in parts), strict=True)
        ),
        raws=pa.concat_arrays([part.raws for part in parts]),
        rejects=[reject for part in parts for reject in part.rejects],
        size=sum(part.size for part in parts),
    )


def _split(rejects: list[Reject], ends_at: int | None) -> tuple[list[Reject], list[Reject]]:
    """Part the rejects that stand above a line from the others."""
    if ends_at is None:
        return rejects, []
    above = sum(reject.line < ends_at for reject in rejects)
    return rejects[:above], rejects[above:]


def as_json_lists(columns: Sequence[pa.Array]) -> list[str]:
    """Return the cells of each row as the JSON text of a list, made in columns."""
    import pyarrow.compute as pc

    cells = [_escaped(column) for column in columns]
    joined = pc.binary_join_element_wise(*cells, '", "')
    texts: list[str] = pc.binary_join_element_wise('["', joined, '"]', "").to_pylist()
    return texts


def _escaped(cells: pa.Array) -> pa.Array:
    """Write as JSON does what stands between the quotation marks of each cell."""
    import pyarrow as pa
    import pyarrow.compute as pc

    is_hard = pc.match_substring_regex(cells, r'["\\\x00-\x1f]')
    if not pc.any(is_hard).as_py():
        return cells
    hard = [encode_basestring(cell)[1:-1] for cell in cells.filter(is_hard).to_pylist()]
    return pc.replace_with_mask(cells, is_hard, pa.array(hard, cells.type))
