"""The demonstration's call: a caller from the city, the tenant's menu, an operator at his desk."""

import asyncio
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from engine.directory.prompts.convert import BadSound
from engine.directory.prompts.speech import SpeechFailed
from engine.operations import EngineAway, EngineClient, OperationFailed
from engine.secrets import existing_secret
from engine.settings import Settings, SettingsError

from .packets import FRAME_MS, SILENT_FRAME
from .rtp import Party, open_party
from .scenario import Callee, Caller
from .show import DemoFailed, Stage
from .sipp import LogLine, Sipp, SippError, register
from .voices import CALLER_LINES, OPERATOR_LINES, speak_caller, speak_operator

NUMBER = "+74951234567"
CALLER = "+79031112233"
OPERATOR = "romashka-101-desk"
KEY = "1"
_RING_MS = 2000
_LEAST_TALK_MS = 12_000
_PAUSE_FRAMES = 300 // FRAME_MS
_POLL_S = 0.05


@dataclass(frozen=True)
class Talked:
    """The call that took place, and what each side said from the beginning of the talk: a level a frame."""

    call_id: str
    caller_said: Sequence[int]
    operator_said: Sequence[int]


class DemoCall:
    """`await DemoCall(settings, stage).run()`; raises `DemoFailed` naming the part that failed."""

    def __init__(self, settings: Settings, stage: Stage) -> None:
        self._settings = settings
        self._stage = stage
        self._engine = EngineClient(settings)
        self._server = (settings.listen, settings.ports.sip)
        self._live: dict[str, Any] = {}  # the engine's own view of our call, the last one seen

    async def run(self) -> Talked:
        host, port = self._trunk()
        password = self._password()
        operator_says, caller_says = await self._prepare_voices()
        talk_ms = FRAME_MS * max(len(operator_says), len(caller_says))
        with tempfile.TemporaryDirectory(prefix="vats-demo-") as name:
            async with open_party(host) as caller, open_party(host) as operator:
                phone = Sipp(
                    Callee(
                        ring_ms=_RING_MS,
                        stay_ms=max(_LEAST_TALK_MS, talk_ms) + 500,
                        media_port=str(operator.port),
                    ),
                    self._server,
                    Path(name),
                    name="operator",
                    local_host=host,
                )
                city = Sipp(
                    Caller(NUMBER, CALLER, stay_ms=120_000, media_port=str(caller.port)),
                    self._server,
                    Path(name),
                    name="caller",
                    local_host=host,
                    local_port=port,
                )
                async with self._logged_in(phone, password, Path(name)):
                    return await self._call(city, phone, caller, operator, caller_says, operator_says)

    def _trunk(self) -> tuple[str, int]:
        """The loopback address that one of the trunks is known by: from there we call."""
        for trunk in self._settings.trunks.values():
            for address in trunk.addresses:
                host, colon, port = address.rpartition(":")
                if colon and host.startswith("127.") and port.isdigit():
                    return host, int(port)
        raise DemoFailed("trunk", f"{self._settings.config}: no trunk with an address like 127.0.0.1:5070")

    def _password(self) -> str:
        try:
            return existing_secret(self._settings, f"sip-{OPERATOR}")
        except SettingsError as error:
            raise DemoFailed("operator's phone", str(error)) from error

    async def _prepare_voices(self) -> tuple[list[bytes], list[bytes]]:
        """What operator and caller say in turn, each with silence while the other speaks."""
        operator: list[bytes] = []
        caller: list[bytes] = []
        pause = [SILENT_FRAME] * _PAUSE_FRAMES
        try:
            for theirs, ours in zip(OPERATOR_LINES, CALLER_LINES, strict=True):
                spoken = await speak_operator(theirs, self._settings.asterisk_root) + pause
                operator += spoken
                caller += [SILENT_FRAME] * len(spoken)
                spoken = await speak_caller(ours) + pause
                caller += spoken
                operator += [SILENT_FRAME] * len(spoken)
        except (OSError, subprocess.SubprocessError, BadSound, SpeechFailed) as error:
            raise DemoFailed("speech", str(error)) from error
        return operator, caller

    @asynccontextmanager
    async def _logged_in(self, phone: Sipp, password: str, folder: Path) -> AsyncIterator[None]:
        """The operator's phone is registered, and logged out again at the end."""
        users, contact = {OPERATOR: password}, (self._server[0], phone.local_port)
        try:
            await register(users, self._server, contact, folder)
            self._stage.tell("operator", f"the phone {OPERATOR} logs in at {contact[0]}:{contact[1]}")
            try:
                async with phone:
                    yield
            finally:
                await register(users, self._server, contact, folder, expires_s=0)
        except SippError as error:
            raise DemoFailed("operator's phone", str(error)) from error

    async def _call(
        self,
        city: Sipp,
        phone: Sipp,
        caller: Party,
        operator: Party,
        caller_says: Sequence[bytes],
        operator_says: Sequence[bytes],
    ) -> Talked:
        stage = self._stage
        try:
            await city.start()
        except SippError as error:
            raise DemoFailed("caller", str(error)) from error
        try:
            begun = await self._event(city, "invite", 5, "caller", city)
            stage.begin(begun.at_ms)
            stage.tell("caller", f"{CALLER} dials {NUMBER}", begun.at_ms)
            answered = await self._event(city, "answered", 10, "answer by the switch", city)
            caller.connect(answered.detail)
            stage.tell("switch", f"answers after {answered.at_ms - begun.at_ms:.0f} ms", answered.at_ms)
            await self._through_the_menu(city, phone, caller)
            invited = await self._event(phone, "invite", 5, "ringing", city)
            stage.tell("operator", f"the phone rings; its screen shows {invited.detail}", invited.at_ms)
            picked = await self._event(phone, "answered", 15, "answer by the operator", city)
            operator.connect(picked.detail)
            stage.tell(
                "operator", f"answers after {(picked.at_ms - invited.at_ms) / 1000:.1f} s", picked.at_ms
            )
            await self._live_call(lambda call: call["state"] == "talking", 5, "talk", city)
            return await self._talk(city, phone, caller, operator, caller_says, operator_says)
        finally:
            stage.clear()
            await city.stop(grace=1)

    async def _through_the_menu(self, city: Sipp, phone: Sipp, caller: Party) -> None:
        """Follow the scenario's steps; in the menu listen a while, then press the key."""
        stage, prompts = self._stage, _prompts(self._settings)
        pressed = False
        step, heard_before = "", 0
        deadline = asyncio.get_running_loop().time() + 60
        while asyncio.get_running_loop().time() < deadline:
            call = await self._live_call(lambda call: True, 5, "scenario", city)
            if call["step"] != step:
                step, heard_before = call["step"], caller.heard_ms
                text = prompts.get(step, "")
                stage.tell(
                    "scenario", f"step [b]{step}[/b]" + (f": the caller hears «{text}»" if text else "")
                )
            listened = caller.heard_ms - heard_before
            stage.meter(f"step {step}, {caller.heard_ms / 1000:.1f} s heard", caller.level, 0)
            if call["state"] == "menu" and listened > 2500 and not pressed:
                stage.tell(
                    "caller",
                    f"has heard {listened / 1000:.1f} s of it and presses [b]{KEY}[/b] in the middle",
                )
                caller.press(KEY)
                pressed = True
            if any(line.event == "invite" for line in phone.events()):
                return
            await asyncio.sleep(_POLL_S)
        if caller.heard_ms == 0:
            raise DemoFailed("sound", "the caller has heard nothing at all")
        raise DemoFailed(
            "menu", f"in step {step!r} for too long; the key was {'' if pressed else 'not '}pressed"
        )

    async def _talk(
        self,
        city: Sipp,
        phone: Sipp,
        caller: Party,
        operator: Party,
        caller_says: Sequence[bytes],
        operator_says: Sequence[bytes],
    ) -> Talked:
        stage = self._stage
        stage.tell("switch", "both are in one bridge and talk")
        for party, words in ((caller, caller_says), (operator, operator_says)):
            party.mark()
            party.say(words)
        caller_before, operator_before = caller.heard_ms, operator.heard_ms
        call_id, seconds = str(self._live["call_id"]), 0.0
        while not any(line.event == "ended" for line in phone.events()):
            for call in await self._calls():
                seconds = call["talk_s"]
            stage.meter(f"talk {seconds:4.1f} s", operator.level, caller.level)
            await asyncio.sleep(_POLL_S)
            if not city.running and not phone.events():
                break
        said = list(caller.spoken), list(operator.spoken)
        ended = await self._event(phone, "ended", 5, "end of the talk", city, after_end=True)
        who = "hangs up" if ended.detail == "self" else "is left: the other side hung up first"
        stage.tell("operator", f"{who} after {seconds:.1f} s of talk", ended.at_ms)
        ended = await self._event(city, "ended", 5, "end of the call", city, after_end=True)
        stage.tell("caller", "the call has ended", ended.at_ms)
        for name, heard in (
            ("the caller", caller.heard_ms - caller_before),
            ("the operator", operator.heard_ms - operator_before),
        ):
            if heard < 1000:
                raise DemoFailed("sound", f"{name} has heard the other for {heard / 1000:.1f} s only")
            stage.tell("switch", f"{name} has heard the other for {heard / 1000:.1f} s")
        return Talked(call_id, *said)

    async def _event(
        self, run: Sipp, event: str, limit_s: float, part: str, city: Sipp, after_end: bool = False
    ) -> LogLine:
        """The first event of this name. Raises `DemoFailed` after the limit, or when the caller is gone."""
        try:
            async with asyncio.timeout(limit_s):
                while True:
                    for line in run.events():
                        if line.event == event:
                            return line
                    if not city.running and not after_end:
                        raise DemoFailed(part, f"the caller's call is over: {city.result().errors[:600]}")
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            raise DemoFailed(part, f"nothing within {limit_s:g} s: {run.result().errors[:600]}") from None

    async def _calls(self) -> list[dict[str, Any]]:
        """Our call, as the engine sees it now, or nothing."""
        try:
            calls: list[dict[str, Any]] = await self._engine.call("calls")
        except (EngineAway, OperationFailed) as error:
            raise DemoFailed("engine", str(error)) from error
        return [call for call in calls if (call["number"], call["caller"]) == (NUMBER, CALLER)]

    async def _live_call(
        self, wanted: Callable[[dict[str, Any]], bool], limit_s: float, part: str, city: Sipp
    ) -> dict[str, Any]:
        seen: dict[str, Any] = {}
        try:
            async with asyncio.timeout(limit_s):
                while True:
                    for seen in await self._calls():
                        if wanted(seen):
                            self._live = seen
                            return seen
                    if not city.running:
                        raise DemoFailed(part, f"the caller's call is over: {city.result().errors[:600]}")
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            state = f"the call is in state {seen['state']!r}" if seen else "the engine knows no such call"
            raise DemoFailed(part, f"not within {limit_s:g} s; {state}") from None


def _prompts(settings: Settings) -> dict[str, str]:
    """Step → what it says, only to be shown; empty where the demo tenant's scenario is another."""
    path = settings.scenarios_folder / "romashka" / "main.yaml"
    try:
        steps = YAML(typ="safe").load(path.read_text())["steps"]
        prompts = {name: step.get("prompt") for name, step in steps.items()}
    except (OSError, YAMLError, KeyError, AttributeError, TypeError):
        return {}
    texts = {
        name: prompt["text"]
        for name, prompt in prompts.items()
        if isinstance(prompt, dict) and "text" in prompt
    }
    return {name: f"{text[:70].strip()}…" if len(text) > 70 else text.strip() for name, text in texts.items()}
