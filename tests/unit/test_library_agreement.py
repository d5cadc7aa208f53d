"""100,000 generated values: addresses as email-validator, numbers as phonenumbers reads them.

Where the answer is another one on purpose, the table says why: each entry names what is changed
about a value before the library is asked, or what it may answer that does not count.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

import phonenumbers
import pyarrow as pa
from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from leadline.domain.column_values import code_cells
from leadline.domain.mail_columns import read_emails
from leadline.domain.phone_columns import read_phones
from leadline.domain.reach import MAX_EMAIL, read_email, read_phone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COUNT: Final = 50_000  # of each kind
IN_COLUMNS: Final = 5_000  # of them, once more by column
SEED: Final = 20261122

BLANKS: Final = " \t\r\n\u3000\u00a0\u200b\ufeff"
WIDE: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
NARROW: Final = {code - 0xFEE0: code for code in range(0xFF01, 0xFF5F)}
UNSEEN: Final = (
    "\u00ad\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)


class Change(NamedTuple):
    """What is changed about a value before the library is asked, and why."""

    reason: str
    change: Callable[[str], str]


# ---- addresses ----------------------------------------------------------------------------------


def _without_unseen(text: str) -> str:
    text = text.translate(dict.fromkeys(map(ord, UNSEEN)))
    plain = text.replace("\u200c", "").replace("\u200d", "")
    return plain if plain.isascii() else text


EMAIL_CHANGES: Final = (
    Change("white space around an address is not part of it", lambda text: text.strip(BLANKS)),
    Change("an input method left on types full-width letters", lambda text: text.translate(WIDE)),
    Change("signs without width come along when an address is copied", _without_unseen),
    Change("white space behind such signs", lambda text: text.strip(BLANKS)),
    Change("a link is copied with its scheme", lambda text: re.sub("(?i)^mailto:", "", text)),
    Change("white space between scheme and address", lambda text: text.strip(BLANKS)),
    Change("a separator behind an address begins nothing", lambda text: text.rstrip(BLANKS + ";,")),
)


def library_email(text: str) -> str | None:
    """Return the canonical address by the library, in lower case."""
    try:
        found = validate_email(text, check_deliverability=False, strict=True)
    except EmailNotValidError:
        return None
    return f"{found.local_part}@{found.ascii_domain}".lower()


def expected_email(text: str, used: Counter[str]) -> str | None:
    for reason, change in EMAIL_CHANGES:
        changed = change(text)
        used[reason] += changed != text
        text = changed
    special = next((n for n in SPECIAL_USE_DOMAIN_NAMES if text.lower().endswith("." + n)), "")
    if not special:
        return library_email(text)
    used["companies use special-use domains inside"] += 1
    found = library_email(text[: -len(special)] + "com")
    return found and found[: -len("com")] + special


LOCALS: Final = r"""
info jane.allen taro_yamada o'brien x a+b first.last+tag sales.team+q4 NOREPLY
太郎 josé müller ивaн राम admin--x -a a- .a a. a..b a"b "a" a(b) a,b a;b a:b a\b a@b <a>
!#$%&*/=?^`{|}~ A.B UPPER ß ﬁ
"""
DOMAINS: Final = """
example.com example.co.jp sub.mail.example.org EXAMPLE.COM xn--r8jz45g.jp example localhost
office.local a.test a.onion 例え.jp 例え.テスト bücher.de münchen.example faß.de ελλάδα.gr
россия.рф xn--a.com ab--cd.com a_b.com -a.com a-.com a..com .com com. a.c 1.2 a.1 a.b1
[127.0.0.1] [ipv6:::1]
127.0.0.1 ex。ample.com a。jp
"""


def make_emails() -> Iterator[str]:
    random_ = random.Random(SEED)  # noqa: S311 - repeatable, and no secret
    locals_, domains = LOCALS.split(), DOMAINS.split()
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    odd = "é漢ñ😀\u200d\u200c\u0301ａ．＠،٠\x00\x7f\t \u2028'\"<>()[]{},;:\\/|~`!#$%^&*+=?-_."
    for _ in range(COUNT):
        word = "".join(random_.choices(letters, k=random_.choice((1, 3, 8, 20, 63, 64, 65))))
        local = random_.choice((random_.choice(locals_), word, word[:5] + "." + word[5:]))
        label = "".join(random_.choices(letters + "-", k=random_.choice((1, 2, 5, 12, 62, 63, 64))))
        domain = random_.choice(
            (random_.choice(domains), f"{label}.com", f"{word[:9]}.{label}.co.jp", f"a.{label}")
        )
        if random_.random() < 0.03:
            domain = ".".join([label] * random_.randrange(2, 6)) + ".com"
        text = f"{local}{random_.choice(('@', '@', '@', '@', '@', '＠', '', '@@'))}{domain}"
        chance = random_.random()
        if chance < 0.3:
            place = random_.randrange(len(text) + 1)
            text = text[:place] + random_.choice(odd + UNSEEN) + text[place:]
        elif chance < 0.4:
            text = text.translate(NARROW)
        elif chance < 0.5:
            text = text.upper()
        if random_.random() < 0.2:
            text = (
                random_.choice((" ", "\u3000", "\t", "mailto:", "MAILTO: ", "\ufeff", "\u200e "))
                + text
            )
        if random_.random() < 0.1:
            text += random_.choice((" ", "\r\n", "\u3000", ".", ">", ","))
        yield text


def test_addresses_are_read_as_the_library_reads_them_but_for_what_is_listed() -> None:
    used: Counter[str] = Counter()
    texts = list(make_emails())
    found = [read_email(text) for text in texts]
    short = [email if email and len(email) <= MAX_EMAIL else None for email in found]
    expected = [expected_email(text, used) for text in texts]
    assert _differing(texts, short, expected) == []
    assert sum(email is not None for email in found) > COUNT / 4
    assert _often(used) > {reason for reason, _ in EMAIL_CHANGES}
    in_columns = read_emails([pa.array(texts[:IN_COLUMNS])])
    assert in_columns.values.to_list() == found[:IN_COLUMNS]


def _often(used: Counter[str]) -> set[str]:
    """Return the reasons that the generated values put to the test."""
    return {reason for reason, count in used.items() if count > 99}


def _differing(
    texts: list[str], found: list[str | None], expected: list[str | None]
) -> list[tuple[str, str | None, str | None]]:
    rows = zip(texts, found, expected, strict=True)
    return [(text, ours, theirs) for text, ours, theirs in rows if ours != theirs]


# ---- phone numbers ------------------------------------------------------------------------------

DASHES: Final = dict.fromkeys(map(ord, "‐‑‒–—―−ー─━ｰ﹣－～〜"), "-")
JAPANESE: Final = range(10**8, 10**10)
REGIONS: Final = """
JP US CA GB DE FR IT ES NL BE CH AT SE NO DK FI PL CZ IE PT AU NZ SG HK TW KR CN IN BR MX AR ZA
"""
WORDS_BEFORE: Final = re.compile(
    r"(?i)^(.*?)(?:tel|telephone|phone|mobile|p|電話|携帯)\s*[:.]\s*", re.DOTALL
)
EXTENSION: Final = re.compile(
    r"(?i)[\s,;]*\(?\s*(?:内線(?:番号)?|ext(?:ension)?\b\.?|x|#|;ext=)\s*[:.]?\s*\d{1,7}\s*\)?$"
)
SEVERAL: Final = re.compile(r"[;,、\n]|\s/\s|／| or ")


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text.translate(DASHES)).translate(DASHES)


PHONE_CHANGES: Final = (
    Change("white space around a number is not part of it", lambda text: text.strip(BLANKS)),
    Change("an input method left on types full-width digits and its own dashes", _fold),
    Change("a program adds .0 to a number", lambda text: re.sub(r"(?<=\d{7})\.0+$", "", text)),
    Change("a note follows in brackets", lambda text: re.sub(r"\s*\([a-z]+\)$", "", text)),
    Change("a word says that it is a phone", lambda text: WORDS_BEFORE.sub(r"\1", text, count=1)),
    Change("an extension is dropped, 内線 too", lambda text: EXTENSION.sub("", text)),
)


def library_phone(text: str, region: str, used: Counter[str]) -> str | None:
    """Return E.164 by the library, when it finds a number of a possible, full length."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    if number.country_code == 81 and number.national_number not in JAPANESE:
        used["in Japan 9 or 10 digits are a number; 17 were, for old carrier codes"] += 1
        return None
    if not _is_planned(number):
        used["no number of the country begins like that, or is so long"] += 1
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _is_planned(number: phonenumbers.PhoneNumber) -> bool:
    """Return whether a number fits the general description of a region with its country code."""
    digits = phonenumbers.national_significant_number(number)
    code = number.country_code or 0
    for region in phonenumbers.region_codes_for_country_code(code):
        table = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(code, region)
        shape = table.general_desc if table else None
        if shape and re.fullmatch(shape.national_number_pattern or "", digits):
            return True
    return False


