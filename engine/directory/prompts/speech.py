"""Speech from text, offline: RHVoice where it is installed, espeak-ng where it is not.

RHVoice lies in Asterisk's root folder and is run inside it by chroot, which an unprivileged user may do in
a user namespace of his own. Only voices whose licences allow a product are ever chosen.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from engine.directory.prompts.convert import BadSound, Made, convert

# The first one installed is taken.
FREE_VOICES = {"ru": ("anna", "elena", "irina", "aleksandr"), "en": ("slt", "clb", "bdl", "alan")}
_TIME_LIMIT_S = 60


class SpeechFailed(Exception):
    """The text could not be spoken; the message says by what and why."""


class Speech(Protocol):
    """An engine that speaks. To put another one in: the setting `speech`, with `engine: command` for any
    program that reads a text and writes a WAV; or a class like those below, named in `speech_engine`.
    """

    def voice(self, language: str) -> str:
        """The engine and voice for a language, as `rhvoice-anna`; part of a spoken text's identity, so that
        everything is spoken anew by another voice. Fast after the first time.
        """

    def speak(self, text: str, language: str, target: Path, *, tight: bool = False) -> Made:
        """Write `target`.alaw and `target`.wav by `convert`, which knows what `tight` is.

        Raises `SpeechFailed`.
        """


class OfflineSpeech:
    """RHVoice from the root folder `root` (`/`: the host's own), else espeak-ng."""

    def __init__(self, root: Path, voices: Mapping[str, str] | None = None) -> None:
        """`voices`: the RHVoice voice by language, instead of the first free one."""
        self._root = root
        self._voices = dict(voices or {})

    def voice(self, language: str) -> str:
        found = self._rhvoice(language)
        return f"rhvoice-{found}" if found else f"espeak-{language}"

    def speak(self, text: str, language: str, target: Path, *, tight: bool = False) -> Made:
        voice = self._rhvoice(language)
        if voice:
            return _speak_rhvoice(self._root, voice, text, target, tight)
        return _speak_espeak(language, text, target, tight)

    def _rhvoice(self, language: str) -> str:
        return _rhvoice_voice(self._root, language, self._voices.get(language, ""))


class EspeakSpeech:
    """espeak-ng alone: quick, and sounds like a machine."""

    def voice(self, language: str) -> str:
        return f"espeak-{language}"

    def speak(self, text: str, language: str, target: Path, *, tight: bool = False) -> Made:
        return _speak_espeak(language, text, target, tight)


class CommandSpeech:
    """Any program: the text comes on its input, `{language}` and `{wav}` in its arguments are filled in."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = tuple(command)

    def voice(self, language: str) -> str:
        digest = hashlib.sha256("\0".join(self._command).encode()).hexdigest()[:12]
        return f"command-{digest}-{language}"

    def speak(self, text: str, language: str, target: Path, *, tight: bool = False) -> Made:
        with tempfile.TemporaryDirectory(prefix="speech-") as folder:
            wav = Path(folder) / "speech.wav"
            command = [
                part.replace("{language}", language).replace("{wav}", str(wav)) for part in self._command
            ]
            _run(command, text)
            return _converted(wav, target, text, tight)


def speech_engine(root: Path, settings: Mapping[str, Any]) -> Speech:
    """The engine that the settings' `speech` chooses."""
    match settings["engine"]:
        case "command":
            return CommandSpeech(settings["command"])
        case "espeak":
            return EspeakSpeech()
    return OfflineSpeech(root, settings["voices"])


@cache
def _rhvoice_voice(root: Path, language: str, wanted: str) -> str:
    if not (root / "usr/bin/RHVoice-test").exists() or not _may_chroot(root):
        return ""
    voices = root / "usr/share/RHVoice/voices"
    candidates = (wanted,) if wanted else FREE_VOICES.get(language, ())
    return next((name for name in candidates if (voices / name).is_dir()), "")


@cache
def _may_chroot(root: Path) -> bool:
    try:
        return subprocess.run([*_enter(root), "/bin/true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _enter(root: Path) -> list[str]:
    if root == Path("/"):
        return ["/usr/bin/env"]
    chroot = ["chroot", str(root)]
    return chroot if os.geteuid() == 0 else ["unshare", "-r", *chroot]


def _speak_rhvoice(root: Path, voice: str, text: str, target: Path, tight: bool) -> Made:
    # The program sees the root folder only, so it writes there and we fetch it.
    with tempfile.TemporaryDirectory(prefix="speech-", dir=root / "tmp") as folder:
        wav = Path(folder) / "speech.wav"
        inside = Path("/") / wav.relative_to(root)
        command = [*_enter(root), "/usr/bin/RHVoice-test", "-p", voice, "-o", str(inside)]
        _run(command, text)
        return _converted(wav, target, text, tight)


def _speak_espeak(language: str, text: str, target: Path, tight: bool) -> Made:
    if shutil.which("espeak-ng") is None:
        raise SpeechFailed("neither RHVoice nor espeak-ng is installed; install espeak-ng to speak texts")
    with tempfile.TemporaryDirectory(prefix="speech-") as folder:
        wav = Path(folder) / "speech.wav"
        _run(["espeak-ng", "-v", language, "-s", "150", "-w", str(wav), "--stdin"], text)
        return _converted(wav, target, text, tight)


def _run(command: list[str], text: str) -> None:
    program = next((part for part in command if "RHVoice" in part), command[0])
    # One line is one utterance: a line break inside a text is no more than a space.
    line = " ".join(text.split()) + "\n"
    try:
        done = subprocess.run(
            command, input=line.encode(), capture_output=True, timeout=_TIME_LIMIT_S, check=False
        )
    except OSError as error:
        raise SpeechFailed(f"{program}: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise SpeechFailed(f"{program}: no speech within {_TIME_LIMIT_S} s") from error
    if done.returncode:
        raise SpeechFailed(f"{program}: {done.stderr.decode(errors='replace').strip() or done.returncode}")


def _converted(wav: Path, target: Path, text: str, tight: bool) -> Made:
    try:
        # RHVoice writes a length of its own invention into the header.
        return convert(wav, target, name=f"the text “{text[:40]}”", ignore_length=True, tight=tight)
    except BadSound as error:
        raise SpeechFailed(str(error)) from error
