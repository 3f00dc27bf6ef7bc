"""Numbers in one form (F08)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.directory.numbers import is_e164, normalise


@pytest.mark.parametrize(
    ("written", "country", "e164"),
    [
        ("+74951234567", "RU", "+74951234567"),
        ("84951234567", "RU", "+74951234567"),
        ("74951234567", "RU", "+74951234567"),
        ("4951234567", "RU", "+74951234567"),
        ("8 (495) 123-45-67", "RU", "+74951234567"),
        ("810442079460000", "RU", "+442079460000"),
        ("442079460000", "RU", "+442079460000"),
        ("020 7946 0000", "GB", "+442079460000"),
        ("101", "RU", "101"),
        ("112", "RU", "112"),
        ("anonymous", "RU", "anonymous"),
        ("sip:79031112233@host", "RU", "sip:79031112233@host"),
        ("", "RU", ""),
        (" 101 ", "RU", "101"),
    ],
)
def test_one_form(written: str, country: str, e164: str) -> None:
    assert normalise(written, country) == e164


@given(st.text(max_size=30))
def test_any_text_is_taken_and_a_second_time_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert once == text.strip() or is_e164(once)
