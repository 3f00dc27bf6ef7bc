"""The callers of `vats bench --menus` against a switch that answers each key after a known time."""

import json
import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from engine.bench.callers import Callers, Heard
from engine.bench.menu_load import judge
from engine.bench.menu_report import menu_report, told_menus
from engine.bench.menu_results import MenuComparison, MenuMeasured
from engine.bench.menus import MENU_KEYS, MENU_TONES, STAY_MS, frames_of, speech
from engine.bench.observer import Steps
from engine.bench.rounds import rounds_together
from engine.demo.packets import ALAW, TELEPHONE_EVENT, Tone, alaw_frames, rtp
from engine.demo.sipp import LogLine
from tests.bench.test_figures import MACHINE

DELAYS_MS = [0, 40, 5, 80, 20]
NUMBER = "+79040000003"


def _prompts(folder: Path) -> list[Path]:
    files = []
    for index, hz in enumerate(MENU_TONES):
        files.append(folder / f"menu-{index}.alaw")
        files[-1].write_bytes(b"".join(alaw_frames(Tone(hz, 200))))
    return files


class _Switch:
    """Plays prompt after prompt to whoever speaks to it; the next one so long after each key as is said."""

    def __init__(self, prompts: list[Path]) -> None:
        self._frames = [path.read_bytes()[:160] for path in prompts]
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.02)
        self.port: int = self._socket.getsockname()[1]
        self.took_ms: list[float] = []
        self.stop = threading.Event()
        self.skip: int | None = None  # of this prompt the first packet gets lost

    def run(self) -> None:
        sequence, prompt, keys = 65_530, 0, set[bytes]()
        while not self.stop.is_set():
            try:
                packet, address = self._socket.recvfrom(512)
            except TimeoutError:
                continue
            if packet[1] & 0x7F == TELEPHONE_EVENT and packet[13] & 0x80 and packet[4:8] not in keys:
                begun = time.perf_counter()
                keys.add(packet[4:8])
                time.sleep(DELAYS_MS[prompt] / 1000)
                prompt += 1
                sequence += 2 if prompt == self.skip else 1
                self._play(sequence, prompt, address)
                self.took_ms.append((time.perf_counter() - begun) * 1000)
            elif packet[1] & 0x7F == ALAW:
                sequence += 1
                self._play(sequence, prompt, address)

    def _play(self, sequence: int, prompt: int, address: tuple[str, int]) -> None:
        self._socket.sendto(rtp(ALAW, False, sequence, 0, 1, self._frames[prompt]), address)

    def close(self) -> None:
        self._socket.close()


@contextmanager
def _running(switch: _Switch) -> Iterator[None]:
    thread = threading.Thread(target=switch.run)
    thread.start()
    try:
        yield
    finally:
        switch.stop.set()
        thread.join()
        switch.close()


@pytest.mark.timeout(30)
def test_what_is_measured_is_what_the_switch_took(tmp_path: Path) -> None:
    prompts = _prompts(tmp_path)
    log = tmp_path / "caller.events.log"
    switch = _Switch(prompts)
    switch.skip = 3
    with _running(switch), Callers(log, frames_of(prompts)) as callers:
        assert len({callers.port_for(f"+790400000{number:02}") for number in range(16)}) == 8
        log.write_text(
            f"invite;call-1;1;2;{NUMBER}\nanswered;call-1;1;2;127.0.0.1:{switch.port}\nansw"  # being written
        )
        end = time.monotonic() + 20
        while time.monotonic() < end:
            heard = callers.calls.get("call-1")
            if heard is not None and len(heard.heard) == len(MENU_KEYS):
                break
            time.sleep(0.02)
    heard = callers.calls["call-1"]
    assert len(heard.pressed) == len(heard.heard) == len(MENU_KEYS)
    assert heard.lost == {2}, "a prompt whose first packet may be missing tells no time"
    expected = [took for index, took in enumerate(switch.took_ms) if index != 2]
    waits = heard.waits_ms()
    # What the switch measured lies within what the caller did; the rest is the machine's.
    for wait, took, delay in zip(waits, expected, [0, 40, 80, 20], strict=True):
        assert delay <= wait < took + 60
    assert waits[2] - waits[0] == pytest.approx(80, abs=60)


def test_a_caller_presses_each_key_at_a_moment_of_its_own() -> None:
    dice = random.Random(1)
    speeches = [speech(dice) for _ in range(20)]
    phases = set()
    for said in speeches:
        keys = [timed for timed in said if timed.key is not None]
        assert [timed.key for timed in keys] == list(range(len(MENU_KEYS)))
        assert [MENU_KEYS[timed.packet[12] - 1] for timed in keys] == list(MENU_KEYS)
        assert all(0.7 <= after.at - before.at <= 0.75 for before, after in pairwise(keys))
        assert said == sorted(said, key=lambda timed: timed.at)
        assert keys[-1].at * 1000 < STAY_MS - 500, "the last prompt is heard before he hangs up"
        phases |= {round(timed.at * 1000) % 20 for timed in keys}
    assert len(phases) > 15, "spread over the 20 ms of a packet"


