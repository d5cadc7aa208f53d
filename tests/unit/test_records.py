"""Records in columns: the same as by the plain rules, whatever a file holds and however it is cut.

The oracle is a small machine that walks through the file byte by byte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leadline.files.cuts import Cuts, Cutter
from leadline.files.grammar import Dialect, Stretch
from leadline.files.records import MAX_CELL, Reject, Rows, read_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

COMMA = Dialect()
PIECES = [
    *(
        '"',
        '"',
        '"',
        '""',
        "'",
        ",",
        ",",
        ",",
        ";",
        "\n",
        "\n",
        "\r\n",
        "\r\r\n",
        "\r",
        '"\n"',
        ',"',
        '",',
    ),
    *("\0", " ", "　", "\t", "a", "b", "é", "株", "\\", "x1", " ", "\x1c", "カ"),
    *("\udce9", "\udcff", "\udc81", "\ud800"),
]
SOUP = st.lists(st.sampled_from(PIECES), max_size=60).map(
    lambda pieces: "".join(pieces).encode("utf-8", "surrogatepass")
)
BYTES = st.lists(
    st.sampled_from([b'"', b",", b"\n", b"\r\n", b"\r\r\n", b"a", b"\xe3", b"\x80"])
).map(b"".join)
#: Lines that open what others close, so that attempts go on and on and meet.
LINES = st.lists(
    st.sampled_from([b'a",b,"c\n', b'"\n', b'x,"y\n', b'z",w\n', b"k,l,m\n", b'","\n', b'""",\n'])
).map(b"".join)


class _Seen(NamedTuple):
    """What a file gave: line, cells and raw of the accepted, and line, reason, raw of the rest."""

    accepted: list[tuple[int, tuple[str, ...], bytes]]
    rejected: list[tuple[int, str, bytes]]


def _seen(batches: Iterable[Rows]) -> tuple[_Seen, list[Reject], int]:
    accepted: list[tuple[int, tuple[str, ...], bytes]] = []
    rejects: list[Reject] = []
    size = 0
    for rows in batches:
        cells = zip(*(column.to_pylist() for column in rows.columns), strict=True)
        accepted += zip(rows.lines.tolist(), cells, rows.raws.to_pylist(), strict=True)
        rejects += rows.rejects
        size += rows.size
    return _Seen(accepted, [(one.line, one.reason, one.raw) for one in rejects]), rejects, size


def _blocks(data: bytes, size: int) -> Iterator[bytes]:
    """Cut a file into blocks of whole lines, each of at least `size` bytes but the last."""
    start = 0
    while start < len(data):
        end = data.find(b"\n", start + size - 1) + 1 or len(data)
        yield data[start:end]
        start = end


def _read(
    data: bytes,
    dialect: Dialect = COMMA,
    *,
    width: int = 3,
    size: int = 1 << 20,
    longest: int = 1 << 23,
) -> _Seen:
    blocks = _blocks(data, size)
    batches = read_rows(blocks, dialect=dialect, width=width, start_line=1, longest=longest)
    seen, rejects, covered = _seen(batches)
    assert covered == len(data)
    assert [one.line for one in rejects] == sorted(one.line for one in rejects)
    return seen


# ---- the oracle ---------------------------------------------------------------------------------


def _sound_end(data: bytes, position: int, dialect: Dialect) -> tuple[int, list[bytes]] | None:
    """Walk through one record; None when its quoting is broken."""
    sign, quote = dialect.delimiter.encode(), dialect.quote.encode()
    cells = [b""]
    while True:
        if quote and data[position : position + 1] == quote:
            position += 1
            while (
                data[position : position + 1] != quote or data[position : position + 2] == quote * 2
            ):
                if position >= len(data):
                    return None
                step = 2 if data[position : position + 2] == quote * 2 else 1
                cells[-1] += data[position : position + 1]
                position += step
            position += 1
        else:
            while position < len(data) and data[position : position + 1] not in {sign, b"\n"}:
                cells[-1] += data[position : position + 1]
                position += 1
            at_end = position == len(data) or data[position : position + 1] == b"\n"
            while at_end and cells[-1].endswith(b"\r"):
                cells[-1], position = cells[-1][:-1], position - 1
        if data[position : position + 1] == sign:
            cells.append(b"")
            position += 1
        elif data[position:].lstrip(b"\r")[:1] in {b"", b"\n"}:
            return position, cells
        else:
            return None


