"""One clean table written in several hundred ways: counts and cells must come out right in all."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest

from leadline.files.reader import Record, Reject, parse_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Rows = list[list[str]]

SALES_HEADER: Final = [
    *("DATE", "TIME", "Qty", "PRODUCTID", "Price", "ProductType", "Description", "URL", "Comments")
]
LEADS_HEADER: Final = [
    *("First Name", "Last Name", "Email", "Company", "Phone", "Country", "Message")
]
_TEXTS: Final = ("", "ok", "late, but ok", "two\nlines", 'said "fine"', "it's fine; really", "?")


def _sales(count: int) -> Rows:
    things = ("Mouse", '27" monitor, black', "Desk, oak", "Lamp", 'Keys "Pro"', "Chair; red", "Pen")
    return [
        [
            *(f"{n % 12 + 1}/{n % 28 + 1}/2026", f"{n % 24:02d}:{n * 7 % 60:02d}", str(n % 9 + 1)),
            *(f"P-{1000 + n * 37}", f"{n * 3 % 200}.{n % 100:02d}"),
            *(("Hardware", "Office", "Furniture")[n % 3], things[n % 7]),
            *(f"http://shop.example.com/p/{n}", _TEXTS[n * 5 % 7]),
        ]
        for n in range(count)
    ]


def _leads(count: int) -> Rows:
    names = ("Ann", "Bob", "健太", "花子", "Zoë")
    firms = ("Acme, Inc.", "Beta GmbH", "株式会社テスト", "Gamma")
    phones = ("+1 206-555-0100", "03-1234-5678", "")
    return [
        [
            *(names[n % 5], ("Miller", "Stone", "鈴木", "O'Neil")[n % 4], f"p{n}@acme.example"),
            *(firms[n * 3 % 4], phones[n % 3], ("US", "JP", "Germany")[n % 3], _TEXTS[n * 3 % 7]),
        ]
        for n in range(count)
    ]


TABLES: Final = {
    "sales": (SALES_HEADER, _sales(30)),
    "leads": (LEADS_HEADER, _leads(25)),
}


class Style(NamedTuple):
    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    end: str = "\n"
    is_all_quoted: bool = False


def _write_cell(cell: str, style: Style) -> str:
    sign, mark = style.delimiter.strip(" ") or " ", style.quote
    special = {sign, mark, "\n", *("\\" * bool(style.escape))}
    is_blank = sign == " " and not cell
    if not (style.is_all_quoted or is_blank or any(one in cell for one in special)):
        return cell
    if style.escape:
        return mark + cell.replace("\\", "\\\\").replace(mark, f"\\{mark}") + mark
    return mark + cell.replace(mark, mark * 2) + mark


def _line(row: Sequence[str], style: Style = Style()) -> str:  # noqa: B008 - immutable
    return style.delimiter.join(_write_cell(cell, style) for cell in row) + style.end


def _text(header: Sequence[str], rows: Rows, style: Style = Style()) -> str:  # noqa: B008 - as above
    return "".join(_line(row, style) for row in [header, *rows])


class Seen(NamedTuple):
    header: tuple[str, ...]
    header_line: int | None
    rows: Rows
    rejects: list[tuple[int, str]]


def _read(text: str) -> Seen:
    table = parse_table(text.encode(), file="table.csv", needs_header=False)
    found = list(table.records())
    return Seen(
        table.header,
        table.header_line,
        [
            [cell.replace("\r\n", "\n").replace("\r", "\n") for cell in one.cells]
            for one in found
            if isinstance(one, Record)
        ],
        [(one.line, one.reason) for one in found if isinstance(one, Reject)],
    )


SIGNS: Final = (",", ";", "\t", "|", ", ", " ", "^", "~", ":", "||", "\x1f")


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("mark", ['"', "'"])
def test_table_is_read_in_every_style(name: str, sign: str, mark: str) -> None:
    header, rows = TABLES[name]
    rest = product(("", "\\"), ("\n", "\r\n", "\r"), (False, True))
    for style in (Style(sign, mark, *others) for others in rest):
        seen = _read(_text(header, rows, style))
        assert seen == Seen(tuple(header), 1, rows, []), style


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("sign", SIGNS[:5])
@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_short_table_is_read(name: str, sign: str, count: int) -> None:
    header, rows = TABLES[name]
    for is_all_quoted, end in product((False, True), ("\n", "\r\n")):
        style = Style(sign, '"', "", end, is_all_quoted)
        text = _text(header, rows[:count], style)
        expected = Seen(tuple(header), 1, rows[:count], [])
        assert [_read(text), _read(text.removesuffix(end))] == [expected] * 2, style


PREAMBLES: Final = (
    *("Report\n", "Report\n\n", "Title of the report\nExported 2026-10-05\n\n", "\n\n\n"),
    *("Exported by,Tanaka\nRows,84\n", "Report,Leads,2026-10-01\n", "# comment, with comma\n"),
    *(
        "Title,,,,,,,,\n,,,,,,,,\n",
        "Company: Acme,,,,,,\n",
        "a;b;c\n",
        "date: 2026-10-05, by: me\n",
    ),
    *("「展示会名刺」一覧\n出力日：2026/10/05\n\n", "Filter:,Status = New\nSort:,Date\n\n"),
)


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("preamble", PREAMBLES)
def test_lines_above_the_header_are_passed_over(name: str, preamble: str) -> None:
    header, rows = TABLES[name]
    line = preamble.count("\n") + 1
    expected = Seen(tuple(header), line, rows, [])
    assert _read(preamble + _text(header, rows)) == expected
    assert _read((preamble + _text(header, rows)).replace("\n", "\r\n")) == expected


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize(
    ("footer", "count"),
    [("\n\n\n", 0), ("Total: 84\n", 1), ("\nTotal: 84", 1), ("-- end --\nby a tool\n", 2)],
)
def test_lines_below_the_table_are_told(name: str, footer: str, count: int) -> None:
    header, rows = TABLES[name]
    seen = _read(_text(header, rows) + footer)
    assert (seen.rows, [reason for _, reason in seen.rejects]) == (rows, ["field_count"] * count)


@pytest.mark.parametrize("name", TABLES)
def test_second_table_is_told_or_taken_by_its_width(name: str) -> None:
    header, rows = TABLES[name]
    text = _text(header, rows)
    for other, count in (("Name,City\nA,Berlin\n", 2), ("\nName,City\nA,Berlin\n", 2)):
        seen = _read(text + other)
        assert (seen.rows, len(seen.rejects)) == (rows, count)
    wide = "".join(",".join(f"c{n}" for n in range(12)) + "\n" for _ in range(3))
    assert len(_read(text + wide).rejects) == 3
    assert _read(text + text).rows == [*rows, header, *rows]


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("count", [1, 3, 20])
def test_table_without_a_header_keeps_all_its_rows(name: str, count: int) -> None:
    header, rows = TABLES[name]
    numbered = tuple(f"column {number}" for number in range(1, len(header) + 1))
    text = "".join(map(_line, rows[:count]))
    assert _read(text) == Seen(numbered, None, rows[:count], [])


def _headers(header: list[str]) -> Iterator[tuple[str, list[str] | None, int]]:
    """Yield lines of a header, the names that they make, and the line that it starts on."""
    width, plain = len(header), ",".join(header)
    yield ",".join([*header[:2], "", *header[3:]]), [*header[:2], "column 3", *header[3:]], 1
    yield ",".join([*header[:-1], ""]), [*header[:-1], f"column {width}"], 1
    twice = [*header[:2], header[1], *header[3:]]
    yield ",".join(twice), [*header[:2], f"{header[1]} (2)", *header[3:]], 1
    yield (
        ",".join([header[0], '"Two\nLines"', *header[2:]]),
        [header[0], "Two Lines", *header[2:]],
        1,
    )
    yield plain + ",", header, 1
    yield "sep=,\n" + plain, header, 2
    yield ",".join([*header[:2], "", *header[2:]]), header, 1
    yield f'"{plain}', header, 1
    yield ",".join([*header[:2], f'"{header[2]}', *header[3:]]), header, 1
    yield ";".join(header), header, 1
    yield "\ufeff" + plain, header, 1
    yield "\ufeff\ufeff" + plain, header, 1
    yield ",".join(f" {name} " for name in header), header, 1
    yield "General,,,Details" + "," * (width - 4) + "\n" + plain, header, 2
    yield plain + "\n" + ",".join(name.lower().replace(" ", "_") for name in header), None, 1
    yield plain + "\n" + ",".join(f"field_{number}" for number in range(width)), header, 1
    halves = [f"{name[:2]},{name[2:]}".split(",") for name in header]
    above, below = (",".join(half[place] for half in halves) for place in (0, 1))
    if all(half[1] for half in halves) and "@" not in plain and "DATE" in plain:
        yield above + "\n" + below, [" ".join(half) for half in halves], 1


@pytest.mark.parametrize("name", TABLES)
def test_header_is_read_in_every_shape(name: str) -> None:
    header, rows = TABLES[name]
    body = "".join(map(_line, rows))
    for lines, names, line in _headers(header):
        seen = _read(lines + "\n" + body)
        assert seen.rows == rows, lines
        assert seen.rejects == [], lines
        if names is not None:
            assert (seen.header, seen.header_line) == (tuple(names), line), lines


@pytest.mark.parametrize("name", TABLES)
def test_rows_with_a_delimiter_at_their_end_are_read(name: str) -> None:
    header, rows = TABLES[name]
    body = "".join(_line([*row, ""]) for row in rows)
    assert _read(_line(header) + body).rows == rows
    assert _read(_line([*header, ""]) + body).rows == [[*row, ""] for row in rows]


class Damage(NamedTuple):
    line: str
    reason: str | None
    cells: list[str]


def _damages(row: list[str]) -> Iterator[Damage]:
    """Yield one row broken in many ways, with what must become of it."""
    for place in range(len(row) - 1):
        before, cell, behind = row[:place], row[place], row[place + 1 :]
        yield Damage(",".join([*before, cell + behind[0], *behind[1:]]), "field_count", [])
        reason = "field_count" if row[-1] else None
        yield Damage(",".join([*before, "", *row[place:]]), reason, [*before, "", *row[place:-1]])
        yield Damage(",".join([*before, f'"{cell}', *behind]), "stray_quote", [])
        yield Damage(",".join([*before, f'"{cell}"x', *behind]), "stray_quote", [])
        inside = f'{cell[:1]}"{cell[1:]}' if cell else ' "'
        yield Damage(",".join([*before, inside, *behind]), None, [*before, inside, *behind])
    for sign in (";", "\t", " ", "|"):
        yield Damage(sign.join(row), "field_count", [])
    spaced = [row[0], *(f" {cell}" for cell in row[1:])]
    yield Damage(", ".join(row), None, spaced)
    yield Damage("," * (len(row) - 1), "empty_row", [])
    yield Damage(",".join(row) + "\0", "bad_encoding", [])
    yield Damage(",".join(row) + ",extra", "field_count", [])
    yield Damage(",".join(row) + ",,,", None, row)


@pytest.mark.parametrize("name", TABLES)
def test_broken_row_costs_itself_and_no_other(name: str) -> None:
    header, rows = TABLES[name]
    lines = [_line(row) for row in rows]
    plain = [n for n, row in enumerate(rows) if not any(sign in "".join(row) for sign in ',"\n')]
    for number in (plain[0], plain[-1]):
        start = "".join([_line(header), *lines[:number]])
        line = start.count("\n") + 1
        for damage in _damages(rows[number]):
            seen = _read(start + damage.line + "\n" + "".join(lines[number + 1 :]))
            rejects = [(line, damage.reason)] if damage.reason else []
            kept = [] if damage.reason else [damage.cells]
            expected = [*rows[:number], *kept, *rows[number + 1 :]]
            assert seen == Seen(tuple(header), 1, expected, rejects), damage
