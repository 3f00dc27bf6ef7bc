"""The one client for the web services of all tenants.

It is built on httpcore, the engine of httpx: what httpx adds (redirects, cookies, proxies of the environment,
unpacking) is all that must not happen here.
"""

import asyncio
import random
import ssl
from collections.abc import Callable
from pathlib import Path

import httpcore
import httpx
import msgspec

from engine.calls.web_services import WebAnswer, WebRequest, WebServiceFailed
from engine.clock import Clock
from engine.scenarios.web_service import metrics
from engine.scenarios.web_service.addresses import AddressGuard, AddressRefused, GuardedNetwork
from engine.scenarios.web_service.answers import LARGEST_ANSWER, parse
from engine.scenarios.web_service.metrics import Outcome
from engine.scenarios.web_service.signature import (
    KEY_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    signature,
)
from engine.settings import SettingsError, WebServiceSettings

# What comes from the network on the way to the service or in front of it; the service may know nothing of it.
_AGAIN_STATUS = frozenset({502, 503, 504})
_AGAIN_ERRORS = (
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.ReadError,
    httpcore.WriteError,
    httpcore.RemoteProtocolError,
)
_FIRST_PAUSE_S = 0.2
_KEEP_S = 30.0


class _Failed(WebServiceFailed):
    def __init__(self, message: str, outcome: Outcome, *, again: bool = False) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.again = again


class WebServiceClient:
    """`WebServices` over the network. `secret(tenant)` is the key that the tenant's requests are signed with;
    it may block. To be closed with `close`.
    """

    def __init__(
        self,
        settings: WebServiceSettings,
        secret: Callable[[str], str],
        clock: Clock,
        ca_file: Path | None = None,
    ) -> None:
        self._settings = settings
        self._secret = secret
        self._clock = clock
        self._network = GuardedNetwork(AddressGuard(settings.allow))
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=_trust(ca_file),
            max_connections=settings.at_once,
            keepalive_expiry=_KEEP_S,
            network_backend=self._network,
        )
        self._all = asyncio.Semaphore(settings.at_once)
        self._of_tenant: dict[str, asyncio.Semaphore] = {}

    async def close(self) -> None:
        """Requests still under way fail."""
        await self._pool.aclose()
        self._network.close()

    async def ask(self, request: WebRequest) -> WebAnswer:
        """Raises `WebServiceFailed`, at the latest when `request.timeout` seconds have passed."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        outcome: Outcome = "busy"
        host = httpx.URL(request.url).host
        limit = self._of_tenant.setdefault(
            request.tenant, asyncio.Semaphore(self._settings.at_once_per_tenant)
        )
        try:
            async with asyncio.timeout(request.timeout), limit, self._all:
                outcome = "timeout"
                answer = await self._with_retries(request)
            outcome = "answered"
            return answer
        except TimeoutError:
            if outcome == "busy":
                raise WebServiceFailed(f"too many requests at once, {host} was not asked") from None
            raise WebServiceFailed(f"{host} has not answered within {request.timeout:g} s") from None
        except _Failed as error:
            outcome = error.outcome
            raise
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        finally:
            metrics.requests.labels(request.tenant, outcome).inc()
            metrics.seconds.labels(request.tenant).observe(loop.time() - began)

    async def _with_retries(self, request: WebRequest) -> WebAnswer:
        url = httpx.URL(request.url)
        if url.scheme != "https" and not self._settings.http:
            raise _Failed(
                f"{url.host}: http:// is not allowed (`web_services.http` in config/vats.yaml)",
                "refused",
            )
        try:
            key = await asyncio.to_thread(self._secret, request.tenant)
        except SettingsError as error:
            raise _Failed(f"{url.host}: the tenant's key cannot be read", "refused") from error
        body = b"" if request.method == "get" else msgspec.json.encode(request.body)
        pause_s = _FIRST_PAUSE_S
        for left in range(request.retries, -1, -1):
            try:
                return await self._once(request, url, key, body)
            except _Failed as error:
                if not error.again or not left:
                    raise
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))
            pause_s *= 2
        raise AssertionError("unreachable")

    async def _once(self, request: WebRequest, url: httpx.URL, key: str, body: bytes) -> WebAnswer:
        try:
            async with self._pool.stream(
                request.method.upper(),
                httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=self._headers(request, url, key, body),
                content=body,
            ) as response:
                return await _read(url.host, response)
        except AddressRefused as error:
            raise _Failed(str(error), "refused") from error
        except _AGAIN_ERRORS as error:
            raise _Failed(
                f"{url.host} cannot be reached: {_plainly(error)}", "unreachable", again=True
            ) from error
        except (httpcore.ProtocolError, httpcore.NetworkError, httpcore.TimeoutException) as error:
            raise _Failed(f"{url.host}: {_plainly(error)}", "unreachable") from error

    def _headers(self, request: WebRequest, url: httpx.URL, key: str, body: bytes) -> list[tuple[str, str]]:
        timestamp = str(self._clock.wall_ms() // 1000)
        signed = url.raw_path if request.method == "get" else body
        return [
            *request.headers.items(),
            ("Host", url.netloc.decode()),
            ("Accept", "application/json"),
            ("Accept-Encoding", "identity"),
            ("User-Agent", "vats"),
            *([("Content-Type", "application/json")] if body else []),
            (KEY_HEADER, request.key),
            (TIMESTAMP_HEADER, timestamp),
            (SIGNATURE_HEADER, signature(key, timestamp, signed)),
        ]


async def _read(host: str, response: httpcore.Response) -> WebAnswer:
    if response.status != 200:
        redirect = ", a redirect, which is not followed" if 300 <= response.status < 400 else ""
        raise _Failed(
            f"{host} answered {response.status}{redirect}, expected 200",
            "status",
            again=response.status in _AGAIN_STATUS,
        )
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
    content = b""
    async for piece in response.aiter_stream():
        content += piece
        if len(content) > LARGEST_ANSWER:
            raise _Failed(f"{host} answered more than {LARGEST_ANSWER // 1024} kB", "bad_answer")
    try:
        return parse(host, headers.get("content-type", ""), headers.get("content-encoding", ""), content)
    except WebServiceFailed as error:
        raise _Failed(str(error), "bad_answer") from error


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    """The system's authorities, and those of a file of the platform's own.

    Raises `SettingsError` for a file that holds none.
    """
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except OSError as error:
            raise SettingsError(f"web_services.ca_file: {ca_file}: {error.strerror or error}") from error
    return context


def _plainly(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
