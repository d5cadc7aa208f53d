"""What is found out about a file from its first records: dialect, header, names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leadline.files.dialect import announced_delimiter, find_dialect
from leadline.files.header import Heading, Row, find_heading, kind_of, told_apart
from leadline.files.layout import known_names

if TYPE_CHECKING:
    from leadline.files.grammar import Dialect


def _dialect(text: str) -> Dialect:
    return find_dialect(text.encode())


def _heading(*rows: str, line: int | None = None) -> Heading | None:
    split = [Row(number, tuple(row.split(","))) for number, row in enumerate(rows, start=1)]
    return find_heading(split, is_known=known_names(), line=line)


def _names(*rows: str) -> tuple[str, ...] | None:
    heading = _heading(*rows)
    return heading.names if heading else None


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("Name;Price\nA;1,5\nB;2,5\n", ";"),
        ("Name\tTopics\nA\tx;y;z\nB\tx;y;z;w\n", "\t"),
        ("Name|Note\nA|one, two\nB|three, four\n", "|"),
        ("Email\na@b.example\n", ","),
        ("Company\nAcme\nBeta, Inc.\nGamma\n", ","),
        ("When\n10:20:30\n10:20:31\n10:20:32\n", ","),
        ("Sentence\nthe quick brown fox\na lazy dog runs home\nno more words here\n", ","),
        ("a^b\n1^2\n3^4\n", "^"),
        ("id||name||city\n1||A||B\n2||C||D\n", "||"),
    ],
)
def test_delimiter_is_the_one_that_makes_records_alike(text: str, delimiter: str) -> None:
    assert _dialect(text).delimiter == delimiter


def test_column_of_prose_has_no_delimiter() -> None:
    dialect = _dialect("Name\nMiller, Ann\nStone, Bob\nHill, Cy\n")
    assert dialect.delimiter not in {",", ";", " "}


@pytest.mark.parametrize(
    ("text", "quote", "escape"),
    [
        ("a,b\n'x, y',1\n'z',2\n", "'", ""),
        ("a,b\n'tis,1\nO'Neil,2\n", '"', ""),
        ('a,b\n"say \\"hi\\", all",1\n"x",2\n', '"', "\\"),
        ('a,b\n"say ""hi""",1\n"C:\\dir\\",2\n', '"', ""),
        ("a\tb\nx\t1\n" + '"open\t2\n' * 9, "", ""),
    ],
)
def test_quoting_is_found(text: str, quote: str, escape: str) -> None:
    dialect = _dialect(text)
    assert (dialect.quote, dialect.escape) == (quote, escape)


@pytest.mark.parametrize("text", ['a, b, c\n1, "x, y", 3\n4, 5, 6\n', "a, b\n1, 2\n"])
def test_spaces_behind_delimiters_belong_to_them_where_they_are_usual(text: str) -> None:
    assert _dialect(text).skips_spaces
    assert _dialect('"a" ,"b"\n"1" ,"2, 3"\n').skips_spaces
    assert not _dialect('a,b\n1,2\n3, "x"\n4,5\n').skips_spaces


@pytest.mark.parametrize(
    ("text", "end"),
    [("a,b\n1,2\n", "LF"), ('a,b\r\n"x\ny",2\r\n', "CRLF"), ("a,b\r\n1,2\n", "mixed")],
)
def test_line_end_is_that_of_records(text: str, end: str) -> None:
    assert _dialect(text).line_end == end


def test_what_is_known_of_a_dialect_is_kept() -> None:
    dialect = find_dialect(b"a;b,c\n1;2,3\n", delimiter=";", quote="")
    assert (dialect.delimiter, dialect.quote) == (";", "")


