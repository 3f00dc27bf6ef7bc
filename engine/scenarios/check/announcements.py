"""What a tenant's file has callers told: that it is there, or can be made."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from engine.directory.findings import Finding
from engine.directory.loader import TenantFile
from engine.directory.prompt_model import PartValue, SayPrompt, TextPrompt, parts
from engine.directory.prompts import builtin
from engine.directory.prompts.texts import VARIABLE
from engine.scenarios.announced import announced
from engine.scenarios.check.prompts import names_of_prompts, problem_of_part


def check_announcements(file: TenantFile, folder: Path) -> list[Finding]:
    """`folder` holds the tenant's scenarios, and `prompts/` beside them."""
    return list(_findings(file, folder / "prompts"))


def _findings(file: TenantFile, folder: Path) -> Iterator[Finding]:
    if file.tenant is None:
        return
    language = file.tenant.language if file.tenant.language in builtin.TEXTS else "en"
    names = cache(lambda: names_of_prompts(folder, language))
    for place, prompt in announced(file.tenant):
        for index, part in enumerate(parts(prompt)):
            inner = (index,) if isinstance(prompt, tuple) else ()
            message, expected, code = problem_of_part(part, folder, language, names)
            if not message and VARIABLE.search(_written(part)):
                message, expected = "an announcement knows nothing of the call", "words without `{…}`"
                code = "wrong-template"
            if message:
                yield file.document.finding((*place, *inner), message, expected, code=code)


def _written(part: PartValue) -> str:
    if isinstance(part, TextPrompt):
        return part.text
    return str(part.value) if isinstance(part, SayPrompt) else ""
