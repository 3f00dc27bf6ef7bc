"""What a prompt says in words, and how long it is heard."""

import wave
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from pydub.utils import mediainfo_json

from engine.directory.prompt_model import PartValue, Prompt, TextPrompt, parts
from engine.directory.prompts import PromptMissing, builtin, saying
from engine.directory.prompts.convert import BadSound
from engine.directory.prompts.library import find_source
from engine.journal.base import Value

WORDS_A_MINUTE = 130
_SHORTEST_S = 1.0

Lengths = Callable[[str, PartValue], float | None]
"""Seconds of a made prompt by language and part; None where it is not known."""


class Piece(NamedTuple):
    """One part of a prompt as it is heard. `guessed`: `seconds` is an estimate by the number of words."""

    text: str  # the words, or a recording's name
    words: str  # the words of a recording with a built-in text
    seconds: float
    guessed: bool


def not_made(language: str, part: PartValue) -> None:
    """The lengths where no prompt has been made."""
    return


class Sound:
    """`folder` is the scenario's, which holds `prompts/`; `lengths` knows those of prompts that were made."""

    def __init__(self, folder: Path, lengths: Lengths = not_made) -> None:
        self._folder = folder
        self._lengths = lengths

    def pieces(self, language: str, prompt: Prompt, variables: Mapping[str, Value]) -> Iterator[Piece]:
        """Raises `PromptMissing` for a recording that is not there."""
        for part in parts(prompt):
            text = saying.heard(part, language, variables)
            words = "" if not isinstance(part, str) else self._builtin(language, part)
            if not text:
                continue  # a value that is empty is not said
            known = self._lengths(language, part) if _is_fixed(part) else None
            if known is None and isinstance(part, str) and not words:
                known = self._recorded(part)
            yield Piece(text, words, estimate(words or text) if known is None else known, known is None)

    def _builtin(self, language: str, name: str) -> str:
        """The text of a built-in prompt, "" of the tenant's own recording. Raises `PromptMissing`."""
        if self._source(name) is not None:
            return ""
        found = builtin.text(language, name)
        if found is None:
            raise PromptMissing(f"there is no prompt {name}")
        return found[1]

    def _recorded(self, name: str) -> float | None:
        source = self._source(name)
        return None if source is None else _length(source, source.stat().st_mtime_ns)

    def _source(self, name: str) -> Path | None:
        try:
            return find_source(self._folder / "prompts", name)
        except BadSound as error:
            raise PromptMissing(str(error)) from error


def _is_fixed(part: PartValue) -> bool:
    """Whether it is the same in every call."""
    if isinstance(part, str):
        return True
    return not saying.needs_call(part.text if isinstance(part, TextPrompt) else part.value)


def estimate(text: str) -> float:
    """Seconds that somebody needs to say it."""
    return max(_SHORTEST_S, round(len(text.split()) * 60 / WORDS_A_MINUTE, 1))


@lru_cache(1000)
def _length(source: Path, changed_ns: int) -> float | None:
    """Seconds of a sound file, None for one that cannot be read."""
    try:
        if source.suffix == ".wav":
            with wave.open(str(source), "rb") as file:
                return file.getnframes() / file.getframerate()
    except (OSError, EOFError, wave.Error):
        pass  # kinds of WAV that the library does not know
    try:
        return float(mediainfo_json(str(source))["format"]["duration"])
    except (OSError, KeyError, ValueError, TypeError):
        return None
