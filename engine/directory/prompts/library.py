"""The prompts of all tenants as the switch plays them: made ahead by `prepare`, found at once by `media`.

Below `settings.prompts_folder`: `TENANT/NAME.{alaw,wav}` from the tenant's own sound files, each with
`NAME.json` telling what it was made from; `TENANT/text-HASH.{alaw,wav}` from its texts; and
`_builtin/LANGUAGE/text-HASH.{alaw,wav}` from the built-in texts, shared by all tenants.
"""

import hashlib
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine.directory.prompt_model import PartValue, SayPrompt, TextPrompt, parts
from engine.directory.prompts import builtin, saying
from engine.directory.prompts.convert import PROFILE, BadSound, convert
from engine.directory.prompts.saying import CallValue
from engine.directory.prompts.speech import OfflineSpeech, Speech, SpeechFailed
from engine.settings import Settings

PromptValue = PartValue | tuple[PartValue, ...]

SOURCE_ENDINGS = ("wav", "mp3", "ogg", "m4a", "flac")
_BUILTIN = "_builtin"
# Speech takes a processor for 0.2 s; calls run on the same machine.
_AT_ONCE = 2


class PromptProblem(NamedTuple):
    """A part of a prompt that cannot be played, and why."""

    prompt: PartValue
    message: str


class PromptMissing(LookupError):
    """A prompt was asked for that was never made; the message names it and its tenant."""


class Origin(msgspec.Struct, frozen=True):
    """What a prompt was made from; lies beside it as `NAME.json`."""

    source: str
    digest: str
    duration_ms: int
    gain_db: float


