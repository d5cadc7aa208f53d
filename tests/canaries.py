"""One person whose every trace can be found: an address, a name and a number like no other."""

from __future__ import annotations

import base64
import json
import quopri
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from tests.factories import read_everything

if TYPE_CHECKING:
    from pathlib import Path

    from leadline.stages import Workspace

#: The part of the address that stands nowhere else.
MARK: Final = "zqxcanary"
ADDRESS: Final = f"{MARK}.one@example.jp"
NAME: Final = "渚砂鴇羽"
PHONE: Final = "98761098"
_WORDS: Final = (MARK, MARK.upper(), NAME, PHONE, "9876-1098")


def forms() -> dict[bytes, str]:
    """Return the bytes that a trace may consist of, and what each is."""
    found: dict[bytes, str] = {}
    for word in _WORDS:
        for encoding in ("utf-8", "utf-16-le", "utf-16-be", "cp932"):
            data = word.encode(encoding)
            found[data] = f"{word} in {encoding}"
            for offset in range(3):
                inner = base64.b64encode(b"\0" * offset + data)
                last = len(inner) - (4 if (offset + len(data)) % 3 else 0)
                found[inner[(0, 2, 3)[offset] : last]] = f"{word} in {encoding}, base64 + {offset}"
        found[quote(word).encode()] = f"{word} with percent signs"
        found[quopri.encodestring(word.encode())] = f"{word} in quoted-printable"
        escaped = json.dumps(word).strip('"')
        found[escaped.encode()] = f"{word} in JSON"
        found[json.dumps(escaped).strip('"').encode()] = f"{word} in JSON in JSON"
    return found


def traces_in(data: bytes) -> set[str]:
    """Return what of the person bytes hold; line breaks inside of base64 count for nothing."""
    joined = data.replace(b"\r\n", b"").replace(b"\n", b"")
    return {what for form, what in forms().items() if form in data or form in joined}


def traces_below(folder: Path) -> dict[str, set[str]]:
    """Return what of the person the files below a folder hold, and their names."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            name = str(path.relative_to(folder))
            if traces := traces_in(path.read_bytes()) | traces_in(name.encode()):
                found[name] = traces
    return found


def traces_in_tables(work: Workspace) -> dict[str, set[str]]:
    """Return what of the person the rows of the database hold, by table."""
    found = {}
    for table, rows in read_everything(work).items():
        if traces := set().union(*(traces_in(row.encode()) for row in rows)):
            found[table] = traces
    return found
