"""The one client for the web services of all tenants."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import httpcore
import httpx
import msgspec

from engine.calls.web_services import WebAnswer, WebRequest, WebServiceFailed
from engine.clock import Clock
from engine.scenarios.web_service import metrics
from engine.scenarios.web_service.answers import LARGEST_ANSWER, parse
from engine.scenarios.web_service.metrics import Outcome
from engine.settings import SettingsError, WebServiceSettings
from engine.signed_requests.addresses import AddressRefused
from engine.signed_requests.requests import SignedRequests, plainly

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
        self._requests = SignedRequests(
            settings, secret, clock, ca_file, at_once=settings.at_once, keep_s=_KEEP_S
        )
        self._all = asyncio.Semaphore(settings.at_once)
        self._of_tenant: dict[str, asyncio.Semaphore] = {}

    async def close(self) -> None:
        """Requests still under way fail."""
        await self._requests.close()

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
        if why := self._requests.refusal(url):
            raise _Failed(f"{url.host}: {why}", "refused")
        try:
            key = await self._requests.key(request.tenant)
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
            headers = [*request.headers.items(), ("Accept", "application/json")]
            async with self._requests.send(
                request.method.upper(), url, request.key, key, body, headers
            ) as response:
                return await _read(url.host, response)
        except AddressRefused as error:
            raise _Failed(str(error), "refused") from error
        except _AGAIN_ERRORS as error:
            raise _Failed(
                f"{url.host} cannot be reached: {plainly(error)}", "unreachable", again=True
            ) from error
        except (httpcore.ProtocolError, httpcore.NetworkError, httpcore.TimeoutException) as error:
            raise _Failed(f"{url.host}: {plainly(error)}", "unreachable") from error


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
