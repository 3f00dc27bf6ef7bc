"""Requests signed with a tenant's key, which go to no address that the platform keeps to itself.

It is built on httpcore, the engine of httpx: what httpx adds (redirects, cookies, proxies of the environment,
unpacking) is all that must not happen here.
"""

import asyncio
import ssl
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import httpcore
import httpx

from engine.clock import Clock
from engine.settings import SettingsError, WebServiceSettings
from engine.signed_requests.addresses import AddressGuard, GuardedNetwork
from engine.signed_requests.signature import (
    KEY_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    signature,
)


class SignedRequests:
    """`secret(tenant)` is the key that a tenant's requests are signed with; it may block. At most `at_once`
    connections, each kept for `keep_s` seconds. To be closed with `close`.
    """

    def __init__(
        self,
        settings: WebServiceSettings,
        secret: Callable[[str], str],
        clock: Clock,
        ca_file: Path | None,
        *,
        at_once: int,
        keep_s: float | None = None,
    ) -> None:
        self._http = settings.http
        self._secret = secret
        self._clock = clock
        self._network = GuardedNetwork(AddressGuard(settings.allow))
        self.pool = httpcore.AsyncConnectionPool(
            ssl_context=trusted(ca_file),
            max_connections=at_once,
            keepalive_expiry=keep_s,
            network_backend=self._network,
        )

    async def close(self) -> None:
        """Requests still under way fail."""
        await self.pool.aclose()
        self._network.close()

    def refusal(self, url: httpx.URL) -> str:
        """Why nothing is sent there, whatever its address; empty where it may be."""
        if url.scheme == "https" or self._http:
            return ""
        return "http:// is not allowed (`web_services.http` in config/vats.yaml)"

    async def key(self, tenant: str) -> str:
        """Raises `SettingsError` where it cannot be read."""
        return await asyncio.to_thread(self._secret, tenant)

    def send(
        self,
        method: str,
        url: httpx.URL,
        request_id: str,
        key: str,
        body: bytes,
        headers: Iterable[tuple[str, str]] = (),
    ) -> AbstractAsyncContextManager[httpcore.Response]:
        """The answer, still to be read. The body is signed, of a GET the path with its query. Raises
        `AddressRefused` and what httpcore does.
        """
        timestamp = str(self._clock.wall_ms() // 1000)
        signed = url.raw_path if method == "GET" else body
        return self.pool.stream(
            method,
            httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=[
                *headers,
                ("Host", url.netloc.decode()),
                ("Accept-Encoding", "identity"),
                ("User-Agent", "vats"),
                *([("Content-Type", "application/json")] if body else []),
                (KEY_HEADER, request_id),
                (TIMESTAMP_HEADER, timestamp),
                (SIGNATURE_HEADER, signature(key, timestamp, signed)),
            ],
            content=body,
        )


def trusted(ca_file: Path | None) -> ssl.SSLContext:
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


def plainly(error: Exception) -> str:
    """What httpcore says, in one line."""
    return " ".join(str(error).split())[:200] or type(error).__name__
