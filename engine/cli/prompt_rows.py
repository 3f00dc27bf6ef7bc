"""What `vats prompt list` shows: every prompt of a tenant, how long it is, and which steps play it."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from engine.directory.directory import Tenant
from engine.directory.prompt_model import PartValue, SayPrompt, TextPrompt, parts
from engine.directory.prompts import PromptLibrary, PromptMissing, builtin, saying
from engine.directory.prompts.library import SOURCE_ENDINGS
from engine.directory.prompts.spoken.say import fragment_names
from engine.directory.prompts.texts import VARIABLE
from engine.scenarios.loader import load_scenario

_SHOWN = 60
_KINDS = ("recording", "missing", "text", "value", "built-in")


class Row(NamedTuple):
    """`seconds` is None for what a call decides. `used_by` holds `scenario/step`."""

    name: str
    kind: str  # recording, built-in, text, value, missing
    seconds: float | None
    source: str
    used_by: list[str]
    problem: str


def rows(library: PromptLibrary, tenant: Tenant, folder: Path) -> list[Row]:
    """Own recordings, what is missing, texts and values of scenarios, then built-in prompts."""
    own = {_name(path, folder): path for path in sorted(sources(folder))}
    used = _used(folder)
    names = [*own, *(name for name in used if isinstance(name, str) and name not in own)]
    names += [name for name in builtin.TEXTS["en"] if name not in names]
    others = [part for part in used if not isinstance(part, str)]
    problems = {
        each.prompt: each.message
        for each in library.prepare(tenant.name, folder, tenant.language, [*names, *others])
    }
    found = [_named(library, tenant, folder, name, own, used, problems.get(name, "")) for name in names]
    found += [_spoken(library, tenant, part, used, problems.get(part, "")) for part in others]
    return sorted(found, key=lambda row: (_KINDS.index(row.kind), row.kind == "built-in" and not row.used_by))


def sources(folder: Path) -> list[Path]:
    """The sound files below the scenario folder's `prompts/`."""
    files = (folder / "prompts").rglob("*") if (folder / "prompts").is_dir() else ()
    return [path for path in files if path.suffix[1:] in SOURCE_ENDINGS and not path.name.startswith(".")]


def file_of(library: PromptLibrary, tenant: Tenant, language: str, part: PartValue) -> Path:
    """The WAV that callers hear. Raises `PromptMissing`."""
    [uri] = library.made(tenant.name, language, part, {})
    return Path(uri.removeprefix("sound:") + ".wav")


def _name(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder / "prompts").with_suffix(""))


def _used(folder: Path) -> dict[PartValue, list[str]]:
    """Parts of prompts that the scenarios' steps play, and which steps do."""
    found: dict[PartValue, list[str]] = {}
    for path in sorted(folder.glob("*.yaml")):
        if path.name == "tests.yaml":
            continue
        file = load_scenario(path)
        for name, step in file.steps.items():
            for spoken in step.prompts():
                for part in parts(spoken.prompt):
                    users = found.setdefault(part, [])
                    if f"{file.name}/{name}" not in users:
                        users.append(f"{file.name}/{name}")
    return found


def _named(
    library: PromptLibrary,
    tenant: Tenant,
    folder: Path,
    name: str,
    own: dict[str, Path],
    used: dict[PartValue, list[str]],
    problem: str,
) -> Row:
    kind, source = "missing", ""
    users = used.get(name, [])
    if name in own:
        kind, source = "recording", own[name].name
        if name.startswith("say/"):
            problem = problem or _unknown_word(name)
            users = [] if problem else ["say"]
    elif builtin.text(tenant.language, name):
        kind, source = "built-in", tenant.language
    return Row(name, kind, _seconds(library, tenant, name, problem), source, users, problem)


def _unknown_word(name: str) -> str:
    _, language, *rest = name.split("/")
    word = "/".join(rest)
    if word.startswith("word-") or word in fragment_names(language):
        return ""
    return f"`say` has no word of that name in the language {language}, so nobody hears it"


def _spoken(
    library: PromptLibrary,
    tenant: Tenant,
    part: TextPrompt | SayPrompt,
    used: dict[PartValue, list[str]],
    problem: str,
) -> Row:
    if isinstance(part, TextPrompt):
        kind, text = "text", part.text
    else:
        noun = part.unit or (part.noun[-1] if part.noun else "")
        kind, text = "value", " ".join(filter(None, (f"{part.say}: {part.value}", noun)))
    in_call = VARIABLE.search(text) is not None
    shown = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    seconds = None if in_call else _seconds(library, tenant, part, problem)
    example = "" if in_call or kind == "text" or problem else saying.heard(part, tenant.language, {})
    return Row(shown, kind, seconds, "in the call" if in_call else example, used[part], problem)


def _seconds(library: PromptLibrary, tenant: Tenant, part: PartValue, problem: str) -> float | None:
    try:
        wav = None if problem else file_of(library, tenant, tenant.language, part)
    except PromptMissing:
        return None
    # Raw A-law: a byte a sample, 8,000 a second.
    return round(wav.with_suffix(".alaw").stat().st_size / 8000, 1) if wav else None


def unused(found: list[Row]) -> Iterator[Row]:
    """Own recordings that no step plays."""
    return (row for row in found if row.kind == "recording" and not row.used_by)
