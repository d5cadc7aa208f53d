"""Finding one mail address in whatever was written down, however it is spelled or encoded.

A text is read as it stands and as it was meant: full-width signs, other case, percent signs,
escapes of JSON and HTML, quoted-printable and base64, one inside another. A longer address that
ends or begins like the one that is looked for is another one.
"""

from __future__ import annotations

import base64
import binascii
import json
import quopri
import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass, field
from html import unescape
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, unquote_plus

from leadline.domain.reach import read_email, read_one_email

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: What stands in place of an address that was erased from a text about somebody else.
ERASED: Final = "[erased]"
_DEEPEST: Final = 3
_ESCAPE: Final = re.compile(r"\\+u([0-9a-fA-F]{4})")
_QUOTED: Final = re.compile(r"=(?:[0-9A-Fa-f]{2}|\r?\n)")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{8,}(?:\r?\n ?[A-Za-z0-9+/_-]+)*={0,2}")
_INVISIBLE: Final = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
#: Signs that a local part may hold, directly before the address.
_RUN: Final = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]+\Z")
#: The end of an address's domain, and a sign that parts it from the next address.
_DOMAIN_BEFORE: Final = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+['`/|&#?*=}]+")
#: What opens an address and is no part of it: a quotation mark, a formula, a bracket; a key, also
#: in a link.
_OPENING: Final = re.compile(
    r"(?://\S*[/?&=]|(?:\S*[?&])?(?:[a-z0-9_.-]*(?:mail|addr|user|recipient)[a-z0-9_.-]*|e|to|cc)?=)?"
    r"['`{]*"
)
#: Anything with an @ between its ends, in whatever it stands.
_ADDRESS: Final = re.compile(r"[^\s\"<>(),;:|\[\]{}\\=&?/]+@[^\s\"<>(),;:|\[\]{}\\=&?/]+")
#: What stands between two words: in links and forms first, then in sentences.
_BETWEEN: Final = (
    re.compile(r"([\s&\"'<>,;]+|(?<=[\w\]])=(?=\w))"),
    re.compile(r"([\s\"'<>]+)"),
)
_LONGEST_RUN: Final = 256
_SHORT: Final = 2**16  # bytes
_BESIDE: Final = 512  # bytes around a hit that say whether it is the whole address
_TO_WIDE: Final = 0xFEE0
_SOFT_BREAK: Final = rb"(?:=\r?\n)?"
_LINE_BREAK: Final = rb"(?:\r?\n ?)?"
_TO_STANDARD: Final = str.maketrans("-_", "+/", "\r\n =")


@dataclass(frozen=True)
class Mentions:
    """One address as it is looked for.

    Attributes:
        address: in canonical form.
        spellings: the address, and with its domain in its own script where that differs.
    """

    address: str
    spellings: tuple[str, ...]
    _exact: re.Pattern[str] = field(repr=False)
    _encoded: re.Pattern[bytes] = field(repr=False)

    @classmethod
    def of(cls, address: str) -> Mentions:
        """Return what looks for a canonical address."""
        local, _, domain = address.rpartition("@")
        with suppress(UnicodeError):
            domain = domain.encode("ascii").decode("idna").casefold()
        spellings = tuple(dict.fromkeys((address, f"{local}@{domain}")))
        either = "|".join(map(re.escape, spellings))
        exact = re.compile(rf"(?:{either})(?![a-z0-9-]|\.[a-z0-9])", re.IGNORECASE)
        return cls(address, spellings, exact, _encoded_forms(spellings))

    def is_in(self, text: str) -> bool:
        """Tell whether a text holds the address."""
        return any(self._holds(read) for read in _readings(text, _DEEPEST))

    def _holds(self, folded: str) -> bool:
        return next(self._find(folded), None) is not None

    def _find(self, folded: str) -> Iterator[re.Match[str]]:
        """Return where a folded text holds the address, and no longer one that ends alike."""
        for found in self._exact.finditer(folded):
            if _begins_at(folded, found.start()):
                yield found

    def is_in_bytes(self, data: bytes) -> bool:
        """Tell whether bytes hold the address, in an encoding of this world's files.

        What is short is decoded in every way; in what is long, the address is looked for as it
        would be encoded. There it counts also with more text directly beside it, as in the pages
        of a database.
        """
        if len(data) > _SHORT:
            return any(self._is_hit(data, found) for found in self._encoded.finditer(data))
        return any(self.is_in(text) for text in _decoded(data))

    def _is_hit(self, data: bytes, found: re.Match[bytes]) -> bool:
        """Tell whether what was found in long bytes is the address and no longer one."""
        start, end = max(0, found.start() - _BESIDE), found.end() + _BESIDE
        window = data[start:end]
        if b"\0" in window and b"\0" not in found[0]:  # no text: there is nothing beside it
            return True
        return any(self.is_in(text) for at in range(4) for text in _decoded(window[at:]))

    def is_in_name(self, name: str) -> bool:
        """Tell whether a file's name holds the address; its ending stands directly beside it."""
        stem = name
        while "." in stem:
            if self.is_in(stem):
                return True
            stem = stem.rpartition(".")[0]
        return self.is_in(stem)

    def is_in_value(self, value: object) -> bool:
        """Tell whether a JSON value holds the address anywhere."""
        return any(self.is_in(text) for text in _texts(value))

    def is_whole_in(self, value: object) -> bool:
        """Tell whether one of the texts of a JSON value is the address and nothing beside it."""
        return any(self.is_in(text) and read_email(text) == self.address for text in _texts(value))

    def has_another(self, value: object) -> bool:
        """Tell whether a JSON value holds an address that is not this one."""
        for text in _texts(value):
            for read in _readings(text, _DEEPEST):
                rest, done = [], 0
                for found in self._find(read):
                    rest.append(read[done : found.start()])
                    done = found.end()
                words = _ADDRESS.findall(" ".join((*rest, read[done:])))
                if any(read_one_email(word.strip(".'`!?")) for word in words):
                    return True
        return False

    def redact(self, text: str) -> str:
        """Return a text about somebody else without the address."""
        if not self.is_in(text) or _is_quoted_other(text, self.address):
            return text
        plain, places = _folded_with_places(text)
        parts, done = [], 0
        for found in self._find(plain):
            parts += [text[done : places[found.start()]], ERASED]
            done = places[found.end() - 1] + 1
        redacted = "".join((*parts, text[done:]))
        return self._redact_words(redacted) if self.is_in(redacted) else redacted

    def _redact_words(self, text: str) -> str:
        """Return a text without the words that hide the address, as a whole where need be."""
        with suppress(ValueError, RecursionError):
            value = json.loads(text)
            if isinstance(value, dict | list):
                return json.dumps(self.redact_value(value), ensure_ascii=False)
        for between in _BETWEEN:
            words = between.split(text)
            redacted = "".join(ERASED if self.is_in(word) else word for word in words)
            if not self.is_in(redacted):
                return redacted
        return ERASED

    def redact_value(self, value: Any) -> Any:  # noqa: ANN401 - any JSON value
        """Return a JSON value without the address in its texts."""
        if isinstance(value, str):
            return self.redact(value)
        if isinstance(value, dict):
            return {self.redact(key): self.redact_value(each) for key, each in value.items()}
        return [self.redact_value(each) for each in value] if isinstance(value, list) else value


def _is_quoted_other(text: str, address: str) -> bool:
    """Tell whether a text is nothing but an address that begins with a quotation mark."""
    return text.lstrip()[:1] in {"'", "`", "{"} and read_one_email(text) not in {None, address}


def _begins_at(folded: str, start: int) -> bool:
    """Tell whether an address begins at a place of a text, and not earlier."""
    before = folded[max(0, start - _LONGEST_RUN) : start]
    found = _RUN.search(before)
    if not found:
        return True
    run, sign = found[0], before[: found.start()][-1:]
    if sign == "\\" and run[0] in "nrtbf":  # an escape of JSON
        run = run[1:]
    if sign == "@":
        run = _DOMAIN_BEFORE.sub("", run, count=1)
    return _OPENING.fullmatch(run) is not None


def _encoded_forms(spellings: Sequence[str]) -> re.Pattern[bytes]:
    """Return what finds an address in bytes: plain, escaped, UTF-16, base64 at any offset."""
    forms: list[bytes] = []
    for text in spellings:
        signs = [_forms_of(sign) for sign in text]
        forms.append(_SOFT_BREAK.join(b"(?:" + b"|".join(each) + b")" for each in signs))
        for encoding in ("utf-16-le", "utf-16-be"):
            folded = (text, text.upper())
            pairs = zip(*folded, strict=True) if len(folded[0]) == len(folded[1]) else ()
            forms.append(
                b"".join(
                    b"(?:%b|%b)" % tuple(re.escape(sign.encode(encoding)) for sign in pair)
                    for pair in pairs
                )
            )
        forms += [
            _LINE_BREAK.join(re.escape(bytes([byte])) for byte in run)
            for encoding in ("utf-8", "utf-16-le", "utf-16-be")
            for run in base64_runs(text.encode(encoding))
        ]
    return re.compile(
        b"|".join(f"(?:{form.decode('latin-1')})".encode("latin-1") for form in forms if form)
    )


def _forms_of(sign: str) -> set[bytes]:
    """Return how one sign of an address may be written in bytes."""
    wide = chr(ord(sign) + _TO_WIDE) if "!" <= sign <= "~" else sign
    cases = {sign, sign.upper(), wide, wide.upper()}
    found = {each.encode() for each in cases} | {each.encode("cp932", "ignore") for each in cases}
    for each in (sign, sign.upper()):
        code = ord(each)
        for text in (f"%{code:02x}", f"%25{code:02x}", f"={code:02x}", rf"\u{code:04x}"):
            found |= {text.encode(), text.upper().replace("\\U", "\\u").encode()}
        found |= {f"&#{code};".encode(), f"&#x{code:x};".encode()}
    return {re.escape(each) for each in found if each}


def base64_runs(data: bytes) -> Iterator[bytes]:
    """Return the inner part of the base64 of some bytes at each of its three offsets."""
    for offset in range(3):
        run = base64.b64encode(b"\0" * offset + data)
        last = len(run) - (4 if (offset + len(data)) % 3 else 0)
        yield run[(0, 2, 3)[offset] : last]


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield str(key)
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _readings(text: str, depth: int) -> Iterator[str]:
    """Return a text folded, and what it decodes to."""
    yield fold(text)
    if not depth:
        return
    seen = {text}
    for read in _unwrapped(text):
        if read not in seen:
            seen.add(read)
            yield from _readings(read, depth - 1)


def fold(text: str) -> str:
    """Return a text as it compares: one case, one width, nothing that nobody sees."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).casefold()


def _folded_with_places(text: str) -> tuple[str, list[int]]:
    """Return a text folded sign by sign, and where each of its signs came from."""
    signs, places = [], []
    for place, sign in enumerate(text):
        folded = fold(sign)
        signs.append(folded)
        places += [place] * len(folded)
    return "".join(signs), places


def _unwrapped(text: str) -> Iterator[str]:
    """Return a text without one layer of encoding, in every way that may be meant."""
    if "%" in text:
        yield unquote(text, errors="ignore")
        yield unquote_plus(text, errors="ignore")
    if "\\" in text:
        yield _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    if "&" in text:
        yield unescape(text)
    if _QUOTED.search(text):
        yield quopri.decodestring(text.encode(errors="ignore")).decode(errors="ignore")
    for run in _BASE64.finditer(text):
        yield from _decoded(_from_base64(run[0]))


def _from_base64(run: str) -> bytes:
    plain = run.translate(_TO_STANDARD)
    try:
        return base64.b64decode(plain[: len(plain) - (len(plain) % 4 == 1)] + "==")
    except (binascii.Error, ValueError):
        return b""


def _decoded(data: bytes) -> Iterator[str]:
    """Return bytes as text; as UTF-16 where they look like it, and as Japanese where not UTF-8."""
    if not data:
        return
    yield data.decode("utf-8", errors="ignore")
    if b"\0" in data:
        for encoding in ("utf-16-le", "utf-16-be"):
            yield data.decode(encoding, errors="ignore")
            yield data[1:].decode(encoding, errors="ignore")
    elif not data.isascii():
        yield data.decode("cp932", errors="ignore")
