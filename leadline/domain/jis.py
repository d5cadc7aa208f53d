r"""Decoding the two older encodings of Japanese mail and UNIX systems, vendor characters included.

Python's own codecs for EUC-JP and ISO-2022-JP know neither NEC's row 13 (①, ㈱) nor IBM's
extensions (髙, 﨑), which real files hold; here they are looked up in CP932. A byte that says
nothing comes out as a lone surrogate, the way of Python's `surrogateescape`.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

_ESCAPE: Final = re.compile(rb"\x1b(?:\$\([DB@]|\$[B@]|\([BJIH])")
_CARRIED_ON: Final = re.compile(rb"\x1b(?:\$\([DB@]|\$[B@]|\(I)[^\x1b\n]*\n")
_HIGH: Final = bytes(code | 0x80 for code in range(256))
_ASCII: Final = b"(B"
#: The Japanese variant of ASCII is taken for ASCII itself: a backslash is meant more often than ¥.
_ROMAN, _LATIN = b"\x1b(J", b"\x1b(B"
_KANA: Final = b"(I"
_SUPPLEMENT: Final = b"$(D"
_LEAST, _MOST = 0xA1, 0xFE


def _vendor_pair(first: int, second: int) -> str:
    """Return what a pair of EUC-JP bytes means in CP932, "" when nothing."""
    row, cell = first - 0x80, second - 0x80
    lead = ((row - 0x21) >> 1) + 0x81
    trail = cell + (0x1F + (cell >= 0x60) if row % 2 else 0x7E)  # noqa: PLR2004 (0x7F is skipped)
    try:
        return bytes((lead + 0x40 * (lead > 0x9F), trail)).decode("cp932")  # noqa: PLR2004
    except UnicodeDecodeError:
        return ""


def _mend_euc(error: UnicodeError) -> tuple[str, int]:
    """Go on where EUC-JP fails: a vendor's character, or a byte that says nothing."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    pair = error.object[error.start : error.start + 2]
    if len(pair) == 2 and all(_LEAST <= byte <= _MOST for byte in pair):  # noqa: PLR2004 (a pair)
        found = _vendor_pair(*pair)
        if found and not "\ue000" <= found <= "\uf8ff":
            return found, error.start + 2
    return chr(0xDC00 + pair[0]), error.start + 1


codecs.register_error("leadline.euc", _mend_euc)


def decode_euc(data: bytes) -> str:
    """Return text of EUC-JP."""
    return data.decode("euc_jp", "leadline.euc")


def decode_jis(data: bytes) -> str:
    """Return text of ISO-2022-JP, read line by line.

    A line begins in ASCII, as the standard has it. Where the line before has not gone back to
    ASCII, as in a quoted cell of several lines, it goes on in Japanese if it reads so.
    """
    if not _CARRIED_ON.search(data):
        try:
            return data.replace(_ROMAN, _LATIN).decode("iso2022_jp")
        except UnicodeDecodeError:
            pass  # a vendor's character, or a byte that says nothing
    texts: list[str] = []
    mode = _ASCII
    for line in _lines(data):
        if mode != _ASCII and not _goes_on(line, mode):
            mode = _ASCII
        text, mode = _decode_line(line, mode)
        texts.append(text)
    return "".join(texts)


def _lines(data: bytes) -> list[bytes]:
    """Cut behind line feeds alone."""
    parts = data.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + [parts[-1]] * bool(parts[-1])


def _goes_on(line: bytes, mode: bytes) -> bool:
    """Return whether a line reads as Japanese up to its first escape sequence."""
    found = _ESCAPE.search(line)
    piece = line[: found.start()] if found else b""
    text = _piece(piece, mode) if piece and len(piece) % 2 == 0 else "\udc80"
    return not any("\udc80" <= character <= "\udcff" or character < "\x80" for character in text)


def _decode_line(line: bytes, mode: bytes) -> tuple[str, bytes]:
    """Return the text of one line and the mode at its end."""
    body = line.rstrip(b"\r\n")
    texts: list[str] = []
    position = 0
    for match in _ESCAPE.finditer(body):
        texts.append(_piece(body[position : match.start()], mode))
        mode, position = match[0][1:], match.end()
    texts.append(_piece(body[position:], mode))
    texts.append(line[len(body) :].decode("ascii"))
    return "".join(texts), mode


def _piece(piece: bytes, mode: bytes) -> str:
    """Return the text between two escape sequences."""
    if mode in {_ASCII, b"(J", b"(H"}:
        return piece.decode("ascii", "surrogateescape")
    if not piece.isascii():
        return piece.decode("ascii", "surrogateescape")
    if mode == _KANA:
        return piece.translate(_HIGH).decode("cp932", "surrogateescape")
    if mode == _SUPPLEMENT:
        pairs = (b"\x8f" + piece[at : at + 2].translate(_HIGH) for at in range(0, len(piece), 2))
        return decode_euc(b"".join(pairs))
    return decode_euc(piece.translate(_HIGH))
