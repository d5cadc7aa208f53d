"""Countries, regions and their time zones, by every name that people type for them.

A region keeps the script in which it was written: 東京 becomes 東京都, `tokyo-to` becomes Tokyo,
and both have the same zone.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from leadline.domain.countries import COUNTRY_LINES, GERMAN_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable

_ACCENTS: Final = re.compile(r"[\u0300-\u036f]")
_LONGEST: Final = 100  # characters; no name of a place is longer
_SIGNS: Final = re.compile(r"[\W_]+")
#: Between the writings of one country in a cell: `DE - Germany`, `Deutschland (DE)`.
_BETWEEN: Final = re.compile(r"\s*[-–—:/|,;()[\]（）【】・：／]\s*")
_NOT_STATED: Final = re.compile(r"#?n[/.]a\.?", re.IGNORECASE)  # Namibia is NA
_INVERTED: Final = re.compile(r"([^,]+),\s*([^,]+)")
#: Cells of a country column that say nothing of where the lead is.
_NOWHERE_WORDS: Final = """
na nan none null unknown undefined notset notspecified blank unbekannt keineangabe
不明 未設定 未入力 未選択 未回答 なし
"""
_NOWHERE: Final = frozenset(("", *_NOWHERE_WORDS.split()))

#: Prefectures of Japan in the order of their JIS and ISO 3166-2 numbers (JP-01 ... JP-47).
_PREFECTURES: Final = (
    "北海道 Hokkaido,青森県 Aomori,岩手県 Iwate,宮城県 Miyagi,秋田県 Akita,山形県 Yamagata,"
    "福島県 Fukushima,茨城県 Ibaraki,栃木県 Tochigi,群馬県 Gunma,埼玉県 Saitama,千葉県 Chiba,"
    "東京都 Tokyo,神奈川県 Kanagawa,新潟県 Niigata,富山県 Toyama,石川県 Ishikawa,福井県 Fukui,"
    "山梨県 Yamanashi,長野県 Nagano,岐阜県 Gifu,静岡県 Shizuoka,愛知県 Aichi,三重県 Mie,"
    "滋賀県 Shiga,京都府 Kyoto,大阪府 Osaka,兵庫県 Hyogo,奈良県 Nara,和歌山県 Wakayama,"
    "鳥取県 Tottori,島根県 Shimane,岡山県 Okayama,広島県 Hiroshima,山口県 Yamaguchi,"
    "徳島県 Tokushima,香川県 Kagawa,愛媛県 Ehime,高知県 Kochi,福岡県 Fukuoka,佐賀県 Saga,"
    "長崎県 Nagasaki,熊本県 Kumamoto,大分県 Oita,宮崎県 Miyazaki,鹿児島県 Kagoshima,"
    "沖縄県 Okinawa"
)
_ROMAJI_ALIASES: Final = {
    "Gumma": "Gunma",
    "Hyougo": "Hyogo",
    "Kouchi": "Kochi",
    "Ohita": "Oita",
    "Ooita": "Oita",
    "Oosaka": "Osaka",
    "Toukyou": "Tokyo",
}
_ROMAJI_SUFFIXES: Final = ("", "-to", "-fu", "-ken", "-do", " Prefecture", " Pref.", " Metropolis")

#: ISO 3166-2 code, name, zone and aliases of the states and provinces that people write by code.
_STATES: Final[dict[str, str]] = {
    "US": """\