def _reason(cells: list[bytes] | None, raw: bytes, width: int) -> str:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return "bad_encoding"
    if "\0" in text:
        return "bad_encoding"
    if cells is None:
        return "stray_quote"
    if not any(cell.decode().strip() for cell in cells):
        return "empty_row"
    if len(cells) < width or any(cell.decode().strip() for cell in cells[width:]):
        return "field_count"
    return "too_long" if any(len(cell.decode()) > MAX_CELL for cell in cells) else ""


def _expected(data: bytes, dialect: Dialect, width: int) -> _Seen:
    seen = _Seen([], [])
    position, line = 0, 1
    while position < len(data):
        found = _sound_end(data, position, dialect)
        first_end = data.find(b"\n", position) % (len(data) + 1)
        end, cells = found or (first_end, None)
        raw = data[position:end]
        raw = raw if cells else raw.rstrip(b"\r")
        reason = _reason(cells, raw, width)
        if raw and reason:
            seen.rejected.append((line, reason, raw))
        elif raw:
            texts = tuple(cell.decode() for cell in (cells or [])[:width])
            seen.accepted.append((line, texts, raw))
        behind = data.find(b"\n", end) + 1 or len(data)
        line += data.count(b"\n", position, behind)
        position = behind
    return seen


# ---- whatever the file holds --------------------------------------------------------------------


@settings(max_examples=600, deadline=None)
@given(data=SOUP | BYTES | LINES, size=st.sampled_from([1, 5, 20, 1000]), width=st.integers(1, 4))
@example(data=b'"a\r\n"\r\n\r\n,"",\r', size=1, width=2)
@example(data=b'"', size=1, width=1)
@example(data=b'a,6" tall,"x, ""y"""\nb,"7"" x",c""d\n', size=1000, width=3)
def test_any_file_gives_what_the_plain_rules_give(data: bytes, size: int, width: int) -> None:
    assert _read(data, width=width, size=size) == _expected(data, COMMA, width)


@settings(max_examples=150, deadline=None)
@given(
    data=SOUP,
    size=st.sampled_from([1, 20, 1000]),
    dialect=st.sampled_from(
        [Dialect(quote="'"), Dialect(";"), Dialect(quote=""), Dialect("\t", quote=""), Dialect("a")]
    ),
)
def test_any_dialect_of_single_signs_gives_what_the_plain_rules_give(
    data: bytes, size: int, dialect: Dialect
) -> None:
    assert _read(data, dialect, size=size) == _expected(data, dialect, 3)


@settings(max_examples=200, deadline=None)
@given(
    data=SOUP | LINES,
    sizes=st.tuples(st.sampled_from([1, 7, 1000]), st.sampled_from([1, 3, 40])),
    longest=st.sampled_from([1, 4, 9, 20]),
    twin=st.sampled_from([COMMA, Dialect(quote="'"), Dialect(escape="\\"), Dialect("株")]),
)
@example(data=b'"\n' + b'x",y,"\n' * 9, sizes=(1, 3), longest=9, twin=COMMA)
def test_bound_on_records_over_lines_does_not_depend_on_blocks(
    data: bytes, sizes: tuple[int, int], longest: int, twin: Dialect
) -> None:
    one, other = (_read(data, twin, size=size, longest=longest) for size in sizes)
    assert one == other


@settings(max_examples=150, deadline=None)
@given(
    data=SOUP | LINES,
    size=st.sampled_from([1, 20, 1000]),
    longest=st.sampled_from([4, 20, 40, 1 << 20]),
)
@example(data=b'x,"y\n",",",q","c\nzzzzzz"\n', size=1000, longest=20)
def test_columns_hold_what_the_exact_grammar_finds(data: bytes, size: int, longest: int) -> None:
    whole = data.replace(b"\\", b"/")
    exact = Dialect(escape="\\")  # goes record by record, and differs where there is a backslash
    assert _read(whole, size=size, longest=longest) == _read(whole, exact, longest=longest)


