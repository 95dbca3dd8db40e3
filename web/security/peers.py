"""The address that a request came from, through proxies that somebody vouched for."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from ipaddress import IPv4Network, IPv6Network

    Address = IPv4Address | IPv6Address
    Network = IPv4Network | IPv6Network

FORWARDED_FOR: Final = b"x-forwarded-for"

HOPS_MOST: Final = 20
"""Addresses that are read from the right: nobody has more proxies in a row."""


def peer_behind(
    connected: str, headers: Iterable[tuple[bytes, bytes]], trusted: Sequence[Network]
) -> str:
    """Who is behind the address that connected to us: itself, unless that is a trusted proxy.

    Each proxy writes at the end of X-Forwarded-For whom it was asked by, so it is read from the
    right for as long as the one that wrote is trusted. What stands further left anybody may have
    made up. Where a trusted proxy wrote no address, nobody beyond it is known.
    """
    peer = _address(connected)
    if peer is None or not _is_in(peer, trusted):
        return connected
    lines = [value.decode("latin-1") for name, value in headers if name.lower() == FORWARDED_FOR]
    for word in reversed(",".join(lines).split(",")[-HOPS_MOST:]):
        found = _address(word.strip())
        if found is None:
            break
        peer = found
        if not _is_in(peer, trusted):
            break
    return str(peer)


def _is_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


def _address(word: str) -> Address | None:
    """An address as proxies write it, at times with a port; IPv4 within IPv6 is IPv4."""
    bracketed, _, _ = word.removeprefix("[").partition("]")
    bare = bracketed if word.startswith("[") else word
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ip_address(bare)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found