US-AL|Alabama|America/Chicago
US-AK|Alaska|America/Anchorage
US-AZ|Arizona|America/Phoenix
US-AR|Arkansas|America/Chicago
US-CA|California|America/Los_Angeles
US-CO|Colorado|America/Denver
US-CT|Connecticut|America/New_York
US-DE|Delaware|America/New_York
US-DC|District of Columbia|America/New_York|Washington DC;Washington D.C.
US-FL|Florida|America/New_York
US-GA|Georgia|America/New_York
US-HI|Hawaii|Pacific/Honolulu|Hawai'i
US-ID|Idaho|America/Boise
US-IL|Illinois|America/Chicago
US-IN|Indiana|America/Indiana/Indianapolis
US-IA|Iowa|America/Chicago
US-KS|Kansas|America/Chicago
US-KY|Kentucky|America/New_York
US-LA|Louisiana|America/Chicago
US-ME|Maine|America/New_York
US-MD|Maryland|America/New_York
US-MA|Massachusetts|America/New_York
US-MI|Michigan|America/Detroit
US-MN|Minnesota|America/Chicago
US-MS|Mississippi|America/Chicago
US-MO|Missouri|America/Chicago
US-MT|Montana|America/Denver
US-NE|Nebraska|America/Chicago
US-NV|Nevada|America/Los_Angeles
US-NH|New Hampshire|America/New_York
US-NJ|New Jersey|America/New_York
US-NM|New Mexico|America/Denver
US-NY|New York|America/New_York|New York State
US-NC|North Carolina|America/New_York
US-ND|North Dakota|America/Chicago
US-OH|Ohio|America/New_York
US-OK|Oklahoma|America/Chicago
US-OR|Oregon|America/Los_Angeles
US-PA|Pennsylvania|America/New_York
US-RI|Rhode Island|America/New_York
US-SC|South Carolina|America/New_York
US-SD|South Dakota|America/Chicago
US-TN|Tennessee|America/Chicago
US-TX|Texas|America/Chicago
US-UT|Utah|America/Denver
US-VT|Vermont|America/New_York
US-VA|Virginia|America/New_York
US-WA|Washington|America/Los_Angeles|Washington State
US-WV|West Virginia|America/New_York
US-WI|Wisconsin|America/Chicago
US-WY|Wyoming|America/Denver
US-GU|Guam|Pacific/Guam
US-PR|Puerto Rico|America/Puerto_Rico
US-VI|US Virgin Islands|America/St_Thomas
""",
    "CA": """\
CA-AB|Alberta|America/Edmonton
CA-BC|British Columbia|America/Vancouver
CA-MB|Manitoba|America/Winnipeg
CA-NB|New Brunswick|America/Moncton
CA-NL|Newfoundland and Labrador|America/St_Johns|Newfoundland
CA-NS|Nova Scotia|America/Halifax
CA-NT|Northwest Territories|America/Edmonton
CA-NU|Nunavut|America/Iqaluit
CA-ON|Ontario|America/Toronto
CA-PE|Prince Edward Island|America/Halifax|PEI
CA-QC|Quebec|America/Toronto|PQ
CA-SK|Saskatchewan|America/Regina
CA-YT|Yukon|America/Whitehorse|Yukon Territory
""",
    "AU": """\
AU-ACT|Australian Capital Territory|Australia/Sydney
AU-NSW|New South Wales|Australia/Sydney
AU-NT|Northern Territory|Australia/Darwin
AU-QLD|Queensland|Australia/Brisbane
AU-SA|South Australia|Australia/Adelaide
AU-TAS|Tasmania|Australia/Hobart
AU-VIC|Victoria|Australia/Melbourne
AU-WA|Western Australia|Australia/Perth
""",
}


def _fold(text: str) -> str:
    """Reduce a name to letters and digits: no width, case, accent, sign or space."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    joined = unicodedata.normalize("NFC", _ACCENTS.sub("", plain))
    return _SIGNS.sub("", joined)


#: English names of regions that ISO 3166-2 has in the country's own language alone.
_REGION_ALIASES: Final = (
    "DE-BY Bavaria,DE-BY Freistaat Bayern,DE-HE Hesse,DE-NI Lower Saxony,"
    "DE-NW North Rhine-Westphalia,DE-NW NRW,DE-RP Rhineland-Palatinate,DE-SN Saxony,"
    "DE-ST Saxony-Anhalt,DE-TH Thuringia,DE-MV Mecklenburg-Western Pomerania,"
    "AT-9 Vienna,AT-2 Carinthia,AT-3 Lower Austria,AT-4 Upper Austria,AT-6 Styria,AT-7 Tyrol,"
    "CH-ZH Zurich,CH-GE Geneva,CH-BE Berne,CH-LU Lucerne,CH-VD Vaud,CH-TI Ticino,"
    "IT-25 Lombardy,IT-52 Tuscany,IT-21 Piedmont,IT-75 Apulia,IT-82 Sicily,IT-88 Sardinia,"
    "ES-CT Catalonia,ES-AN Andalusia,ES-PV Basque Country,ES-MD Comunidad de Madrid,"
    "FR-IDF Ile-de-France,FR-BRE Brittany,FR-NOR Normandy,FR-20R Corsica,"
    "NL-NH North Holland,NL-ZH South Holland,BE-VLG Flanders,BE-WAL Wallonia,BE-BRU Brussels,"
    "KR-11 Seoul,CN-BJ Beijing,CN-SH Shanghai,IN-KA Karnataka"
)
_SUBDIVISION_NOTES: Final = re.compile(r"\s*[\[(].*")


