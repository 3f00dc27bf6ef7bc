"""What a caller hears, in words for a reader."""

from collections.abc import Iterator
from pathlib import Path

from engine.directory.prompt_model import PartValue, SayPrompt, TextPrompt, parts
from engine.directory.prompts import builtin
from engine.directory.prompts.library import SOURCE_ENDINGS
from engine.scenarios.model import StepModel
from engine.scenarios.words.language import Language, pick

_SAID = {
    "number": ("число", "number"),
    "digits": ("цифры", "digits"),
    "date": ("дата", "date"),
    "time": ("время", "time"),
    "money": ("сумма", "amount"),
    "text": ("текст", "text"),
    "ticket": ("номер заявки", "ticket"),
}
# Said only when something went amiss, or after all is done.
_ASIDES = frozenset({"wrong_key", "no_input", "no_match", "confirmation", "thanks", "invalid", "wait_prompt"})


def spoken_words(
    prompt: PartValue | tuple[PartValue, ...],
    language: Language,
    *,
    voice: str = "",
    folder: Path | None = None,
) -> str:
    """A prompt as a reader sees it: texts in quotes, recordings by name, values in brackets.

    `voice` is the language that the caller hears, `folder` the scenario's: with both, a built-in prompt
    that the tenant has no recording of is shown by its text.
    """
    return " ".join(_part(part, language, voice, folder) for part in parts(prompt))


def first_spoken(step: StepModel, language: Language, *, voice: str = "", folder: Path | None = None) -> str:
    """The first that the step says of itself, "" where it is silent."""
    for prompt in _main(step):
        return spoken_words(prompt, language, voice=voice, folder=folder)
    return ""


def _main(step: StepModel) -> Iterator[PartValue | tuple[PartValue, ...]]:
    for spoken in step.prompts():
        if spoken.path and spoken.path[0] not in _ASIDES:
            yield spoken.prompt


def _part(part: PartValue, language: Language, voice: str, folder: Path | None) -> str:
    if isinstance(part, TextPrompt):
        return quoted(part.text, language)
    if isinstance(part, SayPrompt):
        return f"[{pick(language, *_SAID.get(part.say, (part.say, part.say)))}: {part.value}]"
    if folder is not None and not _recorded(folder, part) and (known := builtin.text(voice, part)):
        return quoted(known[1], language)
    return f"{pick(language, 'запись', 'recording')} {quoted(part, language)}"


def _recorded(folder: Path, name: str) -> bool:
    return any((folder / "prompts" / f"{name}.{ending}").is_file() for ending in SOURCE_ENDINGS)


def quoted(text: str, language: Language) -> str:
    """In the language's own quotation marks, with inner ones of the other kind."""
    words = " ".join(text.split())
    if language == "ru":
        return f"«{words.replace('«', '„').replace('»', '“')}»"
    return f"“{words}”"
