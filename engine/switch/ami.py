"""AMI: what ARI cannot do. Recording by MixMonitor, and AstDB, over one connection of our own life time.

panoramisk speaks the protocol. What it would do by itself is switched off: it reconnects by timers that
nobody owns, its futures hang when the connection goes, and it sends unanswered actions again later, which
would start a recording twice.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from itertools import count
from typing import Any

import structlog
from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager

from engine.switch.errors import Gone, Refused, SwitchAway

_log = structlog.get_logger(__name__)

_RETRY = 1.0  # seconds between attempts to connect
_GONE = ("no such channel", "not found", "entry could not be deleted", "could not stop monitoring")


class _Protocol(AMIProtocol):  # type: ignore[misc]
    """panoramisk's protocol, which tells us when its connection is lost."""

    def __init__(self) -> None:
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_lost(self, exc: object) -> None:
        self.close()
        if not self.lost.done():
            self.lost.set_result(None)


class _Link(Manager):  # type: ignore[misc]
    """One connection from its login to its loss. `on_event` gets what comes unasked."""

    on_event: Callable[[Mapping[str, str]], None] = staticmethod(lambda _: None)

    def ping(self) -> None:
        """No keepalive: each action has its time limit, and a timer here would have no owner."""

    def dispatch(self, event: Any) -> list[str]:
        """Whatever comes unasked."""
        self.on_event(event)
        return []