@settings(max_examples=150, deadline=None)
@given(
    data=SOUP | st.binary(max_size=40),
    dialect=st.builds(
        Dialect,
        delimiter=st.sampled_from([",", "\t", "||", "、", " "]),
        quote=st.sampled_from(['"', "'", ""]),
        escape=st.sampled_from(["", "\\"]),
        skips_spaces=st.booleans(),
    ),
)
def test_every_line_of_any_file_is_accounted_for(data: bytes, dialect: Dialect) -> None:
    seen = _read(data, dialect)
    lines = dict.fromkeys(line for line, _, _ in [*seen.accepted, *seen.rejected])
    assert len(lines) == len(seen.accepted) + len(seen.rejected)
    raws = {one[0]: one[2] for one in [*seen.accepted, *seen.rejected]}
    covered = {line + n for line, raw in raws.items() for n in range(raw.count(b"\n") + 1)}
    blank = {n for n, text in enumerate(data.split(b"\n"), 1) if not text.strip(b"\r")}
    assert covered | blank == set(range(1, data.count(b"\n") + 2))


# ---- single cases -------------------------------------------------------------------------------


def _rejects(data: bytes, *, width: int = 3, encoding: str = "utf-8") -> list[Reject]:
    batches = read_rows([data], dialect=COMMA, width=width, start_line=1, encoding=encoding)
    return _seen(batches)[1]


def test_reject_names_line_column_reason_and_what_is_wrong() -> None:
    data = (
        b'a,b,c\n"x\ny",1\n,\r\na,"b" c,d\na,"b\na,b\xff,c\na,b,\0\n  ,,"\xe3\x80\x80"\na,b,c,d\n'
    )
    assert _rejects(data, encoding="cp932") == [
        Reject(2, 3, "field_count", "2 cells, the header has 3", b'"x\ny",1'),
        Reject(4, 0, "empty_row", "", b","),
        Reject(5, 2, "stray_quote", "text follows a closing quote", b'a,"b" c,d'),
        Reject(6, 2, "stray_quote", "a quoted cell is not closed", b'a,"b'),
        Reject(7, 2, "bad_encoding", "bytes that are not cp932", b"a,b\xff,c"),
        Reject(8, 3, "bad_encoding", "a NUL character", b"a,b,\0"),
        Reject(9, 0, "empty_row", "", '  ,,"　"'.encode()),
        Reject(10, 4, "field_count", "4 cells, the header has 3", b"a,b,c,d"),
    ]


def test_extra_cells_are_fine_while_they_are_empty() -> None:
    seen = _read(b'a,b,\na,b,,,\n"a",b,"",""\na,b, ,\na,b,,x\n', width=2)
    assert [cells for _, cells, _ in seen.accepted] == [("a", "b")] * 4
    assert seen.rejected == [(5, "field_count", b"a,b,,x")]


def test_cells_are_as_written_but_for_their_marks() -> None:
    seen = _read(b' a ,"b\r\nc","say ""hi"""\r\n"","""",d""e\n')
    assert seen.accepted == [
        (1, (" a ", "b\r\nc", 'say "hi"'), b' a ,"b\r\nc","say ""hi"""'),
        (3, ("", '"', 'd""e'), b'"","""",d""e'),
    ]


def test_bad_bytes_anywhere_in_a_long_file_cost_their_records_only() -> None:
    rows = [f"{number},株式会社青葉電機,x\n".encode() for number in range(5000)]
    bad = set(range(0, 5000, 97))
    for number in bad:
        rows[number] = rows[number].replace("株".encode(), [b"\xff", b"\0"][number % 2])
    seen = _read(b"".join(rows), size=1 << 17)
    assert {(line - 1, reason) for line, reason, _ in seen.rejected} == {
        (number, "bad_encoding") for number in bad
    }
    assert len(seen.accepted) == 5000 - len(bad)


def test_lines_of_zero_characters_are_no_records() -> None:
    assert _read(b'\n\r\na\n\n""\n', width=1) == _Seen(
        [(3, ("a",), b"a")], [(5, "empty_row", b'""')]
    )


