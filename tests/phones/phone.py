"""`Phone`: a SIP phone with real sound, scripted from a test, running in a process of its own."""

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .call import PhoneCall, PhoneError, PhoneEvent

__all__ = ["Phone", "PhoneCall", "PhoneError", "PhoneEvent"]

_CHECKOUT = Path(__file__).resolve().parents[2]
_MESSAGES = re.compile(r"^Voice-Message\s*:\s*(\d+)/(\d+)", re.MULTILINE | re.IGNORECASE)
_WAITING = re.compile(r"^Messages-Waiting\s*:\s*yes", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True)
class MessageLight:
    """What the last NOTIFY for message-summary said (RFC 3842): is the light on, new and old messages."""

    on: bool = False
    new: int = 0
    old: int = 0


class Phone:
    """A user's phone that registers, or (`password=""`) the far end of a trunk that does not.

    Use it as `async with Phone(…) as phone`, or call `start` and `stop`. `folder` receives its SIP log
    (`USERNAME.sip.log`) and whatever it prints (`USERNAME.err`). `local_port` 0 takes a free port.
    It hears of voice messages when the switch tells; with `asks_for_messages` it subscribes to them too.
    It holds several calls at once.
    """

    def __init__(
        self,
        server_host: str,
        server_port: int,
        username: str,
        password: str,
        folder: Path,
        *,
        local_host: str = "127.0.0.1",
        local_port: int = 0,
        asks_for_messages: bool = False,
    ) -> None:
        self.server = f"{server_host}:{server_port}"
        self.username = username
        self.folder = folder
        self.calls: list[PhoneCall] = []
        self.registered = False
        self.mwi = MessageLight()
        self.mwi_history: list[MessageLight] = []
        self._arguments = {
            "server": self.server,
            "username": username,
            "password": password,
            "address": local_host,
            "port": local_port,
            "log": str(folder / f"{username}.sip.log"),
            "asks_for_messages": asks_for_messages,
        }
        self._errors = folder / f"{username}.err"
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._by_number: dict[int, PhoneCall] = {}
        self._offered: asyncio.Queue[PhoneCall] = asyncio.Queue()
        self._registrations: asyncio.Queue[PhoneEvent] = asyncio.Queue()
        self._started = asyncio.Event()
        self._changed = asyncio.Condition()
        self._last_request = 0

    @classmethod
    def trunk(
        cls, server_host: str, server_port: int, folder: Path, *, local_port: int, name: str = "trunk"
    ) -> Self:
        """The far end of a trunk: known by its address and port, it neither registers nor logs in."""
        return cls(server_host, server_port, name, "", folder, local_port=local_port)

    @property
    def stopped(self) -> bool:
        return self._reader is None or self._reader.done()

    @property
    def pid(self) -> int:
        """The process that holds the phone; killing it is a phone that loses its power."""
        if self._process is None:
            raise PhoneError(f"phone {self.username} was not started")
        return self._process.pid

    @property
    def how_ended(self) -> str:
        """What is known of the end of its process: the status and the last that it printed."""
        if self._process is None:
            return "was not started"
        code = self._process.returncode
        if code is None:
            return "is ending"
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
        return f"{how}: {self._errors.read_text(errors='replace')[-1500:]}"

    async def start(self, timeout: float = 10) -> None:
        """Start the process. Raises `PhoneError` when it does not come up; its `.err` file says why."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._errors.open("wb") as stderr:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-X", "faulthandler", "-m", "tests.phone_process.worker"),
                json.dumps(self._arguments),
                env={**os.environ, "PYTHONPATH": str(_CHECKOUT)},
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=stderr,
                limit=1 << 20,
            )
        self._reader = asyncio.create_task(self._read(), name=f"phone {self.username}")
        started = asyncio.create_task(self._started.wait())
        await asyncio.wait({started, self._reader}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        if not started.done():
            started.cancel()
            await self.kill()
            raise PhoneError(f"phone {self.username} did not start: its process {self.how_ended}")

    async def stop(self) -> None:
        """Hang up what is left, end the process. Does nothing where it has ended."""
        if self._process is None:
            return
        with contextlib.suppress(PhoneError, TimeoutError):
            async with asyncio.timeout(5):
                if not self.stopped:
                    await self.request("stop")
                await self._process.wait()
        await self.kill()

    async def kill(self) -> None:
        """End the process at once, saying nothing to the switch: a phone that loses its power."""
        process, reader = self._process, self._reader
        if process is None or reader is None:
            return
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        await process.wait()
        if process.stdin is not None:
            process.stdin.close()
        await reader

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    async def register(self, timeout: float = 5) -> None:
        """Log in at the server. Raises `PhoneError` with the SIP status when it is refused."""
        await self._registration("register", timeout)
        self.registered = True

    async def unregister(self, timeout: float = 5) -> None:
        await self._registration("unregister", timeout)
        self.registered = False

    async def call(
        self,
        number: str,
        *,
        caller: str | None = None,
        caller_name: str = "",
        headers: dict[str, str] | None = None,
    ) -> PhoneCall:
        """Send an INVITE for this number. `caller` replaces the phone's own name in From (for trunks)."""
        answer = await self.request(
            "call", number=number, caller=caller, caller_name=caller_name, headers=headers or {}
        )
        return self._by_number[answer["call"]]

    async def wait_incoming(self, timeout: float = 10) -> PhoneCall:
        """The next call offered to this phone; it rings nobody until `ring` or `answer`."""
        try:
            async with asyncio.timeout(timeout):
                return await self._offered.get()
        except TimeoutError:
            raise PhoneError(f"phone {self.username}: no call within {timeout} s") from None

    async def wait_mwi(self, new: int, old: int | None = None, timeout: float = 10) -> MessageLight:
        """Wait until the message light shows so many new (and old) messages."""

        def shown() -> bool:
            return bool(self.mwi_history) and self.mwi.new == new and old in (None, self.mwi.old)

        await self._until(shown, f"{new} new messages; the light shows {self.mwi}", timeout)
        return self.mwi

    @property
    def offers(self) -> int:
        """Calls that were offered to it and that nobody has looked at yet."""
        return self._offered.qsize()

    def forget_offers(self) -> None:
        """`wait_incoming` gives only calls offered from now on."""
        while not self._offered.empty():
            self._offered.get_nowait()

    async def request(self, action: str, **arguments: Any) -> dict[str, Any]:
        """One request to the process; raises `PhoneError` with its reason when it fails."""
        if self.stopped or self._process is None or self._process.stdin is None:
            raise PhoneError(f"phone {self.username} is not running: its process {self.how_ended}")
        self._last_request += 1
        number = self._last_request
        self._answers[number] = asyncio.get_running_loop().create_future()
        line = json.dumps({"id": number, "do": action, **arguments}, ensure_ascii=False)
        try:
            self._process.stdin.write(line.encode() + b"\n")
            async with asyncio.timeout(10):
                answer = await self._answers[number]
        except (TimeoutError, ConnectionError) as error:
            raise PhoneError(f"phone {self.username}: no answer to {action!r}") from error
        finally:
            del self._answers[number]
        if not answer["ok"]:
            raise PhoneError(f"phone {self.username}: {action}: {answer['error']}")
        return answer

    async def _until(self, reached: Callable[[], bool], what: str, timeout: float) -> None:
        try:
            async with asyncio.timeout(timeout), self._changed:
                await self._changed.wait_for(lambda: reached() or self.stopped)
        except TimeoutError:
            raise PhoneError(f"phone {self.username}: within {timeout} s not: {what}") from None
        if not reached():
            raise PhoneError(f"phone {self.username} stopped before: {what}; its process {self.how_ended}")

    async def _registration(self, action: str, timeout: float) -> None:
        while not self._registrations.empty():
            self._registrations.get_nowait()
        await self.request(action)
        try:
            async with asyncio.timeout(timeout):
                event = await self._registrations.get()
        except TimeoutError:
            raise PhoneError(f"phone {self.username}: no answer to {action} within {timeout} s") from None
        if event.details["code"] != 200:
            raise PhoneError(
                f"phone {self.username}: {action}: {event.details['code']} {event.details['reason']}"
            )

    async def _read(self) -> None:
        """Owns the process's output until it ends; then every waiter is told."""
        assert self._process is not None
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            message = json.loads(line)
            if "id" in message:
                waiting = self._answers.get(message["id"])
                if message.get("call") is not None:
                    self._call(message["call"])
                if waiting is not None and not waiting.done():
                    waiting.set_result(message)
            else:
                await self._event(message)
        await self._process.wait()
        for waiting in self._answers.values():
            if not waiting.done():
                waiting.set_result({"ok": False, "error": f"the phone's process {self.how_ended}"})
        for call in self.calls:
            await call.wake()

    async def _event(self, message: dict[str, Any]) -> None:
        name, at_ms = message.pop("event"), message.pop("at_ms")
        event = PhoneEvent(name, at_ms, message)
        if name == "started":
            self._started.set()
        elif name == "registration":
            self._registrations.put_nowait(event)
        elif name == "incoming":
            call = self._call(message["call"], "incoming", at_ms, message["remote"], message["message"])
            self._offered.put_nowait(call)
        elif name == "messages":
            counts = _MESSAGES.search(message["message"])
            new, old = (int(counts[1]), int(counts[2])) if counts else (0, 0)
            self.mwi = MessageLight(bool(_WAITING.search(message["message"])), new, old)
            self.mwi_history.append(self.mwi)
            async with self._changed:
                self._changed.notify_all()
        elif "call" in message:
            await self._call(message["call"], at_ms=at_ms).notice(event)

    def _call(
        self, number: int, state: Any = "calling", at_ms: int = 0, remote: str = "", message: str = ""
    ) -> PhoneCall:
        """The call of this number. Its first event may come before the answer to the request that made it."""
        call = self._by_number.get(number)
        if call is None:
            call = self._by_number[number] = PhoneCall(self, number, state, at_ms, remote, message)
            self.calls.append(call)
        return call
