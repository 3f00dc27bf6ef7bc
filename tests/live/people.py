"""People who talk in the tests of whole calls, each with a tone of his own that the other must hear."""

import asyncio
import itertools
import signal
import subprocess
import time
from pathlib import Path

from engine.directory.prompt_model import Prompt
from engine.directory.prompts.library import PromptLibrary
from tests.live.site import CITY_NUMBER, Site, eventually
from tests.live.words import share_told
from tests.phones import Phone, PhoneCall, tones_heard, write_tone

CALLER_HZ, OPERATOR_HZ = 440, 1000
_files = itertools.count(1)
_numbers = itertools.count(9052220000)


def a_caller() -> str:
    """A number that no other call of this run comes from."""
    return f"+7{next(_numbers)}"


def as_dialled(number: str) -> str:
    """A Russian number as telephones show it: `+7905…` → `8905…`."""
    return f"8{number.removeprefix('+7')}"


class Talk:
    """Two answered phones in one call; each sends its tone for as long as the call lasts."""

    def __init__(self, caller: PhoneCall, operator: PhoneCall, folder: Path) -> None:
        self.caller = caller
        self.operator = operator
        self._folder = folder
        self._kept: tuple[Path, Path] | None = None

    async def begin(self) -> "Talk":
        await self.caller.play(write_tone(self._folder / "440.wav", CALLER_HZ))
        await self.operator.play(write_tone(self._folder / "1000.wav", OPERATOR_HZ))
        await self.is_heard()
        return self

    async def is_heard(self, seconds: float = 1.0) -> None:
        """Both hear each other now: what was heard before does not count."""
        await self._record()
        await self.caller.wait_tone(OPERATOR_HZ, seconds)
        await self.operator.wait_tone(CALLER_HZ, seconds)

    async def watch(self) -> None:
        """From now until `unbroken` all that is heard is kept."""
        self._kept = await self._record()

    async def unbroken(self, at_least: float) -> None:
        """Since `watch`, for at least so many seconds, both tones were heard with hardly a gap."""
        assert self._kept is not None
        await self.caller.stop_record()
        await self.operator.stop_record()
        for path, hz in zip(self._kept, (OPERATOR_HZ, CALLER_HZ), strict=True):
            tone = tones_heard(path, [hz])[hz]
            assert tone.span >= at_least, f"{hz} Hz was heard for {tone.span:.1f} s only"
            assert tone.seconds >= 0.8 * tone.span, f"{hz} Hz was broken: {tone.seconds:.1f} of {tone.span} s"

    async def _record(self) -> tuple[Path, Path]:
        number = next(_files)
        paths = (self._folder / f"caller-hears-{number}.wav", self._folder / f"operator-hears-{number}.wav")
        await self.caller.record(paths[0])
        await self.operator.record(paths[1])
        return paths


async def enter(site: Site, caller: str, digits: str = "", number: str = CITY_NUMBER) -> PhoneCall:
    """A call from the city that is answered, by the engine's menu."""
    city = await site.city()
    call = await city.call(number, caller=caller)
    await call.wait_state("answered")
    if digits:
        await call.digits(digits)
    return call


async def keys(call: PhoneCall, digits: str) -> None:
    """As a person does, one key after the other."""
    for digit in digits:
        await call.digits(digit)
        await asyncio.sleep(0.3)


async def connect(site: Site, caller: str, operator: Phone, folder: Path) -> Talk:
    """A call from the city through the menu, by the operator's extension, to a talk that is heard."""
    call = await enter(site, caller, operator.username.split("-")[1])
    offered = await operator.wait_incoming(15)
    await offered.answer()
    return await Talk(call, offered, folder).begin()


async def ring_without_engine(site: Site, caller: str, operator: Phone, folder: Path) -> Talk:
    """A call from the city that nobody but Asterisk and the fallback carries, to a talk that is heard."""
    city = await site.city()
    call = await city.call(CITY_NUMBER, caller=caller)
    offered = await operator.wait_incoming(20)
    await offered.answer()
    await call.wait_state("answered")
    return await Talk(call, offered, folder).begin()


async def end(process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM) -> None:
    """Send the signal and wait until the process is gone."""
    process.send_signal(how)
    await asyncio.to_thread(process.wait, 15)


async def start_fallback(site: Site) -> subprocess.Popen[bytes]:
    """Start the fallback process and wait until it takes calls."""
    process = site.instance.start("fallback")
    status = site.settings.run_folder / "fallback.status.json"
    await eventually(
        lambda: status.exists() and '"agi_listens": true' in status.read_text(), 20, "the AGI server listens"
    )
    return process


def verified(site: Site) -> None:
    """The switch's own log has the same calls at the same times, within a second, as the records."""
    end_at = time.monotonic() + 15  # until the worker has written the last one; real differences stay
    while (done := site.vats("cdr", "verify")).returncode != 0:
        assert time.monotonic() < end_at, done.stdout + done.stderr
        time.sleep(1)


async def is_told(recording: Path, prompt: Path, timeout: float = 20) -> None:
    """Wait until what a phone records holds this prompt."""
    end_at = asyncio.get_running_loop().time() + timeout
    while (found := share_told(recording, prompt)) < 0.6:
        assert asyncio.get_running_loop().time() < end_at, f"{prompt.name} is not in {recording}: {found:.2f}"
        await asyncio.sleep(0.25)


def prompt_file(site: Site, prompt: Prompt) -> Path:
    """The `.wav` that was made of a prompt of the tests' tenant."""
    [media] = PromptLibrary(site.settings).made("romashka", "ru", prompt, {})
    return Path(f"{media.removeprefix('sound:')}.wav")


async def nothing_left(site: Site) -> None:
    """Asterisk holds no channel, and the engine, which must run, no call."""
    await eventually(
        lambda: "0 active channels" in site.instance.cli("core show channels"), 10, "no channels"
    )
    # It may still be seeing to the end of the last one.
    end_at = asyncio.get_running_loop().time() + 10
    while left := await site.calls():
        assert asyncio.get_running_loop().time() < end_at, left
        await asyncio.sleep(0.05)
