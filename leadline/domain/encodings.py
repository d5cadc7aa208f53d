"""Which encoding the bytes of a file are in, and what one record of it says.

The ladder: a byte order mark decides; then the zero bytes of UTF-16 and UTF-32; then valid UTF-8;
then escape sequences of ISO-2022-JP. What is left is read line by line in every encoding that is
possible, and the one wins under which the whole file is most likely what people wrote: CP932,
EUC-JP, UTF-8 with some broken rows, and as the last resort Latin letters of one byte each. A line
counts for so much and no more, so that broken rows cost themselves and never the file.

Japanese files are read as CP932 and never as plain Shift_JIS, which lacks ㈱, ①, 髙 and ～.
"""

from __future__ import annotations

import re
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from leadline.domain.jis import decode_euc, decode_jis
from leadline.domain.plausibility import BAD_BYTE, cost_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Encoding(StrEnum):
    """An encoding that table files come in; the value is Python's name of the codec."""

    UTF_8 = "utf-8"
    UTF_8_SIG = "utf-8-sig"
    UTF_16_LE = "utf-16-le"
    UTF_16_BE = "utf-16-be"
    UTF_32_LE = "utf-32-le"
    UTF_32_BE = "utf-32-be"
    CP932 = "cp932"
    EUC_JP = "euc-jp"
    ISO_2022_JP = "iso-2022-jp"
    WINDOWS_1252 = "windows-1252"
    ISO_8859_1 = "iso-8859-1"


#: The byte order marks, each with the encoding that it announces; the longer ones first.
BOMS: Final = (
    (b"\xff\xfe\0\0", Encoding.UTF_32_LE),
    (b"\0\0\xfe\xff", Encoding.UTF_32_BE),
    (b"\xef\xbb\xbf", Encoding.UTF_8_SIG),
    (b"\xff\xfe", Encoding.UTF_16_LE),
    (b"\xfe\xff", Encoding.UTF_16_BE),
)
#: The encodings of several zero bytes, in which a line feed is more than one byte.
WIDE: Final = frozenset(
    {Encoding.UTF_16_LE, Encoding.UTF_16_BE, Encoding.UTF_32_LE, Encoding.UTF_32_BE}
)
_UTF_8: Final = frozenset({Encoding.UTF_8, Encoding.UTF_8_SIG})
_LATIN: Final = frozenset({Encoding.WINDOWS_1252, Encoding.ISO_8859_1})
#: What the codec makes of bytes that CP932 has no character for, without an error.
_CP932_HOLES: Final = re.compile("[\x80\uf8f0-\uf8f3]")
_FOREIGN: Final = re.compile(rb"[\x80-\xff]")
_LINE_END: Final = re.compile(rb"[\r\n]|\Z")
_JIS_ESCAPE: Final = re.compile(rb"\x1b(?:\$[B@(]|\(I)")
_C1: Final = re.compile(rb"[\x80-\x9f]")

_HEAD: Final = 1 << 16  # bytes in which the zeros of UTF-16 and UTF-32 are looked for
_PEEK: Final = 2_048  # bytes of it that are read as text
_PENDING: Final = 1 << 22  # bytes without a line end after which one is not waited for
_LINE: Final = 4_000  # bytes of a line that are judged
_FIRST_LINES: Final = 300  # lines that are judged one after the other
_LATER_LINES: Final = 4  # lines of each later block that are judged
_MOST_LINES: Final = 1_000  # lines that are kept; of more, every other one goes
_JUDGED: Final = 200  # lines that are weighed in every encoding
_ENOUGH_LINES: Final = 20  # that are valid UTF-8, so that nothing needs to be weighed
_NEARLY_ALL: Final = 0.8
_DEAREST_LINE: Final = 60.0  # what a line can cost more than under its best encoding
_DEAREST_UNIT: Final = 10.0  # what a character of UTF-16 costs on average, if it is some
#: What a bad byte in UTF-8 costs less than elsewhere: valid UTF-8 is never an accident, so that
#: broken rows beside some of it are likelier than a text that happens to look like it.
_EXCUSE: Final = 13.0
_UNLIKELY: Final = 5.5  # what a Latin letter costs more than ASCII when it is not meant
_PRIORS: Final = {Encoding.UTF_8: 0.0, Encoding.CP932: 1.0, Encoding.EUC_JP: 3.0}
_LATIN_PRIOR: Final = 5.0
_FEW_LINES: Final = 6  # of which one with an accent is no accident
_LONE_LINES: Final = 30  # among which a single one that is not ASCII is an accident
_LATIN_SHARE: Final = 0.02  # of the lines of a file of many that have accents


