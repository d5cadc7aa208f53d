"""Reps and territories from tables: CSV or XLSX, English or Japanese headers.

A fault names its cell and header. The text of cells that hold a person's name or address is
never shown.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from pydantic import ValidationError

from leadline.config.cells import (
    Fault,
    read_code,
    read_codes,
    read_dates,
    read_days,
    read_flag,
    read_hours,
    read_text,
    read_whole,
)
from leadline.config.problems import Spot, nearest
from leadline.config.shape import RepShape, TerritoryShape
from leadline.config.sheets import read_sheet
from leadline.config.validation import cell_problem
from leadline.config.values import Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from leadline.config.sheets import Cell, Sheet
    from leadline.errors import Problem

R = TypeVar("R", bound=Shape)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes:
        japanese: its header in Japanese; the English header is the field's name.
        read: turns a cell's value into the field's.
        is_required: whether the column and every cell of it must be filled.
        is_private: whether a cell holds personal data and must not be shown.
    """

    japanese: str
    read: Callable[[object], object]
    is_required: bool = False
    is_private: bool = False


REP_COLUMNS: Final[dict[str, Column]] = {
    "rep_id": Column("担当者ID", read_code, is_required=True),
    "name": Column("氏名", read_text, is_required=True, is_private=True),
    "email": Column("メールアドレス", read_code, is_required=True, is_private=True),
    "manager_id": Column("上長ID", read_code),
    "team": Column("チーム", read_text, is_required=True),
    "territories": Column("テリトリー", read_codes),
    "languages": Column("言語", read_codes),
    "skills": Column("スキル", read_codes),
    "weekly_capacity": Column("週間対応可能件数", read_whole, is_required=True),
    "working_days": Column("勤務曜日", read_days, is_required=True),
    "working_hours": Column("勤務時間", read_hours, is_required=True),
    "time_zone": Column("タイムゾーン", read_code, is_required=True),
    "days_off": Column("休暇日", read_dates),
    "active": Column("有効", read_flag),
}
TERRITORY_COLUMNS: Final[dict[str, Column]] = {
    "line_id": Column("行ID", read_code, is_required=True),
    "rule_id": Column("ルールID", read_code, is_required=True),
    "priority": Column("優先度", read_whole, is_required=True),
    "country": Column("国", read_code),
    "region": Column("都道府県・州", read_text),
    "postal_prefix": Column("郵便番号先頭", read_code),
    "industry": Column("業種", read_text),
    "employees_min": Column("従業員数下限", read_whole),
    "employees_max": Column("従業員数上限", read_whole),
    "team": Column("チーム", read_text, is_required=True),
}


@dataclass(frozen=True, slots=True)
class Entry(Generic[R]):
    """One line of a table.

    Attributes:
        shape: the typed line, None when something is wrong with it.
        values: the values of the cells that could be read, by field.
        spots: the places of the cells, by field.
    """

    shape: R | None
    values: Mapping[str, Any]
    spots: Mapping[str, Spot]


@dataclass(frozen=True, slots=True)
class Table(Generic[R]):
    """A table as it was read.

    Attributes:
        entries: all lines, also those with faults.
        is_sound: whether nothing is wrong with the table by itself.
        text: the file's text; of a workbook, its first sheet as CSV.
    """

    entries: tuple[Entry[R], ...]
    is_sound: bool
    text: str

    @property
    def rows(self) -> tuple[R, ...]:
        """Return the typed lines, without those that are wrong."""
        return tuple(entry.shape for entry in self.entries if entry.shape is not None)


def read_reps(file: str, data: bytes) -> tuple[Table[RepShape], tuple[Problem, ...]]:
    """Read the reps.

    Args:
        file: path below the project folder, ending in .csv or .xlsx.
        data: the file's bytes.

    Returns:
        The table and all of its faults.
    """
    return read_table(RepShape, REP_COLUMNS, file=file, data=data, unique="rep_id")


def read_territories(file: str, data: bytes) -> tuple[Table[TerritoryShape], tuple[Problem, ...]]:
    """Read the territory lines; see `read_reps`."""
    return read_table(TerritoryShape, TERRITORY_COLUMNS, file=file, data=data, unique="line_id")


def read_table(
    shape: type[R],
    columns: Mapping[str, Column],
    *,
    file: str,
    data: bytes,
    unique: str = "",
) -> tuple[Table[R], tuple[Problem, ...]]:
    """Read a table.

    Args:
        shape: what each line must fit.
        columns: by field.
        file: path below the project folder, ending in .csv or .xlsx.
        data: the file's bytes.
        unique: the field that no two lines may share; "" when there is none.

    Returns:
        The table and all of its faults.
    """
    sheet, found = read_sheet(file, data)
    problems = list(found)
    if not sheet.lines:
        if not problems:
            problems.append(Spot(file).problem("value_missing"))
        return Table((), is_sound=False, text=sheet.text), tuple(problems)
    fields, header_problems = _fields(sheet, columns)
    problems += header_problems
    entries: list[Entry[R]] = []
    for cells in sheet.lines[1:]:
        line = _Line(sheet, fields, columns)
        entries.append(line.read(shape, cells))
        problems += line.problems
    problems += _repeated(entries, unique)
    return Table(tuple(entries), is_sound=not problems, text=sheet.text), tuple(problems)


