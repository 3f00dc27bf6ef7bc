"""Which addresses a customer's server may have, checked on the very address that is connected to."""

import asyncio
import socket
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import httpcore
from httpcore import SOCKET_OPTION

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# One of several addresses that does not answer must not take the time of the others.
CONNECT_S = 2.0
_MOST_ADDRESSES = 4
# The system's resolver may hang in a thread for longer than anybody waits for it.
_RESOLVERS = 8
_NAT64 = IPv6Network("64:ff9b::/96")
# All that has been given to anybody; Python takes what is left over, and what once was private, for public.
_UNICAST = IPv6Network("2000::/3")


class AddressRefused(Exception):
    """All addresses of the host are of a kind that is not allowed; the message names the host."""


class AddressGuard:
    """Public addresses, and networks that the platform allows."""

    def __init__(self, allow: Iterable[Network] = ()) -> None:
        self._allow = tuple(allow)

    def permits(self, address: Address) -> bool:
        """Also where it stands for another one, as `::ffff:127.0.0.1` does."""
        return all(self._permits(one) for one in _meant(address))

    def _permits(self, address: Address) -> bool:
        if any(address in network for network in self._allow):
            return True
        known = isinstance(address, IPv4Address) or address in _UNICAST
        return known and address.is_global and not address.is_multicast


def _meant(address: Address) -> Iterator[Address]:
    """The address, or those that are reached by it."""
    if isinstance(address, IPv4Address):
        yield address
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
        return
    if address in _NAT64:
        yield IPv4Address(int(address) & 0xFFFFFFFF)
        return
    yield address
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo


class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Finds a host's addresses once, and connects to one of those that are permitted: what the name means a
    moment later does not matter. The certificate is still checked against the name.
    """

    def __init__(self, guard: AddressGuard) -> None:
        self._guard = guard
        self._network = httpcore.AnyIOBackend()
        self._threads = ThreadPoolExecutor(_RESOLVERS, thread_name_prefix="resolver")

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Raises `AddressRefused`, `httpcore.ConnectError` and `httpcore.ConnectTimeout`."""
        found = await self._resolve(host, port)
        permitted = [address for address in found if self._guard.permits(address)][:_MOST_ADDRESSES]
        if not permitted:
            raise AddressRefused(
                f"{host} is at an address inside a private network or of this machine, which is not allowed "
                "(`web_services.allow` in config/vats.yaml)"
            )
        last = permitted[-1]
        for address in permitted:
            try:
                return await self._network.connect_tcp(
                    str(address),
                    port,
                    timeout if address is last else CONNECT_S,
                    local_address,
                    socket_options,
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if address is last:
                    raise
        raise AssertionError("unreachable")

    async def _resolve(self, host: str, port: int) -> Sequence[Address]:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._threads, _look_up, host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"the name {host} is not known") from error
        return list(dict.fromkeys(ip_address(entry[4][0]) for entry in found))

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def close(self) -> None:
        """Names that are still looked for are nobody's business any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int) -> list[tuple[int, int, int, str, tuple[str, int]]]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)  # type: ignore[return-value]
