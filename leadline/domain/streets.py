"""What a Japanese address in one cell says: postal code, prefecture and city."""

from __future__ import annotations

import re
import unicodedata
from typing import Final, NamedTuple

_LONGEST: Final = 200
_POSTAL: Final = re.compile(r"^\s*〒?\s*(\d{3})\s*[-‐−ーｰ―]?\s*(\d{4})(?!\d)[\s,、]*")
_PREFECTURE: Final = re.compile(
    r"^(?:日本国?[\s、,]*)?(東京都|北海道|(?:京都|大阪)府|(?:神奈川|和歌山|鹿児島)県|[^\s\d市区町村郡]{2}県)"
)
#: Cities whose names hold 市, 区, 郡, 町 or 村 themselves come first.
_CITY: Final = re.compile(
    r"(?:(?:旭川|伊達|石狩|盛岡|奥州|田村|南相馬|那須塩原|東村山|武蔵村山|羽村|十日町|上越|富山|野々市|大町"
    r"|蒲郡|四日市|姫路|大和郡山|廿日市|下松|岩国|田川|大村|宮古|富良野|別府|佐伯|黒部|小諸|塩尻|玉野|周南"
    r"|市川|市原|町田|郡山|小郡|郡上|村上|村山|余市)市|横浜市保土[ケヶ]谷区"
    r"|(?:余市|高市|[^市\s\d]{2,3}?)郡(?:玉村|大町|[^\s\d]{1,5}?)[町村]"
    r"|[^市\s\d]{1,6}?市[^町市\s\d]{1,3}?区|[^市区町村\s\d]{1,5}区|[^\s\d]{1,7}?[市町村])"
)


class Place(NamedTuple):
    """Parts of an address; None where it does not say them."""

    postal_code: str | None
    region: str | None
    city: str | None


NOWHERE: Final = Place(None, None, None)


def split_address(text: str) -> Place:
    """Return what a Japanese address says, all None for any other text.

    Args:
        text: the address as written, with or without postal code and prefecture.
    """
    if text.isascii() or len(text) > _LONGEST:
        return NOWHERE
    rest = unicodedata.normalize("NFKC", text).strip()
    postal = _POSTAL.match(rest)
    rest = rest[postal.end() :] if postal else rest
    region = _PREFECTURE.match(rest)
    rest = rest[region.end() :].lstrip() if region else rest
    city = _CITY.match(rest)
    return Place(
        f"{postal[1]}-{postal[2]}" if postal else None,
        region[1] if region else None,
        city[0] if city else None,
    )