class Found(NamedTuple):
    """What a file was found to be encoded in.

    Attributes:
        encoding: the encoding.
        is_guess: whether it is the last resort, in which every byte means something.
    """

    encoding: Encoding
    is_guess: bool = False


class EncodingFinder:
    """Finds out the encoding of a file that is shown to it block by block, in constant memory."""

    def __init__(self) -> None:
        """Begin with a file of no bytes."""
        self._announced: Encoding | None = None
        self._head = b""
        self._pending = b""
        self._foreign: list[bytes] = []
        self._judged = 0
        self._is_utf_8 = True
        self._escapes = 0

    @property
    def is_certain(self) -> bool:
        """Tell whether no further block can change the answer."""
        return self._announced is not None

    def add(self, block: bytes) -> None:
        """Look at the next bytes of the file."""
        if self._announced is not None:
            return
        if len(self._head) < _HEAD:
            self._head += block[: _HEAD - len(self._head)]
            if len(self._head) == _HEAD:
                self._announced = _announced(self._head)
                if self._announced is not None:
                    return
        data = self._pending + block
        cut = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        if not cut and len(data) > _PENDING:
            cut = len(data)
        self._pending = data[cut:]
        self._look(data[:cut])

    def decide(self) -> Found:
        """Return the encoding; to be asked when the whole file was shown."""
        self._look(self._pending)
        self._pending = b""
        announced = self._announced or _announced(self._head)
        if announced is not None:
            return Found(announced)
        if self._escapes and self._escapes >= len(self._foreign):
            return Found(Encoding.ISO_2022_JP)
        if not self._foreign or (self._is_utf_8 and not _is_doubtful(self._foreign)):
            return Found(Encoding.UTF_8)
        return _cheapest(self._foreign, lines=self._judged, is_valid=self._is_utf_8)

    def _look(self, data: bytes) -> None:
        """Judge a piece of whole lines."""
        if b"\x1b" in data:
            self._escapes += len(_JIS_ESCAPE.findall(data))
        if data.isascii():
            self._judged += _count_lines(data)
            return
        self._is_utf_8 = self._is_utf_8 and is_utf_8(data)
        room = max(_FIRST_LINES - len(self._foreign), _LATER_LINES)
        lines = list(islice(_foreign_lines(data), room))
        self._foreign += [data[start : min(end, start + _LINE)] for start, end in lines]
        self._judged += _count_lines(data[: lines[-1][1]] if len(lines) == room else data)
        if len(self._foreign) > _MOST_LINES:
            self._foreign, self._judged = self._foreign[::2], self._judged // 2


def find_encoding(data: bytes) -> Found:
    """Return the encoding of a whole file that is in memory, and whether it is a guess."""
    finder = EncodingFinder()
    finder.add(data)
    return finder.decide()


def detect_encoding(data: bytes) -> Encoding:
    """Return the encoding of a whole file that is in memory."""
    return find_encoding(data).encoding


def choose_encoding(head: bytes, choices: Sequence[Encoding]) -> Encoding:
    """Return which of some encodings the first bytes of a file are in: by a mark, else likeliest.

    Args:
        head: the first bytes.
        choices: the encodings, such as those of UTF-16.
    """
    announced = _announced(head)
    if announced is not None and announced in choices:
        return announced
    piece = head[:_PEEK]
    return min(choices, key=lambda encoding: _wide_cost(piece, encoding))


def decode_text(data: bytes, encoding: Encoding) -> str:
    """Return the text of whole lines; a byte that says nothing is a lone surrogate.

    The surrogates are those of Python's `surrogateescape`, so that the bytes can be had again;
    in UTF-16 half a pair stays what it is.
    """
    if encoding is Encoding.CP932:
        text = data.decode(encoding, "surrogateescape")
        return text if data.isascii() else _CP932_HOLES.sub(_escape_hole, text)
    if encoding is Encoding.EUC_JP:
        return decode_euc(data)
    if encoding is Encoding.ISO_2022_JP:
        return decode_jis(data)
    if encoding in WIDE:
        return _decode_wide(data, encoding)
    return data.decode("utf-8" if encoding is Encoding.UTF_8_SIG else encoding, "surrogateescape")


