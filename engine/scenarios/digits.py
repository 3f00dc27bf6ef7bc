"""What keyed digits mean in a menu that has keys, extensions, or both."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Match:
    """The digits are a key of the menu or an extension, and can become nothing else."""

    kind: Literal["key", "extension"]
    value: str


@dataclass(frozen=True)
class Prefix:
    """More digits may follow; `match` is what the digits are if none do, None: nothing."""

    match: Match | None = None


def resolve(digits: str, keys: Collection[str], extensions: Collection[str]) -> Match | Prefix | None:
    """What `digits`, keyed so far, are. None: neither a key nor the beginning of anything.

    A key that is also the first digit of an extension is a `Prefix` until a pause or `#` ends the number.
    `#` after digits ends them; alone it is the key `#`.
    """
    ended = len(digits) > 1 and digits.endswith("#")
    typed = digits[:-1] if ended else digits
    match = _exact(typed, keys, extensions)
    if ended or not typed:
        return match
    if any(len(extension) > len(typed) and extension.startswith(typed) for extension in extensions):
        return Prefix(match)
    return match


def _exact(typed: str, keys: Collection[str], extensions: Collection[str]) -> Match | None:
    if typed in keys:
        return Match("key", typed)
    if typed in extensions:
        return Match("extension", typed)
    return None
