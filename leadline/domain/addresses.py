"""What a mail address tells by itself: whose box it is likely to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadline.domain.intake import is_role_address
from leadline.domain.mail_providers import DISPOSABLE_DOMAINS, FREE_DOMAINS

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["is_disposable_address", "is_free_address", "is_role_address"]


def is_free_address(email: str) -> bool:
    """Return whether an address is one of a provider of free or private mail boxes."""
    return _is_below(email, FREE_DOMAINS)


def is_disposable_address(email: str) -> bool:
    """Return whether an address is one of those that are thrown away after minutes."""
    return _is_below(email, DISPOSABLE_DOMAINS)


def _is_below(email: str, domains: Collection[str]) -> bool:
    """Return whether the domain of an address, or one above it, is listed."""
    domain = email.rpartition("@")[2].casefold()
    while domain:
        if domain in domains:
            return True
        domain = domain.partition(".")[2]
    return False
