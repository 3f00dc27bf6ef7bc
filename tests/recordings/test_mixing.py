"""F01: caller left, operator right, measured by tones."""

import time
from pathlib import Path

import numpy as np
import pytest
from pydub import AudioSegment

from engine.recordings.mixing import Part, mix
from tests import sound


def _part(folder: Path, caller_hz: float, operator_hz: float, seconds: float, name: str = "c") -> Part:
    return Part(
        sound.tone(folder / f"{name}-in.wav", caller_hz, seconds),
        sound.tone(folder / f"{name}-out.wav", operator_hz, seconds),
    )


def test_f01_caller_is_left_and_operator_right(tmp_path: Path) -> None:
    target = tmp_path / "romashka" / "call.wav"
    mixed = mix([_part(tmp_path, 440, 1000, 5)], target)
    assert mixed.problems == ()
    assert mixed.duration_ms == 5000
    assert mixed.size == target.stat().st_size
    samples, rate = sound.read(target)
    assert (samples.shape, rate) == ((40000, 2), 8000)
    assert sound.presence(target, 0, 440) == 1
    assert sound.presence(target, 1, 1000) == 1
    assert sound.presence(target, 0, 1000) == 0
    assert sound.presence(target, 1, 440) == 0
    assert [path.name for path in target.parent.iterdir()] == ["call.wav"]


def test_it_is_what_pydub_makes_of_two_sides(tmp_path: Path) -> None:
    part = _part(tmp_path, 440, 1000, 9.7)
    mix([part], tmp_path / "call.wav")
    theirs = AudioSegment.from_mono_audiosegments(*(AudioSegment.from_wav(file) for file in part))
    assert AudioSegment.from_wav(tmp_path / "call.wav").raw_data == theirs.raw_data


def test_parts_follow_one_another_and_stay_in_step(tmp_path: Path) -> None:
    first = _part(tmp_path, 440, 1000, 1, "one")
    second = Part(
        sound.tone(tmp_path / "two-in.wav", 600, 2), sound.tone(tmp_path / "two-out.wav", 1400, 1.5)
    )
    third = _part(tmp_path, 500, 900, 1, "three")
    target = tmp_path / "call.wav"
    assert mix([first, second, third], target).duration_ms == 4000
    left, _ = sound.channel(target, 0)
    right, _ = sound.channel(target, 1)
    for samples, frequencies in ((left, (440, 600, 600, 500)), (right, (1000, 1400, None, 900))):
        for second_number, frequency in enumerate(frequencies):
            piece = samples[second_number * 8000 + 4000 : second_number * 8000 + 8000]
            if frequency is None:
                assert sound.dbfs(piece) < -80, "the shorter side is filled up with silence"
            else:
                assert sound.level(piece, frequency) > 0.9


def test_a_long_call_is_mixed_in_pieces_without_a_seam(tmp_path: Path) -> None:
    target = tmp_path / "call.wav"
    assert mix([_part(tmp_path, 440, 1000, 150)], target).duration_ms == 150_000
    left, _ = sound.channel(target, 0)
    expected, _ = sound.channel(tmp_path / "c-in.wav")
    assert np.array_equal(left, expected)


def test_a_killed_switch_leaves_a_wrong_header_and_the_sound_counts(tmp_path: Path) -> None:
    part = _part(tmp_path, 440, 1000, 2)
    content = bytearray(part.caller.read_bytes())
    content[4:8] = content[40:44] = bytes(4)
    part.caller.write_bytes(content + b"\x01")
    target = tmp_path / "call.wav"
    assert mix([part], target).duration_ms == 2000
    assert sound.presence(target, 0, 440) == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "missing"), (b"this is text, not sound", "no WAV file"), (b"RIFF\0\0\0\0WAVEfmt ", "cut off")],
)
def test_one_bad_side_is_silent_and_told(tmp_path: Path, content: bytes | None, reason: str) -> None:
    part = _part(tmp_path, 440, 1000, 2)
    part.caller.unlink()
    if content is not None:
        part.caller.write_bytes(content)
    target = tmp_path / "call.wav"
    mixed = mix([part], target)
    assert mixed.duration_ms == 2000
    assert len(mixed.problems) == 1
    assert "c-in.wav" in mixed.problems[0]
    assert reason in mixed.problems[0]
    assert sound.silence(target, 0) == 1
    assert sound.presence(target, 1, 1000) == 1


def test_an_unanswered_call_is_no_recording_and_no_problem(tmp_path: Path) -> None:
    part = Part(tmp_path / "in.wav", tmp_path / "out.wav")
    part.caller.touch()
    sound.tone(part.operator, 440, 0)
    target = tmp_path / "call.wav"
    assert mix([part], target) == (0, 0, ())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.wav", "out.wav"]


def test_sound_of_another_rate_keeps_its_length(tmp_path: Path) -> None:
    part = Part(
        sound.tone(tmp_path / "in.wav", 440, 3, rate=16000), sound.tone(tmp_path / "out.wav", 1000, 3)
    )
    target = tmp_path / "call.wav"
    assert mix([part], target).duration_ms == 3000
    assert sound.presence(target, 0, 440) > 0.95


def test_mixing_a_five_second_call_costs_under_4_ms(tmp_path: Path) -> None:
    part = _part(tmp_path, 440, 1000, 5)
    costs = []
    for _ in range(30):
        begun = time.thread_time()
        mix([part], tmp_path / "call.wav")
        costs.append(time.thread_time() - begun)
    assert sorted(costs)[15] < 0.004
