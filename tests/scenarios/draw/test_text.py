"""Texts are measured as a font renderer measures them, wrapped and cut to fit, and safe in XML."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.scenarios.draw.text import clean, shorten, width, wrap
from tests.scenarios.draw.seen import measured

RUSSIAN = "Съешь ещё этих мягких французских булок, да выпей чаю — №5, «ёлка» и ЩУКА стоят 100 ₽…"
ENGLISH = "The quick brown fox jumps over the lazy dog: 0123456789, “quotes” & <tags> @ 100 % + ÄÖÜ é → ≥ ✱"


@pytest.mark.parametrize("text", [RUSSIAN, ENGLISH])
@pytest.mark.parametrize("bold", [False, True])
def test_widths_are_those_of_the_widest_usual_font(text: str, bold: bool) -> None:
    assert width(text, 12.5, "bold" if bold else "regular") == pytest.approx(
        measured(text, 12.5, bold=bold), rel=0.01
    )


def test_a_letter_that_no_table_has_is_taken_for_wide() -> None:
    assert width("漢字", 10) >= measured("漢字", 10)
    assert width("😀Ǆ", 10) >= 25
    assert width("e\u0301", 10) == width("e", 10)


@given(st.text(max_size=300), st.integers(20, 300), st.integers(1, 4))
@example("слово " * 100, 120, 3)
@example("безпробелов" * 50, 120, 3)
def test_no_line_is_wider_than_asked(text: str, limit: int, lines: int) -> None:
    made = wrap(text, limit, 12, lines=lines)
    assert len(made) <= lines
    assert all(line and width(line, 12) <= max(limit, width(line[0], 12) + width("…", 12)) for line in made)


def test_what_fits_is_kept_whole_and_what_does_not_ends_in_an_ellipsis() -> None:
    assert wrap("Отдел продаж", 200, 12) == ["Отдел продаж"]
    assert " ".join(wrap(RUSSIAN, 200, 12, lines=9)) == RUSSIAN
    assert wrap(RUSSIAN, 200, 12, lines=2)[-1].endswith("…")
    assert shorten("Отдел продаж, и", 90, 12) == "Отдел прод…"
    assert shorten("Отдел", 90, 12) == "Отдел"
    assert wrap("", 100, 12) == []


def test_no_control_character_and_no_turning_of_directions_remains() -> None:
    assert clean("a\x00b\x07c\ud800d\u202ee\u2066f\ufffeg\nh\ti") == "abcdefg h i"
