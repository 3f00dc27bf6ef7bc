"""One request to a receiver: signed with the tenant's key, guarded as web services are."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import httpcore
import httpx

from engine.clock import Clock
from engine.integrations.webhooks.outbox import End
from engine.records.query import iso
from engine.settings import SettingsError, WebServiceSettings
from engine.signed_requests.addresses import AddressRefused
from engine.signed_requests.requests import SignedRequests, plainly

TIMEOUT_S = 10.0
_AT_ONCE = 20
# These say that the receiver cannot take it now; all other 4xx that it never will.
_LATER = frozenset({408, 425, 429})
_MOST_READ = 64 * 1024


class Letter(NamedTuple):
    """What a receiver is told; `at` is UTC milliseconds, `id` the same for all tries."""

    tenant: str
    kind: str
    id: str
    at: int
    data: Any

    def body(self) -> bytes:
        """JSON in UTF-8."""
        content = {
            "id": self.id,
            "event": self.kind,
            "tenant": self.tenant,
            "at": iso(self.at),
            "data": self.data,
        }
        return json.dumps(content).encode()


class Poster:
    """`secret(tenant)` is the key that requests are signed with; it may block. To be closed with `close`."""

    def __init__(
        self,
        settings: WebServiceSettings,
        secret: Callable[[str], str],
        clock: Clock,
        ca_file: Path | None = None,
    ) -> None:
        self._clock = clock
        self._requests = SignedRequests(settings, secret, clock, ca_file, at_once=_AT_ONCE)

    async def close(self) -> None:
        await self._requests.close()

    async def post(self, url: str, letter: Letter) -> End:
        """What came of it, within ten seconds: `sent`, `refused`, or `waiting`: it may be tried again."""
        began = self._clock.monotonic_ms()
        try:
            async with asyncio.timeout(TIMEOUT_S):
                end = await self._post(httpx.URL(url), letter)
        except TimeoutError:
            end = End("waiting", error=f"no answer within {TIMEOUT_S:g} s")
        except AddressRefused as error:
            end = End("refused", error=str(error))
        except SettingsError as error:
            end = End("waiting", error=f"the tenant's key cannot be read: {error}")
        except (httpcore.ProtocolError, httpcore.NetworkError, httpcore.TimeoutException) as error:
            end = End("waiting", error=f"cannot be reached: {plainly(error)}")
        return end._replace(milliseconds=self._clock.monotonic_ms() - began)

    async def _post(self, url: httpx.URL, letter: Letter) -> End:
        if why := self._requests.refusal(url):
            return End("refused", error=why)
        key = await self._requests.key(letter.tenant)
        async with self._requests.send("POST", url, letter.id, key, letter.body()) as response:
            end = _judged(response.status)
            read = 0
            async for piece in response.aiter_stream():  # so that the connection can be used again
                read += len(piece)
                if read > _MOST_READ:
                    break
            return end


def _judged(status: int) -> End:
    if 200 <= status < 300:
        return End("sent", status)
    if 300 <= status < 400:
        return End("refused", status, f"answered {status}, a redirect, which is not followed; expected 2xx")
    later = status in _LATER or status >= 500
    return End("waiting" if later else "refused", status, f"answered {status}, expected 2xx")
