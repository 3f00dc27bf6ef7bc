"""F13: own recordings in any common format, levelled and trimmed; what is no sound is refused by name."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from engine.directory.prompts.convert import LOUDNESS_DBFS, BadSound, active_level, convert
from tests import sound

TEXT = "Здравствуйте! Вы позвонили в компанию Ромашка. Дождитесь ответа."


def speech(path: Path, text: str = TEXT) -> Path:
    """Real speech, 22 kHz."""
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["espeak-ng", "-v", "ru", "-w", path, text], check=True)
    return path


def ffmpeg(source: Path, target: Path, *options: str) -> Path:
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", source, *options, target], check=True)
    return target


def heard_level(path: Path) -> float:
    """Level in dBFS of the 20 ms windows within 30 dB of the loudest, measured apart from the product."""
    samples, rate = sound.channel(path)
    size = rate // 50
    windows = samples[: len(samples) // size * size].reshape(-1, size)
    power = (windows**2).mean(axis=1)
    return float(10 * np.log10(power[power > power.max() / 1000].mean()))


@pytest.mark.parametrize(
    ("ending", "options"),
    [
        ("wav", ["-ar", "44100", "-ac", "2"]),
        ("wav", ["-c:a", "pcm_f32le"]),
        ("mp3", ["-b:a", "64k"]),
        ("ogg", ["-c:a", "libvorbis"]),
        ("m4a", ["-c:a", "aac"]),
        ("flac", []),
    ],
)
@pytest.mark.parametrize("gain", [-25, 6])
def test_f13_every_format_and_loudness_comes_out_alike(
    tmp_path: Path, ending: str, options: list[str], gain: int
) -> None:
    source = ffmpeg(
        speech(tmp_path / "speech.wav"), tmp_path / f"in.{ending}", "-af", f"volume={gain}dB", *options
    )
    made = convert(source, tmp_path / "out" / "welcome")
    wav, alaw = tmp_path / "out" / "welcome.wav", tmp_path / "out" / "welcome.alaw"
    for path in (wav, alaw):
        assert heard_level(path) == pytest.approx(LOUDNESS_DBFS, abs=0.7)
        assert sound.seconds(path) == pytest.approx(made.duration_ms / 1000, abs=0.01)
        assert sound.speech_like(path)
        assert np.abs(sound.channel(path)[0]).max() < 10 ** (-0.9 / 20)
    assert sound.read(wav)[0].shape[1] == 1
    assert sound.read(wav)[1] == 8000
    assert sorted(path.name for path in wav.parent.iterdir()) == ["welcome.alaw", "welcome.wav"]


def test_silence_at_both_ends_is_cut_and_inside_is_kept(tmp_path: Path) -> None:
    silent, said = np.zeros(16000), sound.sine(500, 1)
    source = sound.write(tmp_path / "in.wav", np.concatenate([silent, said, silent, said, silent]))
    made = convert(source, tmp_path / "out")
    assert made.duration_ms == pytest.approx(4000 + 120, abs=30)
    assert sound.silence(tmp_path / "out.wav") == pytest.approx(0.5, abs=0.05)


def test_nothing_above_the_telephone_band_folds_back(tmp_path: Path) -> None:
    mixed = sound.sine(500, 2, 24000) + sound.sine(7000, 2, 24000)
    convert(sound.write(tmp_path / "in.wav", mixed, 24000), tmp_path / "out")
    samples, _ = sound.channel(tmp_path / "out.wav")
    assert sound.level(samples, 500) > 0.99
    assert sound.level(samples, 1000) < 0.001, "7 kHz at 8 kHz would be heard as 1 kHz"


def test_a_file_of_another_ending_is_known_by_its_content(tmp_path: Path) -> None:
    mp3 = ffmpeg(speech(tmp_path / "speech.wav"), tmp_path / "in.mp3")
    assert convert(mp3.rename(tmp_path / "in.wav"), tmp_path / "out").duration_ms > 1000


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"this is a letter, not a sound\n" * 100, "no sound file"),
        (b"RIFF\x24\0\0\0WAVEfmt junk", "no sound"),
        (b"ID3\x03" + bytes(range(256)) * 8, "no sound"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n", "no sound file"),
    ],
)
def test_what_is_no_sound_is_refused_by_name(tmp_path: Path, content: bytes, reason: str) -> None:
    source = tmp_path / "broken.wav"
    source.write_bytes(content)
    with pytest.raises(BadSound, match=reason) as caught:
        convert(source, tmp_path / "out" / "welcome")
    assert str(source) in str(caught.value)
    assert not list(tmp_path.glob("out/*"))


def test_silence_and_too_long_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSound, match="nothing but silence"):
        convert(sound.write(tmp_path / "silent.wav", np.zeros(16000)), tmp_path / "out")
    with pytest.raises(BadSound, match="longer than 10 minutes"):
        convert(sound.tone(tmp_path / "long.wav", 440, 601), tmp_path / "out")
    assert convert(sound.tone(tmp_path / "just.wav", 440, 599), tmp_path / "out").duration_ms == 599_000
    with pytest.raises(BadSound, match="No such file"):
        convert(tmp_path / "missing.wav", tmp_path / "out")


def test_active_level_does_not_count_pauses() -> None:
    from pydub import AudioSegment

    said = (sound.sine(500, 1, dbfs=-20) * 32768).astype("<i2").tobytes()
    both = AudioSegment(data=said + bytes(len(said) * 3), sample_width=2, frame_rate=8000, channels=1)
    assert active_level(both) == pytest.approx(-20, abs=0.2)
