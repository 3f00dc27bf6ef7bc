"""What callers hear: that it is there, or can be made."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from engine.directory.findings import Finding, closest, one_of
from engine.directory.prompt_model import PartValue, SayPrompt, TextPrompt, parts
from engine.directory.prompts import builtin, saying
from engine.directory.prompts.convert import BadSound
from engine.directory.prompts.library import SOURCE_ENDINGS, find_source
from engine.scenarios.check.inspection import Inspection


def prompts(inspection: Inspection) -> Iterator[Finding]:
    """Recordings lie beside the scenario or are built in, values can be said, the language is spoken."""
    file, language = inspection.file, inspection.language
    if language not in builtin.TEXTS:
        if isinstance(file.document.data.get("language"), str):
            yield file.document.finding(
                ("language",),
                f"nothing can be said in the language {language}",
                one_of(builtin.TEXTS, language),
                code="unknown-language",
            )
        language = "en"
    folder = file.path.parent / "prompts"
    names = cache(lambda: names_of_prompts(folder, language))
    known: dict[PartValue, tuple[str, str, str]] = {}
    for name, step in inspection.steps.items():
        for spoken in step.prompts():
            for index, part in enumerate(parts(spoken.prompt)):
                if part not in known:
                    known[part] = problem_of_part(part, folder, language, names)
                message, expected, code = known[part]
                if message:
                    inner = (index,) if isinstance(spoken.prompt, tuple) else ()
                    yield inspection.finding(name, (*spoken.path, *inner), message, expected, code=code)


def problem_of_part(
    part: PartValue, folder: Path, language: str, names: Callable[[], list[str]]
) -> tuple[str, str, str]:
    """(what is wrong, what was expected, code) of one part of a prompt, empty where nothing is."""
    if isinstance(part, SayPrompt):
        return saying.problem(part, language), "", "cannot-say"
    if isinstance(part, TextPrompt):
        return "", "", ""
    try:
        if find_source(folder, part) or builtin.text(language, part):
            return "", "", ""
    except BadSound as error:
        return str(error), "", "bad-sound"
    endings = ", ".join(f".{ending}" for ending in SOURCE_ENDINGS)
    expected = f"{folder / part} with one of {endings}, or {{text: …}}"
    if close := closest(names(), part):
        expected += f" (did you mean {close}?)"
    return f"no prompt {part}", expected, "unknown-prompt"


def names_of_prompts(folder: Path, language: str) -> list[str]:
    """The names that a prompt may have: the tenant's sound files, and what is built in."""
    files = (path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.*"))
    return sorted({*files, *builtin.TEXTS.get(language, {})})