class PromptLibrary:
    """Safe to be used by several threads and processes: what is made appears whole, by rename."""

    def __init__(self, settings: Settings, speech: Speech | None = None) -> None:
        self._folder = settings.prompts_folder.resolve()
        self._speech: Speech = speech or OfflineSpeech(settings.asterisk_root)
        self._media: dict[tuple[str, str, PartValue], str] = {}

    def prepare(
        self, tenant: str, folder: Path, language: str, prompts: Iterable[PromptValue]
    ) -> list[PromptProblem]:
        """Make what is missing or out of date; blocks for as long as that takes (0.2 s a text).

        `folder` is the tenant's scenario folder; its own recordings lie in `folder/prompts`. Returns
        what cannot be made; for those nothing changes, so what was made earlier still plays.
        """
        wanted = list(dict.fromkeys(part for prompt in prompts for part in parts(prompt)))
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            made = pool.map(lambda part: self._made_or_problem(tenant, folder, language, part), wanted)
            return [problem for problem in made if problem]

    async def media(
        self, tenant: str, language: str, prompt: PromptValue, variables: Mapping[str, CallValue]
    ) -> list[str]:
        """ARI media URIs in the order they are heard. Raises `PromptMissing` for a part never made."""
        return self.made(tenant, language, prompt, variables)

    def made(
        self, tenant: str, language: str, prompt: PromptValue, variables: Mapping[str, CallValue]
    ) -> list[str]:
        """The same of what was made ahead. Takes microseconds.

        Raises `PromptMissing` for a part that `prepare` has never made.
        """
        uris: list[str] = []
        for part in parts(prompt):
            if isinstance(part, SayPrompt) and saying.by_switch(part):
                uris += saying.switch_media(part, variables)
                continue
            key = (tenant, language, part)
            uri = self._media.get(key)
            if uri is None:
                uri = self._media[key] = f"sound:{self._find(tenant, language, part)}"
            uris.append(uri)
        return uris

    def origin(self, tenant: str, name: str) -> Origin | None:
        """What the tenant's own prompt of that name was made from; None when it was not made."""
        try:
            return msgspec.json.decode((self._folder / tenant / f"{name}.json").read_bytes(), type=Origin)
        except (OSError, msgspec.DecodeError):
            return None

    def _made_or_problem(
        self, tenant: str, folder: Path, language: str, part: PartValue
    ) -> PromptProblem | None:
        try:
            made = self._make(tenant, folder, language, part)
        except (BadSound, SpeechFailed, PromptMissing, saying.CannotSay) as error:
            return PromptProblem(part, str(error))
        except OSError as error:
            return PromptProblem(part, f"{error.filename}: {error.strerror}")
        if made:
            self._media[tenant, language, part] = f"sound:{made}"
        return None

    def _make(self, tenant: str, folder: Path, language: str, part: PartValue) -> Path | None:
        if isinstance(part, str):
            return self._make_named(tenant, folder, language, part)
        if isinstance(part, TextPrompt) and saying.VARIABLE.search(part.text):
            raise saying.CannotSay(
                f"“{part.text}” holds a variable of the call and cannot be spoken ahead of it; "
                "split it into a list and put the variable under `say`"
            )
        if isinstance(part, SayPrompt):
            reason = saying.problem(part)
            if reason:
                raise saying.CannotSay(reason)
            if saying.by_switch(part):
                return None
        target = self._text_target(tenant, language, part)
        self._speak(_words(part, language), language, target)
        return target

    def _make_named(self, tenant: str, folder: Path, language: str, name: str) -> Path:
        source, target = find_source(folder / "prompts", name), self._folder / tenant / name
        if source is None:
            text = builtin.text(language, name)
            if text is None:
                raise PromptMissing(
                    f"{folder / 'prompts' / name}.wav: no such file "
                    f"(nor .{', .'.join(SOURCE_ENDINGS[1:])}), and no built-in prompt has that name"
                )
            # The tenant's own recording was taken away: what was made of it goes too.
            for ending in ("json", "alaw", "wav"):
                target.with_name(f"{target.name}.{ending}").unlink(missing_ok=True)
            shared = self._builtin_target(*text)
            self._speak(text[1], text[0], shared)
            return shared
        self.convert(tenant, name, source)
        return target

    def convert(self, tenant: str, name: str, source: Path) -> Origin:
        """Make the tenant's prompt `name` of a sound file, unless it is made of that content already.

        Raises `BadSound`.
        """
        target = self._folder / tenant / name
        try:
            with source.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest() + "-" + PROFILE
        except OSError as error:
            raise BadSound(f"{source}: {error.strerror}") from error
        known = self.origin(tenant, name)
        if known and known.digest == digest and _is_made(target):
            return known
        made = convert(source, target)
        origin = Origin(source.name, digest, made.duration_ms, made.gain_db)
        _write(target.with_name(target.name + ".json"), msgspec.json.encode(origin))
        return origin

    def _speak(self, text: str, language: str, target: Path) -> None:
        # The name is the hash of the content, so a file that is there is the right one.
        if not _is_made(target):
            self._speech.speak(text, language, target)

    def _find(self, tenant: str, language: str, part: PartValue) -> Path:
        if isinstance(part, str):
            candidates = [self._folder / tenant / part]
            text = builtin.text(language, part)
            if text is not None:
                candidates.append(self._builtin_target(*text))
        else:
            try:
                candidates = [self._text_target(tenant, language, part)]
            except saying.CannotSay as error:
                raise PromptMissing(f"{tenant}: {error}") from error
        for candidate in candidates:
            if _is_made(candidate):
                return candidate
        raise PromptMissing(f"{tenant}: the prompt {part!r} has not been made")

    def _text_target(self, tenant: str, language: str, part: TextPrompt | SayPrompt) -> Path:
        return self._folder / tenant / self._hashed(language, _words(part, language))

    def _builtin_target(self, language: str, text: str) -> Path:
        return self._folder / _BUILTIN / language / self._hashed(language, text)

    def _hashed(self, language: str, text: str) -> str:
        identity = "\n".join((PROFILE, self._speech.voice(language), language, text))
        return f"text-{hashlib.sha256(identity.encode()).hexdigest()[:24]}"


def find_source(folder: Path, name: str) -> Path | None:
    """The sound file of that name, None when there is none. Raises `BadSound` when there are several."""
    found = [path for ending in SOURCE_ENDINGS if (path := folder / f"{name}.{ending}").is_file()]
    if len(found) > 1:
        raise BadSound(f"{found[0]}: {found[1].name} has the same name; keep one of them")
    return found[0] if found else None


def _words(part: TextPrompt | SayPrompt, language: str) -> str:
    return part.text if isinstance(part, TextPrompt) else saying.words(part, language)


def _is_made(target: Path) -> bool:
    return all(target.with_name(f"{target.name}.{ending}").is_file() for ending in ("alaw", "wav"))


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_bytes(content)
    temporary.replace(path)
