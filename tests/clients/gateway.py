"""A real HTTP server on loopback that takes text messages, within the limits that it documents.

Limits: a key, numbers in E.164 with their plus, 1 to 670 characters, a few messages a second (429 with
Retry-After), and the same id once: again is answered 200 and sent no second time.
"""

import asyncio
import json
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

LONGEST = 670


class Gateway:
    """`async with Gateway() as gateway`. `answers` are statuses that it gives before it takes anything."""

    def __init__(self, key: str = "secret-key", a_second: int = 100) -> None:
        self.key = key
        self.answers: list[int] = []
        self.sent: list[Mapping[str, str]] = []
        self.requests = 0
        self.port = 0
        self._a_second = a_second
        self._ids: set[str] = set()
        self._taken: list[float] = []

    async def __aenter__(self) -> "Gateway":
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await asyncio.sleep(0)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                headers = {
                    name.strip().lower(): value.strip()
                    for name, _, value in (line.partition(":") for line in head.decode().split("\r\n")[1:])
                }
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                status, told, more = self._take(headers, body)
                answer = json.dumps(told).encode()
                line = f"HTTP/1.1 {status} X\r\nContent-Length: {len(answer)}\r\n{more}\r\n"
                writer.write(line.encode() + answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _take(self, headers: Mapping[str, str], body: bytes) -> tuple[int, object, str]:
        self.requests += 1
        if self.answers and (status := self.answers.pop(0)) != 200:
            return status, {"error": "as the test wants it"}, "Retry-After: 7\r\n" if status == 429 else ""
        is_form = headers["content-type"].startswith("application/x-www-form-urlencoded")
        fields = dict(parse_qsl(body.decode())) if is_form else json.loads(body)
        if headers.get("authorization") != f"Bearer {self.key}":
            return 401, {"error": "wrong key"}, ""
        if not re.fullmatch(r"\+[1-9]\d{6,14}", fields.get("to", "")):
            return 400, {"error": "no number"}, ""
        if not 1 <= len(fields.get("text", "")) <= LONGEST:
            return 400, {"error": f"1 to {LONGEST} characters"}, ""
        now = asyncio.get_running_loop().time()
        self._taken = [at for at in self._taken if at > now - 1]
        if len(self._taken) >= self._a_second:
            return 429, {"error": "too many"}, "Retry-After: 1\r\n"
        self._taken.append(now)
        if fields["id"] not in self._ids:
            self._ids.add(fields["id"])
            self.sent.append(fields)
        return 200, {"accepted": True}, ""
