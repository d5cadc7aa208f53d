"""Joining what two submissions say about one lead."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

#: Fields that stand or fall together: half of one source and half of another would be wrong.
_GROUPS: Final = (
    ("employees", "employees_min", "employees_max"),
    ("request", "request_rule"),
    ("country", "region", "region_code", "city", "postal_code", "address"),
    ("company", "company_key"),
)
#: A name and its parts; another name replaces them as a whole.
NAME: Final = ("full_name", "given_name", "family_name")
#: The same value found by another rule is no change.
_RULED: Final = ("request",)
#: What follows from the mail address stays with it.
_OF_ADDRESS: Final = ("is_role_address", "is_free_address", "is_disposable_address")
#: A request that nobody stated says less than one that somebody did.
_WEAK: Final = {"request": ("other",)}


def newest_wins(old: datetime | None, new: datetime | None) -> bool:
    """Tell whether the later submission is at least as new as what is stored."""
    return old is None or new is None or new >= old


def name_letters(name: str | None) -> str:
    """Return the letters of a name, the same for every order and spacing of its words."""
    plain = unicodedata.normalize("NFKC", name or "").casefold()
    return "".join(sorted(filter(str.isalnum, plain)))


def is_someone_else(old: tuple[str | None, str | None], new: tuple[str | None, str | None]) -> bool:
    """Tell whether two statements under one external id are of two people.

    The id of a company stands beside everybody who works there. A person may change the address or
    the name; where both are stated and both differ, the id proves nothing.

    Args:
        old: mail address and full name of the lead.
        new: those of the arrival.
    """
    if not (old[0] and new[0]) or old[0] == new[0]:
        return False
    letters = name_letters(old[1]), name_letters(new[1])
    return all(letters) and letters[0] != letters[1]


def is_other_name(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Tell whether two statements name different people, so that parts must not be mixed.

    A name of which the other has every word is the same, as is one that is written in another
    order. A statement without a name agrees with none: it has no parts that could fit.
    """
    if old.get("full_name") and old.get("full_name") == new.get("full_name"):
        return False
    mine, others = _name_words(old), _name_words(new)
    if mine <= others or others <= mine:
        return not (mine and others)
    return name_letters("".join(mine)) != name_letters("".join(others))


def _name_words(values: Mapping[str, Any]) -> frozenset[str]:
    texts = [text for name in NAME if (text := values.get(name))]
    name = texts[0] if values.get("full_name") else " ".join(texts)
    return frozenset(unicodedata.normalize("NFKC", name).casefold().split())


def join_values(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    *,
    is_newer: bool,
    is_consent_newer: bool,
) -> dict[str, Any]:
    """Return the joined fields of a lead.

    The newer statement wins where it says something; the other fills the blanks. Groups such as
    the place, or two different names with their parts, are taken as a whole. The mail address of
    the first submission stays: the new one matched it, perhaps by another key. A consent is
    replaced by a newer statement only.

    Args:
        old: what is stored.
        new: what the submission states; None where it says nothing.
        is_newer: whether the submission is at least as new as what is stored.
        is_consent_newer: the same of the consent, which has a time of its own.
    """
    first, second = (new, old) if is_newer else (old, new)
    groups = (*_GROUPS, NAME) if is_other_name(old, new) else _GROUPS
    grouped = {name for group in groups for name in group}
    joined = {
        name: first[name] if first[name] is not None else second[name]
        for name in new
        if name not in grouped
    }
    for group in groups:
        source = first if _speaks(first, group) or not _speaks(second, group) else second
        if group[0] in _RULED and old[group[0]] == new[group[0]]:
            source = old
        joined.update({name: source[name] for name in group if name in new})
    joined["email"] = old["email"]
    if old["email"] != new["email"]:
        joined |= {name: old[name] for name in _OF_ADDRESS if name in new}
    says = new["consent"] is not None and (is_consent_newer or old["consent"] is None)
    joined["consent"] = (new if says else old)["consent"]
    return joined


def _speaks(values: Mapping[str, Any], group: tuple[str, ...]) -> bool:
    lead = group[0]
    if values.get(lead) in _WEAK.get(lead, ()):
        return False
    return any(values.get(name) is not None for name in group)
