"""From any sound file to what the switch plays: 8 kHz, mono, trimmed, at one loudness.

Each prompt becomes two files, `NAME.alaw` and `NAME.wav`. The switch opens the one that is nearest to the
call's codec, so an A-law trunk gets its bytes as they lie on the disk and every other codec gets linear
sound that was not through A-law before.

The stated loudness is an active speech level of -20 dBFS (RMS of the 20 ms windows in which something is
heard); peaks are limited to -1 dBFS. Only a sound with higher peaks goes through ffmpeg's limiter.
"""

import math
import os
import subprocess
import tempfile
import wave
from pathlib import Path
from typing import NamedTuple

from pydub import AudioSegment
from pydub.audio_segment import audioop  # from Python 3.13 on that of audioop-lts
from pydub.silence import detect_leading_silence

RATE = 8000
LOUDNESS_DBFS = -20.0
PEAK_DBFS = -1.0
MAX_SECONDS = 600
MAX_BYTES = 200_000_000

# Raised when the making itself changes, so that everything is made again.
PROFILE = "1"

_SILENCE_DBFS = -55.0
_ACTIVE_RANGE_DB = 30.0
_MARGIN_MS = 60
# A fragment is followed by the next one at once.
_TIGHT_MARGIN_MS = 15
_FRAME = RATE // 50
_TIME_LIMIT_S = 120
# How a file begins decides how it is read, never its name: ffmpeg's own guess would follow play lists
# to other files.
_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (8, b"WAVE", "wav"),
    (0, b"OggS", "ogg"),
    (0, b"fLaC", "flac"),
    (4, b"ftyp", "mp4"),
    (0, b"ID3", "mp3"),
    (0, b"\xff\xfb", "mp3"),
    (0, b"\xff\xf3", "mp3"),
    (0, b"\xff\xf2", "mp3"),
    (0, b"\xff\xfa", "mp3"),
)


class BadSound(Exception):
    """The file cannot be used as a prompt; the message names the file and says why."""


class Made(NamedTuple):
    """What was made: length in milliseconds, and how many decibels the sound was raised or lowered."""

    duration_ms: int
    gain_db: float


def convert(
    source: Path, target: Path, *, name: str = "", ignore_length: bool = False, tight: bool = False
) -> Made:
    """Write `target`.alaw and `target`.wav from `source`, each complete from the moment it appears.

    `name` is what messages call the source. `ignore_length` is for a WAV whose header lies about it. `tight`
    is for a fragment of speech that others follow: hardly any silence stays, and it is whole frames of 20 ms.
    Raises `BadSound`.
    """
    shown = name or str(source)
    sound = _trimmed(_decode(source, shown, ignore_length), shown, _TIGHT_MARGIN_MS if tight else _MARGIN_MS)
    if tight:
        sound = _whole_frames(sound)
    gain = LOUDNESS_DBFS - active_level(sound)
    _write(sound, gain, target, shown)
    return Made(len(sound), round(gain, 1))


def silence(milliseconds: int, target: Path) -> Made:
    """The same of nothing to be heard."""
    sound = AudioSegment.silent(milliseconds, RATE).set_channels(1)
    _write(sound, 0.0, target, "a pause")
    return Made(len(sound), 0.0)


def _write(sound: AudioSegment, gain: float, target: Path, shown: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=target.parent) as folder:
        wav, alaw = Path(folder) / "prompt.wav", Path(folder) / "prompt.alaw"
        _encode(sound, gain, wav, alaw, shown)
        for made in (alaw, wav):
            # The switch runs as a user of its own and must read them, whatever our umask.
            made.chmod(0o644)
        os.replace(alaw, target.with_name(target.name + ".alaw"))
        os.replace(wav, target.with_name(target.name + ".wav"))


def active_level(sound: AudioSegment) -> float:
    """Loudness in dBFS of the parts in which something is heard; minus infinity for silence."""
    powers = [sound[at : at + 20].rms ** 2 for at in range(0, len(sound), 20)]
    loudest = max(powers, default=0)
    active = [power for power in powers if power > loudest / 10 ** (_ACTIVE_RANGE_DB / 10)]
    if not active:
        return -math.inf
    return 10 * math.log10(sum(active) / len(active) / 32768**2)


