"""One call of a scripted phone, as a test sees it."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .sound import tones_heard

if TYPE_CHECKING:
    from .phone import Phone

State = Literal["calling", "incoming", "ringing", "answered", "ended"]
HangUpOn = Literal["success", "accepted", "never"]
_REMOTE = re.compile(r'^\s*(?:"(?P<name>(?:[^"\\]|\\.)*)"|(?P<token>[^<"]*?))\s*<sips?:(?P<user>[^@;>]*)')


def _name(address: re.Match[str] | None) -> str:
    return (address["name"] or address["token"] or "").replace('\\"', '"') if address else ""


def _display(address: re.Match[str] | None) -> str:
    number, name = address["user"] if address else "", _name(address)
    return f"{name} <{number}>" if name else number


class PhoneError(Exception):
    """A phone could not do what the test asked for, or not in time."""


@dataclass(frozen=True)
class PhoneEvent:
    """Something that the phone saw. `at_ms` is UTC milliseconds by the machine's clock."""

    name: str
    at_ms: int
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TransferStatus:
    """How a transfer goes: the answer to the REFER (202, or a refusal), then a NOTIFY each.

    `final`: the refusal, or the last NOTIFY. `at_ms` is UTC milliseconds.
    """

    code: int
    reason: str
    final: bool
    at_ms: int


