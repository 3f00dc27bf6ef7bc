"""What a caller or a web service puts into a text that is spoken: it is read, and never obeyed."""

import unicodedata

MOST_CHARACTERS = 120
# No word is longer: what is would keep the voice busy with nonsense.
_LONGEST_WORD = 40
_SIGNS = frozenset(".,!?:;'’\"«»()-–—№%+/&@ ")


def readable(value: str) -> str:
    """Letters, digits and ordinary punctuation of a value; all else (control characters, mark-up, commands
    of the speech engine) is a space. At most 120 characters.
    """
    normal = unicodedata.normalize("NFC", value[: 4 * MOST_CHARACTERS])
    kept = "".join(letter if letter in _SIGNS or letter.isalnum() else " " for letter in normal)
    spoken = kept.replace("&", " и " if _is_russian(kept) else " and ")
    words = (word[:_LONGEST_WORD] for word in spoken.split())
    return " ".join(words)[:MOST_CHARACTERS].strip()


def _is_russian(text: str) -> bool:
    return any("а" <= letter <= "я" for letter in text.lower())
