"""A table file opened for one source: what its columns mean and how its cells are read."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import asdict, dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from leadline.config.mappings import event_columns, source_settings
from leadline.domain.behavior import DAY, NEEDED, PERSON, TIME, map_event_headers
from leadline.domain.date_order import infer_order
from leadline.domain.fields import TIMED, SourceContext
from leadline.domain.intake import Rejected
from leadline.domain.mapping import (
    ColumnMatch,
    Mapped,
    decide_mapping,
    fold_header,
    infer_country,
    is_opt_out,
)
from leadline.files.chunks import as_json_lists, cut_chunks
from leadline.files.exports import OURS, is_export
from leadline.files.faults import NoAddressColumn, NoEventColumns
from leadline.files.folders import plain_name
from leadline.files.formulas import unguard, unguard_column
from leadline.files.header import told_apart
from leadline.files.postal_codes import find_places
from leadline.files.quarantine import (
    MARKS,
    Refused,
    Told,
    as_first_refused,
    is_quarantine,
    looks_like_quarantine,
    named_source,
    read_told,
    refuse_untouched,
)
from leadline.files.reader import Reading, open_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from leadline.config.shape import MappingShape, Project, SourceSettings
    from leadline.domain.columns import Judged
    from leadline.domain.date_order import Order
    from leadline.files.chunks import Chunk
    from leadline.files.grammar import Dialect
    from leadline.files.reader import Table
    from leadline.files.records import Rows

#: Filled cells of a column that are looked at before its meaning is decided.
_SAMPLE: Final = 200
_JAPAN_ZONE: Final = "Asia/Tokyo"


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class Wish:
    """What whoever imports a file asks for.

    Attributes:
        source: name of the source; the file's stem when None.
        mapping: in place of the project's mapping of the source.
        mapping_file: where that one is written.
        is_events: whether the rows are what people did, and no leads.
    """

    source: str | None = None
    mapping: MappingShape | None = None
    mapping_file: str = ""
    is_events: bool = False


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A table file with its meaning.

    Attributes:
        table: the file.
        name: of the source.
        settings: what the configuration says of the source.
        mapping_file: where its columns can be named.
        mapped: what each column holds, and how that was found out.
        header: the columns that are data, in file order.
        places: where they stand among all columns.
        context: defaults of the source.
        order: how dates such as 08/03/2026 are read, and what tells so.
        is_country_assumed: whether the country follows from the header's language alone.
        is_guarded: whether the file is one of ours, with guarded cells.
        is_mended: whether it is a quarantine file that comes back.
        is_export: whether it is an export of leads that comes back.
        fields: type of the custom fields.
        threshold: how many new leads go on without being asked for.
    """

    table: Table
    name: str
    settings: SourceSettings
    mapping_file: str
    mapped: Mapped
    header: tuple[str, ...]
    places: tuple[int, ...]
    context: SourceContext
    order: Order
    is_country_assumed: bool
    is_guarded: bool
    is_mended: bool
    is_export: bool
    fields: Mapping[str, str]
    threshold: int

    @property
    def has_flags(self) -> bool:
        """Tell whether its refusals are flags of a system, which say how things stand now."""
        mapped = self.mapped.fields.items()
        return any(field == "consent" and is_opt_out(header) for header, field in mapped)

    @property
    def email_places(self) -> list[int]:
        """Where the cells stand that are to be a mail address."""
        fields = self.mapped.fields
        return [place for place, name in enumerate(self.header) if fields.get(name) == "email"]

    def chunks(self, size: int) -> Iterator[Chunk]:
        """Yield the file's rows, at most `size` readable ones at a time, from the first on."""
        batches = self.table.batches()
        if self.is_mended:
            batches = (refuse_untouched(rows, self.table.header) for rows in batches)
        return cut_chunks(batches, size)

    def judge(self, columns: Sequence[pa.Array]) -> Judged:
        """Return what intake makes of rows, given as the columns of the file.

        A row that breaks us is refused as `unreadable`, and does not stop the others.
        """
        cells = self.cells(columns)
        try:
            return self._decide(cells)
        except Exception:  # noqa: BLE001 - whatever it is, it is about few rows
            broken = self._broken(cells, 0, len(cells[0]))
            judged = self._decide([_blanked(column, broken) for column in cells])
            return replace(judged, rejected={**judged.rejected, **broken})

    def _decide(self, cells: Sequence[pa.Array]) -> Judged:
        from leadline.domain.columns import decide_columns

        return decide_columns(
            dict(zip(self.header, cells, strict=True)),
            mapping=self.mapped.fields,
            source=self.context,
            custom=self.fields,
            find_places=find_places,
        )

    def _broken(self, cells: Sequence[pa.Array], start: int, stop: int) -> dict[int, Rejected]:
        """Return the rows from `start` to `stop` that break us, found by halves."""
        try:
            self._decide([column.slice(start, stop - start) for column in cells])
        except Exception as error:  # noqa: BLE001 - see `judge`
            if stop - start == 1:
                return {start: Rejected("unreadable", "", type(error).__name__)}
            middle = (start + stop) // 2
            first = self._broken(cells, start, middle)
            return {**first, **self._broken(cells, middle, stop)}
        return {}

    def match_keys(self, judged: Judged) -> list[tuple[tuple[str, str], ...]]:
        """Return the exact match keys of judged rows, the strongest first.

        An export holds leads of many sources, whose ids may be the same.
        """
        from leadline.domain.columns import keys_of

        found = keys_of(judged, source=self.name)
        if not self.is_export:
            return found
        return [tuple(key for key in keys if key[0] != "external") for keys in found]

    def raw_rows(self, columns: Sequence[pa.Array]) -> list[str]:
        """Return the cells of each row as a JSON list."""
        return as_json_lists(self.cells(columns))

    def refused(self, reject: Mapping[str, Any]) -> Refused:
        """Return a refused row as the quarantine file shows it."""
        raw = reject["raw"]
        text = raw["text"] if isinstance(raw, dict) and set(raw) == {"text"} else ""
        if isinstance(raw, dict) and not text:
            raw = list(raw.values())
        cells = _parted(text, self.table.dialect) if text else raw
        found = Refused(
            line=reject["line"] or 0,
            column=reject["column"] or "",
            reason=reject["reason"],
            detail=reject["detail"] or "",
            text=text,
            cells=cells,
        )
        is_again = self.is_mended and text
        return as_first_refused(found, self.table.header) if is_again else found

    def told(self) -> Told:
        """Return what a quarantine file of this one says of how it was read."""
        matches = (
            match
            for match in self.mapped.columns
            if match.field != "phone" or match.how != "alias"  # these go by preference
        )
        order = None if self.order.how == "none" else self.order.order
        return Told({match.header: match.field for match in matches}, order)

    def describe(self) -> dict[str, Any]:
        """Return how the file was read, as the contract names it."""
        faults = [{lang: fault.say(lang) for lang in ("en", "ja")} for fault in self.mapped.faults]
        return {
            **self.table.describe(),
            "mapping": self.mapped.fields,
            "matches": [asdict(match) for match in self.mapped.columns],
            "mapping_file": self.mapping_file,
            "mapping_faults": faults,
            "date_order": self.order._asdict(),
            "country": self.context.country,
            "timezone": self.context.timezone,
            "is_country_assumed": self.is_country_assumed,
        }

    def cells(self, columns: Sequence[pa.Array]) -> Sequence[pa.Array]:
        """Return the columns that are data, each cell as it was before it was guarded."""
        data = [columns[place] for place in self.places]
        return [unguard_column(column) for column in data] if self.is_guarded else data