def _repeated(entries: Sequence[Entry[R]], field: str) -> Iterator[Problem]:
    """Yield a fault for each line whose id an earlier line has."""
    first_lines: dict[str, int] = {}
    for entry in entries:
        name = entry.values.get(field)
        if name is not None:
            spot = entry.spots[field]
            first = first_lines.setdefault(name, spot.line)
            if first != spot.line:
                yield spot.problem("duplicate_id", first=first)


def _fields(
    sheet: Sheet, columns: Mapping[str, Column]
) -> tuple[dict[int, tuple[str, str]], list[Problem]]:
    """Return field and written header of each column number, and the faults of the headers."""
    aliases = {_plain(column.japanese): field for field, column in columns.items()}
    aliases |= {field: field for field in columns}
    fields: dict[int, tuple[str, str]] = {}
    numbers: dict[str, int] = {}
    problems: list[Problem] = []
    for number, cell in enumerate(sheet.lines[0]):
        header = str(cell.value or "").strip()
        field = aliases.get(_plain(header))
        spot = Spot(sheet.file, cell.line, cell.column, key=_key(cell, header))
        if field is None and header:
            problems.append(_unknown_header(spot, header, columns))
        elif field in numbers:
            problems.append(spot.problem("duplicate_header", first=numbers[field] + 1))
        elif field is not None:
            numbers[field] = number
            fields[number] = (field, header)
    lacking = [field for field in columns if columns[field].is_required and field not in numbers]
    top = Spot(sheet.file, sheet.lines[0][0].line, 1)
    problems += [_missing_header(top, field, columns[field]) for field in lacking]
    return fields, problems


def _unknown_header(spot: Spot, header: str, columns: Mapping[str, Column]) -> Problem:
    known = [name for field, column in columns.items() for name in (field, column.japanese)]
    return spot.problem("unknown_header", suggestion=nearest(header, known))


def _missing_header(spot: Spot, field: str, column: Column) -> Problem:
    return spot.problem("missing_header", field={"en": field, "ja": column.japanese})


def _plain(header: str) -> str:
    return unicodedata.normalize("NFKC", header).strip().casefold()


def _key(cell: Cell, header: str) -> str:
    return f"{cell.name} ({header})" if cell.name else header


class _Line:
    """One line of a table on its way to a shape."""

    def __init__(
        self,
        sheet: Sheet,
        fields: Mapping[int, tuple[str, str]],
        columns: Mapping[str, Column],
    ) -> None:
        self.values: dict[str, Any] = {}
        self.spots: dict[str, Spot] = {}
        self.problems: list[Problem] = []
        self._sheet = sheet
        self._fields = fields
        self._columns = columns

    def read(self, shape: type[R], cells: Sequence[Cell]) -> Entry[R]:
        """Return the line, typed unless something is wrong with it."""
        if not self._has_width(cells):
            return Entry(None, {}, {})
        for field, cell in self._placed(cells):
            self._take(field, cell)
        try:
            typed = shape.model_validate(self._for_shape())
        except ValidationError as error:
            typed = None
            for each in error.errors(include_url=False):
                field = str(each["loc"][0])
                if field in self.values:  # of the others it is known already what is wrong
                    self.problems.append(cell_problem(each, self.spots[field]))
        return Entry(None if self.problems else typed, self.values, self.spots)

    def _has_width(self, cells: Sequence[Cell]) -> bool:
        width = len(self._sheet.lines[0])
        beyond = [cell for cell in cells[width:] if not cell.is_blank]
        if len(cells) >= width and not beyond:
            return True
        if cells[0].name:  # a workbook's short row has blank cells at its end
            return not beyond
        spot = Spot(self._sheet.file, cells[0].line, 1)
        self.problems.append(spot.problem("field_count", found=len(cells), expected=width))
        return False

    def _placed(self, cells: Sequence[Cell]) -> Iterator[tuple[str, Cell]]:
        for number, (field, header) in self._fields.items():
            if number >= len(cells):
                continue
            cell = cells[number]
            is_shown = isinstance(cell.value, str) and not self._columns[field].is_private
            excerpt = str(cell.value) if is_shown else ""
            place = (self._sheet.file, cell.line, cell.column)
            self.spots[field] = Spot(*place, excerpt=excerpt, key=_key(cell, header))
            yield field, cell

    def _take(self, field: str, cell: Cell) -> None:
        column = self._columns[field]
        if cell.is_blank:
            if column.is_required:
                self.problems.append(self.spots[field].problem("value_missing"))
            return
        value = column.read(cell.value)
        if isinstance(value, Fault):
            self.problems.append(self.spots[field].problem(value.code))
        else:
            self.values[field] = value

    def _for_shape(self) -> dict[str, Any]:
        values = dict(self.values)
        if hours := values.pop("working_hours", None):
            values["opens"], values["closes"] = hours
        return values