def expected_phone(text: str, region: str, used: Counter[str]) -> str | None:
    for reason, change in PHONE_CHANGES:
        changed = change(text)
        used[reason] += changed != text
        text = changed
    if len(set(re.sub(r"[ \-.()/]", "", text))) <= 1:
        used["one digit again and again is nobody's number"] += 1
        return None
    found = library_phone(text, region, used)
    if found is None and text.startswith("00"):
        used["00 stands for + where the country has another exit code"] += 1
        found = library_phone("+" + text[2:], region, used)
    if found is None and (first := SEVERAL.split(text, maxsplit=1)[0].strip()) != text:
        used["of several numbers the first counts"] += 1
        found = expected_phone(first, region, used)
    return found


def make_phones() -> Iterator[tuple[str, str]]:
    random_ = random.Random(SEED)  # noqa: S311 - repeatable, and no secret
    regions = REGIONS.split()
    kinds = [phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE]
    formats = [
        phonenumbers.PhoneNumberFormat.E164,
        phonenumbers.PhoneNumberFormat.INTERNATIONAL,
        phonenumbers.PhoneNumberFormat.NATIONAL,
        phonenumbers.PhoneNumberFormat.RFC3966,
    ]
    made = {
        region: [
            phonenumbers.format_number(number, shape)
            for kind in kinds
            for shape in formats
            if (number := phonenumbers.example_number_for_type(region, kind))
        ]
        for region in regions
    }
    for _ in range(COUNT):
        region = random_.choice(regions)
        text = random_.choice(made[region if random_.random() < 0.9 else random_.choice(regions)])
        text = "".join(
            random_.choice("0123456789") if sign.isdigit() and random_.random() < 0.5 else sign
            for sign in text
        )
        yield _written(text, random_), region


