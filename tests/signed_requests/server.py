"""A customer's server on loopback that behaves as it is told: well, slowly, or not at all."""

import asyncio
import hashlib
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import trustme

SECRET = "key-of-acme"


@dataclass
class Got:
    """A request as it came."""

    method: str
    target: str
    headers: dict[str, str]  # names in lower case
    body: bytes
    connection: int

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


Behaviour = Callable[[Got, asyncio.StreamWriter], Awaitable[None]]


def says(
    content: bytes | object = None, status: str = "200 OK", kind: str = "application/json", **headers: str
) -> Behaviour:
    """A whole answer; `content` that is no bytes is sent as JSON."""
    body = content if isinstance(content, bytes) else msgspec.json.encode(content)

    async def answer(got: Got, writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)

    return answer


async def resets(got: Got, writer: asyncio.StreamWriter) -> None:
    """The connection breaks before there is an answer."""
    writer.transport.abort()


def after(seconds: float, then: Behaviour) -> Behaviour:
    async def answer(got: Got, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(seconds)
        await then(got, writer)

    return answer


async def drips(got: Got, writer: asyncio.StreamWriter) -> None:
    """Always one more byte, so that no single read is ever late."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


async def never_ends(got: Got, writer: asyncio.StreamWriter) -> None:
    """Without a Content-Length, as much as anybody takes."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"4000\r\n" + b" " * 0x4000 + b"\r\n")
        await writer.drain()


@dataclass
class Server:
    """`async with Server(ca) as server`; each request takes the next behaviour, the last one for ever."""

    ca: trustme.CA | None
    behaviours: list[Behaviour] = field(default_factory=lambda: [says({})])
    names: tuple[str, ...] = ("localhost", "127.0.0.1", "::1", "shop.example")
    host: str = "127.0.0.1"
    port: int = 0
    got: list[Got] = field(default_factory=list)
    connections: int = 0

    async def __aenter__(self) -> "Server":
        context = None
        if self.ca is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.ca.issue_cert(*self.names).configure_cert(context)
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._serve, self.host, self.port, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def url(self, path: str = "/call", host: str = "localhost") -> str:
        scheme = "https" if self.ca is not None else "http"
        return f"{scheme}://{host}:{self.port}{path}"

    def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.get_running_loop().create_task(self._speak(reader, writer, self.connections))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                method, target, _ = head[0].split(" ")
                headers = {
                    name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])
                }
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                got = Got(method, target, headers, body, number)
                self.got.append(got)
                behaviour = self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]
                await behaviour(got, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()


def hmac_by_the_book(key: bytes, text: bytes) -> str:
    """RFC 2104, written out, as hexadecimal."""
    block = key.ljust(64, b"\0") if len(key) <= 64 else hashlib.sha256(key).digest().ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block) + text).digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in block) + inner).hexdigest()


def ca_file(ca: trustme.CA, folder: Path) -> Path:
    path = folder / "ca.pem"
    ca.cert_pem.write_to_path(path)
    return path
