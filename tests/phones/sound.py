"""Tones written to and found in WAV files, so that tests measure who heard whom."""

import io
import wave
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 8000
_WINDOW = 800  # 0.1 s
_PHASES = 10  # of a window, at the ends of which a jump of the phase is looked for


@dataclass(frozen=True)
class Tone:
    """How much of a tone a file holds. `seconds` counts windows of 0.1 s in which it dominates."""

    hz: int
    seconds: float
    first: float
    last: float

    @property
    def span(self) -> float:
        """Seconds from the first window with the tone to the end of the last one."""
        return self.last - self.first


def write_tone(path: Path, hz: int, seconds: float = 1.0, level: float = 0.3) -> Path:
    """A WAV file (8 kHz, mono, 16 bits) of one tone, in whole periods so that it loops without a click."""
    periods = max(1, round(seconds * hz))
    samples = np.arange(round(periods * RATE / hz))
    data = np.sin(2 * np.pi * hz * samples / RATE) * level * 32767
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(data.astype("<i2").tobytes())
    return path


def channels(path: Path) -> tuple[int, list[NDArray[np.float64]]]:
    """Sample rate, and the samples of each channel from -1 to 1, of a 16-bit WAV file.

    A phone's file that is still being written has no header yet; what it holds so far is returned.
    """
    content = path.read_bytes()
    rate, count, data = RATE, 1, content[44:]
    if content[8:12] == b"WAVE" and int.from_bytes(content[4:8], "little") > 0:
        with wave.open(io.BytesIO(content), "rb") as file:
            if file.getsampwidth() != 2:
                raise ValueError(f"{path}: expected 16-bit samples, found {8 * file.getsampwidth()} bits")
            count, rate = file.getnchannels(), file.getframerate()
            data = file.readframes(file.getnframes())
    samples = np.frombuffer(data[: len(data) // (2 * count) * 2 * count], dtype="<i2")
    frames = samples.reshape(-1, count).astype(np.float64) / 32768
    return rate, [frames[:, index] for index in range(count)]


def tones_heard(
    path: Path, hz: Iterable[int], channel: int = 0, share: float = 0.4, level: float = 0.01
) -> dict[int, Tone]:
    """For each frequency, how long it is heard on one channel of a WAV file.

    A window counts when the tone carries at least `share` of its energy and the window is louder than
    `level` (1 is full scale, root mean square). The tone's phase may jump once in a window: a jitter buffer
    takes out or puts in some milliseconds, and so does a player at the end of its file.
    """
    rate, tracks = channels(path)
    track = tracks[channel]
    window = _WINDOW * rate // RATE
    parts = track[: len(track) // window * window].reshape(-1, window)
    energy = (parts**2).sum(axis=1)
    loud = np.sqrt(energy / window) > level
    turn = 2 * np.pi * np.arange(window) / rate
    found = {}
    for tone in hz:
        carried = _carried(parts * np.exp(-1j * tone * turn))
        where = np.flatnonzero(loud & (carried > share * np.maximum(energy, 1e-12)))
        seconds = window / rate
        first, last = (where[0] * seconds, (where[-1] + 1) * seconds) if len(where) else (0.0, 0.0)
        found[tone] = Tone(tone, len(where) * seconds, float(first), float(last))
    return found


def _carried(turned: NDArray[np.complex128]) -> NDArray[np.float64]:
    """The energy of a tone in each window, turned back to 0 Hz: in one piece, or in two with a phase each."""
    steps = turned.reshape(len(turned), _PHASES, turned.shape[1] // _PHASES)
    before = np.cumsum(steps.sum(axis=2), axis=1)
    whole = before[:, -1:]
    lengths = steps.shape[2] * np.arange(1, _PHASES + 1)
    first = np.abs(before) ** 2 / lengths
    rest = np.abs(whole - before[:, :-1]) ** 2 / lengths[-2::-1]
    first[:, :-1] += rest
    return np.asarray(2 * first.max(axis=1))
