"""Two voices for the demonstration, and the proof that a recording holds each on its own channel."""

import asyncio
import audioop
import math
import subprocess
import tempfile
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.directory.prompts.convert import convert
from engine.directory.prompts.speech import OfflineSpeech

from .packets import FRAME_MS, RATE, SILENT_FRAME

OPERATOR_LINES = (
    "Отдел продаж, Анна, добрый день! Чем могу помочь?",
    "Да, конечно, записываю ваш заказ. Спасибо за звонок!",
)
CALLER_LINES = (
    "Здравствуйте! Это Иван Петров. Хочу заказать ромашки к понедельнику.",
    "Большое спасибо, до свидания!",
)
_FRAME = RATE * FRAME_MS // 1000
_SMOOTH = 2  # frames on either side
_SHIFTS = range(-3000 // FRAME_MS, 3000 // FRAME_MS + 1)


def _frames(alaw: bytes) -> list[bytes]:
    return [alaw[at : at + _FRAME].ljust(_FRAME, SILENT_FRAME[:1]) for at in range(0, len(alaw), _FRAME)]


async def speak_caller(text: str) -> list[bytes]:
    """A low voice by espeak-ng, as A-law frames of 20 ms.

    Raises `OSError`, `subprocess.SubprocessError`, `BadSound`.
    """

    def make() -> list[bytes]:
        with tempfile.TemporaryDirectory(prefix="demo-") as folder:
            wav, target = Path(folder) / "said.wav", Path(folder) / "line"
            command = ["espeak-ng", "-v", "ru", "-p", "15", "-s", "160", "-w", str(wav), "--stdin"]
            subprocess.run(command, input=text.encode(), check=True, capture_output=True, timeout=30)
            convert(wav, target, name="the caller's line", ignore_length=True)
            return _frames(target.with_suffix(".alaw").read_bytes())

    return await asyncio.to_thread(make)


async def speak_operator(text: str, root: Path) -> list[bytes]:
    """The voice that also speaks the prompts. Raises `SpeechFailed`."""

    def make() -> list[bytes]:
        with tempfile.TemporaryDirectory(prefix="demo-") as folder:
            target = Path(folder) / "line"
            OfflineSpeech(root).speak(text, "ru", target)
            return _frames(target.with_suffix(".alaw").read_bytes())

    return await asyncio.to_thread(make)


@dataclass(frozen=True)
class Side:
    """One channel of the recording: how alike its loudness runs to what either party said, from -1 to 1."""

    seconds: float  # of sound
    own: float
    other: float

    @property
    def right(self) -> bool:
        """It holds its own party's voice, and not the other's."""
        return self.seconds > 1 and self.own > 0.7 and self.other < 0.4


def compare(wav: Path, caller_said: Sequence[int], operator_said: Sequence[int]) -> tuple[Side, Side]:
    """Left and right channel of a stereo recording against what was said, as levels of frames of 20 ms.

    Raises `OSError`, `wave.Error`, or `ValueError` when it is not stereo of 16 bits at 8 kHz.
    """
    with wave.open(str(wav), "rb") as file:
        kind = (file.getnchannels(), file.getsampwidth(), file.getframerate())
        if kind != (2, 2, RATE):
            raise ValueError(f"{wav}: expected 2 channels, 16 bits, 8 kHz; found {kind}")
        both = file.readframes(file.getnframes())
    left = _levels(audioop.tomono(both, 2, 1, 0))
    right = _levels(audioop.tomono(both, 2, 0, 1))
    # One shift in time for both: each on its own would find some likeness to the wrong party.
    shift = max(_SHIFTS, key=lambda by: alike(left, caller_said, by) + alike(right, operator_said, by))
    return (
        Side(_loud(left), alike(left, caller_said, shift), alike(left, operator_said, shift)),
        Side(_loud(right), alike(right, operator_said, shift), alike(right, caller_said, shift)),
    )


def _levels(linear: bytes) -> list[int]:
    size = 2 * _FRAME
    return [audioop.rms(linear[at : at + size], 2) for at in range(0, len(linear) - size + 1, size)]


def _loud(levels: Sequence[int]) -> float:
    return sum(level > 300 for level in levels) * FRAME_MS / 1000


def _smooth(levels: Sequence[float]) -> list[float]:
    """Over 0.1 s, so that a packet a little late on a busy machine does not make another voice of it."""
    reach = range(-_SMOOTH, _SMOOTH + 1)
    last = len(levels) - 1
    return [sum(levels[min(max(at + by, 0), last)] for by in reach) / len(reach) for at in range(len(levels))]


def alike(heard: Sequence[float], said: Sequence[float], shift: int) -> float:
    """The correlation of two runs of levels, the first beginning `shift` frames before the second."""
    one = heard[max(0, shift) :]
    two = said[max(0, -shift) :]
    count = min(len(one), len(two))
    if count < 2000 // FRAME_MS:
        return 0.0
    one, two = _smooth(one[:count]), _smooth(two[:count])
    mean_one, mean_two = sum(one) / count, sum(two) / count
    product = sum((a - mean_one) * (b - mean_two) for a, b in zip(one, two, strict=True))
    power = math.sqrt(sum((a - mean_one) ** 2 for a in one) * sum((b - mean_two) ** 2 for b in two))
    return product / power if power else 0.0
