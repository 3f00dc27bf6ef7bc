"""The client of web services against real servers on loopback, good and bad (F34)."""

import asyncio
import gzip
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme

from engine.calls.web_services import WebRequest, WebServiceFailed
from engine.clock import SystemClock
from engine.scenarios.web_service import WebServiceClient, metrics
from engine.settings import SettingsError, WebServiceSettings
from engine.signed_requests import addresses
from tests.signed_requests.server import (
    SECRET,
    Behaviour,
    Server,
    after,
    ca_file,
    drips,
    hmac_by_the_book,
    never_ends,
    resets,
    says,
)

LOOPBACK = {"allow": ["127.0.0.0/8", "::1/128"]}
Ask = Callable[..., Any]


class Service:
    """A server and a client that trusts it."""

    def __init__(self, server: Server, client: WebServiceClient) -> None:
        self.server = server
        self.client = client

    async def ask(self, path: str = "/call", **changed: Any) -> Any:
        request = WebRequest("acme", self.server.url(path), {"caller": "+79031112233"}, "call-1.step.1")
        return await self.client.ask(replace(request, **changed))

    async def fails(self, **changed: Any) -> str:
        with pytest.raises(WebServiceFailed) as caught:
            await self.ask(**changed)
        return str(caught.value)


@asynccontextmanager
async def service(
    ca: trustme.CA, folder: Path, *behaviours: Behaviour, **settings: Any
) -> AsyncIterator[Service]:
    async with Server(ca, list(behaviours) or [says({})]) as server:
        given = WebServiceSettings.model_validate({**LOOPBACK, **settings})
        client = WebServiceClient(given, lambda tenant: SECRET, SystemClock(), ca_file(ca, folder))
        try:
            yield Service(server, client)
        finally:
            await client.close()


def counted(outcome: str, tenant: str = "acme") -> float:
    return float(metrics.requests.labels(tenant, outcome)._value.get())


async def test_what_is_sent_is_signed_and_what_is_answered_comes_back(ca: trustme.CA, tmp_path: Path) -> None:
    before = counted("answered")
    async with service(ca, tmp_path, says({"variables": {"sum": 5, "x": None}, "next": "found"})) as one:
        answer = await one.ask(headers={"X-Shop": "7"})
        assert (answer.variables, answer.next, answer.valid) == ({"sum": 5, "x": None}, "found", None)
        [got] = one.server.got
        assert (got.method, got.target, got.json) == ("POST", "/call", {"caller": "+79031112233"})
        assert got.headers["content-type"] == "application/json"
        assert got.headers["host"] == f"localhost:{one.server.port}"
        assert got.headers["idempotency-key"] == "call-1.step.1"
        assert got.headers["x-shop"] == "7"
        timestamp = got.headers["x-vats-timestamp"]
        assert abs(int(timestamp) - time.time()) < 5
        signed = hmac_by_the_book(SECRET.encode(), timestamp.encode() + b"." + got.body)
        assert got.headers["x-vats-signature"] == f"v1={signed}"
    assert counted("answered") == before + 1


async def test_a_get_signs_its_address(ca: trustme.CA, tmp_path: Path) -> None:
    async with service(ca, tmp_path) as one:
        await one.ask(path="/orders/7?phone=%2B7903", method="get")
        [got] = one.server.got
        assert (got.method, got.target, got.body) == ("GET", "/orders/7?phone=%2B7903", b"")
        text = f"{got.headers['x-vats-timestamp']}.{got.target}".encode()
        assert got.headers["x-vats-signature"] == f"v1={hmac_by_the_book(SECRET.encode(), text)}"


async def test_a_connection_is_kept_for_the_next_request(ca: trustme.CA, tmp_path: Path) -> None:
    async with service(ca, tmp_path) as one:
        for _ in range(3):
            await one.ask()
        assert one.server.connections == 1


