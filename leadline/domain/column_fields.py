"""The fields of many rows, each read from its column: what one cell says, and no more."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np  # noqa: TID253 - a batch computation, loaded by imports alone
import pyarrow as pa
import pyarrow.compute as pc

from leadline.domain.cells import clean_line, clean_name, clean_text, read_consent
from leadline.domain.column_values import (
    PLAIN_LINE,
    PLAIN_NAME,
    PLAIN_TEXT,
    Reading,
    Values,
    beside,
    code_cells,
    constant,
    first_said,
    mask,
    read_cells,
    read_pairs,
    text_column,
)
from leadline.domain.fields import Plan, SourceContext, plan_for, read_custom
from leadline.domain.headcount import Headcount, read_headcount
from leadline.domain.intake import Rejected, decide_intake
from leadline.domain.mail_columns import read_emails
from leadline.domain.phone_columns import read_phones
from leadline.domain.places import read_place, settle_place
from leadline.domain.reach import MAX_EMAIL, read_phone, read_postal_code
from leadline.domain.time_columns import read_times

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

#: What each reader of one cell returns unchanged.
_PLAIN: Final[dict[Callable[[str], Any], str]] = {
    clean_line: PLAIN_LINE,
    clean_name: PLAIN_NAME,
    clean_text: PLAIN_TEXT,
}
_PLAIN_ID: Final = r"\A[A-Za-z0-9-]*\z"  # no vendor's prefix
_POSTAL_JP: Final = r"\A[0-9]{3}-[0-9]{4}\z"
#: Rows with a longer cell are looked at by the decision about one row.
_LONG_LINE: Final = 255
_LONG_TEXT: Final = 100_000
_TEXTS: Final = frozenset({None, "message"})  # fields that may be longer than a line


class Rows:
    """Rows of a source while they are judged.

    Attributes:
        cells: the columns, by header.
        count: how many rows.
        mapping: field by header.
        source: defaults of the source.
        plan: what is to be done with each column.
        fields: what was read so far, by canonical field.
        places: ISO code of the country that each row is read with.
        rejected: by row, why it makes no lead.
    """

    def __init__(
        self,
        columns: Mapping[str, pa.Array],
        mapping: Mapping[str, str],
        source: SourceContext,
        custom: Mapping[str, str],
    ) -> None:
        """Take the columns; nothing is read yet."""
        self.cells = {header: text_column(cells) for header, cells in columns.items()}
        self.count = len(next(iter(self.cells.values()), ()))
        self.mapping, self.source, self.custom = mapping, source, custom
        self.plan: Plan = plan_for(tuple(mapping.items()), tuple(custom.items()))
        self.fields: dict[str, Reading] = {}
        self.rejected: dict[int, Rejected] = {}
        self.places = constant(source.country, self.count)

    def read_fields(self) -> None:
        """Read everything that one cell says."""
        self._read_emails()
        self._read_places()
        plain = (
            (name, self._read(header, read))
            for header, name, read in self.plan.plain
            if header in self.cells
        )
        placed = (
            (name, self._read_placed(header, read))
            for header, name, read in self.plan.placed
            if header in self.cells
        )
        timed = (
            (name, self._read_time(header))
            for header, name in self.plan.timed
            if header in self.cells
        )
        by_field: dict[str, list[Reading]] = {}
        for name, reading in (*plain, *placed, *timed):
            by_field.setdefault(name, []).append(reading)
        self.fields |= {name: first_said(readings) for name, readings in by_field.items()}
        self._read_employees()
        self._read_consent()

    def _read_places(self) -> None:
        """Read the country of each row, which the meaning of other cells depends on."""
        said: Values = constant((), self.count)
        for header in self.present(self.plan.countries):
            codes = self._read(header, read_place).values
            said = read_pairs(said, codes, lambda found, code: (*found, code))
        self.places = said.changed(partial(settle_place, default=self.source.country))

    def add(self, name: str, values: Values) -> None:
        """Add a field whose cells are not kept beside it."""
        self.fields[name] = Reading(values, constant(None, self.count))

    def values_of(self, name: str) -> Values:
        """Return a field, None in every row when the source does not state it."""
        reading = self.fields.get(name)
        return reading.values if reading else constant(None, self.count)

    def present(self, headers: Sequence[str]) -> list[str]:
        """Return those of some headers that the source has."""
        return [header for header in headers if header in self.cells]

    def _read_emails(self) -> None:
        """Read the addresses; rows that may have to be rejected are decided one by one."""
        headers = self.present(self.plan.emails)
        nothing = constant(None, self.count)
        reading = Reading(nothing, nothing)
        if headers:
            reading = read_emails([self.cells[header] for header in headers])
        emails = list(reading.values.to_list())
        suspects = {row for row, email in enumerate(emails) if not email or len(email) > MAX_EMAIL}
        suspects |= self._long_rows()
        for row, cells in self._raw_rows(sorted(suspects)):
            verdict = decide_intake(
                cells, mapping=self.mapping, source=self.source, custom=self.custom
            )
            if isinstance(verdict, Rejected):
                self.rejected[row] = verdict
            else:
                emails[row] = verdict.values["email"]
        self.fields["email"] = Reading(Values(None, rows=emails), reading.written)

    def _long_rows(self) -> set[int]:
        """Return the rows with a cell that may be too long for its field."""
        found: set[int] = set()
        for header, cells in self.cells.items():
            most = _LONG_TEXT if self.mapping.get(header) in _TEXTS else _LONG_LINE
            if self.count and pc.max(pc.binary_length(cells)).as_py() > most:
                is_long = mask(pc.greater(pc.utf8_length(cells), most))
                found.update(np.flatnonzero(is_long).tolist())
        return found

    def _raw_rows(self, rows: list[int]) -> Iterator[tuple[int, dict[str, str]]]:
        if not rows:
            return
        taken = [cells.take(pa.array(rows)).to_pylist() for cells in self.cells.values()]
        for row, texts in zip(rows, zip(*taken, strict=True), strict=True):
            yield row, dict(zip(self.cells, texts, strict=True))

    def _read(self, header: str, read: Callable[[str], Any]) -> Reading:
        plain = _PLAIN.get(read, "")
        if self.mapping.get(header) == "external_id":
            plain = _PLAIN_ID
        return read_cells(self.cells[header], read, plain=plain)

    def _read_placed(self, header: str, read: Callable[[str, str], Any]) -> Reading:
        """Read a column that means something else in every country."""
        cells = self.cells[header]
        if (coded := code_cells(cells)) is not None:
            return _split(read_pairs(coded, self.places, partial(_with_text, read)))
        if read is read_phone:
            return read_phones(cells, self.places.coded())
        needed = list(range(self.count))
        if read is read_postal_code:
            is_plain = pc.if_else(
                pa.array(self.places.flags(lambda code: code == "JP")),
                pc.match_substring_regex(cells, _POSTAL_JP),
                pc.match_substring_regex(cells, PLAIN_LINE),
            )
            needed = np.flatnonzero(~mask(is_plain)).tolist()
        texts, places = cells.to_pylist(), self.places.to_list()
        values: list[Any] = [text or None for text in texts]
        written: list[str | None] = [None] * self.count
        for row in needed:
            values[row], written[row] = _with_text(read, texts[row], places[row])
        return Reading(Values(None, rows=values), Values(None, rows=written))

    def _read_time(self, header: str) -> Reading:
        source = self.source
        return read_times(self.cells[header], zone=source.timezone, order=source.date_order)

    def _read_employees(self) -> None:
        headers = self.present(self.plan.employees)
        if not headers:
            return
        found = first_said(
            [read_cells(self.cells[header], read_headcount, shown=_text_of) for header in headers]
        )
        self.fields["employees"] = Reading(found.values.changed(_text_of), found.written)
        self.add("employees_min", found.values.changed(lambda head: head and head.least))
        self.add("employees_max", found.values.changed(lambda head: head and head.most))

    def _read_consent(self) -> None:
        """Read what was said about mail; a refusal in any column wins."""
        readings = [
            read_cells(self.cells[header], partial(read_consent, is_refusal=is_refusal)).values
            for header, is_refusal in self.plan.consents
            if header in self.cells
        ]
        if not readings:
            return
        found = readings[0]
        for said in readings[1:]:
            pairs = zip(found.to_list(), said.to_list(), strict=True)
            rows = [new if old is None or new is False else old for old, new in pairs]
            found = Values(None, rows=rows)
        self.add("consent", found)

    def attributes(self) -> list[dict[str, str]]:
        """Return the columns that no field takes, and the custom fields, by row.

        Where no column is left over, all rows share one empty dict.
        """
        others = [header for header in self.cells if header not in self.plan.known]
        custom = [one for one in self.plan.custom if one[0] in self.cells]
        if not others and not custom:
            return [{}] * self.count
        rows: list[dict[str, str]] = [{} for _ in range(self.count)]
        for header in others:
            texts = read_cells(self.cells[header], clean_text, plain=PLAIN_TEXT).values
            for attributes, text in zip(rows, texts.to_list(), strict=True):
                if text:
                    attributes[header] = text
        for header, name, kind in custom:
            read = partial(_custom, kind=kind, source=self.source)
            values = read_cells(self.cells[header], read).values
            for attributes, value in zip(rows, values.to_list(), strict=True):
                if value is not None:
                    attributes.setdefault(name, value)
        return rows


def _custom(cell: str, *, kind: str, source: SourceContext) -> str | None:
    return read_custom(cell, kind, source)


def _with_text(read: Callable[[str, str], Any], cell: str, country: str) -> tuple[Any, str | None]:
    """Return what a cell says, and its text where that differs."""
    value = read(cell, country)
    return value, beside(cell, value)


def _split(pairs: Values) -> Reading:
    return Reading(pairs.changed(lambda pair: pair[0]), pairs.changed(lambda pair: pair[1]))


def _text_of(head: Headcount | None) -> str | None:
    return head.text if head else None
