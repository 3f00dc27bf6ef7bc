"""A message's sound as it is attached: the WAV as it is, or MP3 where that is too large."""

import asyncio
import contextlib
from pathlib import Path
from typing import NamedTuple

_MEGABYTE = 1_000_000
_TIME_LIMIT_S = 120.0
_BITRATE = "24k"  # 3 kB a second; a telephone's band needs no more


class Sound(NamedTuple):
    """`subtype` is that of `audio/…`, `ending` the file's."""

    content: bytes
    subtype: str
    ending: str


class NoSound(Exception):
    """The file cannot be made into MP3; the message names it and says why."""


async def sound_of(wav: Path, limit_megabytes: float) -> Sound:
    """Raises `OSError` for a file that is not there, and `NoSound`."""
    size = (await asyncio.to_thread(wav.stat)).st_size
    if size <= limit_megabytes * _MEGABYTE:
        return Sound(await asyncio.to_thread(wav.read_bytes), "wav", "wav")
    return Sound(await _mp3(wav), "mpeg", "mp3")


async def _mp3(wav: Path) -> bytes:
    command = ["ffmpeg", "-v", "error", "-nostdin", "-f", "wav", "-i", f"file:{wav}"]
    command += ["-ac", "1", "-b:a", _BITRATE, "-f", "mp3", "pipe:1"]
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise NoSound(f"ffmpeg: {error.strerror}") from error
    try:
        async with asyncio.timeout(_TIME_LIMIT_S):
            content, said = await process.communicate()
    except TimeoutError:
        raise NoSound(f"{wav}: ffmpeg made no MP3 within {_TIME_LIMIT_S:.0f} s") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode or not content:
        raise NoSound(f"{wav}: ffmpeg made no MP3: {said.decode(errors='replace').strip()[:300]}")
    return content
