"""The prompts of all tenants as the switch plays them: made ahead by `prepare`, found by `media`.

Only what a call itself knows is made in the call: a text with a variable in it. Where what, see `places.py`.
"""

import asyncio
import contextlib
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from engine.directory.prompt_model import PartValue, SayPrompt, TextPrompt, parts
from engine.directory.prompts import builtin, own, saying, spoken
from engine.directory.prompts.call_texts import CallTexts, Wanted, speak
from engine.directory.prompts.convert import BadSound
from engine.directory.prompts.own import SOURCE_ENDINGS, Origin, find_source
from engine.directory.prompts.places import Places, is_made, own_fragment, remove
from engine.directory.prompts.saying import CallValue
from engine.directory.prompts.speech import Speech, SpeechFailed, speech_engine
from engine.directory.prompts.spoken import PAUSE, Fragment
from engine.directory.prompts.texts import fill_readable, sentences
from engine.directory.prompts.workshop import Workshop
from engine.settings import Settings

__all__ = ["SOURCE_ENDINGS", "Origin", "PromptLibrary", "PromptMissing", "PromptProblem", "find_source"]

PromptValue = PartValue | tuple[PartValue, ...]

# Speech takes a processor for 0.2 s; calls run on the same machine.
_AT_ONCE = 2
_MARGIN_S = 3600


class PromptProblem(NamedTuple):
    """A part of a prompt that cannot be played, and why."""

    prompt: PartValue
    message: str


class PromptMissing(LookupError):
    """A prompt cannot be played, for it was never made; the message names it and its tenant."""


