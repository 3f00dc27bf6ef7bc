"""A fragment: the smallest piece of speech that is recorded."""

import hashlib
import re
from typing import NamedTuple


def by_letter(letters: str, words: str) -> dict[str, str]:
    """One of the words for each letter; `_` in a word is a space."""
    return {letter: word.replace("_", " ") for letter, word in zip(letters, words.split(), strict=True)}


_LATIN = by_letter(
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
    "a b v g d e yo zh z i j k l m n o p r s t u f kh ts ch sh shch - y - e yu ya",
)


class Fragment(NamedTuple):
    """`name` is its file's, in ASCII; `text` is what is spoken. A pause has no text."""

    name: str
    text: str


PAUSE = Fragment("pause", "")


def numbered(words: str, first: int = 0, step: int = 1, prefix: str = "") -> dict[int, Fragment]:
    """Fragments of words for the numbers from `first` on."""
    return {
        first + index * step: Fragment(f"{prefix}{first + index * step}", word)
        for index, word in enumerate(words.split())
    }


def of_word(word: str) -> Fragment:
    """A word that an administrator wrote: its name is the word in Latin letters."""
    latin = "".join(_LATIN.get(letter, letter) for letter in word.lower())
    name = re.sub(r"[^a-z0-9]+", "-", latin).strip("-")[:40]
    return Fragment(f"word-{name or hashlib.sha256(word.encode()).hexdigest()[:12]}", word)