def decode_record(raw: bytes, encoding: Encoding) -> str | None:
    """Return the text of one record, None when bytes of it are bad or it holds a NUL."""
    text = decode_text(raw, encoding)
    if "\0" in text or (not text.isascii() and _has_surrogates(text)):
        return None
    return text


def show_record(raw: bytes, encoding: Encoding = Encoding.UTF_8) -> str:
    """Return one record for people to read; bytes that say nothing are shown as escapes.

    Lone surrogates that stand for such bytes may be in UTF-8's own form, as the reader gives them.
    """
    try:
        text = raw.decode("utf-8", "surrogatepass") if encoding in _UTF_8 else None
    except UnicodeDecodeError:
        text = None
    text = decode_text(raw, encoding) if text is None else text
    return _SURROGATE.sub(_show_surrogate, text).replace("\0", "\\x00")


_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def _has_surrogates(text: str) -> bool:
    return _SURROGATE.search(text) is not None


def _show_surrogate(found: re.Match[str]) -> str:
    code = ord(found[0])
    is_byte = 0xDC80 <= code <= 0xDCFF  # noqa: PLR2004 (the range of surrogateescape)
    return f"\\x{code - 0xDC00:02x}" if is_byte else f"\\u{code:04x}"


def _escape_hole(hole: re.Match[str]) -> str:
    return chr(0xDC00 + hole[0].encode(Encoding.CP932)[0])


def _decode_wide(data: bytes, encoding: Encoding) -> str:
    """Return text of UTF-16 or UTF-32; an incomplete character at the end says nothing."""
    size = 2 if encoding in {Encoding.UTF_16_LE, Encoding.UTF_16_BE} else 4
    odd = len(data) % size
    whole = data[: len(data) - odd]
    try:
        text = whole.decode(encoding, "surrogatepass")
    except UnicodeDecodeError:
        text = whole.decode(encoding, "replace").replace("\ufffd", "\udcff")
    tail = "".join(chr(0xDC00 + byte) for byte in data[len(whole) :] if byte)
    return text + (tail or "\udcff" * bool(odd))


