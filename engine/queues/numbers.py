"""Sets of small numbers, as integers in which each has its bit. What two of thousands have in common is found
in less than a microsecond.
"""

from collections.abc import Iterator


def all_of(numbers: int) -> Iterator[int]:
    """Each of the set, the least first."""
    bits = bin(numbers)[:1:-1]
    at = bits.find("1")
    while at >= 0:
        yield at
        at = bits.find("1", at + 1)


def first_after(numbers: int, last: int) -> int:
    """The least that is greater than `last`; where none is, the least of all. The set is not empty."""
    if later := numbers >> (last + 1):
        return last + 1 + _least(later)
    return _least(numbers)


def nth(numbers: int, index: int) -> int:
    """The one that is greater than so many others of the set. Halves what is left each time."""
    below, width = 0, numbers.bit_length()
    while width > 1:
        half = width // 2
        lower = numbers & ((1 << half) - 1)
        count = lower.bit_count()
        if index < count:
            numbers, width = lower, half
        else:
            numbers, width = numbers >> half, width - half
            below, index = below + half, index - count
    return below


def _least(numbers: int) -> int:
    return (numbers & -numbers).bit_length() - 1