def _decode(source: Path, shown: str, ignore_length: bool) -> AudioSegment:
    kind = kind_of(source, shown)
    command = ["-protocol_whitelist", "file", "-f", kind]
    if ignore_length and kind == "wav":
        command += ["-ignore_length", "1"]
    command += ["-i", f"file:{source}", "-t", str(MAX_SECONDS + 1), "-map", "0:a:0"]
    command += ["-ac", "1", "-ar", str(RATE), "-f", "s16le", "pipe:1"]
    data = _ffmpeg(command, b"", shown)
    sound = AudioSegment(data=data[: len(data) // 2 * 2], sample_width=2, frame_rate=RATE, channels=1)
    if len(sound) == 0:
        raise BadSound(f"{shown}: holds no sound at all")
    if len(sound) > MAX_SECONDS * 1000:
        raise BadSound(f"{shown}: longer than {MAX_SECONDS // 60} minutes, the most a prompt may last")
    return sound


def kind_of(source: Path, shown: str = "") -> str:
    """The kind of sound file, known by how it begins: wav, mp3, ogg, mp4 or flac. Raises `BadSound`."""
    shown = shown or str(source)
    try:
        size = source.stat().st_size
        with source.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise BadSound(f"{shown}: {error.strerror}") from error
    if size == 0:
        raise BadSound(f"{shown}: the file is empty")
    if size > MAX_BYTES:
        raise BadSound(f"{shown}: {size // 1_000_000} MB, the most is {MAX_BYTES // 1_000_000} MB")
    for at, magic, kind in _MAGIC:
        if head[at : at + len(magic)] == magic:
            return kind
    raise BadSound(f"{shown}: no sound file; wav, mp3, ogg, m4a or flac was expected")


def _trimmed(sound: AudioSegment, shown: str, margin_ms: int) -> AudioSegment:
    quiet = max(_SILENCE_DBFS, active_level(sound) - 40)
    start = detect_leading_silence(sound, silence_threshold=quiet, chunk_size=10)
    if start >= len(sound):
        raise BadSound(f"{shown}: holds nothing but silence")
    end = detect_leading_silence(sound.reverse(), silence_threshold=quiet, chunk_size=10)
    return sound[max(0, start - margin_ms) : len(sound) - max(0, end - margin_ms)]


def _whole_frames(sound: AudioSegment) -> AudioSegment:
    data: bytes = sound.raw_data
    missing = -len(data) % (2 * _FRAME)
    return sound._spawn(data + bytes(missing))


def _encode(sound: AudioSegment, gain: float, wav: Path, alaw: Path, shown: str) -> None:
    limit = 10 ** (PEAK_DBFS / 20)
    if sound.max * 10 ** (gain / 20) <= limit * 32768:
        data = audioop.mul(sound.raw_data, 2, 10 ** (gain / 20))
        alaw.write_bytes(audioop.lin2alaw(data, 2))
        with wave.open(str(wav), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(data)
        return
    level = ["-af", f"volume={gain:.2f}dB,alimiter=limit={limit:.4f}:level=disabled"]
    source = ["-f", "s16le", "-ar", str(RATE), "-ac", "1", "-i", "pipe:0"]
    plain = ["-map_metadata", "-1", "-fflags", "+bitexact"]
    _ffmpeg(
        [*source, *level, *plain, "-f", "wav", str(wav), *level, "-f", "alaw", str(alaw)],
        sound.raw_data,
        shown,
    )


def _ffmpeg(arguments: list[str], data: bytes, shown: str) -> bytes:
    command = ["ffmpeg", "-nostdin", "-hide_banner", "-v", "error", "-threads", "1", "-y", *arguments]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=_TIME_LIMIT_S, check=False)
    except FileNotFoundError as error:
        raise BadSound(f"{shown}: the program ffmpeg is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise BadSound(f"{shown}: could not be read within {_TIME_LIMIT_S} s") from error
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise BadSound(f"{shown}: no sound that can be read ({lines[-1] if lines else 'ffmpeg failed'})")
    return done.stdout