def _written(text: str, random_: random.Random) -> str:
    """Return a number as somebody may write it."""
    chance = random_.random()
    if chance < 0.1:
        text = re.sub(r"[ \-]", "", text)
    elif chance < 0.2:
        text = re.sub(r"[ \-]", random_.choice([".", "/", " - ", "−", "ー", "）", "  "]), text)
    elif chance < 0.25:
        text = text[: random_.randrange(len(text) + 1)]
    elif chance < 0.3:
        text += str(random_.randrange(10_000))
    elif chance < 0.35:
        text = text.replace("+", random_.choice(["00", "010", "011", "", "＋", "(+", "+ ", "++"]))
    if random_.random() < 0.1:
        text = random_.choice(["tel:", "TEL: ", "電話：", "Phone ", "p:", "(", "+", "☎"]) + text
    if random_.random() < 0.1:
        behind = [" x12", " ext. 345", "（内線12）", " 内線:7", "#9", ";ext=3", " / 03-1234-5678"]
        behind += [", 030 1234567", "(0)", "abc", " or 2", "-", ".0", " (main)", "\u3000", "\n"]
        text += random_.choice(behind)
    return text.translate(NARROW) if random_.random() < 0.1 else text


def test_phone_numbers_are_read_as_the_library_reads_them_but_for_what_is_listed() -> None:
    used: Counter[str] = Counter()
    texts, regions = map(list, zip(*make_phones(), strict=True))
    pairs = list(zip(texts, regions, strict=True))
    found = [read_phone(text, region) for text, region in pairs]
    expected = [expected_phone(text, region, used) for text, region in pairs]
    assert _differing(texts, found, expected) == []
    assert sum(number is not None for number in found) > COUNT * 0.4
    assert _often(used) > {reason for reason, _ in PHONE_CHANGES}
    countries = code_cells(pa.array(regions[:IN_COLUMNS]), anyway=True)
    assert countries is not None
    in_columns = read_phones(pa.array(texts[:IN_COLUMNS]), countries)
    assert in_columns.values.to_list() == found[:IN_COLUMNS]
