"""The exact grammar of a record: quoting, its recovery, and the work it takes on hostile files."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from leadline.files import grammar as grammar_module
from leadline.files.grammar import (
    Dialect,
    Span,
    SpanFinder,
    Stretch,
    after,
    cells_of,
    next_span,
    raw_cells_of,
)

if TYPE_CHECKING:
    import re

PLAIN = Dialect()
TAB = Dialect("\t")
APOSTROPHE = Dialect(quote="'")
UNQUOTED = Dialect("\t", quote="")
ESCAPED = Dialect(escape="\\")
SPACED = Dialect(skips_spaces=True)
TWO_BARS = Dialect("||")
COMMA_LIST = Dialect("、")


def _spans(data: bytes, dialect: Dialect = PLAIN, *, longest: int = 1 << 20) -> list[Span]:
    finder = SpanFinder(dialect, longest=longest)
    found = []
    position, line = 0, 1
    while position < len(data):
        span = finder.find(Stretch(data), position, line=line)
        assert span is not None
        found.append(span)
        position, line = after(data, span)
    return found


def _read(text: str, dialect: Dialect = PLAIN) -> list[tuple[str, ...] | None]:
    data = text.encode()
    return [
        cells_of(data[span.start : span.end].decode(), dialect) if span.is_sound else None
        for span in _spans(data, dialect)
    ]


@pytest.mark.parametrize(
    ("text", "dialect", "cells"),
    [
        ("a,b\n", PLAIN, ("a", "b")),
        ("a,\r\n", PLAIN, ("a", "")),
        ("a,b\r\r\n", PLAIN, ("a", "b")),
        ('a,"b\r\r\n"\r\r\n', PLAIN, ("a", "b\r\r\n")),
        ('"a,b","c ""d"""', PLAIN, ("a,b", 'c "d"')),
        ('"",""""\r\n', PLAIN, ("", '"')),
        ('"two\r\nlines",x\r\n', PLAIN, ("two\r\nlines", "x")),
        ('6" tall,5\'11""\n', PLAIN, ('6" tall', '5\'11""')),
        ('"a"\t"b\tc"', TAB, ("a", "b\tc")),
        ("'it''s',O'Neill,\"x\"", APOSTROPHE, ("it's", "O'Neill", '"x"')),
        ('"a\t6"\tb', UNQUOTED, ('"a', '6"', "b")),
        (
            r'"say \"hi\"","C:\\dir","C:\temp","a""b",c\d',
            ESCAPED,
            ('say "hi"', "C:\\dir", "C:\\temp", 'a"b', "c\\d"),
        ),
        ('a, "b, c" ,  d,"e"', SPACED, ("a", "b, c", "d", "e")),
        ('a||"b||c"||d|e', TWO_BARS, ("a", "b||c", "d|e")),
        ('東京、「、」、"大、阪"', COMMA_LIST, ("東京", "「", "」", "大、阪")),
    ],
)
def test_record_is_cut_into_its_cells(text: str, dialect: Dialect, cells: tuple[str, ...]) -> None:
    assert _read(text, dialect) == [cells]


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        ('"a" b,c\n', PLAIN),
        ('"a"b"\n', PLAIN),
        ('x,"a\n', PLAIN),
        ('"a"\rb\n', PLAIN),
        ("'a'b\n", APOSTROPHE),
        ('"a\\"\n', ESCAPED),
        ('a, "b" c\n', SPACED),
        ('a||"b"|c\n', TWO_BARS),
    ],
)
def test_broken_quoting_costs_its_first_line_only(text: str, dialect: Dialect) -> None:
    behind = dialect.delimiter.join("kl")
    assert _read(f"{text}{behind}\n", dialect) == [None, ("k", "l")]


def test_stray_mark_is_not_paired_with_a_later_rows_opening_mark() -> None:
    data = b'a,"b\nc,d\ne,"f"\ng,h\n'
    assert [(span.line, span.is_sound) for span in _spans(data)] == [
        (1, False),
        (2, True),
        (3, True),
        (4, True),
    ]


def test_quoted_cell_may_span_lines_and_records_keep_their_physical_line() -> None:
    data = b'"a\nb\n\nc",1\nd,2\n'
    assert [(span.line, data[span.start : span.end]) for span in _spans(data)] == [
        (1, b'"a\nb\n\nc",1'),
        (5, b"d,2"),
    ]


def test_raw_cells_keep_their_marks_and_end_with_what_broken_quoting_leaves() -> None:
    assert raw_cells_of(b'a,"b,c",', PLAIN) == [b"a", b'"b,c"', b""]
    assert raw_cells_of(b'a,"b"c,d', PLAIN) == [b"a", b'"b"c,d']
    assert raw_cells_of(b"a||b|", TWO_BARS) == [b"a", b"b|"]
    assert raw_cells_of(b"", PLAIN) == [b""]


def test_record_waits_for_the_rest_of_the_file() -> None:
    finder = SpanFinder(PLAIN)
    assert finder.find(Stretch(b'a,"b\n', is_last=False), 0, line=1) is None
    assert finder.find(Stretch(b'a,"b\nc"\n', is_last=False), 0, line=1) == Span(
        line=1, start=0, end=7, is_sound=True
    )


def test_cells_of_two_million_characters_are_read() -> None:
    cell = "x\n" * 1_000_000
    data = f'a,"{cell}"\nb,{"y" * 2_000_000}\n'.encode()
    spans = [next_span(data, 0, line=1, dialect=PLAIN)]
    spans.append(next_span(data, after(data, spans[0])[0], line=2, dialect=PLAIN))
    assert all(span.is_sound for span in spans)
    assert cells_of(data[spans[0].start : spans[0].end].decode(), PLAIN) == ("a", cell)


def test_record_over_lines_has_a_greatest_length_and_a_record_on_one_line_has_none() -> None:
    over_lines = b'"' + b"x\n" * 10 + b'"\n'
    with_more = b'"x\n",' + b"y" * 20 + b"\n"
    on_one_line = b'"' + b"x" * 100 + b'"\n'
    assert _spans(over_lines, longest=22)[0].is_sound
    assert not _spans(over_lines, longest=21)[0].is_sound
    assert _spans(with_more, longest=25)[0].is_sound
    assert not _spans(with_more, longest=24)[0].is_sound
    assert _spans(on_one_line, longest=5)[0].is_sound


@pytest.mark.parametrize(
    "line",
    [
        b'"unclosed,x\n',
        b'a",b,"c\n',  # each line closes what the one before opened, and nothing ever ends
        b'a","b","c\n',
        b'"a,""b\n',
        b'"a"",x\n',
        b'x,"""\n',
        b'",\n',
        b'"a""\n',
    ],
)
@pytest.mark.parametrize("start", [b"", b'"\n', b'k,"l\n'])
@pytest.mark.parametrize("longest", [1000, 1 << 20])
def test_unclosed_quotes_cost_linear_work(
    line: bytes, start: bytes, longest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = 0
    end_of = grammar_module._end_of

    def counted(
        pattern: re.Pattern[bytes], data: bytes, start: int, stop: int = sys.maxsize
    ) -> int:
        nonlocal looked_at
        end = end_of(pattern, data, start, stop)
        looked_at += (end if end >= 0 else min(stop, len(data))) - start
        return end

    monkeypatch.setattr(grammar_module, "_end_of", counted)
    data = start + line * 2000
    spans = _spans(data, longest=longest)
    assert sum(data.count(b"\n", span.start, span.end) + 1 for span in spans) == data.count(b"\n")
    assert looked_at < 40 * len(data)
