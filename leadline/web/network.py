"""Where a request came from: the peer, or whom a proxy that the operator trusts names."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping, Sequence

    from leadline.config.environment import Network

Address = IPv4Address | IPv6Address
_FORWARDED: Final = b"x-forwarded-for"
_PREFIX: Final = 64  # bits of the network that one subscriber has


def find_client(scope: MutableMapping[str, Any], trusted: Sequence[Network]) -> str | None:
    """Return the address of whoever sent a request, None when nobody can tell.

    A visitor may write anything into X-Forwarded-For; each proxy adds the address that it saw at
    the right. So the last entry that no trusted proxy wrote about a trusted proxy is the client.
    A server in between that has put the header into the place of the peer (uvicorn does so for
    whoever connects from its own machine, and leaves port 0) has taken away what we need.
    """
    hops = [
        hop
        for name, value in scope["headers"]
        if name == _FORWARDED
        for hop in value.decode("latin-1").split(",")
    ]
    host, port = scope.get("client") or (None, None)
    if host is None or (hops and not port):
        return None
    if not trusted:
        return str(host)
    return _walk_back(str(host), hops, trusted)


def _walk_back(peer: str, hops: Iterable[str], trusted: Sequence[Network]) -> str:
    address = _parse(peer)
    for hop in reversed(list(hops)):
        named = _parse(hop)
        if address is None or named is None or not any(address in one for one in trusted):
            break
        address = named
    return peer if address is None else str(address)


def network_of(client: str | None) -> str:
    """Return what counts as one network: an IPv4 address, or the /64 of an IPv6 address."""
    address = _parse(client or "")
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, _PREFIX), strict=False))
    return client or "" if address is None else str(address)


def _parse(text: str) -> Address | None:
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
