"""What keyed digits mean (F07): the pure rule, for any menu."""

from hypothesis import given
from hypothesis import strategies as st

from engine.scenarios.digits import Match, Prefix, resolve

KEYS = st.sets(st.sampled_from("0123456789*"), max_size=6)
EXTENSIONS = st.sets(st.text("0123456789", min_size=2, max_size=6), max_size=8)
DIGITS = st.text("0123456789*#", min_size=1, max_size=8)


def key_in(digits: str, keys: set[str], extensions: set[str]) -> Match | None:
    """What a menu does with digits keyed in one by one and then a pause."""
    typed = ""
    for digit in digits:
        typed += digit
        found = resolve(typed, keys, extensions)
        if not isinstance(found, Prefix):
            return found
    assert isinstance(found, Prefix)
    return found.match


def test_a_key_that_begins_no_extension_is_taken_at_once() -> None:
    assert resolve("2", {"1", "2"}, {"101"}) == Match("key", "2")


def test_a_key_that_begins_an_extension_waits() -> None:
    assert resolve("1", {"1", "2"}, {"101"}) == Prefix(Match("key", "1"))
    assert resolve("10", {"1", "2"}, {"101"}) == Prefix(None)
    assert resolve("101", {"1", "2"}, {"101"}) == Match("extension", "101")


def test_an_extension_that_begins_a_longer_one_waits() -> None:
    assert resolve("101", set(), {"101", "1015"}) == Prefix(Match("extension", "101"))


def test_a_hash_ends_the_number() -> None:
    assert resolve("1#", {"1"}, {"101"}) == Match("key", "1")
    assert resolve("101#", set(), {"101", "1015"}) == Match("extension", "101")
    assert resolve("10#", {"1"}, {"101"}) is None
    assert resolve("#", {"#"}, {"101"}) == Match("key", "#")
    assert resolve("#", {"1"}, {"101"}) is None


def test_what_begins_nothing_is_wrong_at_once() -> None:
    assert resolve("9", {"1"}, {"101"}) is None
    assert resolve("12", {"1"}, {"101"}) is None


@given(KEYS, EXTENSIONS)
def test_every_key_and_every_extension_can_be_reached(keys: set[str], extensions: set[str]) -> None:
    for key in keys:
        assert key_in(key, keys, extensions) == Match("key", key)
        assert key_in(key + "#", keys, extensions) == Match("key", key)
    for extension in extensions:
        assert key_in(extension, keys, extensions) == Match("extension", extension)
        assert key_in(extension + "#", keys, extensions) == Match("extension", extension)


@given(KEYS, EXTENSIONS, DIGITS)
def test_nothing_else_is_ever_reached(keys: set[str], extensions: set[str], digits: str) -> None:
    found = key_in(digits, keys, extensions)
    if found is not None:
        assert digits.startswith(found.value)
        assert found.value in (keys if found.kind == "key" else extensions)


@given(KEYS, EXTENSIONS, DIGITS)
def test_a_wait_is_only_for_what_can_still_come(keys: set[str], extensions: set[str], digits: str) -> None:
    longer = any(one.startswith(digits) and one != digits for one in extensions)
    assert isinstance(resolve(digits, keys, extensions), Prefix) == longer
