"""Folders into which people drop files: what lies there, and putting away what was taken in.

A file is known by its name below the folder, with `/` between the parts. What was taken in lies
in `done/` of the folder, by day. A report about a file lies beside it.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import unicodedata
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from itertools import count
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, ClassVar, Final, Protocol

from leadline.errors import IntakeError
from leadline.files.faults import FileUnreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager

#: The sub-folder of what was taken in.
DONE: Final = "done"
REPORT: Final = ".report.txt"
#: Endings of what is read, and of what people give for a table, which is refused with a reason.
_TABLES: Final = frozenset(
    {".csv", ".tsv", ".tab", ".psv", ".ssv", ".txt", ".dat"}
    | {".xlsx", ".xlsm", ".xltx", ".xltm"}
    | {".xls", ".xlsb", ".ods", ".numbers"}
)
_LONGEST_REPORT: Final = 1 << 16
#: How many bytes most file systems let a name have.
_LONGEST_NAME: Final = 255
_FOREIGN: Final = re.compile(r"\\x([89a-f][0-9a-f])")


class FileNameForeign(IntakeError):
    """The name of a file is in an encoding of its own."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "The name of {file} is not in UTF-8. Give it another one, in letters of your "
        "language or in plain ones.",
        "ja": "{file} のファイル名が UTF-8 ではありません。名前を付け直してください。",
    }


class LinkLeadsOut(IntakeError):
    """A link in a folder, to something that lies elsewhere."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "{file} is a link that leads out of its folder, and is not followed. Put a copy of "
        "the file here.",
        "ja": "{file} はフォルダの外へのリンクのため、読み込みません。ファイルそのものを置いて"
        "ください。",
    }


class DoneLeadsOut(OSError):
    """`done/`, or a folder in it, is a link that leads out of the inbox: nothing is moved there."""


@dataclass(frozen=True, slots=True)
class Found:
    """A table file that lies in a folder.

    Attributes:
        name: below the folder.
        mark: another one whenever the file has changed.
        changed_at: when it was written, in seconds since 1970; None where nobody knows.
        has_report: whether a report lies beside it.
    """

    name: str
    mark: str
    changed_at: float | None
    has_report: bool


class Folder(Protocol):
    """A folder, here or elsewhere.

    Whatever goes wrong with the folder itself is a `FolderUnusable`.
    """

    @property
    def shown(self) -> str:
        """The folder's name for people, without anything secret."""

    def look(self) -> list[Found]:
        """Return the table files in order of their names; hidden ones do not count."""

    def find(self, name: str) -> Found | None:
        """Return one file, None when it is not there."""

    def fetch(self, name: str, scratch: Path) -> AbstractContextManager[Path]:
        """Give the path of a file on this machine; a copy is made in `scratch`, if need be."""

    def put_away(self, name: str, day: str) -> str:
        """Move a file to `done/`, where nothing is overwritten; returns its new name."""

    def read_report(self, name: str) -> str:
        """Return the text of the report beside a file, "" when there is none."""

    def write_report(self, name: str, text: str) -> None:
        """Write the report beside a file, in place of an older one."""

    def remove_report(self, name: str) -> None:
        """Remove the report beside a file, if there is one."""


def is_table(name: str) -> bool:
    """Tell whether a file is one to take in, by its name below the folder."""
    *folders, file = name.split("/")
    if any(is_hidden(part) for part in (*folders, file)) or folders[:1] == [DONE]:
        return False
    if is_report(file):
        return False
    return PurePosixPath(file).suffix.lower() in _TABLES


def is_hidden(part: str) -> bool:
    """Tell whether a file or folder is hidden, or a lock that an office program left."""
    return part.startswith((".", "~$"))


def is_report(file: str) -> bool:
    """Tell whether a file is a report of ours: `fair.csv.report.txt`, but not `q3.report.txt`."""
    about = file.removesuffix(REPORT)
    return about != file and PurePosixPath(about).suffix.lower() in _TABLES


def source_of(name: str) -> str | None:
    """Return the source that the sub-folder of a file names, None at the top of the folder."""
    folder, separator, _ = name.partition("/")
    return unicodedata.normalize("NFC", folder) if separator else None