class PhoneCall:
    """A call made by or offered to a `Phone`.

    `times` has the UTC milliseconds at which each state was first reached; `events` has everything in order;
    `code` and `reason` are the last SIP status. `message` is the INVITE as received, for calls offered to us.
    `transfers` is what was told of the transfers asked for in this call.
    """

    def __init__(
        self, phone: "Phone", number: int, state: State, at_ms: int, remote: str, message: str
    ) -> None:
        self.phone = phone
        self.number = number
        self.state: State = state
        self.times: dict[str, int] = {state: at_ms}
        self.events: list[PhoneEvent] = [PhoneEvent(state, at_ms)]
        self.code = 0
        self.reason = ""
        self.message = message
        self.has_sound = False
        self.digits_heard = ""
        self.transfers: list[TransferStatus] = []
        self._remote = _REMOTE.match(remote)
        self._shown = self._remote
        self._recording: Path | None = None
        self._changed = asyncio.Condition()

    @property
    def caller_number(self) -> str:
        """User part of the other side's address in the INVITE's From."""
        return self._remote["user"] if self._remote else ""

    @property
    def caller_name(self) -> str:
        """Display name in the INVITE's From, "" where there is none."""
        return _name(self._remote)

    @property
    def caller_display(self) -> str:
        """What the screen shows as it rings: `Иван Петров <+79031112233>`, or only the number."""
        return _display(self._remote)

    @property
    def display(self) -> str:
        """What the screen shows now: P-Asserted-Identity of later messages takes the place of From."""
        return _display(self._shown)

    async def wait_display(self, display: str, timeout: float = 10) -> None:
        """Wait until the screen shows exactly this."""
        await self._until(
            lambda: self.display == display, f"display {display!r} (not {self.display!r})", timeout
        )

    async def ring(self) -> None:
        """Answer an offered call with 180 Ringing."""
        await self._do("answer", code=180)

    async def progress(self) -> None:
        """Answer an offered call with 183 Session Progress: its network speaks, nobody rings yet."""
        await self._do("answer", code=183)

    async def answer(self, timeout: float = 5) -> None:
        """Take an offered call, and wait until the switch has acknowledged it."""
        await self._do("answer", code=200)
        await self.wait_state("answered", timeout)

    async def reject(self, code: int = 486) -> None:
        """Refuse an offered call with this SIP status (486 busy, 603 decline, 480 …)."""
        await self._do("hangup", code=code)
        await self.wait_state("ended")

    async def hangup(self, timeout: float = 5) -> None:
        """End the call at any stage. Nothing happens where it has ended already."""
        if self.state == "ended":
            return
        try:
            await self._do("hangup")
        except PhoneError:
            # The other side may have been quicker.
            if "ended" not in self.times:
                raise
        await self.wait_state("ended", timeout)

    async def wait_state(self, state: State, timeout: float = 10) -> int:
        """Wait until the state has been reached (also earlier); returns when, in UTC milliseconds.

        Raises `PhoneError` when the call ends without reaching it, or when time is up.
        """
        await self._until(lambda: state in self.times, f"state {state!r}", timeout)
        return self.times[state]

    async def wait_sound(self, timeout: float = 5) -> None:
        """Wait until sound flows, as early media or after the answer."""
        await self._until(lambda: self.has_sound, "sound", timeout)

    async def digits(self, digits: str, duration_ms: int = 100) -> None:
        """Press keys (RFC 4733), one after the other; returns when they are queued."""
        await self._do("digits", digits=digits, duration_ms=duration_ms)

    async def wait_digits(self, digits: str, timeout: float = 5) -> None:
        """Wait until exactly these keys in all have been heard from the other side."""
        await self._until(lambda: self.digits_heard == digits, f"digits {digits!r}", timeout)

    async def play(self, wav: Path, loop: bool = True) -> None:
        """Send a WAV file (8 kHz, mono, 16 bits) into the call from when sound flows."""
        await self._do("play", file=str(wav), loop=loop)

    async def stop_play(self) -> None:
        await self._do("stop_play")

    async def record(self, wav: Path) -> None:
        """Record what this phone hears. The file is complete after `stop_record` or the end of the call."""
        await self._do("record", file=str(wav))
        self._recording = wav

    async def wait_tone(self, hz: int, seconds: float = 0.5, timeout: float = 10) -> None:
        """Wait until the recording begun by `record` holds so many seconds of this tone."""
        if self._recording is None:
            raise PhoneError(f"{self}: nothing is being recorded")
        heard = 0.0
        try:
            async with asyncio.timeout(timeout):
                while (heard := tones_heard(self._recording, [hz])[hz].seconds) < seconds:
                    if self.state == "ended" or self.phone.stopped:
                        raise PhoneError(f"{self}: ended, having heard {heard:.1f} s of {hz} Hz")
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise PhoneError(f"{self}: heard {heard:.1f} s of {hz} Hz within {timeout} s") from None

    async def stop_record(self) -> None:
        await self._do("stop_record")

    async def hold(self, timeout: float = 5) -> None:
        """Put the other side on hold; returns when the switch has agreed."""
        self.has_sound = False
        seen = self._seen("no_sound")
        await self._do("hold")
        await self._until(lambda: self._seen("no_sound") > seen, "hold", timeout)

    async def unhold(self, timeout: float = 5) -> None:
        """Talk on; what was played and recorded goes on. Returns when sound can flow again."""
        seen = self._seen("sound")
        await self._do("unhold")
        await self._until(lambda: self._seen("sound") > seen, "sound after hold", timeout)

    async def transfer(self, number: str, hang_up_on: HangUpOn = "success") -> None:
        """Blind transfer by REFER to a number at the same server. Returns when it is sent: `wait_transfer`.

        `hang_up_on` success: the phone says BYE once it is told of success, as most do; accepted: on the 202
        already; never: it waits for the switch's BYE.
        """
        await self._do("transfer", number=number, hang_up_on=hang_up_on)

    async def transfer_to(self, other: "PhoneCall", hang_up_on: HangUpOn = "success") -> None:
        """Attended transfer: REFER with Replaces, which connects this call's other side with that of `other`,
        another call of the same phone. The phone hangs up this call only; `other` is ended by the switch.
        """
        await self._do("transfer_to", other=other.number, hang_up_on=hang_up_on)

    async def wait_transfer(self, code: int = 200, timeout: float = 10) -> TransferStatus:
        """Wait until the phone was told this status of its transfer (also earlier).

        Raises `PhoneError` when time is up, or another final status has come.
        """

        def told() -> list[TransferStatus]:
            return [status for status in self.transfers if status.code == code]

        def settled() -> bool:
            return bool(told()) or any(status.final for status in self.transfers) or self.phone.stopped

        try:
            async with asyncio.timeout(timeout), self._changed:
                await self._changed.wait_for(settled)
        except TimeoutError:
            raise PhoneError(
                f"{self}: no transfer status {code} within {timeout} s: {self.transfers}"
            ) from None
        if not told():
            raise PhoneError(f"{self}: no transfer status {code}: {self.transfers}")
        return told()[0]

    def _seen(self, name: str) -> int:
        return sum(event.name == name for event in self.events)

    async def _do(self, action: str, **arguments: Any) -> None:
        await self.phone.request(action, call=self.number, **arguments)

    async def _until(self, reached: Callable[[], bool], what: str, timeout: float) -> None:
        def settled() -> bool:
            return reached() or self.state == "ended" or self.phone.stopped

        try:
            async with asyncio.timeout(timeout), self._changed:
                await self._changed.wait_for(settled)
        except TimeoutError:
            raise PhoneError(f"{self}: no {what} within {timeout} s") from None
        if not reached():
            why = f"its phone's process {self.phone.how_ended}" if self.phone.stopped else "ended"
            raise PhoneError(f"{self}: {why} before {what}")

    async def notice(self, event: PhoneEvent) -> None:
        """Called by the phone for each event of this call."""
        self.events.append(event)
        if event.name == "state":
            self.state = event.details["state"]
            self.code, self.reason = event.details["code"], event.details["reason"]
            self.times.setdefault(self.state, event.at_ms)
        elif event.name == "sound":
            self.has_sound = True
            self.times.setdefault("sound", event.at_ms)
        elif event.name == "no_sound":
            self.has_sound = False
        elif event.name == "digit":
            self.digits_heard += event.details["digit"]
        elif event.name == "identity":
            self._shown = _REMOTE.match(event.details["identity"]) or self._shown
        elif event.name == "transfer":
            told = event.details
            self.transfers.append(TransferStatus(told["code"], told["reason"], told["final"], event.at_ms))
        await self.wake()

    async def wake(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def __str__(self) -> str:
        return f"call {self.number} of {self.phone.username} ({self.state}, {self.code} {self.reason})"