def open_source(path: Path, *, project: Project, wish: Wish | None = None) -> SourceFile:
    """Open a file and find out what its columns mean.

    Raises:
        IntakeError: it cannot be read at all, or has no column of addresses.
    """
    wish = wish or Wish()
    name = plain_name(wish.source or path.stem)
    settings = source_settings(project, name, mapping=wish.mapping)
    reading = None if looks_like_quarantine(path) else _reading(settings)
    seen = _look_at(open_table(path, fixed=reading))
    if seen.is_mended and wish.source is None and (named := named_source(seen.shown)):
        name = named
        settings = source_settings(project, name, mapping=wish.mapping)
    told = read_told(seen.shown) if seen.is_mended and wish.mapping is None else Told()
    mapping_file = wish.mapping_file or f"config/mappings/{name}.yaml"
    if wish.is_events:
        fixed = event_columns(project, name, mapping=wish.mapping)
        mapped = _map_events(seen, _fixed(told, fixed, seen.header))
    else:
        mapped = decide_mapping(
            seen.header,
            fixed=_fixed(told, settings.mapping, seen.header),
            samples=seen.samples,
            custom=project.settings.fields,
        )
    _require_columns(path, seen, mapped, mapping_file, is_events=wish.is_events)
    country, assumed = _country(project, settings, seen.header)
    order = _order(settings.date_order or told.date_order, mapped, seen.samples, country=country)
    zone = settings.timezone or (_JAPAN_ZONE if assumed else project.settings.timezone)
    return SourceFile(
        table=seen.table,
        name=name,
        settings=settings,
        mapping_file=mapping_file,
        mapped=mapped,
        header=seen.header,
        places=seen.places,
        context=SourceContext(name, country, zone, order.order),
        order=order,
        is_country_assumed=assumed,
        is_guarded=seen.is_guarded,
        is_mended=seen.is_mended,
        is_export=seen.is_export,
        fields=project.settings.fields,
        threshold=settings.backfill_threshold or 0,
    )