@pytest.mark.parametrize(
    "fault",
    [resets, *(says(b"", f"{status} Later") for status in (502, 503, 504))],
    ids=["reset", "502", "503", "504"],
)
async def test_what_breaks_on_the_way_is_asked_again_with_the_same_key(
    ca: trustme.CA, tmp_path: Path, fault: Behaviour
) -> None:
    async with service(ca, tmp_path, fault, says({"next": "found"})) as one:
        assert (await one.ask(retries=1)).next == "found"
        first, second = one.server.got
        assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
        assert first.body == second.body


async def test_it_is_asked_again_no_more_often_than_said(ca: trustme.CA, tmp_path: Path) -> None:
    async with service(ca, tmp_path, says(b"", "503 Busy")) as one:
        assert "localhost answered 503, expected 200" in await one.fails(retries=2)
        assert len(one.server.got) == 3
        await one.fails(retries=0)
        assert len(one.server.got) == 4


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ("302 Found", "localhost answered 302, a redirect, which is not followed, expected 200"),
        ("500 Oops", "localhost answered 500, expected 200"),
        ("404 Not Found", "localhost answered 404, expected 200"),
        ("204 No Content", "localhost answered 204, expected 200"),
    ],
)
async def test_other_answers_are_final(ca: trustme.CA, tmp_path: Path, status: str, message: str) -> None:
    before = counted("status")
    async with service(ca, tmp_path, says(b"", status, Location="https://localhost/else")) as one:
        assert await one.fails(retries=3) == message
        assert len(one.server.got) == 1
    assert counted("status") == before + 1


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            says(b"<html>", kind="text/html"),
            "localhost answered text/html, expected application/json in UTF-8",
        ),
        (
            says(b"{}", kind=""),
            "localhost answered without a Content-Type, expected application/json in UTF-8",
        ),
        (says(b"{}", kind="application/json; charset=windows-1251"), "expected application/json in UTF-8"),
        (
            says(gzip.compress(b"{}"), Content_Encoding="gzip"),
            "answered compressed, expected no Content-Encoding",
        ),
        (says(b"{"), "localhost answered what is no JSON"),
        (says(b'{"next": "\xff"}'), "localhost answered what is no JSON"),
        (says(b'{"a":' + b"[" * 60_000), "localhost answered what is no JSON"),
        (says(b"[]"), "JSON of a wrong form: Expected `object`, got `array`"),
        (says({"variables": {"a": [1]}}), "JSON of a wrong form: Expected `bool | int | float | str | null`"),
        (says({"variables": {"a": {"b": 1}}}), "JSON of a wrong form"),
        (says(b'{"next": [], "variables": null}'), "JSON of a wrong form"),
        (says({"next": 5}), "JSON of a wrong form: Expected `str | null`, got `int` - at `$.next`"),
        (says({"valid": "yes"}), "JSON of a wrong form"),
        (says(b'{"variables": {"a": 1e999}}'), "JSON of a wrong form"),
        (says(b'{"variables": {"a": NaN}}'), "localhost answered what is no JSON"),
        (says(b" " * 70_000), "localhost answered more than 64 kB"),
        (never_ends, "localhost answered more than 64 kB"),
    ],
)
async def test_what_is_no_answer_is_refused(
    ca: trustme.CA, tmp_path: Path, answer: Behaviour, message: str
) -> None:
    async with service(ca, tmp_path, answer) as one:
        assert message in await one.fails()
        assert len(one.server.got) == 1


async def test_the_time_limit_is_for_all_together(ca: trustme.CA, tmp_path: Path) -> None:
    for behaviours in (
        [after(30, says({}))],
        [drips],
        [says(b"", "503 Busy")],  # with so many retries that they would take longer
        [after(0.3, says(b"", "503 Busy")), after(30, says({}))],
    ):
        async with service(ca, tmp_path, *behaviours) as one:
            began = time.monotonic()
            message = await one.fails(timeout=0.6, retries=50)
            assert 0.5 < time.monotonic() - began < 1.0
            assert message == "localhost has not answered within 0.6 s"


