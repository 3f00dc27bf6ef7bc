"""What the bench makes of its measurements."""

import json
import math
import struct
import wave
from collections import Counter
from dataclasses import replace
from pathlib import Path

from engine.bench import recordings
from engine.bench.machine import Machine
from engine.bench.report import call_report
from engine.bench.results import ASTERISK, ENGINE, WORKER, Measured, call_comparisons, percentile
from engine.bench.rounds import rounds_together

MACHINE = Machine("A processor", 2, 8.0, "6.1", "22.10.1", "3.11.2")
PLAIN = Measured("plain", 5, 10, 10, Counter(), {ASTERISK: 200.0}, answer_ms=[3.0] * 10, ring_ms=[10.0] * 10)
OURS = Measured(
    "engine", 5, 10, 8, Counter({"not answered": 2}), {ASTERISK: 160.0, ENGINE: 16.0, WORKER: 8.0},
    short_recordings=1, answer_ms=[4.0] * 10, ring_ms=[12.0] * 10,
)  # fmt: skip


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(value) for value in range(1, 101)]
    assert (percentile(values, 0.5), percentile(values, 0.99), percentile([7.0], 0.99)) == (50, 99, 7)
    assert math.isnan(percentile([], 0.5))


def test_cpu_is_counted_by_complete_call() -> None:
    assert OURS.cpu_a_call(ENGINE) == 2
    assert OURS.cpu_a_call() == 23
    assert math.isnan(Measured("plain", 5, calls=3).cpu_a_call())


def test_rounds_of_a_side_are_one_result() -> None:
    found = rounds_together([PLAIN, OURS, PLAIN, OURS])
    assert [(each.side, each.calls, each.failed) for each in found] == [("plain", 20, 0), ("engine", 20, 4)]
    assert found[0].cpu_a_call() == PLAIN.cpu_a_call()
    assert PLAIN.calls == 10, "what was measured stays as it is"


def test_aims_that_are_missed_are_named() -> None:
    [comparison] = call_comparisons([PLAIN, OURS])
    assert comparison.all_cpu == 23 / 20
    assert comparison.answer_later_ms == 1
    assert comparison.missed() == ["2 calls failed, by plain dialplan none"]


def test_a_disturbed_round_decides_no_ratio() -> None:
    slow = replace(OURS, cpu_ms={ASTERISK: 9000.0})
    [comparison] = call_comparisons([PLAIN, OURS, PLAIN, slow, PLAIN, OURS])
    assert comparison.all_cpu == 23 / 20
    assert max(comparison.all_cpu_of_rounds()) == 1125 / 20
    assert comparison.engine.calls == 30


def test_json_has_no_nan() -> None:
    report = call_report(MACHINE, [Measured("plain", 5, calls=3), OURS], call_comparisons([PLAIN, OURS]))
    kinds = [json.loads(line, parse_constant=_refuse)["kind"] for line in report.json_lines()]
    assert kinds == ["machine", "result", "result", "ratio"]


def test_markdown_has_a_row_for_each_side() -> None:
    report = call_report(MACHINE, [PLAIN, OURS], call_comparisons([PLAIN, OURS]))
    lines = report.markdown().splitlines()
    assert lines[0].startswith("Measured on: A processor, 2 cores, 8 GiB, Linux 6.1, Asterisk 22.10.1")
    assert "| 5 | plain | 10 | 0 | 0 | 20.0 | 0.0 | 0.0 | 0.0 | 20.0 | 3.0 / 3 | 10.0 / 10 |" in lines


def test_a_recording_needs_sound_on_every_channel(tmp_path: Path) -> None:
    good = _wav(tmp_path / "good.wav", 2, (3000, 3000))
    assert (recordings.problem(good), recordings.seconds(good)) == ("", 2.0)
    assert recordings.problem(_wav(tmp_path / "mono.wav", 2, (3000,))) == ""
    one_sided = _wav(tmp_path / "one.wav", 2, (3000, 5))
    assert recordings.problem(one_sided) == "silent on channel 2 of 2"
    assert "unreadable" in recordings.problem(tmp_path / "none.wav")


def _wav(path: Path, seconds: int, levels: tuple[int, ...]) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((len(levels), 2, 8000, 0, "NONE", ""))
        for index in range(8000 * seconds):
            sign = 1 if index // 8 % 2 else -1
            file.writeframes(struct.pack(f"<{len(levels)}h", *(sign * level for level in levels)))
    return path


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")
