"""No scenario and no webhook reaches what is inside: this machine, its network, the cloud's own addresses."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from engine.clock import SystemClock
from engine.settings import WebServiceSettings
from engine.signed_requests import addresses
from engine.signed_requests.addresses import AddressGuard, AddressRefused
from engine.signed_requests.requests import SignedRequests
from tests.signed_requests.server import SECRET, Server, ca_file

INSIDE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "192.0.0.1", "198.18.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
    "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "ff0e::1", "2001:db8::1",
    "fec0::1", "::127.0.0.1", "5f00::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a00:1",
    "2002:7f00:1::", "2002:c0a8:101::1", "2001:0:0a00:1::f5ff:fffe",
]  # fmt: skip
OUTSIDE = [
    "8.8.8.8",
    "93.184.216.34",
    "2606:4700::1111",
    "2a02:6b8::2:242",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
]


@pytest.mark.parametrize("address", INSIDE)
def test_inside(address: str) -> None:
    assert not AddressGuard().permits(ip_address(address))


@pytest.mark.parametrize("address", OUTSIDE)
def test_outside(address: str) -> None:
    assert AddressGuard().permits(ip_address(address))


def test_what_is_allowed_is_allowed_and_nothing_else() -> None:
    guard = AddressGuard([ip_network("10.1.0.0/16"), ip_network("fd00::/64")])
    for address in ("10.1.2.3", "::ffff:10.1.2.3", "fd00::5", "8.8.8.8"):
        assert guard.permits(ip_address(address))
    for address in ("10.2.0.1", "127.0.0.1", "fd00:1::5", "::ffff:10.2.0.1"):
        assert not guard.permits(ip_address(address))


@given(st.integers(0, 2**32 - 1))
def test_an_address_in_other_clothes_is_the_same_address(number: int) -> None:
    plain = AddressGuard().permits(ip_address(number))
    assert AddressGuard().permits(ip_address(f"::ffff:{ip_address(number)}")) == plain
    if not plain:
        assert not AddressGuard().permits(ip_address((0x64FF9B << 96) + number))


@asynccontextmanager
async def _requests(ca: trustme.CA, folder: Path, **settings: Any) -> AsyncIterator[SignedRequests]:
    given = WebServiceSettings.model_validate(settings)
    made = SignedRequests(given, lambda _: SECRET, SystemClock(), ca_file(ca, folder), at_once=5)
    try:
        yield made
    finally:
        await made.close()


async def _status(requests: SignedRequests, url: str) -> int:
    async with asyncio.timeout(5), requests.send("POST", httpx.URL(url), "k", SECRET, b"{}") as response:
        await response.aread()
        return response.status


async def _refusal(url: str, folder: Path, ca: trustme.CA) -> str:
    async with _requests(ca, folder, http=True) as requests:
        with pytest.raises(AddressRefused) as caught:
            await _status(requests, url)
        return str(caught.value)


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0.0.0.0", "[::ffff:127.0.0.1]"]
)
async def test_this_machine_under_any_name_is_refused(host: str, tmp_path: Path, ca: trustme.CA) -> None:
    for authority in (ca, None):
        async with Server(authority) as server:
            message = await _refusal(server.url(host=host), tmp_path, ca)
            assert "which is not allowed (`web_services.allow` in config/vats.yaml)" in message
            assert server.connections == 0


def _names(monkeypatch: pytest.MonkeyPatch, *answers: Sequence[str]) -> list[str]:
    """The resolver gives the next answer each time it is asked, the last one for ever."""
    asked: list[str] = []
    left = list(answers)

    def look_up(host: str, port: int) -> list[Any]:
        asked.append(host)
        found = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(addresses, "_look_up", look_up)
    return asked


async def test_a_public_name_for_a_private_address_is_refused(
    tmp_path: Path, ca: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    _names(monkeypatch, ["127.0.0.1", "10.0.0.5", "169.254.169.254", "::ffff:127.0.0.1"])
    async with Server(ca) as server:
        assert "shop.example is at an address inside" in await _refusal(
            server.url(host="shop.example"), tmp_path, ca
        )
        assert server.connections == 0


async def test_a_name_is_asked_for_once_a_connection(
    tmp_path: Path, ca: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that first means an allowed address and a moment later another one has been looked up once."""
    asked = _names(monkeypatch, ["127.0.0.1"], ["10.0.0.5"])
    async with Server(ca) as server:
        async with _requests(ca, tmp_path, allow=["127.0.0.0/8"]) as requests:
            # The certificate is checked against the name, though an address is connected to.
            assert await _status(requests, server.url(host="shop.example")) == 200
        assert asked == ["shop.example"]
        assert server.got[0].headers["host"] == f"shop.example:{server.port}"


async def test_of_several_addresses_the_forbidden_ones_are_passed_over(
    tmp_path: Path, ca: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first of those that are allowed does not answer; the next one does."""
    _names(monkeypatch, ["10.0.0.5", "127.0.0.2", "127.0.0.1"])
    async with Server(ca) as server:
        async with _requests(ca, tmp_path, allow=["127.0.0.0/8"]) as requests:
            assert await _status(requests, server.url(host="shop.example")) == 200
        assert len(server.got) == 1
