"""What counts as one network, so that no whole address of a visitor needs to be kept apart."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

Address = IPv4Address | IPv6Address
_PREFIX: Final = 64  # bits of the network that one subscriber has


def network_of(client: str | None) -> str:
    """Return what counts as one network: an IPv4 address, or the /64 of an IPv6 address."""
    address = parse_address(client or "")
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, _PREFIX), strict=False))
    return client or "" if address is None else str(address)


def parse_address(text: str) -> Address | None:
    """Read an address, with or without a port; an IPv4 address inside IPv6 is an IPv4 address."""
    text = text.strip().partition("%")[0]
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found