async def test_a_name_that_nobody_answers_for_does_not_take_longer(
    ca: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's resolver hangs in its thread; the loop goes on and the limit holds."""

    def hang(host: str, port: int) -> list[Any]:
        time.sleep(1.5)
        raise socket.gaierror("no answer")

    monkeypatch.setattr(addresses, "_look_up", hang)
    async with service(ca, tmp_path) as one:
        began, ticks = time.monotonic(), 0
        task = asyncio.create_task(one.fails(timeout=0.5))
        while not task.done():
            await asyncio.sleep(0.01)
            ticks += 1
        assert time.monotonic() - began < 0.8
        assert ticks > 20
        assert task.result() == "localhost has not answered within 0.5 s"


async def test_a_tenant_has_so_many_requests_at_once(ca: trustme.CA, tmp_path: Path) -> None:
    async with service(ca, tmp_path, after(0.4, says({})), at_once_per_tenant=2, at_once=3) as one:
        before = counted("busy")
        waiting = [asyncio.create_task(one.ask(timeout=2)) for _ in range(2)]
        await asyncio.sleep(0.1)
        assert await one.fails(timeout=0.1) == "too many requests at once, localhost was not asked"
        assert counted("busy") == before + 1
        await one.ask(tenant="other", timeout=1)
        await asyncio.gather(*waiting)
        assert len(one.server.got) == 3


async def test_cancelled_it_lets_the_connection_go(ca: trustme.CA, tmp_path: Path) -> None:
    async with service(ca, tmp_path, after(30, says({})), at_once=1) as one:
        before = counted("cancelled")
        task = asyncio.create_task(one.ask(timeout=30))
        while not one.server.got:
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()
        assert counted("cancelled") == before + 1
        one.server.behaviours[:] = [says({})]
        await one.ask(timeout=1)  # its place is free


async def test_a_stranger_s_certificate_is_refused(ca: trustme.CA, tmp_path: Path) -> None:
    async with Server(trustme.CA()) as server:
        given = WebServiceSettings.model_validate(LOOPBACK)
        client = WebServiceClient(given, lambda tenant: SECRET, SystemClock(), ca_file(ca, tmp_path))
        with pytest.raises(WebServiceFailed, match=r"cannot be reached: .*CERTIFICATE_VERIFY_FAILED"):
            await client.ask(WebRequest("acme", server.url(), {}, "k", retries=0))
        await client.close()
        assert server.got == []


async def test_a_certificate_for_another_name_is_refused(ca: trustme.CA, tmp_path: Path) -> None:
    async with Server(ca, names=("other.example",)) as server:
        given = WebServiceSettings.model_validate(LOOPBACK)
        client = WebServiceClient(given, lambda tenant: SECRET, SystemClock(), ca_file(ca, tmp_path))
        with pytest.raises(WebServiceFailed, match="cannot be reached"):
            await client.ask(WebRequest("acme", server.url(), {}, "k", retries=0))
        await client.close()
        assert server.got == []


async def test_http_is_for_those_who_allow_it(tmp_path: Path) -> None:
    async with Server(None) as server:
        request = WebRequest("acme", server.url(), {}, "k")
        for allowed in (False, True):
            given = WebServiceSettings.model_validate({**LOOPBACK, "http": allowed})
            client = WebServiceClient(given, lambda tenant: SECRET, SystemClock())
            if allowed:
                await client.ask(request)
            else:
                with pytest.raises(WebServiceFailed, match="http:// is not allowed"):
                    await client.ask(request)
            await client.close()
        assert len(server.got) == 1


async def test_nobody_listens(ca: trustme.CA, tmp_path: Path) -> None:
    async with service(ca, tmp_path) as one:
        await one.server.__aexit__()
        assert "localhost cannot be reached" in await one.fails()


def test_a_file_without_authorities_is_told(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    for name in ("ca.pem", "missing.pem"):
        with pytest.raises(SettingsError, match=r"web_services.ca_file"):
            WebServiceClient(WebServiceSettings(), lambda tenant: "", SystemClock(), tmp_path / name)