class PromptLibrary:
    """Safe to be used by several threads and processes: what is made appears whole, by rename.

    `media`, `expect` and `close` belong to one event loop.
    """

    def __init__(self, settings: Settings, speech: Speech | None = None) -> None:
        """With `speech`, that engine speaks, within this process; else the one that the settings name."""
        self._settings = settings
        self._speech = speech
        engine = speech or speech_engine(settings.asterisk_root, settings.speech.model_dump())
        self._places = Places(settings.prompts_folder, engine)
        self._workshop = Workshop(settings, speech=speech)
        self._texts = CallTexts(self._workshop, settings.speech.limit)
        self._closed = False
        self._media: dict[tuple[str, str, PartValue | Fragment], str] = {}

    # -- ahead of calls ---------------------------------------------------------------------------------

    def prepare(
        self, tenant: str, folder: Path, language: str, prompts: Iterable[PromptValue]
    ) -> list[PromptProblem]:
        """Make what is missing or out of date; blocks for as long as that takes (0.2 s a text).

        `folder` is the tenant's scenario folder; its own recordings lie in `folder/prompts`. Returns
        what cannot be made; for those nothing changes, so what was made earlier still plays.
        """
        wanted = list(dict.fromkeys(part for prompt in prompts for part in parts(prompt)))
        pieces: dict[PartValue | Fragment, PartValue] = {}
        problems: list[PromptProblem] = []
        for part in wanted:
            try:
                for piece in _pieces(part, language):
                    pieces.setdefault(piece, part)
            except saying.CannotSay as error:
                problems.append(PromptProblem(part, f"say: {error}"))
        with (
            Workshop(self._settings, at_once=_AT_ONCE, speech=self._speech) as workshop,
            ThreadPoolExecutor(_AT_ONCE) as pool,
        ):
            tries = {
                part: pool.submit(self._try, workshop, tenant, folder, language, part) for part in pieces
            }
            problems += [
                PromptProblem(pieces[piece], problem)
                for piece, done in tries.items()
                if (problem := done.result())
            ]
        found = {problem.prompt: problem for problem in reversed(problems)}
        if any(_is_spoken_in_call(part) for part in wanted) and not self._closed:
            self._texts.warm()
        return [found[part] for part in wanted if part in found]

    def convert(self, tenant: str, name: str, source: Path) -> Origin:
        """Make the tenant's prompt `name` of a sound file, unless it is made of that content already.

        Raises `BadSound`.
        """
        with Workshop(self._settings) as workshop:
            return own.make(workshop, source, self._places.own(tenant, name), tight=name.startswith("say/"))

    def origin(self, tenant: str, name: str) -> Origin | None:
        """What the tenant's own prompt of that name was made from; None when it was not made."""
        return own.origin(self._places.own(tenant, name))

    # -- in calls ---------------------------------------------------------------------------------------

    async def media(
        self,
        tenant: str,
        language: str,
        prompt: PromptValue,
        variables: Mapping[str, CallValue],
        takes: Mapping[str, str] | None = None,
    ) -> list[str]:
        """ARI media URIs in the order they are heard. Takes microseconds for what was made ahead, and 0.2 s
        for a text that nobody was told before.

        `takes` tells which of the tenant's own recordings the call hears, each a digest by its name; without
        it the newest. Raises `PromptMissing` for a recording that is not there, and for a text that cannot
        be spoken.
        """
        found = self._look(tenant, language, prompt, variables, takes or {})
        missing = {one.target: one for one in found if isinstance(one, Wanted)}
        if missing:
            try:
                await asyncio.gather(*(self._texts.make(one) for one in missing.values()))
            except SpeechFailed as error:
                raise PromptMissing(f"{tenant}: {error}") from error
        return [f"sound:{one.target}" if isinstance(one, Wanted) else one for one in found]

    def made(
        self, tenant: str, language: str, prompt: PromptValue, variables: Mapping[str, CallValue]
    ) -> list[str]:
        """The same of what is there already. Raises `PromptMissing` for anything else."""
        found = self._look(tenant, language, prompt, variables, {})
        for one in found:
            if isinstance(one, Wanted):
                raise PromptMissing(f"{tenant}: “{one.text}” has not been spoken yet")
        return [one for one in found if isinstance(one, str)]

    def expect(
        self, tenant: str, language: str, texts: Iterable[TextPrompt], variables: Mapping[str, CallValue]
    ) -> None:
        """Begin to speak those of the texts whose variables a new call has: they may be heard soon."""
        for text in texts:
            for sentence in sentences(text.text):
                if sentence.variables and all(variables.get(name) is not None for name in sentence.variables):
                    said = fill_readable(sentence.text, variables)
                    wanted = self._places.call_text(tenant, language, said)
                    if said and not self._texts.is_there(wanted):
                        with contextlib.suppress(SpeechFailed):
                            self._texts.begin(wanted)

    def close(self) -> None:
        """End what is being spoken, and the helper processes; a `prepare` in another thread ends soon."""
        self._closed = True
        self._texts.close()

    # -- looking up -------------------------------------------------------------------------------------

    def _look(
        self,
        tenant: str,
        language: str,
        prompt: PromptValue,
        variables: Mapping[str, CallValue],
        takes: Mapping[str, str],
    ) -> list[str | Wanted]:
        found: list[str | Wanted] = []
        for part in parts(prompt):
            if isinstance(part, str):
                take = self._take(tenant, part, takes.get(part, ""))
                found.append(take or self._known(tenant, language, part))
            elif isinstance(part, TextPrompt):
                found += self._text(tenant, language, part, variables)
            elif saying.needs_call(part.value):
                said = saying.said(part, language, variables)
                # What follows must not run into it, and a hangup not cut its last sound off.
                heard = (*said.fragments, PAUSE) if said.fragments else ()
                found += [self._known(tenant, language, fragment) for fragment in heard]
                if said.text:
                    found.append(self._in_call(tenant, language, said.text))
            else:
                found.append(self._known(tenant, language, part))
        return found

    def _text(
        self, tenant: str, language: str, part: TextPrompt, variables: Mapping[str, CallValue]
    ) -> Iterator[str | Wanted]:
        pieces = sentences(part.text)
        for index, sentence in enumerate(pieces):
            if index:
                yield self._known(tenant, language, PAUSE)
            if not sentence.variables:
                yield self._known(
                    tenant, language, TextPrompt(text=sentence.text) if len(pieces) > 1 else part
                )
            elif text := fill_readable(sentence.text, variables):
                yield self._in_call(tenant, language, text)

    def _in_call(self, tenant: str, language: str, text: str) -> str | Wanted:
        wanted = self._places.call_text(tenant, language, text)
        return f"sound:{wanted.target}" if self._texts.is_there(wanted) else wanted

    def _take(self, tenant: str, name: str, digest: str) -> str:
        """The recording of that content; "" where it is not there any more."""
        if not digest:
            return ""
        key = (tenant, digest, name)
        uri = self._media.get(key)
        if uri is None:
            target = self._places.take(tenant, name, digest)
            if not is_made(target):
                return ""
            uri = self._media[key] = f"sound:{target}"
        return uri

    def _known(self, tenant: str, language: str, piece: PartValue | Fragment) -> str | Wanted:
        """What `prepare` has made; known by heart after the first time."""
        key = (tenant, language, piece)
        uri = self._media.get(key)
        if uri is None:
            target = self._find(tenant, language, piece)
            if isinstance(target, Wanted):
                return target
            uri = self._media[key] = f"sound:{target}"
        return uri

    def _find(self, tenant: str, language: str, piece: PartValue | Fragment) -> Path | Wanted:
        own_name = own_fragment(language, piece) if isinstance(piece, Fragment) else piece
        if isinstance(own_name, str) and is_made(own_target := self._places.own(tenant, own_name)):
            return own_target
        try:
            wanted = self._wanted(tenant, language, piece)
        except saying.CannotSay as error:
            raise PromptMissing(f"{tenant}: {error}") from error
        if wanted is None:
            raise PromptMissing(f"{tenant}: the prompt {piece!r} has not been made")
        return wanted.target if is_made(wanted.target) else wanted

    def _wanted(self, tenant: str, language: str, piece: PartValue | Fragment) -> Wanted | None:
        """What has to be spoken for it; None where only a recording will do. Raises `CannotSay`."""
        if isinstance(piece, Fragment):
            return self._places.fragment(language, piece)
        if isinstance(piece, str):
            text = builtin.text(language, piece)
            return self._places.builtin(*text) if text else None
        words = piece.text if isinstance(piece, TextPrompt) else saying.words(piece, language)
        return self._places.text(tenant, language, words)

    # -- making -----------------------------------------------------------------------------------------

    def _try(
        self, workshop: Workshop, tenant: str, folder: Path, language: str, piece: PartValue | Fragment
    ) -> str:
        """Why it cannot be made, "" where it was."""
        if self._closed:
            return "we are shutting down"
        try:
            target = self._make(workshop, tenant, folder, language, piece)
        except (BadSound, SpeechFailed, PromptMissing, saying.CannotSay) as error:
            return str(error)
        except OSError as error:
            return f"{error.filename}: {error.strerror}"
        self._media[tenant, language, piece] = f"sound:{target}"
        return ""

    def _keep_take(self, tenant: str, name: str, made: Origin, before: Origin | None) -> None:
        """So that a call goes on hearing the recording that it began with."""
        replaced = self._places.take(tenant, name, before.digest) if before else None
        until = time.time() - self._settings.max_call - _MARGIN_S
        own.keep_take(
            self._places.own(tenant, name), self._places.take(tenant, name, made.digest), replaced, until
        )

    def _make(
        self, workshop: Workshop, tenant: str, folder: Path, language: str, piece: PartValue | Fragment
    ) -> Path:
        name = own_fragment(language, piece) if isinstance(piece, Fragment) else piece
        if isinstance(name, str):
            target = self._places.own(tenant, name)
            if source := find_source(folder / "prompts", name):
                before = own.origin(target)
                made = own.make(workshop, source, target, tight=isinstance(piece, Fragment))
                if isinstance(piece, str):
                    self._keep_take(tenant, name, made, before)
                return target
            # The tenant's own recording was taken away: what was made of it goes too.
            remove(target)
        wanted = self._wanted(tenant, language, piece)
        if wanted is None:
            raise PromptMissing(
                f"{folder / 'prompts' / str(piece)}.wav: no such file "
                f"(nor .{', .'.join(SOURCE_ENDINGS[1:])}), and no built-in prompt has that name"
            )
        if not is_made(wanted.target):
            speak(workshop, wanted)
        return wanted.target


def _pieces(part: PartValue, language: str) -> Iterator[PartValue | Fragment]:
    """What has to be made ahead for a part. Raises `CannotSay`."""
    if isinstance(part, SayPrompt):
        if reason := saying.problem(part, language):
            raise saying.CannotSay(reason.removeprefix("say: "))
        if saying.needs_call(part.value):
            yield from spoken.needed(part, language)
            yield PAUSE
        else:
            yield part
    elif isinstance(part, TextPrompt):
        pieces = sentences(part.text)
        if len(pieces) == 1:
            yield from () if pieces[0].variables else (part,)
            return
        yield PAUSE
        for piece in pieces:
            if not piece.variables:
                yield TextPrompt(text=piece.text)
    else:
        yield part


def _is_spoken_in_call(part: PartValue) -> bool:
    if isinstance(part, TextPrompt):
        return any(sentence.variables for sentence in sentences(part.text))
    return isinstance(part, SayPrompt) and part.say == "text" and saying.needs_call(part.value)
