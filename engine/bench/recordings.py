"""Is a recording really one: long enough, and with sound on every channel?"""

import audioop
import wave
from pathlib import Path

# A-law silence is about 8; the callers' tone is in the thousands.
_AUDIBLE = 200


def problem(path: Path, at_least_s: float) -> str:
    """What is wrong with this WAV file; empty when nothing is."""
    try:
        with wave.open(str(path), "rb") as file:
            channels, width = file.getnchannels(), file.getsampwidth()
            seconds = file.getnframes() / file.getframerate()
            sound = file.readframes(file.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        return f"unreadable: {error}"
    if seconds < at_least_s:
        return f"lasts {seconds:.1f} s"
    if width != 2:
        return f"{8 * width} bits"
    for channel in range(channels):
        weights = (1, 0) if channel == 0 else (0, 1)
        side = audioop.tomono(sound, 2, *weights) if channels == 2 else sound
        if audioop.rms(side, 2) < _AUDIBLE:
            return f"silent on channel {channel + 1} of {channels}"
    return ""
