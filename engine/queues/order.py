"""Things in order, of which the first is found that belongs to a given set: who of those with the skills has
been idle the longest, whose turn is next of those whom he may serve.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from typing import Any, Generic, TypeVar

# A block of more entries is made two, one of fewer joins its neighbour.
MOST = 128
LEAST = 32

Entry = TypeVar("Entry", bound=tuple[Any, ...])


class _Block(Generic[Entry]):
    """Neighbours in the order, and the set of their numbers."""

    __slots__ = ("entries", "numbers")

    def __init__(self, entries: list[Entry], numbers: int) -> None:
        self.entries = entries
        self.numbers = numbers

    def halves(self) -> list[_Block[Entry]]:
        """The same in two."""
        middle = len(self.entries) // 2
        numbers = 0
        for entry in self.entries[:middle]:
            numbers |= 1 << entry[-1]
        return [
            _Block(self.entries[:middle], numbers),
            _Block(self.entries[middle:], self.numbers ^ numbers),
        ]


class Order(Generic[Entry]):
    """Tuples in order; the last item of each is its number, which no other one has. Whole blocks in which
    nobody belongs to the set are passed over, so that it does not matter how far behind the first one is.
    """

    def __init__(self) -> None:
        self._blocks: list[_Block[Entry]] = []

    def __bool__(self) -> bool:
        return bool(self._blocks)

    def add(self, entry: Entry) -> None:
        if not self._blocks:
            self._blocks.append(_Block([entry], 1 << entry[-1]))
            return
        index = self._index(entry)
        block = self._blocks[index]
        insort(block.entries, entry)
        block.numbers |= 1 << entry[-1]
        if len(block.entries) > MOST:
            self._blocks[index : index + 1] = block.halves()

    def remove(self, entry: Entry) -> None:
        """Of an entry that was added."""
        index = self._index(entry)
        block = self._blocks[index]
        del block.entries[bisect_left(block.entries, entry)]
        block.numbers ^= 1 << entry[-1]
        if not block.entries:
            del self._blocks[index]
        elif len(block.entries) < LEAST and len(self._blocks) > 1:
            self._join(max(index - 1, 0))

    def first(self, numbers: int) -> Entry | None:
        """The first one whose number is in this set."""
        for block in self._blocks:
            found = block.numbers & numbers
            if found:
                return next(entry for entry in block.entries if found >> entry[-1] & 1)
        return None

    def _index(self, entry: Entry) -> int:
        """Of the block that it belongs to."""
        return max(bisect_right(self._blocks, entry, key=_first) - 1, 0)

    def _join(self, index: int) -> None:
        """This block and the next become one, or two of the same length."""
        one, other = self._blocks[index : index + 2]
        joined = _Block(one.entries + other.entries, one.numbers | other.numbers)
        self._blocks[index : index + 2] = joined.halves() if len(joined.entries) > MOST else [joined]


def _first(block: _Block[Entry]) -> Entry:
    return block.entries[0]
