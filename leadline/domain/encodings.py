"""Which encoding the bytes of a file are in, and what one record of it says.

The ladder: a BOM decides; else strict UTF-8; else the encoding under which fewer characters fail,
over the whole file, so that one bad byte costs its own record and not the file. Japanese files
are read as CP932 and never as plain Shift_JIS, which lacks ㈱, ①, 髙 and ～.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator


class Encoding(StrEnum):
    """An encoding that table files come in; the value is Python's name of the codec."""

    UTF_8 = "utf-8"
    UTF_8_SIG = "utf-8-sig"
    UTF_16_LE = "utf-16-le"
    UTF_16_BE = "utf-16-be"
    CP932 = "cp932"


#: The byte order marks, each with the encoding that it announces.
BOMS: Final = (
    (b"\xef\xbb\xbf", Encoding.UTF_8_SIG),
    (b"\xff\xfe", Encoding.UTF_16_LE),
    (b"\xfe\xff", Encoding.UTF_16_BE),
)
_CHUNK: Final = 1 << 20
_PEEK: Final = 4096
#: What the codec makes of bytes that CP932 has no character for, without an error.
_CP932_HOLES: Final = re.compile("[\x80\uf8f0-\uf8f3]")
#: A lone non-ASCII character in a Latin word: in CP932 a sign that the word is Latin-1 (García).
_FOREIGN: Final = re.compile(r"[A-Za-z]?[^\x00-\x7f]+[A-Za-z]?")
_LONE_SAMPLE: Final = (
    4  # chunks that are searched for such words; the count of errors sees them all
)


def detect_encoding(data: bytes) -> Encoding:
    """Return the encoding of a whole file."""
    for mark, encoding in BOMS:
        if data.startswith(mark):
            return encoding
    bare = _bare_utf_16(data[:_PEEK])
    if bare is not None:
        return bare
    if _is_utf_8(data):
        return Encoding.UTF_8
    bad_utf_8 = sum(map(_bad_in_utf_8, _foreign_chunks(data)))
    bad_cp932 = 0
    for number, chunk in enumerate(_foreign_chunks(data)):
        text = chunk.decode(Encoding.CP932, "replace")
        bad_cp932 += text.count("\ufffd") + len(_CP932_HOLES.findall(text))
        if number < _LONE_SAMPLE:
            bad_cp932 += _lone_in_words(text)
        if bad_cp932 >= bad_utf_8:
            return Encoding.UTF_8
    return Encoding.CP932


def decode_record(raw: bytes, encoding: Encoding) -> str | None:
    """Return the text of one record, None when bytes of it are bad or it holds a NUL."""
    if b"\0" in raw and encoding not in {Encoding.UTF_16_LE, Encoding.UTF_16_BE}:
        return None
    try:
        text = raw.decode("utf-8" if encoding is Encoding.UTF_8_SIG else encoding)
    except UnicodeDecodeError:
        return None
    if encoding is Encoding.CP932 and not raw.isascii() and _CP932_HOLES.search(text):
        return None
    return None if "\0" in text else text


def show_record(raw: bytes, encoding: Encoding) -> str:
    """Return one record for people to read; bytes that say nothing are shown as escapes."""
    text = raw.decode("utf-8" if encoding is Encoding.UTF_8_SIG else encoding, "backslashreplace")
    if encoding is Encoding.CP932:
        text = _CP932_HOLES.sub(lambda hole: f"\\x{hole[0].encode(encoding).hex()}", text)
    return text.replace("\0", "\\x00")


def _bare_utf_16(head: bytes) -> Encoding | None:
    """Return UTF-16 without a BOM, told by zeros in every other byte of mostly Latin text."""
    pairs = len(head) // 2
    even, odd = head[: pairs * 2 : 2].count(0), head[1::2].count(0)
    if pairs and odd * 2 > pairs and not even:
        return Encoding.UTF_16_LE
    if pairs and even * 2 > pairs and not odd:
        return Encoding.UTF_16_BE
    return None


def _is_utf_8(data: bytes) -> bool:
    """Return whether every byte is valid UTF-8; chunks keep the memory small."""
    try:
        return data.isascii() or all(chunk.decode("utf-8") for chunk in _chunks(data))
    except UnicodeDecodeError:
        return False


def _chunks(data: bytes) -> Iterator[bytes]:
    """Cut at line feeds, which are no part of another character in UTF-8 and CP932."""
    start = 0
    while start < len(data):
        end = data.find(b"\n", start + _CHUNK) + 1 or len(data)
        yield data[start:end]
        start = end


def _foreign_chunks(data: bytes) -> Iterator[bytes]:
    """Return the chunks that hold more than ASCII."""
    return (chunk for chunk in _chunks(data) if not chunk.isascii())


def _bad_in_utf_8(chunk: bytes) -> int:
    """Count the characters that fail in UTF-8."""
    return chunk.decode("utf-8", "replace").count("\ufffd") - chunk.count(b"\xef\xbf\xbd")


def _lone_in_words(text: str) -> int:
    """Count the characters that stand alone among Latin letters, and so can hardly be meant."""
    lone = 0
    for match in _FOREIGN.finditer(text):
        found = match[0]
        letters = found[0].isascii() + found[-1].isascii()
        lone += letters > 0 and len(found) - letters == 1 and "\ufffd" not in found
    return lone
