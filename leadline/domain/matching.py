"""Joining what two submissions say about one lead."""

from __future__ import annotations

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
#: The same value found by another rule is no change.
_RULED: Final = ("request",)
#: What follows from the mail address stays with it.
_OF_ADDRESS: Final = ("is_role_address", "is_free_address", "is_disposable_address")
#: A request that nobody stated says less than one that somebody did.
_WEAK: Final = {"request": ("other",)}


def newest_wins(old: datetime | None, new: datetime | None) -> bool:
    """Tell whether the later submission is at least as new as what is stored."""
    return old is None or new is None or new >= old


def join_values(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    *,
    is_newer: bool,
    is_consent_newer: bool,
) -> dict[str, Any]:
    """Return the joined fields of a lead.

    The newer statement wins where it says something; the other fills the blanks. Groups such as
    the place are taken as a whole. The mail address of the first submission stays: the new one
    matched it, perhaps by another key. A consent is replaced by a newer statement only.

    Args:
        old: what is stored.
        new: what the submission states; None where it says nothing.
        is_newer: whether the submission is at least as new as what is stored.
        is_consent_newer: the same of the consent, which has a time of its own.
    """
    first, second = (new, old) if is_newer else (old, new)
    grouped = {name for group in _GROUPS for name in group}
    joined = {
        name: first[name] if first[name] is not None else second[name]
        for name in new
        if name not in grouped
    }
    for group in _GROUPS:
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