def test_prompts_that_sound_alike_are_refused(tmp_path: Path) -> None:
    first, second, *rest = _prompts(tmp_path)
    assert all(frames_of([first, second, *rest]))
    second.write_bytes(first.read_bytes())
    with pytest.raises(ValueError, match=r"menu-0\.alaw: cannot be told from the other prompts"):
        frames_of([first, second, *rest])


def test_the_switch_s_word_of_a_key_is_paired_with_its_next_prompt() -> None:
    steps = Steps()

    def tell(kind: str, at_ms: int, channel: str) -> None:
        about = (
            {"channel": {"id": channel}}
            if kind == "ChannelDtmfReceived"
            else {"playback": {"target_uri": f"channel:{channel}", "id": "x"}}
        )
        timestamp = f"2026-11-22T01:00:{at_ms // 1000:02}.{at_ms % 1000:03}+0000"
        steps.take(json.dumps({"type": kind, "timestamp": timestamp, **about}).encode())

    tell("PlaybackStarted", 0, "a")  # the first menu: no key led to it
    tell("ChannelDtmfReceived", 990, "a")
    tell("ChannelDtmfReceived", 995, "b")
    tell("PlaybackStarted", 1004, "b")
    tell("PlaybackStarted", 1010, "a")
    tell("PlaybackStarted", 1500, "a")  # the same menu again
    assert steps.waits_ms == [9, 20]


def test_calls_that_did_not_go_as_they_should_are_told_apart() -> None:
    line = LogLine("answered", "1", 0, "")
    whole = Heard(pressed=[0] * 5, heard=[10_000_000] * 5)
    deaf = Heard(pressed=[0] * 5, heard=[10_000_000] * 3)
    short = Heard(pressed=[0], heard=[])
    measured = MenuMeasured("engine", 5, calls=5)
    dialled = {
        "good": {"answered": line, "ended": line},
        "deaf": {"answered": LogLine("answered", "2", 0, ""), "ended": line},
        "short": {"answered": LogLine("answered", "3", 0, ""), "ended": line},
        "endless": {"answered": line},
        "unanswered": {"invite": line},
    }
    judge(measured, list(dialled), dialled, {"1": whole, "2": deaf, "3": short})
    assert (measured.complete, measured.failed) == (1, 4)
    assert measured.failures == {
        "key 4 brought no prompt": 1,
        "ended before the last key": 1,
        "no end seen": 1,
        "not answered": 1,
    }
    assert measured.wire_ms == [10.0] * 13


def test_the_report_names_what_is_missed_and_has_no_nan() -> None:
    plain = MenuMeasured("plain", 20, 10, 10, wire_ms=[2.0] * 50, cpu_ms={"asterisk": 200.0}, seconds=2.0)
    engine = MenuMeasured(
        "engine", 20, 10, 10, wire_ms=[4.0] * 48 + [30.0] * 2, switch_ms=[3.0] * 50,
        cpu_ms={"asterisk": 240.0, "engine": 60.0}, seconds=2.0, others_ms=1000.0, load_average=1.5,
    )  # fmt: skip
    measured = rounds_together([plain, engine, plain, engine])
    [compared] = MenuComparison.of(measured)
    assert (compared.wire_ratio(0.5), compared.wire_ratio(0.99), compared.cpu_ratio) == (2, 15, 1.5)
    assert compared.missed() == ["key to prompt takes 30 ms on the wire (p99), aim under 20"]
    report = menu_report(MACHINE, measured, [compared])
    lines = report.markdown().splitlines()
    times, cpu = "4.0 / 30.0 / 30.0 | 3.0 / 3.0 / 3.0", "24.0 | 6.0 | 30.0"
    assert f"| 20 | engine | 20 | 0 | 100 | {times} | {cpu} | 0.50 | 1.5 |" in lines
    assert "4.0 / 30.0 / 30.0 ms on the wire, 3.0 / 3.0 / 3.0 ms by the switch" in told_menus(engine)
    kinds = [json.loads(text) for text in report.json_lines()]
    assert [each["kind"] for each in kinds] == ["machine", "menus", "menus", "ratio"]
    assert kinds[1]["switch_p50_ms"] is None
    faster = MenuMeasured("engine", 40, 1, 1, wire_ms=[90.0])
    [compared] = MenuComparison.of([MenuMeasured("plain", 40, 1, 1, wire_ms=[1.0]), faster])
    assert compared.missed() == [], "the aim is for 20 calls a second"
