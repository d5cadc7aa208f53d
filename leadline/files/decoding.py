"""Any table file as blocks of UTF-8 in whole lines, in constant memory.

A byte that means nothing in the file's encoding comes through as UTF-8's form of a lone
surrogate, the way of Python's `surrogateescape`, so that strictly decoding that record fails, and
no other, and the byte can be had again. Lines stay where they are: only a file whose records end
with CR alone gets LF in its place.
"""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING, Final, NamedTuple

from leadline.domain.encodings import WIDE, Encoding, EncodingFinder, Found, decode_text, is_utf_8

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK: Final = 1 << 20
_BOM: Final = "\ufeff".encode()
_END_MARK: Final = b"\x1a"  # what DOS programs close a text file with
_QUOTED: Final = re.compile(rb'"[^"]*+"')
_CR_ONLY: Final = 2  # times as many lone CR as LF outside quotation marks
_ESCAPED: Final = re.compile(rb"\xed([\xb2\xb3])([\x80-\xbf])")


class Survey(NamedTuple):
    """What a first pass over a file found.

    Attributes:
        found: the encoding, and whether it is a guess.
        size: bytes of the file.
        head: its first bytes.
    """

    found: Found
    size: int
    head: bytes


def survey(file: IO[bytes]) -> Survey:
    """Read a file once to find its encoding; it stops early where nothing more can be learned."""
    finder = EncodingFinder()
    head = b""
    while not finder.is_certain and (block := file.read(BLOCK)):
        head = head or block[: 1 << 16]
        finder.add(block)
    return Survey(finder.decide(), file.seek(0, 2), head)


def decode_blocks(
    file: IO[bytes], encoding: Encoding, *, ends_with_cr: bool = False, size: int = BLOCK
) -> Iterator[bytes]:
    """Yield the file in UTF-8, each block but the last one ending behind a line feed.

    Args:
        file: opened for bytes, at its beginning.
        encoding: what it is encoded in; a byte order mark at its beginning is left out.
        ends_with_cr: whether its records end with CR alone, see `ends_with_cr`.
        size: bytes of the file that are read at a time.
    """
    waiting: bytes | None = None
    for raw in _whole_lines(file, _line_end(encoding, ends_with_cr=ends_with_cr), size):
        block = _to_utf_8(raw, encoding)
        if ends_with_cr:
            block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if waiting is None:
            block = block.removeprefix(_BOM)
        elif waiting:
            yield waiting
        waiting = block
    if waiting and (last := waiting.rstrip(_END_MARK)):
        yield last


def ends_with_cr(sample: bytes) -> bool:
    """Return whether the records of a file end with CR alone, as old Macs wrote them.

    Args:
        sample: the beginning of the file in UTF-8.
    """
    lone = sample.count(b"\r") - sample.count(b"\r\n")
    if not lone:
        return False
    plain = _QUOTED.sub(b"", sample)
    lone = plain.count(b"\r") - plain.count(b"\r\n")
    return lone > _CR_ONLY * plain.count(b"\n")


def original_bytes(raw: bytes, encoding: Encoding) -> bytes:
    """Return the bytes of the file that a record in UTF-8 was made of, as far as they are known.

    Args:
        raw: a record as `decode_blocks` gives it.
        encoding: what the file is encoded in.
    """
    codec = Encoding.UTF_8 if encoding is Encoding.UTF_8_SIG else encoding
    text = raw.decode("utf-8", "surrogatepass")
    errors = "surrogatepass" if encoding in WIDE else "surrogateescape"
    try:
        return text.encode(codec, errors)
    except UnicodeEncodeError:
        return _ESCAPED.sub(_unescape, raw)


def _unescape(found: re.Match[bytes]) -> bytes:
    code = 0xD000 + ((found[1][0] & 0x3F) << 6) + (found[2][0] & 0x3F)
    return bytes([code - 0xDC00])


class _LineEnd(NamedTuple):
    """The bytes that end a line, and how many bytes a character has at least."""

    sign: bytes
    unit: int

    def cut(self, data: bytes) -> int:
        """Return the offset behind the last line end, 0 when there is none."""
        at = data.rfind(self.sign)
        while at > 0 and at % self.unit:
            at = data.rfind(self.sign, 0, at + len(self.sign) - 1)
        return at + len(self.sign) if at >= 0 else 0


def _line_end(encoding: Encoding, *, ends_with_cr: bool) -> _LineEnd:
    sign = ("\r" if ends_with_cr else "\n").encode(encoding if encoding in WIDE else "ascii")
    return _LineEnd(sign, len(sign))


def _whole_lines(file: IO[bytes], end: _LineEnd, size: int) -> Iterator[bytes]:
    """Yield the file cut behind line ends; a line longer than a block stays whole."""
    parts: list[bytes] = []
    odd = b""
    while block := file.read(size):
        data = odd + block
        whole = len(data) - len(data) % end.unit
        data, odd = data[:whole], data[whole:]
        cut = end.cut(data)
        if cut and end.sign == b"\r" and cut == len(data):
            cut = end.cut(data[:-1])  # an LF may follow, and CRLF is one line end
        if not cut:
            parts.append(data)
            continue
        yield b"".join([*parts, data[:cut]])
        parts = [data[cut:]] if cut < len(data) else []
    if rest := b"".join([*parts, odd]):
        yield rest


def _to_utf_8(raw: bytes, encoding: Encoding) -> bytes:
    """Return whole lines in UTF-8."""
    if raw.isascii() and encoding not in WIDE and encoding is not Encoding.ISO_2022_JP:
        return raw
    if encoding in {Encoding.UTF_8, Encoding.UTF_8_SIG} and is_utf_8(raw):
        return raw
    return decode_text(raw, encoding).encode("utf-8", "surrogatepass")
