"""The measuring itself: a test that hears a tone must be able not to hear it."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests import sound


def test_a_tone_is_found_on_its_channel_only(tmp_path: Path) -> None:
    path = sound.write(tmp_path / "two.wav", sound.sine(440, 2), sound.sine(1000, 2), 8000)
    assert sound.dominant(path, 0) == pytest.approx(440, abs=1)
    assert sound.dominant(path, 1) == pytest.approx(1000, abs=1)
    assert sound.presence(path, 0, 440) == 1
    assert sound.presence(path, 0, 1000) == 0
    assert sound.presence(path, 1, 440) == 0


def test_presence_counts_windows(tmp_path: Path) -> None:
    half = np.concatenate([sound.sine(700, 1), np.zeros(8000)])
    path = sound.write(tmp_path / "half.wav", half)
    assert sound.presence(path, 0, 700) == pytest.approx(0.5, abs=0.05)
    assert sound.silence(path) == pytest.approx(0.5, abs=0.05)


def test_level_in_dbfs() -> None:
    assert sound.dbfs(sound.sine(440, 1, dbfs=-20)) == pytest.approx(-20, abs=0.05)
    assert sound.dbfs(np.zeros(100)) == -120


@pytest.mark.parametrize("ending", ["alaw", "ulaw"])
def test_raw_files_read_as_ffmpeg_wrote_them(tmp_path: Path, ending: str) -> None:
    wav = sound.tone(tmp_path / "tone.wav", 600, 1)
    raw = tmp_path / f"tone.{ending}"
    kind = {"alaw": "alaw", "ulaw": "mulaw"}[ending]
    subprocess.run(["ffmpeg", "-v", "error", "-i", wav, "-f", kind, raw], check=True)
    expected, _ = sound.channel(wav)
    got, rate = sound.channel(raw)
    assert rate == 8000
    assert np.abs(got - expected).max() < 0.02


def test_speech_is_told_from_tones_noise_and_silence(tmp_path: Path) -> None:
    speech = tmp_path / "speech.wav"
    subprocess.run(
        ["espeak-ng", "-v", "ru", "-w", speech, "Здравствуйте, вы позвонили в Ромашку"], check=True
    )
    assert sound.speech_like(speech)
    noise = np.random.default_rng(1).normal(0, 0.1, 16000)
    assert not sound.speech_like(sound.write(tmp_path / "noise.wav", noise))
    assert not sound.speech_like(sound.write(tmp_path / "silence.wav", np.zeros(16000)))
    assert not sound.speech_like(sound.tone(tmp_path / "tone.wav", 440, 2))
    ringing = np.concatenate([sound.sine(425, 1), np.zeros(8000), sound.sine(425, 1)])
    assert not sound.speech_like(sound.write(tmp_path / "ringing.wav", ringing))
    pair = sound.sine(697, 2, dbfs=-20) + sound.sine(1209, 2, dbfs=-20)
    assert not sound.speech_like(sound.write(tmp_path / "digit.wav", pair))
