"""Measuring sound in tests: is it silence, a tone (which one), or speech?

Reads WAV files, and raw A-law and µ-law (`.alaw`, `.al`, `.ulaw`, `.ul`: 8 kHz, mono). Samples are floats
from -1 to 1; channel 0 is left (the caller in a recording), channel 1 right (the operator).
"""

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]

RATE = 8000
WINDOW_S = 0.1
_SILENCE_DBFS = -50.0


def tone(path: Path, frequency: float, seconds: float, rate: int = RATE, dbfs: float = -12.0) -> Path:
    """Write a mono 16-bit WAV with a sine of that frequency in Hz; `dbfs` is its RMS level."""
    return write(path, sine(frequency, seconds, rate, dbfs), rate)


def sine(frequency: float, seconds: float, rate: int = RATE, dbfs: float = -12.0) -> Samples:
    """Samples of a sine with that RMS level."""
    at = np.arange(round(seconds * rate)) / rate
    return np.asarray(np.sin(2 * np.pi * frequency * at) * np.sqrt(2) * 10 ** (dbfs / 20))


def write(path: Path, *channels_and_rate: Samples | int) -> Path:
    """Write channels (then the rate) as a 16-bit WAV: `write(path, left, right, 8000)`."""
    channels = [item for item in channels_and_rate if not isinstance(item, int)]
    rate = next((item for item in channels_and_rate if isinstance(item, int)), RATE)
    frames = np.clip(np.stack(channels, axis=1) * 32768, -32768, 32767).astype("<i2")
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(frames.tobytes())
    return path


def read(path: Path) -> tuple[Samples, int]:
    """Samples as (frames, channels) and the rate in Hz. Raises `ValueError` for what is no such sound."""
    match path.suffix.lower():
        case ".alaw" | ".al":
            return _alaw(np.frombuffer(path.read_bytes(), np.uint8))[:, None], RATE
        case ".ulaw" | ".ul":
            return _ulaw(np.frombuffer(path.read_bytes(), np.uint8))[:, None], RATE
    try:
        with wave.open(str(path), "rb") as file:
            if file.getsampwidth() != 2:
                raise ValueError(f"{path}: {8 * file.getsampwidth()} bits a sample, expected 16")
            data = np.frombuffer(file.readframes(file.getnframes()), "<i2")
            return data.reshape(-1, file.getnchannels()) / 32768, file.getframerate()
    except (wave.Error, EOFError) as error:
        raise ValueError(f"{path}: no WAV file: {error}") from error


def channel(path: Path, index: int = 0) -> tuple[Samples, int]:
    """One channel's samples and the rate."""
    samples, rate = read(path)
    return samples[:, index], rate


def seconds(path: Path) -> float:
    """Length in seconds."""
    samples, rate = read(path)
    return len(samples) / rate


def dbfs(samples: Samples) -> float:
    """RMS level; -120 for silence. A full-scale square wave has 0."""
    power = float(np.mean(samples**2)) if len(samples) else 0.0
    return max(-120.0, float(10 * np.log10(power + 1e-12)))


def level(samples: Samples, frequency: float, rate: int = RATE) -> float:
    """Share (0 to 1) of the sound's power that lies within 20 Hz or one bin of that frequency."""
    if len(samples) == 0 or dbfs(samples) < _SILENCE_DBFS:
        return 0.0
    power = np.abs(np.fft.rfft((samples - samples.mean()) * np.hanning(len(samples)))) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / rate)
    width = max(20.0, 2 * rate / len(samples))
    return float(power[np.abs(frequencies - frequency) <= width].sum() / max(power.sum(), 1e-12))


def dominant(path: Path, index: int = 0) -> float:
    """The strongest frequency of a channel in Hz, to 1 Hz for sound over a second; 0 for silence."""
    samples, rate = channel(path, index)
    if dbfs(samples) < _SILENCE_DBFS:
        return 0.0
    power = np.abs(np.fft.rfft((samples - samples.mean()) * np.hanning(len(samples))))
    return float(np.fft.rfftfreq(len(samples), 1 / rate)[int(power.argmax())])


def presence(path: Path, index: int, frequency: float) -> float:
    """Share of the 100 ms windows of a channel in which that tone has over half of the power."""
    samples, rate = channel(path, index)
    windows = _windows(samples, rate)
    return sum(level(window, frequency, rate) > 0.5 for window in windows) / max(1, len(windows))


def silence(path: Path, index: int = 0) -> float:
    """Share of the 100 ms windows of a channel in which nothing is heard (below -50 dBFS)."""
    windows = _windows(*channel(path, index))
    return sum(dbfs(window) < _SILENCE_DBFS for window in windows) / max(1, len(windows))


def speech_like(path: Path, index: int = 0) -> bool:
    """Whether a channel sounds like speech: something is heard, spread over the band, and it changes.

    A tone, two tones, silence and steady noise are not speech.
    """
    samples, rate = channel(path, index)
    heard = [window for window in _windows(samples, rate) if dbfs(window) >= _SILENCE_DBFS]
    if len(heard) < 3:
        return False
    spectra = np.array([np.abs(np.fft.rfft(window * np.hanning(len(window)))) ** 2 for window in heard])
    whole = spectra.sum(axis=0)
    # In how many 10 Hz bins the power lies, as if it were spread evenly over them.
    spread = whole.sum() ** 2 / (whole**2).sum()
    peaks = np.fft.rfftfreq(len(heard[0]), 1 / rate)[spectra.argmax(axis=1)]
    levels = np.array([dbfs(window) for window in heard])
    return bool(spread > 8 and np.std(peaks) > 20 and np.std(levels) > 2)


def _windows(samples: Samples, rate: int) -> list[Samples]:
    size = round(WINDOW_S * rate)
    return [samples[at : at + size] for at in range(0, len(samples) - size + 1, size)]


def _alaw(data: NDArray[np.uint8]) -> Samples:
    code = data ^ 0x55
    mantissa = (code & 0x0F).astype(np.int32)
    exponent = ((code & 0x70) >> 4).astype(np.int32)
    linear = np.where(
        exponent == 0, (mantissa << 4) + 8, ((mantissa << 4) + 0x108) << np.maximum(exponent - 1, 0)
    )
    return np.where(code & 0x80, linear, -linear) / 32768


def _ulaw(data: NDArray[np.uint8]) -> Samples:
    code = ~data & 0xFF
    mantissa = (code & 0x0F).astype(np.int32)
    exponent = ((code & 0x70) >> 4).astype(np.int32)
    linear = (((mantissa << 3) + 0x84) << exponent) - 0x84
    return np.where(code & 0x80, -linear, linear) / 32768
