"""Who suits whom by skills, for all members of a queue or all kinds of its callers at once: a few operations
on sets say it, however many there are.
"""

from collections.abc import Iterator, Mapping
from itertools import zip_longest

from engine.queues.rules import Required, Rules


class MemberSkills:
    """Which members of a queue have what; they are numbers."""

    def __init__(self) -> None:
        self.everybody = 0
        self._having: dict[str, dict[int, int]] = {}  # by skill and level: those who have just this level

    def add(self, member: int, skills: Mapping[str, int]) -> None:
        self.everybody |= 1 << member
        for skill, level in skills.items():
            levels = self._having.setdefault(skill, {})
            levels[level] = levels.get(level, 0) | 1 << member

    def suiting(self, required: Required, lowered: int, rules: Rules) -> int:
        """The set of those who suit when each of the required levels is lowered by so many."""
        found = self.everybody
        for skill, level in required:
            enough = rules.enough(level, lowered)
            if enough > 0:
                having = self._having.get(skill, {})
                found &= _union(members for own, members in having.items() if own >= enough)
        return found

    def best(self, members: int, required: Required) -> int:
        """Those of these, who are not none, whose levels of the required skills are most in all."""
        digits: list[int] = []  # of everybody's sum, as binary numbers: who has a one there
        for skill, _ in required:
            having = self._having.get(skill, {})
            most = max(having, default=0).bit_length()
            own = [
                _union(those for level, those in having.items() if level >> digit & 1)
                for digit in range(most)
            ]
            digits = _sum(digits, own)
        for ones in reversed(digits):
            members = members & ones or members
        return members


class WantedSkills:
    """Which kinds of a queue's callers want what; they are numbers."""

    def __init__(self) -> None:
        self._all = 0
        self._wanting: dict[str, dict[int, int]] = {}  # by skill and level: those who want just this level

    def add(self, kind: int, required: Required) -> None:
        self._all |= 1 << kind
        for skill, level in required:
            levels = self._wanting.setdefault(skill, {})
            levels[level] = levels.get(level, 0) | 1 << kind

    def remove(self, kind: int, required: Required) -> None:
        self._all ^= 1 << kind
        for skill, level in required:
            levels = self._wanting[skill]
            levels[level] ^= 1 << kind
            if not levels[level]:
                del levels[level]
            if not levels:
                del self._wanting[skill]

    def within_reach(self, skills: Mapping[str, int], rules: Rules) -> list[tuple[int, int]]:
        """By how many levels to lower, most first, and the set of those whom somebody with these skills suits
        then; the last ones need no lowering.
        """
        out, short = 0, dict[int, int]()
        for skill, levels in self._wanting.items():
            own = skills.get(skill, 0)
            for level, kinds in levels.items():
                if own >= level:
                    continue
                if rules.relax_after and own >= rules.relax_to:
                    short[level - own] = short.get(level - own, 0) | kinds
                else:
                    out |= kinds
        found = []
        for lowered in sorted(short, reverse=True):
            found.append((lowered, self._all ^ out))
            out |= short[lowered]
        return [*found, (0, self._all ^ out)]


def _union(sets: Iterator[int]) -> int:
    found = 0
    for one in sets:
        found |= one
    return found


def _sum(one: list[int], other: list[int]) -> list[int]:
    """Adds everybody's two numbers at once: each digit's ones, and what is carried."""
    carried, digits = 0, list[int]()
    for a, b in zip_longest(one, other, fillvalue=0):
        digits.append(a ^ b ^ carried)
        carried = a & b | carried & (a ^ b)
    return [*digits, carried]