def _country_tables() -> tuple[dict[str, str], dict[str, str]]:
    """Return code by folded name, and the capital's zone by code."""
    codes: dict[str, str] = {}
    zones: dict[str, str] = {}
    for line in COUNTRY_LINES.splitlines():
        code, zone, english, japanese, *rest = line.split("|")
        zones[code] = zone
        aliases = rest[0].split(";") if rest else []
        for name in (code, english, japanese, *aliases):
            codes.setdefault(_fold(name), code)
    for entry in GERMAN_NAMES.split(","):
        code, name = entry.split(" ", 1)
        codes.setdefault(_fold(name), code)
    return codes, zones


def _state_tables() -> tuple[dict[tuple[str, str], str], dict[tuple[str, str], str]]:
    """Return full name and zone of a state, each by country and folded name or code."""
    names: dict[tuple[str, str], str] = {}
    zones: dict[tuple[str, str], str] = {}
    for country, lines in _STATES.items():
        for line in lines.splitlines():
            code, name, zone, *rest = line.split("|")
            aliases = rest[0].split(";") if rest else []
            for word in (code, code.partition("-")[2], name, *aliases):
                names[country, _fold(word)] = name
                zones[country, _fold(word)] = zone
    return names, zones


def _code_table() -> dict[tuple[str, str], str]:
    """Return ISO 3166-2 code by country and folded name, of the regions that we have tables of."""
    table: dict[tuple[str, str], str] = {}
    for country, lines in _STATES.items():
        for line in lines.splitlines():
            code, name, _, *rest = line.split("|")
            words = (code, code.partition("-")[2], name, *(rest[0].split(";") if rest else ()))
            table |= {(country, _fold(word)): code for word in words}
    for number, pair in enumerate(_PREFECTURES.split(","), start=1):
        full, romaji = pair.split(" ")
        table |= {("JP", _fold(name)): f"JP-{number:02d}" for name in (full, romaji)}
    return table


def _prefecture_tables() -> tuple[dict[str, str], dict[str, str]]:
    """Return the full name by Japanese name, and by romaji or ISO code, each folded."""
    japanese: dict[str, str] = {}
    latin: dict[str, str] = {}
    for number, pair in enumerate(_PREFECTURES.split(","), start=1):
        full, romaji = pair.split(" ")
        short = full if full == "北海道" else full[:-1]
        japanese |= {_fold(full): full, _fold(short): full}
        latin |= {_fold(romaji + suffix): romaji for suffix in _ROMAJI_SUFFIXES}
        latin[f"jp{number:02d}"] = full
    for alias, romaji in _ROMAJI_ALIASES.items():
        latin |= {_fold(alias + suffix): romaji for suffix in _ROMAJI_SUFFIXES}
    return japanese, latin


_COUNTRY_CODES, _CAPITAL_ZONES = _country_tables()
_STATE_NAMES, _STATE_ZONES = _state_tables()
_PREFECTURES_JA, _PREFECTURES_LATIN = _prefecture_tables()
_REGION_CODES: Final = _code_table()


def find_country(text: str) -> str | None:
    """Return the ISO 3166 alpha-2 code for a country's code or name, or None when unknown.

    English and Japanese names, alpha-2 codes, the usual alpha-3 codes and common aliases are
    known (`u.s.`, `Great Britain`, `日本`), in any case and width, also several that agree
    (`DE - Germany`) and names the other way round (`Korea, Republic of`).
    """
    return _find_country(text) if len(text) <= _LONGEST else None


@lru_cache(maxsize=4096)
def _find_country(text: str) -> str | None:
    """Look a country up; files name the same few again and again."""
    if _NOT_STATED.fullmatch(text.strip()):
        return None
    if code := _named(text):
        return code
    codes = {_named(part) for part in _BETWEEN.split(text) if part.strip()}
    if len(codes) == 1 and (code := codes.pop()):
        return code
    inverted = _INVERTED.fullmatch(text)
    return _named(f"{inverted[2]} {inverted[1]}") if inverted else None