@pytest.mark.parametrize(
    ("sample", "found"),
    [
        (b"sep=;\r\na;b\r\n", (";", 7)),
        (b'"sep=|"\na|b\n', ("|", 8)),
        (b"SEP=\t\na\tb", ("\t", 6)),
        (b"sep=,\na;b\n", ("", 6)),
        (b"sep=;\r\r\na;b\n", (";", 8)),
        (b"sep,b\n", ("", 0)),
    ],
)
def test_delimiter_that_excel_announces_is_read(sample: bytes, found: tuple[str, int]) -> None:
    assert announced_delimiter(sample) == found


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("", ""),
        ("\u3000", ""),
        ("a@b.example", "email"),
        ("<a@b.example>", "email"),
        ("https://b.example", "url"),
        ("www.b.example", "url"),
        ("1,200.50", "figures"),
        ("+1 (206) 555-0100", "figures"),
        ("2026-10-05T13:04:22Z", "figures"),
        ("2026年10月5日 午後1:04", "figures"),
        ("１２３", "figures"),
        ("10:04 PM", "figures"),
        ("Q1", "text"),
        ("-", "text"),
        ("P-1000", "text"),
        ("9" * 200_000, "figures"),
    ],
)
def test_kind_of_a_cell_is_told(cell: str, kind: str) -> None:
    assert kind_of(cell) == kind


def test_header_is_found_below_lines_of_as_many_cells() -> None:
    rows = ("Owner,Acme,Berlin", "Email,First Name,City", "a@b.example,A,Rome")
    heading = _heading(*rows)
    assert heading is not None
    assert (heading.line, heading.names) == (2, ("Email", "First Name", "City"))


def test_header_is_not_looked_for_below_data() -> None:
    rows = ("a@b.example,A,1", "c@b.example,B,2", "Email,Name,No", "d@b.example,C,3")
    assert _heading(*rows) is None


def test_header_of_unknown_words_is_the_first_row() -> None:
    assert _names("Foo,Bar", "x,y", "z,w") == ("Foo", "Bar")


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        (
            ("Contact,,Company,", "Name,Email,Name,City", "A,a@b.example,Acme,Rome"),
            ("Contact Name", "Contact Email", "Company Name", "Company City"),
        ),
        (
            ("Contact,,Company,", "Last Name,Email,Company Name,City", "A,a@b.example,Acme,Rome"),
            ("Last Name", "Email", "Company Name", "City"),
        ),
        (
            ("Q1,Q2,Q3", "first_name,email,city", "A,a@b.example,Rome", "B,b@b.example,Oslo"),
            ("first_name", "email", "city"),
        ),
        (
            ("Nachname,E-Mail,Ort", "last_name,email,city", "A,a@b.example,Rom"),
            ("Nachname", "E-Mail", "Ort"),
        ),
        (
            ("Name,,Email", "First,Last,", "A,B,a@b.example", "C,D,c@b.example"),
            ("Name First", "Name Last", "Email"),
        ),
    ],
)
def test_header_of_two_lines_is_read(rows: tuple[str, ...], names: tuple[str, ...]) -> None:
    assert _names(*rows) == names


@pytest.mark.parametrize(
    "row",
    [
        "John,unknown,Acme,1",
        "John,pending,Acme,later",
        "John,,Acme,",
        "John,x,x,x",
        "n/a,none,-,tbd",
    ],
)
def test_odd_row_below_the_header_is_data(row: str) -> None:
    body = ("Jane,jane@b.example,Beta,5", "Bob,bob@b.example,Gamma,7")
    heading = _heading("Name,Email,Company,Seats", row, *body)
    assert heading is not None
    assert heading.last == 0


def test_header_on_a_given_line_is_taken_whatever_it_looks_like() -> None:
    heading = _heading("Email,Name", "a@b.example,A", "c@b.example,B", line=2)
    assert heading is not None
    assert heading.names == ("a@b.example", "A")
    assert _heading("Email,Name", line=7) is None


def test_column_of_stars_marks_where_records_begin() -> None:
    heading = _heading("*,No.,Item", "*,1,A", ",,B", "*,2,C")
    assert heading is not None
    assert heading.marker == 0
    plain = _heading("*,No.,Item", "x,1,A", "*,2,C")
    assert plain is not None
    assert plain.marker == -1


def test_names_are_told_apart() -> None:
    cells = (" Email", "Email", "", "Long\nname", "Email (2)", "\ufeffNa\0me")
    expected = ("Email", "Email (2)", "column 3", "Long name", "Email (2) (2)", "Name")
    assert told_apart(cells) == expected
