"""Where prompts lie below `settings.prompts_folder`, and under which names.

- `TENANT/NAME` – of the tenant's own sound file `prompts/NAME.wav`, with `NAME.json` telling what it was
  made of; `say/LANGUAGE/FRAGMENT` among them replaces our own recorded word;
- `TENANT/_takes/NAME-HASH` – the same, for as long as calls may want it that began before it was replaced;
- `TENANT/text-HASH` – a text of his scenarios, made ahead;
- `TENANT/_calls/text-HASH` – a text with a variable, made in a call, bounded (`call_texts.py`);
- `_builtin/LANGUAGE/text-HASH` and `_builtin/LANGUAGE/say/FRAGMENT-HASH` – built-in texts and the words of
  numbers, dates and the like, shared by all tenants.

Each is two files, `.alaw` and `.wav`. A hash is of the words, the voice and the way of making, so a file that
is there is the right one.
"""

import hashlib
from functools import lru_cache
from pathlib import Path

from engine.directory.prompts.call_texts import Wanted
from engine.directory.prompts.convert import PROFILE
from engine.directory.prompts.speech import Speech
from engine.directory.prompts.spoken import Fragment
from engine.directory.prompts.spoken.say import language_of

_BUILTIN = "_builtin"
CALLS = "_calls"
TAKES = "_takes"


class Places:
    """Targets: paths without the ending."""

    def __init__(self, folder: Path, speech: Speech) -> None:
        self._folder = folder.resolve()
        self._speech = speech
        self._digest = lru_cache(65536)(self._digest_of)

    def own(self, tenant: str, name: str) -> Path:
        """Of the tenant's own sound file."""
        return self._folder / tenant / name

    def take(self, tenant: str, name: str, digest: str) -> Path:
        """Of one content of the tenant's own sound file."""
        return self._folder / tenant / TAKES / f"{name}-{digest[:16]}"

    def text(self, tenant: str, language: str, text: str) -> Wanted:
        """A text of the tenant's scenarios."""
        return Wanted(text, language, self._folder / tenant / self._hashed(language, text))

    def call_text(self, tenant: str, language: str, text: str) -> Wanted:
        """A text that only this call has."""
        name = f"text-{self._digest_of(language, text)}"
        return Wanted(text, language, self._folder / tenant / CALLS / name, bounded=True)

    def builtin(self, language: str, text: str) -> Wanted:
        """A built-in text."""
        return Wanted(text, language, self._folder / _BUILTIN / language / self._hashed(language, text))

    def fragment(self, language: str, fragment: Fragment) -> Wanted:
        """A recorded word of ours."""
        language = language_of(language)[0]
        name = f"{fragment.name}-{self._digest(language, fragment.text)[:8]}"
        target = self._folder / _BUILTIN / language / "say" / name
        return Wanted(fragment.text, language, target, tight=True)

    def _hashed(self, language: str, text: str) -> str:
        return f"text-{self._digest(language, text)}"

    def _digest_of(self, language: str, text: str) -> str:
        identity = "\n".join((PROFILE, self._speech.voice(language), language, text))
        return hashlib.sha256(identity.encode()).hexdigest()[:24]


def own_fragment(language: str, fragment: Fragment) -> str:
    """The name by which a tenant's own recording replaces a word of ours."""
    return f"say/{language_of(language)[0]}/{fragment.name}"


def is_made(target: Path) -> bool:
    """Whether both files are there."""
    return all(target.with_name(f"{target.name}.{ending}").is_file() for ending in ("alaw", "wav"))


def remove(target: Path) -> None:
    """Both files, and what tells of them."""
    for ending in ("json", "alaw", "wav"):
        target.with_name(f"{target.name}.{ending}").unlink(missing_ok=True)