def _named(text: str) -> str | None:
    """Return the code of a country by one of its names as it is."""
    folded = _fold(text)
    return _COUNTRY_CODES.get(folded) or _COUNTRY_CODES.get(folded.removeprefix("the"))


def read_place(cell: str) -> str | None:
    """Return the code of the country in a cell, "" for an unknown one, None where none is said."""
    return find_country(cell) or (None if _fold(cell[:_LONGEST]) in _NOWHERE else "")


def settle_place(said: Iterable[str | None], default: str) -> str:
    """Return the country that a row is read with; one that nobody knows is not the default.

    Args:
        said: what the country columns of the row say, as `read_place` returns it.
        default: the country of the source.
    """
    found = [code for code in said if code is not None]
    return next(filter(None, found), "" if found else default)


def find_region(text: str, country: str | None) -> str | None:
    """Return the full name of a prefecture, state or province.

    Args:
        text: what the source says: a code, a short or a full name.
        country: ISO code of the country, None when it is not known.

    Returns:
        The full name (`CA` gives California, 東京 gives 東京都); a region that we have no table
        for comes back as it was, trimmed. None for a number, where no region of the country has
        one.
    """
    return _find_region(text, country) if len(text) <= _LONGEST else text.strip()


@lru_cache(maxsize=4096)
def _find_region(text: str, country: str | None) -> str | None:
    """Look a region up; files name the same few again and again."""
    folded = _fold(text)
    if country in {None, "", "JP"} and folded in _PREFECTURES_JA:
        return _PREFECTURES_JA[folded]
    if country == "JP" and folded in _PREFECTURES_LATIN:
        return _PREFECTURES_LATIN[folded]
    if country and folded.isdecimal() and not _has_numbers(country):
        return None
    return _STATE_NAMES.get((country or "", folded), text.strip())


@lru_cache(maxsize=256)
def _has_numbers(country: str) -> bool:
    """Return whether a number may name a region of a country, as far as that is known."""
    codes = {code.partition("-")[2] for code in _subdivisions(country).values()}
    return not codes or any(sign.isdecimal() for code in codes for sign in code)


def region_code(region: str | None, country: str | None) -> str | None:
    """Return the ISO 3166-2 code of a region (東京都 gives JP-13), None when it is not known.

    Args:
        region: a name as `find_region` returns it, or as a source writes it.
        country: ISO code of the country; a prefecture in Japanese is known without it.
    """
    if not region or len(region) > _LONGEST:
        return None
    return _region_code(region, country or "")


@lru_cache(maxsize=4096)
def _region_code(region: str, country: str) -> str | None:
    """Look a code up; files name the same few regions again and again."""
    if not country:
        country = "JP" if _fold(region) in _PREFECTURES_JA else ""
    folded = _fold(find_region(region, country) or "")
    code = _REGION_CODES.get((country, folded))
    return code or (_subdivisions(country).get(folded) if country else None)


@lru_cache(maxsize=256)
def _subdivisions(country: str) -> dict[str, str]:
    """Return code by folded name and code, from the library of ISO 3166-2."""
    from pycountry import subdivisions

    listed: Any = subdivisions
    found = sorted(
        listed.get(country_code=country) or (),
        key=lambda one: (one.parent_code is not None, one.code),
    )
    table: dict[str, str] = {}
    for one in found:
        name = _SUBDIVISION_NOTES.sub("", one.name)
        for word in (one.code, one.code.partition("-")[2], one.name, name, *name.split("/")):
            table.setdefault(_fold(word), one.code)
    codes = {one.code for one in found}
    for entry in _REGION_ALIASES.split(","):
        code, name = entry.split(" ", 1)
        if code in codes:
            table.setdefault(_fold(name), code)
    return table


def zone_for(country: str | None, region: str | None) -> str | None:
    """Return the IANA zone in which a lead lives, as well as country and region tell.

    States and provinces of US, CA and AU have their own (the one where most people live when a
    state has two); elsewhere, and where the region is not known, the capital's counts. None when
    the country is not known.
    """
    if not country:
        return None
    zone = _STATE_ZONES.get((country, _fold(region[:_LONGEST]))) if region else None
    return zone or _CAPITAL_ZONES.get(country) or None
