"""Who hears whom: phones that each send a tone of their own, and what of it arrives where."""

import asyncio
import itertools
from pathlib import Path

from tests.phones import PhoneCall, tones_heard, write_tone

# Frequencies that no other's harmonics meet.
CITY_HZ, ANNA_HZ, PETR_HZ, OLGA_HZ = 440, 700, 1100, 1700
ALL_HZ = (CITY_HZ, ANNA_HZ, PETR_HZ, OLGA_HZ)
# What a telephone may still have in its jitter buffer when the other side falls silent, in seconds.
_STILL_PLAYED = 0.6
_files = itertools.count(1)


async def speak(call: PhoneCall, hz: int, folder: Path) -> None:
    """This phone sends its tone from now on."""
    await call.play(write_tone(folder / f"{hz}.wav", hz))


async def heard(call: PhoneCall, folder: Path, seconds: float = 1.0) -> set[int]:
    """The tones that reach this phone now, for most of the time."""
    path = folder / f"heard-{next(_files)}.wav"
    await call.record(path)
    await asyncio.sleep(seconds)
    await call.stop_record()
    found = tones_heard(path, list(ALL_HZ))
    return {hz for hz in ALL_HZ if found[hz].seconds > 0.5 * seconds}


async def hear_each_other(first: tuple[PhoneCall, int], second: tuple[PhoneCall, int], folder: Path) -> None:
    """Within some seconds each of the two hears the other, and nobody else."""
    for (listener, _), (_, hz) in ((first, second), (second, first)):
        now: set[int] = set()
        for _ in range(15):
            now = await heard(listener, folder)
            if now == {hz}:
                break
        assert now == {hz}, f"{listener} hears {now}, not {hz} Hz"


async def hears_none(call: PhoneCall, folder: Path) -> None:
    """No phone's tone reaches him; music may."""
    await asyncio.sleep(_STILL_PLAYED)
    now = await heard(call, folder)
    assert not now, f"{call} hears {now}"
