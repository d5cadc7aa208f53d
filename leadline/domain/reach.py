"""Where a lead can be reached: mail address, phone number, postal code, each in one shape.

Most cells are decided by a cheap pattern; the libraries `email_validator` and `phonenumbers` keep
what a pattern cannot decide. Tests compare the two paths, so the patterns never give another
answer than the library.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import accumulate
from typing import Final

import phonenumbers
from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

MAX_EMAIL: Final = 254  # RFC 5321, 4.5.3.1.3: a path of 256 octets, less its angle brackets

_BLANKS: Final = " \t\r\n\u3000\u00a0\u200b\ufeff"
_WIDE_ASCII: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_SAFE_EMAIL: Final = re.compile(
    r"(?=[^@]{1,64}@)[a-z0-9_+'-]+(?:\.[a-z0-9_+'-]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z])"
)
#: Signs without width that come along when an address is copied: marks of direction, joiners of
#: words, soft hyphens, choices of how a sign looks. No provider has a box with one of them in its
#: name.
_INVISIBLE: Final = dict.fromkeys(
    (
        *(0xAD, 0x034F, 0x061C, 0x180E, 0x200B, 0x200E, 0x200F, 0x3164, 0xFEFF, 0xFFA0),
        *range(0x202A, 0x202F),
        *range(0x2060, 0x2070),
        *range(0xFE00, 0xFE10),
        *range(0xE0000, 0xE0200),
    )
)
_JOINERS: Final = {0x200C: None, 0x200D: None}  # part of some scripts, of Latin letters never
_FULL_STOPS: Final = {0x3002: ".", 0xFF61: "."}
_USUAL: Final = "com"  # no longer than any special-use domain
_ADDRESS_SHAPE: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
#: An address behind the name of its person: `Ada <ada@mail.example>`.
_NAMED: Final = re.compile(r"([^<>]*)<([^<>]+)>")
_LISTS: Final = (":::", ";", ",")
_MOST_LISTED: Final = 2000  # characters of a cell with several addresses
_FORBIDDEN: Final = re.compile(r"[\0-\x20\x7f-\xa0\u2028\u2029\u3000,;<>\"()\ud800-\udfff]")

_DASHES: Final = dict.fromkeys(map(ord, "‐‑‒–—―−ー─━ｰ﹣－"), "-") | {0xFF5E: "-", 0x301C: "-"}
_SPACING: Final = {ord(sign): None for sign in " -.()/"}
_PREFIX: Final = re.compile(r"(?:tel|telephone|phone|mobile|p|電話|携帯)\s*[:.]\s*", re.IGNORECASE)
_EXTENSION: Final = re.compile(
    r"[\s,;]*\(?\s*(?:内線(?:番号)?|ext(?:ension)?\b\.?|x|#|;ext=)\s*[:.]?\s*\d{1,7}\s*\)?$",
    re.IGNORECASE,
)
_NANP: Final = re.compile(r"(?:\+?1)?([2-9]\d{2}[2-9]\d{6})")
_JAPANESE: Final = re.compile(r"0(?!10)([1-9]\d{8}|[5-9]0\d{8})")  # 010 dials abroad
_JAPANESE_ABROAD: Final = re.compile(r"\+810?([1-9]\d{8}|[5-9]0\d{8})")
_JAPAN: Final = 81
_JAPANESE_RANGE: Final = range(10**8, 10**10)  # the library allows 17 digits, for old carrier codes
_NANP_COUNTRIES: Final = frozenset({"US", "CA"})
_SEVERAL: Final = re.compile(r"[;,、\n]|\s/\s|／| or |:::|(?<=[0-9)])\s+(?=\+)")
#: What Excel and pandas make of a number in a column with gaps: `312341234.0`.
_FRACTION: Final = re.compile(r"(?<=[0-9]{7})\.0+$")
_BRACKETED_NOTE: Final = re.compile(r"\s*[(\[【<《「〔][^()\[\]0-9+]*[)\]】>》」〕]$")
_NOTE: Final = re.compile(r"(?:\s[\s:|-]*[^\W\d_]|[^\x00-\x7f\W\d_])[^0-9+]*$")
_LEAST_FULL: Final = 9  # digits of a number that stands beside another, without a sign between
_MOST_PHONE: Final = 250

#: A cell of digits that an export guards, so that Excel does not take it for a number.
_GUARDED: Final = re.compile(r"=\"([^\"]*)\"|'(?=[0-9+])(.*)", re.DOTALL)
_LINK: Final = re.compile(
    r"=hyperlink\(\s*\"([^\"]*)\"\s*(?:[,;]\s*\"([^\"]*)\"\s*)?\)", re.IGNORECASE
)

_POSTAL_JP: Final = re.compile(r"〒?\s*(\d{3})\s*-?\s*(\d{4})")
_LOST_ZERO: Final = re.compile(r"^([0-9]{6})$")
_FRACTION_OF_CODE: Final = re.compile(r"(?<=^[0-9]{6})\.0+$|(?<=^[0-9]{7})\.0+$")


def read_email(cell: str) -> str | None:
    """Return the address in one shape: trimmed, full-width folded, no `mailto:`, lower case.

    Returns:
        The address, of several the first; without the name that stands before it in brackets. None
        when any part of the cell is no address. A domain in another script comes in its ASCII
        form. An address may be longer than `MAX_EMAIL`.
    """
    if (found := read_one_email(cell)) or len(cell) > _MOST_LISTED:
        return found
    text = cell.translate(_WIDE_ASCII).strip(_BLANKS)
    return _named_email(text) or _first_email(text.rstrip(_BLANKS + ";,"))


def read_one_email(cell: str) -> str | None:
    """Return the address that a cell is, and nothing beside it."""
    text = cell.strip(_BLANKS)
    if not text.isascii():
        text = _fold_email(text)
    if text.startswith("="):
        text = _of_formula(text)
    text = text.lower().removeprefix("mailto:").strip(_BLANKS)
    if len(text) <= MAX_EMAIL and _SAFE_EMAIL.fullmatch(text) and "--" not in text:
        return text
    if _FORBIDDEN.search(text) or not _ADDRESS_SHAPE.fullmatch(text):
        return None
    return text if len(text) > MAX_EMAIL else _ask_validator(text)


def _named_email(text: str) -> str | None:
    """Return the address in the angle brackets that end a text; another before them is none."""
    if (match := _NAMED.fullmatch(text.strip(_BLANKS))) is None:
        return None
    name, email = match[1].strip(_BLANKS + "'\""), read_one_email(match[2])
    return email if "@" not in name or read_one_email(name) == email else None


def _first_email(text: str) -> str | None:
    """Return the first of several addresses, each alone or behind a name."""
    separator = next((sign for sign in _LISTS if sign in text), None)
    parts = text.split(separator) if separator else [text]
    found = [read_one_email(part) or _named_email(part) for part in parts]
    return found[0] if all(found) else None


def _fold_email(text: str) -> str:
    """Return an address as typed without an input method, and without what nobody sees."""
    text = text.translate(_WIDE_ASCII | _INVISIBLE)
    if (plain := text.translate(_JOINERS)).isascii():
        text = plain
    local, at, domain = text.rpartition("@")
    return f"{local}{at}{domain.translate(_FULL_STOPS)}".strip(_BLANKS)


def _of_formula(text: str) -> str:
    """Return the text that a formula of nothing but texts shows, or the address that it links."""
    if match := _LINK.fullmatch(text):
        link, label = match[1].strip(_BLANKS), match[2]
        return label if label and not link.lower().startswith("mailto:") else link
    return unguarded(text)


def unguarded(text: str) -> str:
    """Return a trimmed cell without `="..."` around it, or the apostrophe before its digits."""
    if text[:1] in {"=", "'"} and (match := _GUARDED.fullmatch(text)):
        return (match[1] or match[2] or "").strip(_BLANKS)
    return text


def _ask_validator(text: str) -> str | None:
    """Return what the library makes of an unusual address.

    It always refuses special-use domains (`.test`, `.local` ...), which companies use inside, so
    such an ending is exchanged for one that it lets pass, and put back.
    """
    special = next((name for name in SPECIAL_USE_DOMAIN_NAMES if text.endswith("." + name)), "")
    asked = text.removesuffix(special) + _USUAL if special else text
    try:
        found = validate_email(asked, check_deliverability=False, strict=True)
    except EmailNotValidError:
        return None
    domain = found.ascii_domain
    if special:
        domain = domain.removesuffix(_USUAL) + special
    return f"{found.local_part}@{domain}".lower()


def read_phone(cell: str, country: str | None) -> str | None:
    """Return the number in E.164 without its extension, None when the cell holds no number.

    Args:
        cell: one number as people write it; of several, the first counts.
        country: ISO code for a number that does not begin with `+`.

    The length and the loose plan of the country decide (in North America nothing begins with 0 or
    1), not the published number ranges, which change.
    """
    text = unguarded(cell.strip(_BLANKS))
    if not text or len(text) > _MOST_PHONE:
        return None
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.translate(_DASHES)).translate(_DASHES)
    text = _FRACTION.sub("", text)
    compact = text.translate(_SPACING)
    if len(set(compact)) <= 1:  # 000, 999999 and the like are nobody's number
        return None
    if found := _by_shape(compact, country):
        return found
    text = _PREFIX.sub("", _BRACKETED_NOTE.sub("", text), count=1)
    text = _EXTENSION.sub("", text).strip()
    if (plain := _NOTE.sub("", _BRACKETED_NOTE.sub("", text)).strip()) != text:
        found = _by_rules(_EXTENSION.sub("", plain).strip(), country)
    return found or _by_rules(text, country)


def _by_rules(text: str, country: str | None) -> str | None:
    """Return the number that a text without its notes is, of several the first."""
    compact = text.translate(_SPACING)
    if len(set(compact)) <= 1:
        return None
    return _by_shape(compact, country) or _ask_library(text, country)


def _by_shape(compact: str, country: str | None) -> str | None:
    """Return the number when it has a shape of Japan or North America."""
    if match := _JAPANESE_ABROAD.fullmatch(compact):
        return f"+81{match[1]}"
    if country == "JP" and (match := _JAPANESE.fullmatch(compact)):
        return f"+81{match[1]}"
    if (compact.startswith("+") or country in _NANP_COUNTRIES) and (
        match := _NANP.fullmatch(compact)
    ):
        return f"+1{match[1]}"
    return None


def _ask_library(text: str, country: str | None) -> str | None:
    """Return what `phonenumbers` makes of a number, of its `00` form, of the first of several."""
    found = _parse(text, country)
    if found is None and text.startswith("00"):
        found = _parse("+" + text[2:], country)
    if found is None and (first := _SEVERAL.split(text, maxsplit=1)[0].strip()) != text:
        found = read_phone(first, country)
    return found or _first_of_two(text, country)


def _first_of_two(text: str, country: str | None) -> str | None:
    """Return the first of two full numbers with nothing but a blank between them."""
    sizes = [0, *accumulate(map(str.isdigit, text))]
    middle = sizes[-1] / 2
    if middle < _LEAST_FULL:
        return None
    blanks = [place for place, sign in enumerate(text) if sign.isspace()]
    for place in sorted(blanks, key=lambda place: abs(sizes[place] - middle)):
        if not _LEAST_FULL <= sizes[place] <= sizes[-1] - _LEAST_FULL:
            return None
        first, second = text[:place].strip(), text[place:].strip()
        if _parse(second, country) and (found := _parse(first, country)):
            return found
    return None


def _parse(text: str, country: str | None) -> str | None:
    """Return E.164 when the library finds a number of a possible, full length."""
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    if number.country_code == _JAPAN and number.national_number not in _JAPANESE_RANGE:
        return None
    digits = phonenumbers.national_significant_number(number)
    if not re.fullmatch(plan_of(number.country_code or 0), digits):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@lru_cache(maxsize=256)
def plan_of(code: int) -> str:
    """Return the pattern, by the library's tables, of all numbers behind a country code."""
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(code, ())
    tables = [
        phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(code, region)
        for region in regions
    ]
    plans = [table.general_desc for table in tables if table and table.general_desc]
    return "|".join(dict.fromkeys(f"(?:{plan.national_number_pattern})" for plan in plans))


def read_postal_code(cell: str, country: str | None) -> str | None:
    """Return `NNN-NNNN` in Japan, elsewhere the code as written; leading zeros stay.

    The zero that Excel takes from a Japanese code is put back.
    """
    text = unguarded(cell.strip(_BLANKS))
    if country == "JP" or text.startswith("〒"):
        plain = unicodedata.normalize("NFKC", text.translate(_DASHES)).translate(_DASHES)
        plain = _LOST_ZERO.sub(r"0\1", _FRACTION_OF_CODE.sub("", plain))
        if match := _POSTAL_JP.fullmatch(plain):
            return f"{match[1]}-{match[2]}"
    return text or None
