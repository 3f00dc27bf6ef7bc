"""The measuring of tones: what counts as heard, and what does not."""

from pathlib import Path

import numpy as np
import pytest

from tests.phones.sound import RATE, tones_heard, write_tone
from tests.sound import write


def tone(hz: int, seconds: float, phase: float = 0.0) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return 0.3 * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE + phase)


def test_a_tone_that_was_written_is_found_and_its_neighbours_are_not(tmp_path: Path) -> None:
    found = tones_heard(write_tone(tmp_path / "440.wav", 440, 2), [440, 425, 480, 1000])
    assert {hz: one.seconds for hz, one in found.items()} == pytest.approx({440: 2, 425: 0, 480: 0, 1000: 0})


@pytest.mark.parametrize("at", [0.5, 0.53, 0.55, 0.58])
def test_a_jump_of_the_phase_is_no_gap(tmp_path: Path, at: float) -> None:
    file = write(tmp_path / "jump.wav", np.concatenate([tone(440, at), tone(440, 1 - at, np.pi)]), RATE)
    assert tones_heard(file, [440])[440].seconds == pytest.approx(1)
    assert tones_heard(file, [425])[425].seconds == 0


def test_in_a_file_that_has_just_begun_there_is_none(tmp_path: Path) -> None:
    assert tones_heard(write(tmp_path / "begun.wav", np.zeros(0), RATE), [440])[440].seconds == 0


def test_a_gap_is_one(tmp_path: Path) -> None:
    with_gap = np.concatenate([tone(440, 0.5), np.zeros(1600), tone(440, 0.5)])
    found = tones_heard(write(tmp_path / "gap.wav", with_gap, RATE), [440])[440]
    assert (found.seconds, found.span) == pytest.approx((1, 1.2))


def test_of_two_at_once_both_are_found_and_noise_is_none(tmp_path: Path) -> None:
    both = write(tmp_path / "both.wav", tone(440, 1) + tone(1000, 1), RATE)
    assert [one.seconds for one in tones_heard(both, [440, 1000], share=0.15).values()] == pytest.approx(
        [1, 1]
    )
    noise = write(tmp_path / "noise.wav", np.random.default_rng(1).normal(0, 0.1, 5 * RATE), RATE)
    assert [one.seconds for one in tones_heard(noise, range(300, 2000, 100)).values()] == [0] * 17
