"""The ear of these tests: what it takes for told, and what not."""

from pathlib import Path

import numpy as np
import pytest

from tests import sound
from tests.live.words import Samples, share_told

FRAME = 160  # 20 ms


def words(seed: int, seconds: float) -> Samples:
    """Syllables of noise, as unlike each other as words are."""
    samples = np.random.default_rng(seed).normal(0, 0.1, round(seconds * 8000))
    return samples * (0.6 + 0.4 * np.sin(np.arange(len(samples)) / 8000 * 2 * np.pi * 4))


def less(samples: Samples, share: float) -> Samples:
    """With this share of packets dropped, as a telephone does that has got too many."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    return frames[np.random.default_rng(1).random(len(frames)) >= share].ravel()


def shorter(samples: Samples) -> Samples:
    """With 10 ms taken out of every 200, as a telephone does whose jitter buffer has grown."""
    return np.concatenate([samples[at : at + 1520] for at in range(0, len(samples), 1600)])


@pytest.mark.parametrize(
    ("heard", "at_least", "at_most"),
    [
        (words(1, 2), 1, 1),
        (less(words(1, 2), 0.03), 0.6, 1),
        (shorter(np.roll(words(1, 2), 760)), 0.8, 1),
        (words(2, 2), 0, 0.1),
        (words(1, 2)[:8000], 0.4, 0.5),
        (words(1, 2).reshape(10, -1)[::-1].ravel(), 0, 0.4),
        (np.zeros(16000), 0, 0),
    ],
    ids=[
        "all",
        "packets dropped",
        "a jitter buffer shrinks",
        "other words",
        "half",
        "another order",
        "silence",
    ],
)
def test_it_tells_what_was_told(tmp_path: Path, heard: Samples, at_least: float, at_most: float) -> None:
    prompt = sound.write(tmp_path / "prompt.wav", words(1, 2), 8000)
    recording = sound.write(tmp_path / "heard.wav", np.concatenate([words(3, 1), heard, words(4, 0.5)]), 8000)
    assert at_least <= share_told(recording, prompt) <= at_most


def test_a_word_whose_first_packet_was_missed_is_told(tmp_path: Path) -> None:
    prompt = sound.write(tmp_path / "prompt.wav", words(1, 0.48), 8000)
    heard = np.concatenate([words(1, 0.48)[FRAME:], words(3, 1)])
    assert share_told(sound.write(tmp_path / "heard.wav", heard, 8000), prompt) >= 0.6
