"""Reading a table file (CSV and its relatives) record by record, with nothing lost.

Every record of the file comes out either as a `Record` or as a `Reject` with a code, in file
order, each with the physical line on which it starts: line 1 is the first line of the file, a BOM
or a note above the header included, and only a line feed ends a line. A line of zero characters
is no record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from leadline.domain.encodings import BOMS, Encoding, decode_record, detect_encoding
from leadline.domain.reach import read_email
from leadline.errors import IntakeError
from leadline.files.layout import (
    Span,
    after,
    cells_of,
    find_layout,
    next_span,
    raw_cells_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MAX_CELL: Final = 100_000  # characters
_HEAD: Final = 8192
_SIGNATURES: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"\x89PNG", b"\x1f\x8b")
_CONTROLS: Final = bytes(code for code in range(32) if code not in b"\t\n\v\f\r\x1a\x1b")


class FileMissing(IntakeError):
    """There is no such file."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "{file} is not there. Check the name and the folder, then run the command again.",
        "ja": "{file} が見つかりません。ファイル名とフォルダを確認して、もう一度実行してください。",
    }


class FileIsFolder(IntakeError):
    """The path names a folder."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "{file} is a folder. Name the files in it, for example {file}/leads.csv.",
        "ja": "{file} はフォルダです。{file}/leads.csv のように、中のファイルを指定してください。",
    }


class FileUnreadable(IntakeError):
    """The system does not let us read the file."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "{file} cannot be read ({why}). Close it in other programs and check that you may "
        "read it.",
        "ja": "{file} を読み込めません ({why})。ほかのプログラムで開いていれば閉じ、"
        "読み取り権限を確認してください。",
    }


class FileEmpty(IntakeError):
    """The file holds nothing."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "{file} is empty. Export it again; the first line must name the columns.",
        "ja": "{file} は空です。もう一度書き出してください。1行目には列名が必要です。",
    }


class FileBinary(IntakeError):
    """The file is no text."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "{file} is not a text file. If it is a workbook, save it as CSV (UTF-8) and import "
        "that file.",
        "ja": "{file} はテキストファイルではありません。Excelブックの場合は「CSV UTF-8」形式で"
        "保存し、そのファイルを取り込んでください。",
    }


class HeaderMissing(IntakeError):
    """No line of the file names the columns."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "{file} has no line that names the columns. Put one above the data, for example "
        "Email,First Name,Last Name,Company.",
        "ja": "{file} に列名の行がありません。データの上に「メールアドレス,氏名,会社名」のような"
        "見出しの行を入れてください。",
    }


class Record(NamedTuple):
    """One record with as many cells as the header.

    Attributes:
        line: physical line on which it starts, one-based.
        cells: text of the cells, as written.
        raw: its bytes without the line end (UTF-8 when the file is UTF-16).
        nth: how many records with the same bytes came before it in the file.
    """

    line: int
    cells: tuple[str, ...]
    raw: bytes
    nth: int


class Reject(NamedTuple):
    """One record that cannot be read.

    Attributes:
        line: physical line on which it starts, one-based.
        column: number of the cell at fault, one-based; 0 when the whole record is meant.
        reason: bad_encoding, stray_quote, empty_row, field_count or too_long.
        detail: what is wrong, without the content.
        raw: its bytes without the line end; only the first line for stray_quote.
        nth: how many records with the same bytes came before it in the file.
    """

    line: int
    column: int
    reason: str
    detail: str
    raw: bytes
    nth: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """A table file, opened; its records are read as they are asked for.

    Attributes:
        encoding: what the file is encoded in.
        delimiter: what separates its cells.
        header: names of the columns, stripped, each once.
        header_line: physical line on which the header starts.
        codec: what `data` is encoded in: UTF-8, or CP932.
        data: the bytes, without a BOM.
        start: offset of the first record behind the header.
        start_line: its physical line.
    """

    encoding: Encoding
    delimiter: str
    header: tuple[str, ...]
    header_line: int
    codec: Encoding
    data: bytes
    start: int
    start_line: int

    def records(self) -> Iterator[Record | Reject]:
        """Yield every record of the file once, in file order."""
        seen: set[int] = set()
        twins: dict[int, int] = {}
        position, line, size = self.start, self.start_line, len(self.data)
        while position < size:
            span = next_span(self.data, position, line=line, delimiter=self.delimiter)
            if span.end > span.start:
                found = self._read(span)
                mark = hash(found.raw)
                if mark in seen:
                    twins[mark] = twins.get(mark, 0) + 1
                    found = found._replace(nth=twins[mark])
                seen.add(mark)
                yield found
            position, line = after(self.data, span)

    def _read(self, span: Span) -> Record | Reject:
        """Return one record, or the first code that fits it, in the order of the contract."""
        raw = self.data[span.start : span.end]
        text = decode_record(raw, self.codec)
        if text is None:
            return self._bad_encoding(span.line, raw)
        if not span.is_sound:
            return self._stray_quote(span.line, raw)
        cells = cells_of(text, self.delimiter)
        if not cells[0].strip() and not any(cell.strip() for cell in cells):
            return Reject(span.line, 0, "empty_row", "", raw)
        width = len(self.header)
        if len(cells) < width or any(cell.strip() for cell in cells[width:]):
            detail = f"{len(cells)} cells, the header has {width}"
            return Reject(span.line, min(len(cells), width) + 1, "field_count", detail, raw)
        if len(text) > MAX_CELL and (longest := max(map(len, cells))) > MAX_CELL:
            column = [len(cell) for cell in cells].index(longest) + 1
            detail = f"{longest} characters, at most {MAX_CELL}"
            return Reject(span.line, column, "too_long", detail, raw)
        return Record(span.line, cells[:width], raw, 0)

    def _bad_encoding(self, line: int, raw: bytes) -> Reject:
        """Return the reject that names the first cell with a bad byte."""
        cells = raw_cells_of(raw, self.delimiter)
        bad = (n for n, cell in enumerate(cells, 1) if decode_record(cell, self.codec) is None)
        what = "a NUL character" if b"\0" in raw else f"bytes that are not {self.encoding}"
        return Reject(line, next(bad, 0), "bad_encoding", what, raw)

    def _stray_quote(self, line: int, raw: bytes) -> Reject:
        """Return the reject that names the cell whose quoting is broken."""
        cells = raw_cells_of(raw, self.delimiter)
        is_open = cells[-1].count(b'"') % 2 == 1
        what = "a quoted cell is not closed" if is_open else "text follows a closing quote"
        return Reject(line, len(cells), "stray_quote", what, raw)


def open_table(path: Path) -> Table:
    """Open a table file and find out encoding, delimiter and header.

    Raises:
        FileMissing, FileIsFolder, FileUnreadable, FileEmpty, FileBinary, HeaderMissing: the file
            as a whole cannot be read; the text says what to do.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise FileMissing(file=path.name) from None
    except IsADirectoryError:
        raise FileIsFolder(file=path.name) from None
    except OSError as error:
        raise FileUnreadable(file=path.name, why=error.strerror or type(error).__name__) from error
    return parse_table(data, file=path.name)


