"""Is a recording really one: with sound on every channel, and of what length?"""

import audioop
import wave
from pathlib import Path

# A-law silence is about 8; the callers' tone is in the thousands.
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
    for channel in range(channels):
        weights = (1, 0) if channel == 0 else (0, 1)
        side = audioop.tomono(sound, 2, *weights) if channels == 2 else sound
        if audioop.rms(side, 2) < _AUDIBLE:
            return f"silent on channel {channel + 1} of {channels}"
    return ""


def seconds(path: Path) -> float:
    """Length of a WAV file. Raises `OSError` and `wave.Error`."""
    with wave.open(str(path), "rb") as file:
        return file.getnframes() / file.getframerate()
