"""Operations over a local socket: a line of JSON each way.

`{"operation": "calls", "arguments": {}}` is answered by `{"ok": true, "result": …}` or by
`{"ok": false, "error": "…"}`. The socket is ours alone (mode 0600); a connection may ask many times.
"""

import asyncio
import contextlib
import inspect
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import structlog

from engine.settings import Settings

Handler = Callable[..., Awaitable[object]]

_LONGEST_REQUEST = 1024 * 1024
_LONGEST_ANSWER = 64 * 1024 * 1024
_log = structlog.get_logger(__name__)


class EngineAway(Exception):
    """Nobody answers on the socket, or not within the time limit. Whether it was done is not known."""


class OperationFailed(Exception):
    """The operation was understood to have been asked, and failed; the message is the other side's."""


class Request(msgspec.Struct):
    operation: str
    arguments: dict[str, Any] = {}


class Answer(msgspec.Struct, omit_defaults=True):
    ok: bool
    result: Any = None
    error: str = ""


_request_decoder = msgspec.json.Decoder(Request)
_answer_decoder = msgspec.json.Decoder(Answer)
_encoder = msgspec.json.Encoder()


class SocketClient:
    """Asks whoever serves this socket."""

    def __init__(self, path: Path, limit: float = 3.0) -> None:
        self._path = path
        self._limit = limit

    async def call(self, operation: str, /, *, limit: float | None = None, **arguments: object) -> Any:
        """The operation's result. Raises `EngineAway`, also after `limit` seconds, or `OperationFailed`."""
        seconds = self._limit if limit is None else limit
        try:
            async with asyncio.timeout(seconds):
                return await self._call(operation, arguments)
        except TimeoutError:
            raise EngineAway(f"{self._path}: no answer to `{operation}` within {seconds:g} s") from None
        except OSError as error:
            raise EngineAway(f"{self._path}: {error.strerror or error}") from error

    async def _call(self, operation: str, arguments: dict[str, object]) -> Any:
        reader, writer = await asyncio.open_unix_connection(self._path, limit=_LONGEST_ANSWER)
        try:
            writer.write(_encoder.encode(Request(operation, arguments)) + b"\n")
            await writer.drain()
            line = await reader.readline()
        except ValueError as error:
            raise EngineAway(f"{self._path}: the answer to `{operation}` is too long") from error
        finally:
            writer.close()
        if not line.endswith(b"\n"):
            raise EngineAway(f"{self._path}: the connection ended before `{operation}` was answered")
        try:
            answer = _answer_decoder.decode(line)
        except msgspec.DecodeError as error:
            raise EngineAway(f"{self._path}: the answer to `{operation}` is no answer: {error}") from error
        if not answer.ok:
            raise OperationFailed(answer.error)
        return answer.result


class EngineClient(SocketClient):
    """Asks the engine of this installation."""

    def __init__(self, settings: Settings, limit: float = 3.0) -> None:
        super().__init__(settings.engine_socket, limit)


class OperationServer:
    """A socket that is being served. `close()` ends it, with the requests still running."""

    def __init__(self, path: Path, handlers: Mapping[str, Handler]) -> None:
        self._path = path
        self._handlers = handlers
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._inode = -1

    async def start(self) -> None:
        """Take the place of whatever socket lies there. Raises `OSError`."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # Made under another name and renamed, so that it is never there with wrong rights, or there and deaf.
        part = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        part.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._connected, part, limit=_LONGEST_REQUEST)
        part.chmod(0o600)
        self._inode = part.stat().st_ino
        part.rename(self._path)

    async def close(self) -> None:
        """Stop listening and end all connections; the socket's file goes, unless it is another server's."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close()
        connections = list(self._connections)
        for connection in connections:
            connection.cancel()
        if connections:
            await asyncio.wait(connections)
        with contextlib.suppress(FileNotFoundError):
            if self._path.stat().st_ino == self._inode:
                self._path.unlink()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while line := await reader.readline():
                writer.write(_encoder.encode(await self._answer(line)) + b"\n")
                await writer.drain()
        except (OSError, ValueError) as error:  # gone, or a line without end
            _log.debug("operation.connection_ended", reason=str(error))
        finally:
            self._connections.discard(task)
            writer.close()

    async def _answer(self, line: bytes) -> Answer:
        try:
            request = _request_decoder.decode(line)
        except msgspec.DecodeError as error:
            return Answer(False, error=f"not a request: {error}")
        handler = self._handlers.get(request.operation)
        if handler is None:
            known = ", ".join(sorted(self._handlers))
            return Answer(False, error=f"no operation `{request.operation}`; there are: {known}")
        try:
            inspect.signature(handler).bind(**request.arguments)
        except TypeError as error:
            return Answer(False, error=f"{request.operation}: {error}")
        try:
            result = msgspec.to_builtins(await handler(**request.arguments))
        except Exception as error:
            _log.warning("operation.failed", operation=request.operation, error=repr(error))
            return Answer(False, error=f"{request.operation}: {error or type(error).__name__}")
        return Answer(True, result)


async def serve(path: Path, handlers: Mapping[str, Handler]) -> OperationServer:
    """Answer operations on this socket until the server is closed. Raises `OSError`.

    A handler gets the request's arguments by name; what it returns must be JSON's or msgspec's. Its
    exceptions become the answer's error.
    """
    server = OperationServer(path, handlers)
    await server.start()
    return server