def parse_table(data: bytes, *, file: str) -> Table:
    """Make a table of the bytes of a file, for example of an upload.

    Args:
        data: the whole file.
        file: its name, for messages.

    Raises:
        FileEmpty, FileBinary, HeaderMissing: see `open_table`.
    """
    encoding = detect_encoding(data)
    if _is_binary(data[:_HEAD], encoding):
        raise FileBinary(file=file)
    codec, plain = _plain_bytes(data, encoding)
    if not plain or plain.isspace():
        raise FileEmpty(file=file)
    layout = find_layout(plain)
    if codec is Encoding.CP932 and layout.delimiter == "|":
        codec, plain = Encoding.UTF_8, _to_utf_8(plain, "cp932", "surrogateescape")
        layout = find_layout(plain)
    if layout.header is None:
        raise HeaderMissing(file=file)
    header = _header_names(plain, codec, layout.header, layout.delimiter)
    if any(map(read_email, header)) or not any(map(_has_letter, header)):
        raise HeaderMissing(file=file)
    start, start_line = after(plain, layout.header)
    return Table(
        encoding, layout.delimiter, header, layout.header.line, codec, plain, start, start_line
    )


def _is_binary(head: bytes, encoding: Encoding) -> bool:
    """Return whether the first block is no text: a known kind of file, or mostly controls."""
    if encoding in {Encoding.UTF_16_LE, Encoding.UTF_16_BE}:
        return False
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return head.startswith(_SIGNATURES) or 3 * controls > len(head)  # a text has next to none


def _plain_bytes(data: bytes, encoding: Encoding) -> tuple[Encoding, bytes]:
    """Return the file without BOM, in an encoding that bytes can be searched in."""
    for mark, announced in BOMS:
        if encoding is announced and data.startswith(mark):
            data = data[len(mark) :]
    codec = Encoding.CP932 if encoding is Encoding.CP932 else Encoding.UTF_8
    if encoding in {Encoding.UTF_16_LE, Encoding.UTF_16_BE}:
        half = b"\xff" * (len(data) % 2)  # half a character at the end spoils the last record only
        data = _to_utf_8(data[: len(data) - len(half)], encoding, "surrogatepass") + half
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")  # a file of old Macs: otherwise all of it is one line
    return codec, data.removesuffix(b"\x1a")  # the end-of-file mark of DOS programs


def _to_utf_8(data: bytes, encoding: str, errors: str) -> bytes:
    """Return `data` in UTF-8; what cannot be decoded becomes bytes that are bad there as well."""
    return data.decode(encoding, errors).encode("utf-8", "surrogatepass")


def _header_names(data: bytes, codec: Encoding, span: Span, delimiter: str) -> tuple[str, ...]:
    """Return the columns' names: stripped, numbered where empty or met before."""
    text = data[span.start : span.end].decode(codec, "replace").replace("\0", "")
    cells = cells_of(text if span.is_sound else text.replace('"', ""), delimiter)
    names: list[str] = []
    for number, cell in enumerate(cells, start=1):
        name = base = " ".join(cell.split()) or f"column {number}"
        copy = 2
        while name in names:
            name, copy = f"{base} ({copy})", copy + 1
        names.append(name)
    return tuple(names)


def _has_letter(name: str) -> bool:
    """Return whether a column's name has a letter of any script."""
    return any(character.isalpha() for character in name)
