"""Where a request came from: the peer, or whom a proxy that the operator trusts names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from leadline.domain.networks import network_of, parse_address

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping, Sequence

    from leadline.config.environment import Network

__all__ = ["find_client", "network_of"]
_FORWARDED: Final = b"x-forwarded-for"


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
    address = parse_address(peer)
    for hop in reversed(list(hops)):
        named = parse_address(hop)
        if address is None or named is None or not any(address in one for one in trusted):
            break
        address = named
    return peer if address is None else str(address)