def plain_name(name: str) -> str:
    r"""Return a name that can be stored and shown; bytes that are no UTF-8 look like `\x8d`."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _real_name(name: str) -> str:
    """Return the name that a plain one stands for."""
    return _FOREIGN.sub(lambda found: chr(0xDC00 + int(found[1], 16)), name)


def free_names(name: str, day: str) -> Iterator[str]:
    """Give names in `done/` for a file, the plain one first and then those with a number."""
    path = PurePosixPath(DONE, day, name)
    yield str(path)
    for number in count(2):
        tail = f" ({number}){path.suffix}"
        yield str(path.with_name(_cut(path.stem, _LONGEST_NAME - _size(tail)) + tail))


def report_name(file: str) -> str:
    """Return the name of the report about a file; that of a very long name begins as it does."""
    if _size(file + REPORT) <= _LONGEST_NAME:
        return file + REPORT
    path = PurePosixPath(file)
    digest = sha256(file.encode("utf-8", "surrogateescape")).hexdigest()[:12]
    tail = f"~{digest}{path.suffix}{REPORT}"
    return _cut(path.stem, _LONGEST_NAME - _size(tail)) + tail


def _size(name: str) -> int:
    return len(name.encode("utf-8", "surrogateescape"))


def _cut(name: str, size: int) -> str:
    """Return the beginning of a name that fits into so many bytes, without half a letter."""
    if _size(name) <= size:
        return name
    return name.encode("utf-8", "surrogateescape")[:size].decode("utf-8", "ignore").rstrip()


def with_reports(names: Iterable[str], make: Callable[[str, bool], Found]) -> list[Found]:
    """Return what is found under those of the names that are tables."""
    known = set(names)
    return [
        make(name, not known.isdisjoint(_report_names(name)))
        for name in sorted(known)
        if is_table(name)
    ]


def _report_names(name: str) -> tuple[str, str]:
    """Return where the report about a file may lie: a folder elsewhere may take longer names."""
    folder, separator, file = name.rpartition("/")
    return name + REPORT, folder + separator + report_name(file)


@dataclass(frozen=True)
class LocalFolder:
    """A folder of this machine.

    Attributes:
        root: where it is.
        shown: its name for people.
    """

    root: Path
    shown: str

    def look(self) -> list[Found]:
        """Return the table files in order of their names; hidden ones do not count."""
        return with_reports(self._names(), self._found)

    def find(self, name: str) -> Found | None:
        """Return one file, None when it is not there."""
        if not self._at(name).is_file():
            return None
        return self._found(name, self._report(name).exists())

    @contextmanager
    def fetch(self, name: str, scratch: Path) -> Iterator[Path]:
        """Give the path of a file.

        Raises:
            FileNameForeign, LinkLeadsOut, FileUnreadable: it cannot be taken.
        """
        del scratch  # it is here already
        path = self._at(name)
        if str(path) != plain_name(str(path)):
            raise FileNameForeign(file=name)
        if not path.resolve().is_relative_to(self.root.resolve()):
            raise LinkLeadsOut(file=name)
        try:
            path.open("rb").close()
        except OSError as error:
            raise FileUnreadable(file=name, why=error.strerror or "") from None
        yield path

    def put_away(self, name: str, day: str) -> str:
        """Move a file to `done/`, where nothing is overwritten; returns its new name.

        Raises:
            DoneLeadsOut: that is no folder of this one.
        """
        path = self._at(name)
        for new in free_names(name, day):
            target = self.root / new
            if not target.parent.resolve().is_relative_to(self.root.resolve()):
                raise DoneLeadsOut(errno.ELOOP, "is a link that leads out of its folder", DONE)
            target.parent.mkdir(parents=True, exist_ok=True)
            if _reserve(target):
                _move(path, target)
                return new
        raise AssertionError  # there are names without end

    def read_report(self, name: str) -> str:
        """Return the text of the report beside a file, "" when there is none."""
        try:
            with self._report(name).open(encoding="utf-8-sig", errors="replace") as file:
                return file.read(_LONGEST_REPORT)
        except OSError:
            return ""

    def write_report(self, name: str, text: str) -> None:
        """Write the report beside a file, in place of an older one; no link is followed."""
        report = self._report(name)
        digest = sha256(os.fsencode(report.name)).hexdigest()[:16]
        fresh = report.with_name(f".report-{digest}.tmp")
        fresh.unlink(missing_ok=True)  # of a process that was killed
        try:
            with fresh.open("x", encoding="utf-8-sig") as file:
                file.write(text)
            fresh.replace(report)
        finally:
            fresh.unlink(missing_ok=True)

    def remove_report(self, name: str) -> None:
        """Remove the report beside a file, if there is one."""
        self._report(name).unlink(missing_ok=True)

    def _at(self, name: str) -> Path:
        path = self.root / name
        return path if path.exists() else self.root / _real_name(name)

    def _report(self, name: str) -> Path:
        path = self._at(name)
        return path.with_name(report_name(path.name))

    def _names(self) -> Iterator[str]:
        """Give the names of all files but those in `done/`, and hidden ones."""
        for folder, folders, files in os.walk(self.root):
            below = Path(folder).relative_to(self.root)
            is_top = below == Path()
            folders[:] = [each for each in folders if not is_hidden(each)]
            folders[:] = [each for each in folders if not (is_top and each == DONE)]
            for file in files:
                path = below / file
                if (self.root / path).is_file():
                    yield plain_name(path.as_posix())

    def _found(self, name: str, has_report: bool) -> Found:  # noqa: FBT001 - see with_reports
        try:
            stat = self._at(name).stat()
        except OSError:  # it is gone again, which `find` will tell
            return Found(name, "", None, has_report)
        # the time of the last change of any kind: of what it holds, or of who may read it
        mark = f"{stat.st_size}-{stat.st_ctime_ns}-{stat.st_ino}"
        return Found(name, mark, stat.st_mtime, has_report)


def _reserve(target: Path) -> bool:
    """Take a name by an empty file; one that a killed process left there counts as free."""
    try:
        target.open("x").close()
    except FileExistsError:
        return target.is_file() and not target.is_symlink() and target.stat().st_size == 0
    return True


def _move(path: Path, target: Path) -> None:
    """Move a file over the empty one that keeps its place."""
    try:
        path.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            with suppress(OSError):
                target.unlink()
            raise
        shutil.copy2(path, target)  # the sub-folder is on another disk
        path.unlink()
