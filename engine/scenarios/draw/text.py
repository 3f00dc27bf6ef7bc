"""Text that fits: how wide it is, where its lines end, what may not stand in XML."""

import unicodedata
from typing import Literal

from engine.scenarios.draw.widths import BOLD, REGULAR, Range

Weight = Literal["regular", "bold", "mono"]

ELLIPSIS = "…"
_MONO = 603
_WIDE = 1100  # Chinese, Japanese, Korean
_UNKNOWN = 1450  # as wide as the widest letter there is a font for; pictographs are narrower
# Characters that turn the direction of what follows: a name must not rearrange its neighbours.
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _table(ranges: tuple[Range, ...]) -> dict[str, int]:
    return {
        chr(first + index): int(width)
        for first, widths in ranges
        for index, width in enumerate(widths.split())
    }


_WIDTHS = {"regular": _table(REGULAR), "bold": _table(BOLD)}


def clean(text: str) -> str:
    """The text without what XML forbids (control characters, lone surrogates) and what turns directions."""
    kept = (
        " " if char in "\t\r\n" else char
        for char in text
        if char in "\t\r\n"
        or (unicodedata.category(char) not in ("Cc", "Cs", "Cn", "Zl", "Zp") and char not in _TURNING)
    )
    return "".join(kept)


def width(text: str, size: float, weight: Weight = "regular") -> float:
    """Pixels that the text takes at most at this font size."""
    if weight == "mono":
        return sum(max(_other(char), _MONO) if ord(char) > 0x4FF else _MONO for char in text) * size / 1000
    known = _WIDTHS[weight]
    return (
        sum(found if (found := known.get(char)) is not None else _other(char) for char in text) * size / 1000
    )


def _other(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return _WIDE if unicodedata.east_asian_width(char) == "W" and ord(char) < 0x1F000 else _UNKNOWN


def shorten(text: str, limit: float, size: float, weight: Weight = "regular") -> str:
    """The text cut with an ellipsis where it is wider than `limit` pixels."""
    end, room = 0, limit - width(ELLIPSIS, size, weight)
    used = 0.0
    for index, char in enumerate(text):
        used += width(char, size, weight)
        if used <= room:
            end = index + 1
        if used > limit:
            return text[:end].rstrip(" ,.;:—–-") + ELLIPSIS
    return text


def wrap(text: str, limit: float, size: float, weight: Weight = "regular", *, lines: int = 3) -> list[str]:
    """At most so many lines, none wider than `limit` pixels; the last is cut where more would follow.

    Lines end at spaces; a word that is wider than a line is broken.
    """
    # A no-break space is no place to end a line.
    words = [word for word in clean(text).split(" ") if word]
    made: list[str] = []
    line = ""
    while words:
        word = words.pop(0)
        longer = f"{line} {word}" if line else word
        if width(longer, size, weight) <= limit:
            line = longer
            continue
        if not line:
            line, rest = _broken(word, limit, size, weight)
            words.insert(0, rest)
        else:
            words.insert(0, word)
        if len(made) == lines - 1:
            return [*made, shorten(f"{line} {' '.join(words[:40])}", limit, size, weight)]
        made.append(line)
        line = ""
    return [*made, line] if line else made


def _broken(word: str, limit: float, size: float, weight: Weight) -> tuple[str, str]:
    end = 1
    while end < len(word) and width(word[: end + 1], size, weight) <= limit:
        end += 1
    return word[:end], word[end:]
