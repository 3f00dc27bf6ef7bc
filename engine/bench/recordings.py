"""Is a recording really one: with sound on every channel, and of what length?"""

import struct
import wave
from pathlib import Path

# Root mean square: A-law silence is about 8; the callers' tone is in the thousands.
_AUDIBLE = 200


def problem(path: Path) -> str:
    """What is wrong with this WAV file; empty when there is sound on every channel."""
    try:
        with wave.open(str(path), "rb") as file:
            channels, width = file.getnchannels(), file.getsampwidth()
            sound = file.readframes(file.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        return f"unreadable: {error}"
    if width != 2:
        return f"{8 * width} bits"
    samples = struct.unpack(f"<{len(sound) // 2}h", sound)
    for channel in range(channels):
        side = samples[channel::channels]
        if sum(sample * sample for sample in side) < _AUDIBLE**2 * max(1, len(side)):
            return f"silent on channel {channel + 1} of {channels}"
    return ""


def seconds(path: Path) -> float:
    """Length of a WAV file. Raises `OSError` and `wave.Error`."""
    with wave.open(str(path), "rb") as file:
        return file.getnframes() / file.getframerate()