def test_mark_inside_a_plain_cell_does_not_disturb_the_rows_behind() -> None:
    row = b'6" tall,"quoted, ""x""",5\' 11"\n'
    seen = _read(row * 50 + b'a,"b\nc",d\n', size=100)
    assert {cells for _, cells, _ in seen.accepted[:50]} == {('6" tall', 'quoted, "x"', "5' 11\"")}
    assert seen.accepted[50] == (51, ("a", "b\nc", "d"), b'a,"b\nc",d')


def test_cell_over_the_limit_is_refused_and_the_limit_counts_characters() -> None:
    fits, over = "株" * MAX_CELL, "株" * (MAX_CELL + 1)
    data = f'a,{fits},"{fits}"\na,b,"{over}"\n'.encode()
    assert len(_read(data).accepted) == 1
    (reject,) = _rejects(data)
    assert (reject.line, reject.column, reject.reason) == (2, 3, "too_long")
    assert reject.detail == "100001 characters, at most 100000"


def test_cells_of_two_megabytes_cost_their_own_record() -> None:
    huge = b'a,"' + b"x y\n" * 500_000 + b'",c\n'
    seen = _read(b"k,l,m\n" + huge + b"n,o,p\n" + b"y" * 2_000_000 + b",,\nq,r,s\n", size=1 << 16)
    assert [line for line, _, _ in seen.accepted] == [1, 500_003, 500_005]
    assert [(line, reason) for line, reason, _ in seen.rejected] == [
        (2, "too_long"),
        (500_004, "too_long"),
    ]


@pytest.mark.parametrize("line", [b"a,b,c\n", b'"u",v,"w"\n', b'a",b,"c\n', b'x,"y,z\n'])
def test_unclosed_quote_costs_one_line_in_a_long_file(line: bytes) -> None:
    seen = _read(b'd,"e,f\n' + line * 30_000 + b"g,h,i\n", size=1 << 15, longest=1 << 17)
    assert seen.rejected[0] == (1, "stray_quote", b'd,"e,f')
    assert seen.accepted[-1] == (30_002, ("g", "h", "i"), b"g,h,i")
    assert len(seen.accepted) + len(seen.rejected) >= 30_000


def test_crlf_and_lf_may_mix() -> None:
    seen = _read(b'a,b,c\r\nd,e,f\n"g",h,"i"\r\n"j","k",l\n')
    assert ["".join(cells) for _, cells, _ in seen.accepted] == ["abc", "def", "ghi", "jkl"]


def test_record_that_fills_many_blocks_is_not_looked_at_for_each_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_at = 0
    cut = Cutter.cut

    def counted(self: Cutter, stretch: Stretch) -> Cuts:
        nonlocal looked_at
        looked_at += len(stretch.data)
        return cut(self, stretch)

    monkeypatch.setattr(Cutter, "cut", counted)
    data = b'a,"' + b"x\n" * 20_000 + b'",c\n'
    assert len(_read(data, size=100).accepted) == 1
    assert looked_at < 5 * len(data)


def test_rows_come_out_before_the_next_block_is_taken() -> None:
    taken = []

    def blocks() -> Iterator[bytes]:
        for number in range(3):
            taken.append(number)
            yield b"a,b,c\n" * 10

    batches = read_rows(blocks(), dialect=COMMA, width=3, start_line=7)
    first = next(batches)
    assert (taken, len(first.lines), first.lines[0], first.size) == ([0], 10, 7, 60)


def test_no_blocks_give_no_rows() -> None:
    assert list(read_rows([], dialect=COMMA, width=3, start_line=2)) == []
    assert list(read_rows([b"", b""], dialect=COMMA, width=3, start_line=2)) == []


def test_any_number_of_returns_before_a_line_feed_ends_a_line() -> None:
    data = b'a,b,c\r\r\n\r\r\nd,"e\r\r\nf","g"\r\r\nh,"i" j,k\r\r\n,,\r\r\r\nl,m,n\r\r'
    assert _read(data) == _Seen(
        [
            (1, ("a", "b", "c"), b"a,b,c"),
            (3, ("d", "e\r\r\nf", "g"), b'd,"e\r\r\nf","g"'),
            (7, ("l", "m", "n"), b"l,m,n"),
        ],
        [(5, "stray_quote", b'h,"i" j,k'), (6, "empty_row", b",,")],
    )
