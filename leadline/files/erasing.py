"""Taking a person's rows out of quarantine files, and finding files that still name a person."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from leadline.domain.stated import Stated
from leadline.files.drafts import new_file
from leadline.files.formulas import unguard
from leadline.files.quarantine import redact_row, state_row

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from leadline.domain.mentions import Mentions

_MARKS: Final = (
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"\xef\xbb\xbf", "utf-8"),
)
#: A record of a file with quoted cells, with its line end: a quotation mark keeps breaks inside.
_RECORD: Final = re.compile(r'(?:[^"\r\n]|"[^"]*"?)*(?:\r\n|\r|\n|\Z)')
#: Bytes that are no UTF-8, as they are decoded.
_ESCAPED: Final = re.compile("[\ud800-\udfff]")
_DELIMITERS: Final = (",", "\t", ";")
_RUN: Final = re.compile(r"-([0-9]+)\.csv$")
_WINDOW: Final = 8 * 2**20  # bytes of a large file that are looked at together
_OVERLAP: Final = 4096
_MOST_UNPACKED: Final = 512 * 2**20


def erase_rows(
    folder: Path,
    mentions: Mentions,
    *,
    lines: Collection[tuple[int, int]] = (),
    is_rehearsal: bool = False,
) -> int:
    """Take a person's rows out of all quarantine files; rows of others lose the address alone.

    Args:
        folder: of the quarantine files.
        mentions: the address.
        lines: import run and physical line of rows that are meant whatever they say.
        is_rehearsal: count, and change nothing.

    Returns:
        How many rows there were.
    """
    count = 0
    for path in sorted(folder.glob("*")) if folder.is_dir() else ():
        if path.is_file():
            found = _RUN.search(path.name)
            run = int(found[1]) if found else 0
            meant = {line for run_id, line in lines if run_id == run}
            count += _erase_from(path, mentions, meant, is_rehearsal=is_rehearsal)
    return count


def _erase_from(
    path: Path, mentions: Mentions, lines: Collection[int], *, is_rehearsal: bool
) -> int:
    data = path.read_bytes()
    mark, encoding = next(((m, e) for m, e in _MARKS if data.startswith(m)), (b"", "utf-8"))
    text = data[len(mark) :].decode(encoding, errors="surrogateescape")
    head, *records = _records(text)
    table = _Table.of(head)
    left = [record for record in records if _line_of(record) not in lines]
    kept = [
        rest
        for record in left
        if (rest := table.without(record, mentions) if mentions.is_in(_plain(record)) else record)
    ]
    gone = len(records) - len(kept)
    if kept != records and not is_rehearsal:
        if any(record.strip() for record in kept):
            with new_file(path) as file:
                whole = "".join((head, *kept))
                file.write(mark + whole.encode(encoding, errors="surrogateescape"))
        else:
            path.unlink()
    return gone


def _records(text: str) -> list[str]:
    return [found[0] for found in _RECORD.finditer(text) if found[0]] or [""]


def _plain(record: str) -> str:
    """Return a record as text: Japanese where it is no UTF-8."""
    if not _ESCAPED.search(record):
        return record
    return record.encode("utf-8", errors="surrogateescape").decode("cp932", errors="replace")


@dataclass(frozen=True, slots=True)
class _Table:
    """How the rows of a quarantine file are written.

    Attributes:
        header: its columns.
        delimiter: between two cells.
    """

    header: list[str]
    delimiter: str

    @classmethod
    def of(cls, head: str) -> _Table:
        """Return what the first record tells."""
        delimiter = max(_DELIMITERS, key=head.count)
        return cls([unguard(cell) for cell in _cells(head, delimiter)], delimiter)

    def without(self, record: str, mentions: Mentions) -> str:
        """Return a record of somebody else without the address, "" for one of the person."""
        row = _cells(_plain(record), self.delimiter)
        if Stated(mentions, {}).is_own(state_row(row, self.header)):
            return ""
        redacted = redact_row(row, self.header, mentions.redact)
        end = record[len(record.rstrip("\r\n")) :]
        into = io.StringIO(newline="")
        is_quoted = record.startswith('"')
        csv.writer(
            into,
            delimiter=self.delimiter,
            quoting=csv.QUOTE_ALL if is_quoted else csv.QUOTE_MINIMAL,
            lineterminator=end,
        ).writerow(redacted)
        text = into.getvalue()
        if not _ESCAPED.search(record):
            return text
        return text.encode("cp932", errors="replace").decode("utf-8", errors="surrogateescape")


def _cells(record: str, delimiter: str) -> list[str]:
    """Return the cells of a record; one that is no CSV is a single cell."""
    try:
        rows = [*csv.reader(io.StringIO(record, newline=""), delimiter=delimiter)]
    except csv.Error:
        return [record]
    return rows[0] if rows else []


def _line_of(record: str) -> int | None:
    """Return the line that a row of a quarantine file names, None when it names none."""
    with suppress(csv.Error, StopIteration):
        first = next(csv.reader(io.StringIO(record, newline="")))[0]
        return int(first) if first.isdecimal() and len(first) < len(str(2**31)) else None
    return None


def remove_files(
    folder: Path, mentions: Mentions, *, pattern: str, is_rehearsal: bool = False
) -> int:
    """Remove files of ours that name an address; returns how many."""
    meant = [path for path in folder.glob(pattern) if path.is_file() and names(path, mentions)]
    for path in () if is_rehearsal else meant:
        path.unlink(missing_ok=True)
    return len(meant)


def list_files(folder: Path, mentions: Mentions, *, apart: Collection[Path] = ()) -> list[Path]:
    """Return the files below a folder that name an address, or cannot be looked into.

    Args:
        folder: where; links are not followed out of it.
        mentions: the address.
        apart: files and folders that are left out.
    """
    return [path for path in _walk(folder, apart) if names(path, mentions)]


def _walk(folder: Path, apart: Collection[Path]) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or path.resolve() in apart:
            continue
        if path.is_dir():
            yield from _walk(path, apart)
        elif path.is_file():
            yield path


def names(path: Path, mentions: Mentions) -> bool:
    """Tell whether a file names an address, in its name or in it; packed files are opened."""
    if mentions.is_in_name(path.name):
        return True
    try:
        if zipfile.is_zipfile(path):
            return _any_member(path, mentions.is_in_bytes)
        with path.open("rb") as file:
            kept = b""
            while data := file.read(_WINDOW):
                if mentions.is_in_bytes(kept + data):
                    return True
                kept = data[-_OVERLAP:]
    except FileNotFoundError:  # it has just gone
        return False
    except (OSError, zipfile.BadZipFile):
        return True
    return False


def _any_member(path: Path, is_meant: Callable[[bytes], bool]) -> bool:
    """Tell whether a file in a packed one is meant; one that cannot be unpacked may be."""
    with zipfile.ZipFile(path) as packed:
        if sum(member.file_size for member in packed.infolist()) > _MOST_UNPACKED:
            return True
        try:
            return any(is_meant(packed.read(member)) for member in packed.infolist())
        except (RuntimeError, NotImplementedError, zipfile.BadZipFile):  # a password, an odd method
            return True
