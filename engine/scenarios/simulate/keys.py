"""What a made-up caller keys in, and when: `1 w6 101`.

Keys come in groups, separated by spaces. A group is keyed when the caller is asked: at the end of a prompt
that a key can answer, or when a key is waited for without such a prompt. The keys of a group follow one
another by 0.3 s. `w6` waits: the next group then comes 6 s after the last key, asked or not, and stops a
prompt that a key can stop. Before the first key, waiting counts from the moment at which the caller is
first asked (the beginning of that prompt). `h` hangs up, and is the last; with nothing keyed before it,
`w6 h` counts from the beginning of the call.
"""

import re
from typing import Literal, NamedTuple

GAP_S = 0.3
HANG_UP = "h"
_WAIT = re.compile(r"w(\d+(?:\.\d+)?)")
_GROUP = re.compile(r"[0-9*#]*h?")
_LONGEST_WAIT_S = 86400.0
KEYS_HELP = 'keys 0 to 9, * and #, w6 to wait 6 s, h to hang up, such as "1 w6 101"'


class WrongKeys(ValueError):
    """The text is no row of keys; the message says where, and what was expected."""


class Act(NamedTuple):
    """One thing that the caller does. `seconds` count from what `when` says."""

    key: str  # one key, or `h`
    when: Literal["asked", "first asked", "last key", "start"]
    seconds: float = 0.0


def parse_keys(text: str) -> tuple[Act, ...]:
    """The caller's acts in order. Raises `WrongKeys`."""
    acts: list[Act] = []
    wait: float | None = None
    for word in text.split():
        if acts and acts[-1].key == HANG_UP:
            raise WrongKeys(f"{word!r} comes after h: who has hung up keys nothing, expected h at the end")
        if match := _WAIT.fullmatch(word):
            wait = (wait or 0.0) + float(match[1])
            if wait > _LONGEST_WAIT_S:
                raise WrongKeys(f"{word!r} is longer than a day, expected seconds such as w6")
        elif _GROUP.fullmatch(word):
            acts += _group(word, wait, first=not acts)
            wait = None
        else:
            raise WrongKeys(f"{word!r} is no key, expected {KEYS_HELP}")
    if wait is not None:
        raise WrongKeys(f"nothing comes after the last w, expected {KEYS_HELP}")
    return tuple(acts)


def _group(word: str, wait: float | None, *, first: bool) -> list[Act]:
    if wait is None:
        begin = Act(word[0], "asked")
    elif not first:
        begin = Act(word[0], "last key", wait)
    elif word == HANG_UP:
        begin = Act(word, "start", wait)
    else:
        begin = Act(word[0], "first asked", wait)
    return [begin, *(Act(key, "last key", GAP_S) for key in word[1:])]