def _foreign_lines(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the lines that hold more than ASCII begin and end."""
    position = 0
    while found := _FOREIGN.search(data, position):
        at = found.start()
        start = max(data.rfind(b"\n", position, at), data.rfind(b"\r", position, at)) + 1
        end = _LINE_END.search(data, at)
        position = end.start() if end else len(data)
        yield start, position


def _count_lines(data: bytes) -> int:
    return data.count(b"\n") or data.count(b"\r")


def _announced(head: bytes) -> Encoding | None:
    """Return the encoding that the first bytes tell by a mark or by their zeros."""
    for mark, encoding in BOMS:
        if head.startswith(mark):
            return encoding
    if b"\0" not in head:
        return None
    return _bare_utf_32(head) or _bare_utf_16(head)


def _bare_utf_32(head: bytes) -> Encoding | None:
    """Return UTF-32 without a mark: of every four bytes the two highest are zero."""
    units = len(head) // 4
    quarters = [head[at : units * 4 : 4].count(0) for at in range(4)]
    if quarters[0] < units and quarters[2:] == [units, units]:
        return Encoding.UTF_32_LE
    if quarters[3] < units and quarters[:2] == [units, units]:
        return Encoding.UTF_32_BE
    return None


def _bare_utf_16(head: bytes) -> Encoding | None:
    """Return UTF-16 without a mark, when that reads better than any encoding of single bytes."""
    piece = head[:_PEEK]
    wide = [Encoding.UTF_16_LE, Encoding.UTF_16_BE]
    narrow = [Encoding.UTF_8, Encoding.CP932, Encoding.EUC_JP, Encoding.ISO_8859_1]
    costs = {encoding: _cost(piece, encoding) for encoding in narrow}
    costs |= {encoding: _wide_cost(piece, encoding) for encoding in wide}
    best = min(costs, key=costs.__getitem__)
    is_text = costs[best] < _DEAREST_UNIT * len(piece) / 2
    return best if best in wide and is_text else None


def _wide_cost(piece: bytes, encoding: Encoding) -> float:
    return _cost(piece, encoding) + BAD_BYTE * decode_text(piece, encoding).count("\0")


def is_utf_8(data: bytes) -> bool:
    """Return whether every byte is valid UTF-8."""
    if len(data) < _HEAD:
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            return False
        return True
    import pyarrow as pa

    offsets = (0).to_bytes(4, "little") + len(data).to_bytes(4, "little")
    text = pa.StringArray.from_buffers(1, pa.py_buffer(offsets), pa.py_buffer(data))
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _is_doubtful(foreign: list[bytes]) -> bool:
    """Return whether valid UTF-8 may be an accident: a word or two, all of two-byte characters."""
    if len(foreign) > 2:  # noqa: PLR2004 (lines: a header and a row)
        return False
    text = b"\n".join(foreign).decode("utf-8", "replace")
    return all(character < "\u0800" for character in text)


def _cheapest(foreign: list[bytes], *, lines: int, is_valid: bool) -> Found:
    """Return the encoding under which the lines that are not ASCII are the least unlikely."""
    if _is_mostly_utf_8(foreign):
        return Found(Encoding.UTF_8)
    latin = _latin_of(foreign)
    candidates = [Encoding.UTF_8, Encoding.CP932, Encoding.EUC_JP, latin]
    totals = {encoding: _PRIORS.get(encoding, _LATIN_PRIOR) for encoding in candidates}
    for costs in _line_costs(foreign[:: len(foreign) // _JUDGED + 1], candidates):
        least = min(costs.values())
        for encoding, cost in costs.items():
            totals[encoding] += min(cost - least, _DEAREST_LINE)
    best = min(candidates, key=totals.__getitem__)
    is_lone = len(foreign) == 1 and lines > _LONE_LINES
    is_unlikely = best is latin and not _is_meant(foreign, latin, lines=lines)
    if not is_valid and (is_lone or is_unlikely):
        best = Encoding.UTF_8
    return Found(best, best in _LATIN)


def _is_mostly_utf_8(foreign: list[bytes]) -> bool:
    """Return whether so many lines are valid UTF-8 that it is no accident."""
    valid = sum(1 for line in foreign if _has_utf_8(line) and not _bad_bytes(line))
    return valid > _ENOUGH_LINES and valid > _NEARLY_ALL * len(foreign)


def _line_costs(
    foreign: list[bytes], candidates: list[Encoding]
) -> Iterator[dict[Encoding, float]]:
    excuse = _EXCUSE * any(map(_has_utf_8, foreign))
    for line in foreign:
        costs = {encoding: _cost(line, encoding) for encoding in candidates}
        costs[Encoding.UTF_8] -= excuse * _bad_bytes(line)
        yield costs


def _cost(line: bytes, encoding: Encoding) -> float:
    return cost_of(decode_text(line, encoding))


def _bad_bytes(line: bytes) -> int:
    """Count the bytes that are no UTF-8."""
    return len(_SURROGATE.findall(line.decode("utf-8", "surrogateescape")))


def _has_utf_8(line: bytes) -> bool:
    """Return whether a line holds a valid character of several bytes."""
    return not line.decode("utf-8", "ignore").isascii()


def _latin_of(foreign: list[bytes]) -> Encoding:
    """Return Windows-1252 when one of its own characters occurs, else Latin-1."""
    has_c1 = any(_C1.search(line) for line in foreign)
    return Encoding.WINDOWS_1252 if has_c1 else Encoding.ISO_8859_1


def _is_meant(foreign: list[bytes], latin: Encoding, *, lines: int) -> bool:
    """Return whether the accents belong to the file, and are no broken rows in one of ASCII."""
    if lines < _FEW_LINES:
        return True
    likely = sum(_dearness(line, latin) < _UNLIKELY for line in foreign)
    return len(foreign) >= _LATIN_SHARE * lines and 2 * likely > len(foreign)


def _dearness(line: bytes, encoding: Encoding) -> float:
    """Return what the characters beyond ASCII cost more than those of ASCII, on average."""
    text = decode_text(line, encoding)
    count = sum(character > "\x7f" for character in text)
    return (cost_of(text) - cost_of("a" * len(text))) / max(count, 1)
