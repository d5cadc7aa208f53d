"""What follows from a lead's canonical values, and what its source wrote in other words.

The functions take one row; `leadline.domain.columns` does the same for columns, and the tests
compare the two.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from leadline.domain.addresses import is_disposable_address, is_free_address, is_role_address
from leadline.domain.companies import company_key
from leadline.domain.places import region_code

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    #: Takes postal codes (`NNN-NNNN`) and returns the places of those that exist.
    FindPlaces = Callable[[Collection[str]], Mapping[str, "PostalPlace"]]

#: Fields that are derived and that no source states.
DERIVED: Final = (
    "is_role_address",
    "is_free_address",
    "is_disposable_address",
    "company_key",
    "region_code",
)
JAPANESE_CODE: Final = re.compile(r"\d{3}-\d{4}", re.ASCII)


class PostalPlace(NamedTuple):
    """Where a Japanese postal code lies.

    Attributes:
        region: prefecture by its full name.
        city: city, town or village, with its county or ward.
    """

    region: str
    city: str


def derive(
    values: Mapping[str, Any], *, country: str, find_places: FindPlaces | None = None
) -> dict[str, Any]:
    """Return what follows from the values of one accepted lead.

    Args:
        values: as `decide_intake` returns them.
        country: ISO code of the source, for a lead that states none.
        find_places: looks Japanese postal codes up; without it nothing is derived from them.

    Returns:
        The fields of `DERIVED` that follow, and `region` and `city` by the postal code where the
        source has no such column: a column that is there and empty stays empty.
    """
    email, code = values["email"], values.get("postal_code")
    found: dict[str, Any] = {
        "is_role_address": is_role_address(email),
        "is_free_address": is_free_address(email),
        "is_disposable_address": is_disposable_address(email),
    }
    if "company" in values:
        found["company_key"] = company_key(values["company"] or "")
    place = values.get("country") or country
    if find_places and place == "JP" and code and JAPANESE_CODE.fullmatch(code):
        lies_in = find_places([code]).get(code)
        for field in ("region", "city"):
            if lies_in and field not in values:
                found[field] = getattr(lies_in, field)
    region = found.get("region", values.get("region"))
    if region is not None:
        found["region_code"] = region_code(region, place)
    return found
