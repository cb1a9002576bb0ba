"""Where a webhook may lead: not into private networks, unless an administrator lists them.

The name is resolved once for each try, every address it has is judged, and the connection goes to
a judged address: a name that answers differently a moment later gains nothing.
"""

import ipaddress
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

import httpx2

from api.errors import InvalidError, SettingsError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolver = Callable[[str, int], Sequence[str]]
"""Returns the addresses of a host, as text; raises OSError when it has none."""

MOST_URL: Final = 2048
NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are IPv4
# RFC 3056 and 4380 carry an IPv4 address that a router on the way goes to; both are history.
TUNNELS: Final = (ipaddress.IPv6Network("2002::/16"), ipaddress.IPv6Network("2001::/32"))
LOCAL_NAT64: Final = ipaddress.IPv6Network("64:ff9b:1::/48")  # RFC 8215
# Hosts that some resolvers read as IPv4: 2130706433, 0x7f.1, 0177.0.0.1
_NUMBER: Final = re.compile(r"(0x[0-9a-f]*|[0-9]+)\.?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Target:
    """A URL with the addresses to which a connection may go."""

    url: httpx2.URL
    host: str
    """As TLS and the Host header name it: ASCII, without brackets."""
    addresses: tuple[str, ...]


def resolve(host: str, port: int) -> Sequence[str]:
    """Ask the system for the addresses of a host.

    Raises:
        OSError: It has none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


class AddressGuard:
    """Judges URLs of webhooks."""

    def __init__(self, networks: Sequence[str] = (), resolver: Resolver = resolve) -> None:
        """Take the private ranges that may be reached.

        Raises:
            SettingsError: One of them is not a range.
        """
        self._networks = tuple(_parse_network(text) for text in networks)
        self._resolve = resolver

    def check(self, text: str) -> Target:
        """Return the URL with its addresses, all of which may be reached.

        Raises:
            InvalidError: The URL is not one for a webhook (webhook_url_invalid), its host has no
                address (webhook_host_unknown), or one that is refused (webhook_address_refused).
        """
        url = parse_url(text)
        host = url.raw_host.decode("ascii").strip("[]")
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            found = [str(ipaddress.ip_address(host))] if _is_address(host) else None
            addresses = found or list(self._resolve(host, port))
        except (OSError, UnicodeError) as error:
            raise InvalidError(
                "webhook_host_unknown",
                f"The host {host!r} has no address.",
                "Check its spelling, and that this server's DNS knows it.",
            ) from error
        if not addresses:
            raise InvalidError("webhook_host_unknown", f"The host {host!r} has no address.")
        for address in addresses:
            if not self.allows(address):
                raise InvalidError(
                    "webhook_address_refused",
                    f"The host {host!r} lies in a network that webhooks may not reach.",
                    "An administrator can allow a private range with "
                    "STREET_ISSUES_WEBHOOK_NETWORKS, such as 10.20.0.0/16.",
                )
        return Target(url, host, tuple(dict.fromkeys(addresses)))

    def allows(self, text: str) -> bool:
        """Tell whether a connection may go to an address: public, or in a listed range."""
        try:
            address = ipaddress.ip_address(text.split("%", maxsplit=1)[0])
        except ValueError:
            return False
        inner = _unwrap(address)
        if inner.is_multicast or inner.is_unspecified or inner == IPv4Address("255.255.255.255"):
            return False
        listed = any(
            one in network
            for one in (address, inner)
            for network in self._networks
            if one.version == network.version
        )
        return listed or _is_public(inner)


def parse_url(text: str) -> httpx2.URL:
    """Return a URL that could be a webhook's, wherever it leads.

    Raises:
        InvalidError: It is not one (webhook_url_invalid).
    """
    if len(text) > MOST_URL:
        raise _invalid(f"It is longer than {MOST_URL} characters.")
    if any(character <= " " or character in "\\\x7f" for character in text):
        raise _invalid("It has spaces, backslashes or control characters.")
    try:
        url = httpx2.URL(text)
        port = url.port
    except (httpx2.InvalidURL, ValueError) as error:
        raise _invalid("It is not a URL.") from error
    host = url.raw_host.decode("ascii", "replace").strip("[]")
    if url.scheme not in {"http", "https"}:
        raise _invalid("Only https and http can be reached.")
    if not host:
        raise _invalid("It names no host.")
    if url.userinfo:
        raise _invalid("It carries a user name or password; the signature proves who is sending.")
    if port is not None and not 1 <= port <= 65535:
        raise _invalid("Its port does not exist.")
    if url.fragment:
        raise _invalid("It ends in a fragment (#…), which is never sent.")
    if not _is_address(host) and _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        raise _invalid("Its host is a number: write an IPv4 address as four decimal numbers.")
    return url


def _invalid(why: str) -> InvalidError:
    return InvalidError(
        "webhook_url_invalid",
        f"This URL cannot be a webhook's. {why}",
        "Send an address such as https://example.org/street-issues.",
    )


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _unwrap(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address stands for, where it stands for one."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and (
        address in LOCAL_NAT64
        or any(address in tunnel for tunnel in TUNNELS)
        or int(address) >> 32 == 0  # ::a.b.c.d, IPv4 in a form long given up
        or address.is_site_local
    ):
        return False
    return (
        address.is_global
        and not address.is_reserved
        and not address.is_private
        and not address.is_loopback
        and not address.is_link_local
    )


def _parse_network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text.strip())
    except ValueError as error:
        raise SettingsError(
            "webhook_networks_invalid",
            f"{text!r} in STREET_ISSUES_WEBHOOK_NETWORKS is not a range of addresses.",
            "Write ranges such as 10.20.0.0/16, separated by commas.",
        ) from error