class _Seen(NamedTuple):
    """What a first look at a table shows.

    Attributes:
        shown: some filled cells of every column, by header, as the file has them.
        header: the columns that are data.
        places: where they stand among all columns.
        samples: some of their filled cells, without a guard.
    """

    table: Table
    shown: dict[str, list[str]]
    header: tuple[str, ...]
    places: tuple[int, ...]
    samples: dict[str, list[str]]
    is_mended: bool
    is_export: bool
    is_guarded: bool


def _look_at(table: Table) -> _Seen:
    shown = _samples(table, next(table.batches(), None))
    is_mended, is_ours = is_quarantine(table.header), is_export(table.header)
    ours = MARKS if is_mended else OURS if is_ours else ()
    places = tuple(n for n, column in enumerate(table.header) if column not in ours)
    header = tuple(table.header[place] for place in places)
    samples = {name: shown[name] for name in header}
    is_guarded = is_mended or (is_ours and table.kind == "text")
    if is_guarded:
        header = told_apart([*map(unguard, header)])
        plain = ([*map(unguard, cells)] for cells in samples.values())
        samples = dict(zip(header, plain, strict=True))
    return _Seen(table, shown, header, places, samples, is_mended, is_ours, is_guarded)


def _blanked(cells: pa.Array, rows: Mapping[int, Any]) -> pa.Array:
    """Return a column whose cells in some rows are empty."""
    import pyarrow as pa

    return pa.array(
        ["" if row in rows else cell for row, cell in enumerate(cells.to_pylist())], cells.type
    )


def _map_events(seen: _Seen, fixed: Mapping[str, str]) -> Mapped:
    """Return what the columns of a file of events hold; by their names alone."""
    fields = map_event_headers(seen.header, fixed)
    stated = {fold_header(name) for name in fixed}
    matches = (
        ColumnMatch(
            header,
            fields.get(header, ""),
            100 * (header in fields),
            "fixed" if fold_header(header) in stated else "alias" if header in fields else "none",
        )
        for header in seen.header
    )
    return Mapped(tuple(matches), fields)


def _require_columns(
    path: Path, seen: _Seen, mapped: Mapped, mapping_file: str, *, is_events: bool
) -> None:
    fields = set(mapped.fields.values())
    details = {
        "file": str(path),
        "line": seen.table.header_line,
        "header": ", ".join(seen.header)[:300],
        "mapping": mapping_file,
    }
    if is_events and not (fields >= NEEDED and fields & PERSON):
        raise NoEventColumns(**details)
    if not is_events and "email" not in fields:
        raise NoAddressColumn(**details)


def _fixed(told: Told, fixed: Mapping[str, str], header: Sequence[str]) -> dict[str, str]:
    """Return what the configuration fixes, and beside it what rows were read with before."""
    configured = {fold_header(name) for name in fixed}
    before = {
        name: field
        for name, field in told.fields.items()
        if name in header and fold_header(name) not in configured
    }
    return {**before, **fixed}


def _parted(text: str, dialect: Dialect) -> list[str]:
    """Return the cells of a row that cannot be read, as far as they can be told apart."""
    if len(dialect.delimiter) > 1 or not dialect.quote:
        return text.split(dialect.delimiter)
    lines = text.splitlines(keepends=True)
    try:
        return next(csv.reader(lines, delimiter=dialect.delimiter, quotechar=dialect.quote), [])
    except csv.Error:  # a cell of more than 131,072 characters
        return []


def _reading(settings: SourceSettings) -> Reading:
    names = ("encoding", "delimiter", "quote", "header_line", "sheet")
    return Reading(**{name: getattr(settings, name) for name in names})


def _samples(table: Table, first: Rows | None) -> dict[str, list[str]]:
    """Return some filled cells of each column."""
    if first is None:
        return {name: [] for name in table.header}
    heads = (column.slice(0, 5 * _SAMPLE).to_pylist() for column in first.columns)
    return {
        name: [cell for cell in cells if cell.strip()][:_SAMPLE]
        for name, cells in zip(table.header, heads, strict=True)
    }


def _country(project: Project, settings: SourceSettings, header: Sequence[str]) -> tuple[str, bool]:
    """Return the country of rows that name none, and whether the header alone tells it."""
    if settings.country:
        return settings.country, False
    told = infer_country(header)
    return told or project.settings.country, told is not None


def _order(
    stated: str | None,
    mapped: Mapped,
    samples: Mapping[str, Sequence[str]],
    *,
    country: str,
) -> Order:
    timed = [header for header, field in mapped.fields.items() if field in {*TIMED, TIME, DAY}]
    cells = chain.from_iterable(samples[header] for header in timed)
    return infer_order(cells, stated=stated, country=country)
