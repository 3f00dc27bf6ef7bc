"""Digits keyed one by one, against a slow and obvious reading of the whole sequence (F34)."""

import re

from hypothesis import given
from hypothesis import strategies as st

from engine.scenarios.entry import FULL_S, Entry

ENDS = st.sampled_from(["#", ""])
KEYS = st.text("0123456789*#", max_size=20)


def reading(keys: str, least: int, most: int, ends: str, clears: str) -> str | None:
    """What a person would say that was keyed."""
    if ends:
        keys = keys.partition(ends)[0]
    if clears:
        keys = keys.rpartition(clears)[2]
    return keys if re.fullmatch(f"[0-9]{{{least},{most}}}", keys) else None


@given(KEYS, st.integers(1, 6), st.integers(0, 6), st.sampled_from(["*", ""]))
def test_a_number_that_a_key_ends(keys: str, least: int, more: int, clears: str) -> None:
    entry = Entry(least, least + more, "#", clears)
    for key in keys:
        if entry.press(key):
            break
    assert entry.value == reading(keys, least, least + more, "#", clears)
    assert entry.ended == ("#" in keys)


@given(KEYS, st.integers(1, 6), st.integers(0, 6))
def test_a_number_that_ends_with_its_last_digit(keys: str, least: int, more: int) -> None:
    most = least + more
    entry = Entry(least, most, "", "*")
    taken = 0
    for taken, key in enumerate(keys, 1):  # noqa: B007
        if entry.press(key):
            break
    assert entry.value == reading(keys[:taken], least, most, "", "*")
    assert len(entry.typed) <= most


@given(st.text("0123456789*", max_size=500), st.integers(1, 40))
def test_keys_come_to_an_end(keys: str, most: int) -> None:
    entry = Entry(1, most)
    pressed = 0
    for pressed, key in enumerate(keys, 1):  # noqa: B007
        if entry.press(key):
            break
    assert pressed <= 3 * most + 21
    assert len(entry.typed) <= most + 1


def test_how_long_the_next_key_may_take() -> None:
    entry = Entry(1, 3)
    assert entry.patience(5, 3) == 5
    entry.press("1")
    assert entry.patience(5, 3) == 3
    entry.press("*")
    assert entry.patience(5, 3) == 5
    for key in "123":
        entry.press(key)
    assert entry.patience(5, 3) == FULL_S
    assert entry.patience(5, 0.5) == 0.5
