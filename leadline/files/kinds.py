"""Telling text files and workbooks from everything else that people give for a table."""

from __future__ import annotations

import re
import zipfile
from enum import StrEnum
from pathlib import PurePath
from typing import IO, Final

from leadline.files.faults import (
    FileBinary,
    FileIsArchive,
    FileIsHtml,
    FileIsNumbers,
    FilePassword,
    OldWorkbook,
    WorkbookDamaged,
)

_HEAD: Final = 1 << 12
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_DIRECTORY: Final = 1 << 20  # bytes in which an OLE file names what it holds, from either end
_ZIP: Final = b"PK\x03\x04"
_BINARY: Final = (
    b"%PDF",
    b"\x89PNG",
    b"\x1f\x8b",
    b"\xff\xd8\xff",
    b"GIF8",
    b"Rar!",
    b"7z\xbc\xaf",
)
_TABLES: Final = (".csv", ".tsv", ".tab", ".psv", ".xlsx", ".xlsm", ".xls", ".ods", ".numbers")
#: What documents of offices hold, which may have tables embedded.
_PACKAGES: Final = frozenset({"[Content_Types].xml", "mimetype", "xl/workbook.xml"})
_OTHER_IWORK: Final = (".pages", ".key")
_HTML: Final = re.compile(
    rb"(?:<\?xml[^>]*>|<!--.*?-->|\s)*<(?:!doctype\s+html|html|head|body|table|meta|style)\b",
    re.IGNORECASE | re.DOTALL,
)
_XML_SHEET: Final = re.compile(rb"<\?mso-application|<(?:\w+:)?Workbook\b", re.IGNORECASE)


class Kind(StrEnum):
    """The two kinds of table files."""

    TEXT = "text"
    WORKBOOK = "workbook"


def kind_of_file(file: IO[bytes], *, name: str) -> Kind:
    """Return what kind of file this is, by its content and not by its name.

    Raises:
        IntakeError: it is neither; the kinds are those of `leadline.files.faults`.
    """
    head = file.read(_HEAD)
    if head.startswith(_ZIP):
        return _kind_of_archive(file, name)
    if head.startswith(_OLE):
        _refuse_ole(file, name)
    if head.startswith(_BINARY):
        raise FileBinary(file=name)
    plain = head.lstrip(b"\xef\xbb\xbf\xfe\xff").replace(b"\0", b"")  # also in UTF-16
    if _HTML.match(plain):
        raise FileIsHtml(file=name)
    if plain.lstrip().startswith(b"<?xml") and _XML_SHEET.search(plain):
        raise OldWorkbook(file=name)
    return Kind.TEXT


def _kind_of_archive(file: IO[bytes], name: str) -> Kind:
    try:
        with zipfile.ZipFile(file) as archive:
            members = set(archive.namelist())
            is_locked = any(each.flag_bits & 1 for each in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise WorkbookDamaged(file=name) from None
    _refuse_packed(members, name)
    if is_locked:
        raise FilePassword(file=name)
    if "xl/workbook.bin" in members or "content.xml" in members:
        raise OldWorkbook(file=name)
    if any(member.startswith("xl/") for member in members):
        return Kind.WORKBOOK
    raise FileBinary(file=name)


def _refuse_packed(members: set[str], name: str) -> None:
    """Refuse an archive with tables in it, and what Apple Numbers writes."""
    if any(each.endswith(".iwa") or each == "Index.zip" for each in members):
        raise (FileBinary if name.lower().endswith(_OTHER_IWORK) else FileIsNumbers)(file=name)
    tables = sorted(each for each in members if each.lower().endswith(_TABLES))
    if tables and not members & _PACKAGES:
        inner = tables[0] if tables[0].isascii() else f"leads{PurePath(tables[0]).suffix}"
        raise FileIsArchive(file=name, inner=inner)


def _refuse_ole(file: IO[bytes], name: str) -> None:
    """Refuse what Excel wrote before 2007, or locks a newer workbook in."""
    file.seek(0)
    head = file.read(_DIRECTORY)
    size = file.seek(0, 2)
    file.seek(max(0, size - _DIRECTORY))
    if _ENCRYPTED in head or _ENCRYPTED in file.read():
        raise FilePassword(file=name)
    raise OldWorkbook(file=name)
