"""Taking a person's rows out of quarantine files, and finding files that still name a person."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from leadline.files.drafts import new_file

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
    """Take the rows that name an address out of all quarantine files; the others stay as they are.

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
    kept = [
        record
        for record in records
        if _line_of(record) not in lines and not _is_meant(record, mentions, encoding)
    ]
    gone = len(records) - len(kept)
    if gone and not is_rehearsal:
        if any(record.strip() for record in kept):
            with new_file(path) as file:
                whole = "".join((head, *kept))
                file.write(mark + whole.encode(encoding, errors="surrogateescape"))
        else:
            path.unlink()
    return gone


def _records(text: str) -> list[str]:
    return [found[0] for found in _RECORD.finditer(text) if found[0]] or [""]


def _is_meant(record: str, mentions: Mentions, encoding: str) -> bool:
    return mentions.is_in_bytes(
        record.encode("utf-8" if encoding != "utf-8" else encoding, errors="surrogateescape")
    )


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