class Ami:
    """A connection to Asterisk's manager interface that is made again whenever it is lost, until `close()`.

    All actions raise `SwitchAway` (no connection, or no answer within `limit` seconds), `Gone` (no such
    channel) or `Refused` (Asterisk's own message is in it).
    """

    def __init__(self, host: str, port: int, username: str, secret: str, *, limit: float = 3.0) -> None:
        self._host, self._port, self._username, self._secret = host, port, username, secret
        self._limit = limit
        self._link: _Link | None = None
        self._logged_in = asyncio.Event()
        self._pending: set[asyncio.Future[Any]] = set()
        self._keeper: asyncio.Task[None] | None = None
        self._numbers = count(1)
        self._listeners: dict[str, Callable[[Mapping[str, str]], None]] = {}
        # Called after each log-in: events of before may have been missed.
        self.on_connected: Callable[[], None] = lambda: None

    @property
    def connected(self) -> bool:
        """Logged in, as far as we know."""
        return self._link is not None

    async def connect(self) -> None:
        """Log in and stay so. Raises `SwitchAway` or `Refused` when that fails now; it goes on being tried
        in the background all the same, until `close()`.
        """
        if self._keeper is not None:
            return
        first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._keeper = asyncio.create_task(self._keep(first), name="ami")
        await asyncio.wait({first, self._keeper}, return_when=asyncio.FIRST_COMPLETED)
        await (first if first.done() else self._keeper)

    def listen(self, event: str, listener: Callable[[Mapping[str, str]], None]) -> None:
        """Before `connect`: events of this name are for it. `manager.conf` says which are sent at all."""
        self._listeners[event] = listener

    async def wait_connected(self, limit: float) -> None:
        """Wait for the log-in. Raises `SwitchAway` after `limit` seconds."""
        try:
            async with asyncio.timeout(limit):
                await self._logged_in.wait()
        except TimeoutError:
            raise SwitchAway(f"not connected to {self._host}:{self._port} within {limit:g} s") from None

    async def close(self) -> None:
        """End the connection and everything that belongs to it."""
        if self._keeper is None:
            return
        keeper, self._keeper = self._keeper, None
        keeper.cancel()
        await asyncio.wait({keeper})

    async def start_mixmonitor(self, channel_name: str, receive_file: str, transmit_file: str) -> None:
        """Record what the switch receives from this channel and what it sends to it, each to a file of its
        own, in step with each other. The files' endings choose the format.
        """
        options = f"r({receive_file})t({transmit_file})"
        await self._send({"Action": "MixMonitor", "Channel": channel_name, "File": "", "Options": options})

    async def stop_mixmonitor(self, channel_name: str) -> None:
        """End the recording. `Gone` when the channel or the recording has ended by itself already."""
        await self._send({"Action": "StopMixMonitor", "Channel": channel_name})

    async def mute_mixmonitor(self, channel_name: str, muted: bool) -> None:
        """While muted, both files go on with silence. A recording that has ended raises nothing."""
        state = "1" if muted else "0"
        await self._send(
            {"Action": "MixMonitorMute", "Channel": channel_name, "Direction": "both", "State": state}
        )

    async def database_put(self, family: str, key: str, value: str) -> None:
        """Store one value in AstDB, which survives a restart of Asterisk."""
        await self._send({"Action": "DBPut", "Family": family, "Key": key, "Val": value})

    async def database_delete(self, family: str, key: str) -> None:
        """Remove one value; no error when it was not there."""
        with contextlib.suppress(Gone):
            await self._send({"Action": "DBDel", "Family": family, "Key": key})

    async def database_tree(self, family: str) -> dict[str, str]:
        """All keys and values of a family; empty when there is none."""
        try:
            answer = await self._send({"Action": "DBGetTree", "Family": family}, many=True)
        except Gone:
            return {}
        prefix = f"/{family}/"
        return {
            message["Key"].removeprefix(prefix): message.get("Val", "")
            for message in answer
            if message.get("Event", "") == "DBGetTreeResponse"
        }

    async def reload(self, module: str) -> None:
        """Let a module read its configuration again: `res_musiconhold`, `pbx_config`."""
        await self._send({"Action": "Reload", "Module": module})

    async def notify(self, endpoint: str, *, event: str, content_type: str, content: Iterable[str]) -> None:
        """Send a NOTIFY outside of any dialog to all contacts of an endpoint; `content` is lines of text.
        What they answer is not known.
        """
        variables = [f"Event={event}", f"Content-type={content_type}"]
        variables += [f"Content={line}" for line in content]
        await self._send(
            # The last, empty line ends the line before it.
            {"Action": "PJSIPNotify", "Endpoint": endpoint, "Variable": [*variables, "Content="]}
        )

    async def _send(self, fields: Mapping[str, str | list[str]], *, many: bool = False) -> Any:
        link = self._link
        named = ("Channel", "Key", "Family", "Endpoint", "Module")
        about = next((fields[name] for name in named if name in fields), "")
        what = f"{fields['Action']} {about}"
        for name, value in fields.items():
            lines = [value] if isinstance(value, str) else value
            if any("\r" in line or "\n" in line for line in lines):
                raise Refused(f"{what}: a line break in {name} is not possible")
        if link is None:
            raise SwitchAway(f"{what}: not connected to {self._host}:{self._port}")
        action = Action({**fields, "ActionID": str(next(self._numbers))})
        # None lets panoramisk find out by the answer whether more messages follow.
        future: asyncio.Future[Any] = link.send_action(action, as_list=None if many else False)
        self._pending.add(future)
        try:
            async with asyncio.timeout(self._limit):
                answer = await future
        except TimeoutError:
            # Whatever follows on this connection is as late: begin a new one.
            if self._link is link:
                self._link = None
                self._logged_in.clear()
            link.protocol.transport.abort()
            raise SwitchAway(f"{what}: no answer within {self._limit:g} s") from None
        finally:
            self._pending.discard(future)
            link.protocol.responses.pop(action.id, None)
        first = answer[0] if isinstance(answer, list) else answer
        if not first.success:
            message = first.message or first.response
            gone = any(sign in message.lower() for sign in _GONE)
            raise (Gone if gone else Refused)(f"{what}: {message}")
        return answer

    async def _keep(self, first: asyncio.Future[None]) -> None:
        """Log in again and again."""
        while True:
            try:
                link = await self._log_in()
            except (SwitchAway, Refused) as error:
                if first.done():
                    _log.debug("ami.not_connected", reason=str(error))
                else:
                    first.set_exception(error)
                await asyncio.sleep(_RETRY)
                continue
            self._link = link
            self._logged_in.set()
            self.on_connected()
            if not first.done():
                first.set_result(None)
            _log.info("ami.connected", host=self._host, port=self._port)
            try:
                await asyncio.shield(link.protocol.lost)
                _log.warning("ami.lost", host=self._host, port=self._port)
            finally:
                self._link = None
                self._logged_in.clear()
                self._fail_pending()
                await _drop(link)

    def _fail_pending(self) -> None:
        for future in self._pending:
            if not future.done():
                future.set_exception(SwitchAway(f"connection to {self._host}:{self._port} was lost"))

    def _dispatch(self, event: Mapping[str, str]) -> None:
        listener = self._listeners.get(event.get("Event", ""))
        if listener is None:
            return
        try:
            listener(event)
        except Exception:  # it must not end the connection
            _log.exception("ami.listener_failed", event_name=event.get("Event"))

    async def _log_in(self) -> _Link:
        where = f"AMI {self._host}:{self._port}"
        loop = asyncio.get_running_loop()
        events = "on" if self._listeners else "off"
        link = _Link(host=self._host, port=self._port, loop=loop, events=events)
        link.on_event = self._dispatch
        try:
            async with asyncio.timeout(self._limit):
                made = await loop.create_connection(_Protocol, self._host, self._port)
        except (OSError, TimeoutError) as error:
            raise SwitchAway(f"{where}: {error or 'no answer'}") from error
        established: asyncio.Future[Any] = loop.create_future()
        established.set_result(made)
        link.connection_made(established)
        login = {"Action": "Login", "Username": self._username, "Secret": self._secret, "Events": events}
        answered: asyncio.Future[Any] = link.send_action(login)
        done = False
        try:
            await asyncio.wait(
                {answered, link.protocol.lost}, timeout=self._limit, return_when=asyncio.FIRST_COMPLETED
            )
            if not answered.done():
                raise SwitchAway(f"{where}: no answer to the login")
            if not answered.result().success:
                raise Refused(f"{where}: login as {self._username} refused: {answered.result().message}")
            done = True
        finally:
            if not done:
                await _drop(link)
        if link.pinger is not None:
            link.pinger.cancel()
            link.pinger = None
        return link


async def _drop(link: _Link) -> None:
    """End a connection at once, and see it ended."""
    link.close()
    link.protocol.transport.abort()
    await link.protocol.lost
