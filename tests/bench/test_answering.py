"""The telephones of `vats bench --answers` against a switch that connects after known times (F01 F04)."""

import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.bench.answer_load import judge
from engine.bench.answer_report import answer_report, told_answers
from engine.bench.answer_results import AnswerComparison, AnswerMeasured
from engine.bench.answering import Answering
from engine.bench.answers import CALLER_HZ, OPERATOR_HZ, AnsweredCall, key_of
from engine.bench.observer import Bridgings
from engine.bench.rounds import rounds_together
from engine.bench.sip import offer, parse, response
from engine.bench.talkers import frame
from engine.demo.packets import ALAW, rtp
from engine.demo.sipp import LogLine
from tests.bench.test_figures import MACHINE
from tests.ports import free_port

NUMBER, SHOWN = "+79050000007", "89050000007"
ACCOUNTS = ["bench-201-desk", "bench-202-desk"]
CANCEL_MS, OPERATOR_MS, CALLER_MS = 30, 80, 150


class _Switch:
    """Rings both telephones, cancels the one that is not answered, and lets voices through later."""

    def __init__(self, telephones: int) -> None:
        self._telephones = ("127.0.0.1", telephones)
        self._sip, self.caller_leg, self._phone_leg = (_udp() for _ in range(3))
        self.mouth = 0  # the port that the answer names

    def ring(self) -> None:
        for index, account in enumerate(ACCOUNTS):
            self._send("INVITE", index, account, offer("127.0.0.1", self._phone_leg.getsockname()[1]))

    def until_answered(self) -> int:
        """Number of the telephone that has answered."""
        while True:
            answer = self._sip.recv(4096).decode()
            if answer.startswith("SIP/2.0 200"):
                self.mouth = int(answer.split("m=audio ")[1].split()[0])
                return int(answer.split("Call-ID: ")[1][0])

    def cancel(self, index: int) -> str:
        self._send("CANCEL", index, ACCOUNTS[index], reason='Reason: SIP ;cause=200 ;text="elsewhere"\r\n')
        told = [self._sip.recv(4096).decode().split("\r\n")[0] for _ in range(2)]
        return ", ".join(told)

    def reinvite(self, index: int) -> str:
        offered = offer("127.0.0.1", self._phone_leg.getsockname()[1])
        self._send("INVITE", index, ACCOUNTS[index], offered, sequence=2)
        return self._sip.recv(4096).decode()

    def end(self, index: int) -> None:
        self._send("BYE", index, ACCOUNTS[index])
        assert self._sip.recv(4096).startswith(b"SIP/2.0 200")

    def play(self, leg: socket.socket, port: int, sound: bytes) -> None:
        leg.sendto(rtp(ALAW, False, 1, 0, 1, sound), ("127.0.0.1", port))

    def play_to_operator(self, sound: bytes) -> None:
        self.play(self._phone_leg, self.mouth, sound)

    def _send(
        self, method: str, index: int, account: str, body: str = "", reason: str = "", sequence: int = 1
    ) -> None:
        head = (
            f"{method} sip:{account}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z{index}\r\n"
            f'From: "Somebody" <sip:{SHOWN}@127.0.0.1>;tag=a\r\nTo: <sip:{account}@127.0.0.1>\r\n'
            f"Call-ID: {index}-{NUMBER}\r\nCSeq: {sequence} {method}\r\n{reason}\r\n"
        )
        self._sip.sendto((head + body).encode(), self._telephones)

    def close(self) -> None:
        for each in (self._sip, self.caller_leg, self._phone_leg):
            each.close()


def _udp() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("127.0.0.1", 0))
    made.settimeout(10)
    return made


@contextmanager
def _answering(folder: Path) -> Iterator[tuple[Answering, _Switch, Path]]:
    log, port = folder / "caller.events.log", free_port()
    switch = _Switch(port)
    try:
        with Answering(log, port, ACCOUNTS) as answering:
            yield answering, switch, log
    finally:
        switch.close()


@pytest.mark.timeout(30)
def test_what_is_measured_is_what_the_switch_took(tmp_path: Path) -> None:
    with _answering(tmp_path) as (answering, switch, log):
        leg = switch.caller_leg.getsockname()[1]
        log.write_text(f"invite;call-1;1;2;{NUMBER}\nanswered;call-1;1;2;127.0.0.1:{leg}\n")
        assert switch.caller_leg.recv(512)[12:] == frame(CALLER_HZ), "the caller speaks at once"
        to_caller = answering.port_for(NUMBER)
        switch.ring()
        winner = switch.until_answered()
        answered = time.monotonic()
        # Neither music nor an echo is the other side's voice.
        switch.play(switch.caller_leg, to_caller, frame(CALLER_HZ))
        switch.play_to_operator(frame(OPERATOR_HZ))
        _until(answered, CANCEL_MS)
        assert switch.cancel(1 - winner) == "SIP/2.0 200 OK, SIP/2.0 487 Request Terminated"
        assert switch.reinvite(winner).count("CSeq: 2 INVITE") == 1, "it is asked again, and agrees anew"
        _until(answered, OPERATOR_MS)
        switch.play_to_operator(frame(CALLER_HZ))
        _until(answered, CALLER_MS)
        switch.play(switch.caller_leg, to_caller, frame(OPERATOR_HZ))
        switch.play(switch.caller_leg, to_caller, frame(OPERATOR_HZ))
        switch.end(winner)
    [(key, call)] = answering.calls.items()
    assert key == key_of(NUMBER) == key_of(SHOWN)
    assert (call.rang, call.complaint(ended=True)) == (set(ACCOUNTS), "")
    assert call.complaint(ended=False) == "no end seen"
    # The switch takes its times from when the answer has come, which is later than when it was sent.
    for at, least in (
        (call.cancelled, CANCEL_MS), (call.operator_heard, OPERATOR_MS), (call.caller_heard, CALLER_MS),
    ):  # fmt: skip
        took = call.since_answer(at)
        assert took is not None
        assert least <= took < least + 1000, "beyond it is what the machine is busy with"


def _until(begun: float, ms: int) -> None:
    time.sleep(max(0.0, begun + ms / 1000 - time.monotonic()))


@pytest.mark.timeout(30)
def test_a_call_during_which_the_bench_was_late_is_not_timed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, look = threading.Event(), Answering._look

    def slow_look(self: Answering, now: float) -> None:
        if late.is_set():
            late.clear()
            time.sleep(0.1)
        look(self, now)

    monkeypatch.setattr(Answering, "_look", slow_look)
    with _answering(tmp_path) as (answering, switch, log):
        leg = switch.caller_leg.getsockname()[1]
        log.write_text(f"invite;call-1;1;2;{NUMBER}\nanswered;call-1;1;2;127.0.0.1:{leg}\n")
        switch.caller_leg.recv(512)
        switch.ring()
        winner = switch.until_answered()
        late.set()
        switch.cancel(1 - winner)
        switch.play_to_operator(frame(CALLER_HZ))
        time.sleep(0.15)  # what the bench sleeps is what is tested
        switch.play(switch.caller_leg, answering.port_for(NUMBER), frame(OPERATOR_HZ))
        switch.end(winner)
    [call] = answering.calls.values()
    assert call.stalled
    measured = AnswerMeasured("engine", 20, calls=1)
    judge(measured, [NUMBER], {NUMBER: {"ended": LogLine("ended", "1", 0, "far")}}, answering.calls)
    assert (measured.complete, measured.not_timed, measured.both_ms, len(measured.cancel_ms)) == (1, 1, [], 1)


def test_what_went_wrong_is_named() -> None:
    whole = {"rang": set(ACCOUNTS), "answered": 1, "operator_heard": 2, "caller_heard": 3, "cancelled": 4}
    cases: dict[str, dict[str, object]] = {
        "0 of 2 telephones rang": {"rang": set()},
        "ended before the answer": {"answered": None},
        "operator does not hear the caller": {"operator_heard": None},
        "caller does not hear the operator": {"caller_heard": None},
        "the other telephone rings on": {"cancelled": None},
        "the other telephone is not told that it was answered elsewhere": {"elsewhere": False},
    }
    for complaint, lacks in cases.items():
        call = AnsweredCall(**{**whole, "elsewhere": True, **lacks})  # type: ignore[arg-type]
        assert call.complaint(ended=True) == complaint


def test_sip_is_read_and_answered() -> None:
    for nothing in (b"", b"\r\n\r\n", b"SIP/2.0 200 OK\r\n\r\n", b"\xff\xfe"):
        assert parse(nothing) is None
    told = parse(b"OPTIONS sip:a@b SIP/2.0\r\nVia: 1\r\nVia: 2\r\nTo: <sip:a@b>;tag=x\r\nCall-ID: c\r\n\r\n")
    assert told is not None
    assert (told.user, told.caller, told.media) == ("a", "", None)
    lines = response(told, "200 OK", "mine").decode().split("\r\n")
    assert lines[:4] == ["SIP/2.0 200 OK", "Via: 1", "Via: 2", "To: <sip:a@b>;tag=x"]


def test_a_leg_s_answer_is_paired_with_both_being_in_one_bridge() -> None:
    bridgings = Bridgings()

    def tell(kind: str, at_ms: int, channel: str, bridge: str = "", state: str = "Up") -> None:
        told = {
            "type": kind, "timestamp": f"2026-11-22T01:00:00.{at_ms:03}+0000",
            "channel": {"id": channel, "state": state}, **({"bridge": {"id": bridge}} if bridge else {}),
        }  # fmt: skip
        bridgings.take(json.dumps(told).encode())

    tell("ChannelStateChange", 10, "c1")
    tell("ChannelStateChange", 20, "c1.leg.1", state="Ringing")
    tell("ChannelStateChange", 100, "c1.leg.2")
    tell("ChannelEnteredBridge", 105, "c1", "b1")
    tell("ChannelEnteredBridge", 107, "c2", "b2")
    tell("ChannelEnteredBridge", 109, "c1.leg.2", "b1")
    assert bridgings.waits_ms == [pytest.approx(9)]


def test_the_report_names_what_is_missed_and_has_no_nan() -> None:
    def measured(side: str, both: list[float], cancel: float) -> AnswerMeasured:
        return AnswerMeasured(
            side, 20, 10, 10, Counter(), {"asterisk": 200.0}, both_ms=both, operator_ms=both,
            caller_ms=both, cancel_ms=[cancel] * 10, load_average=1.5, seconds=1.0,
        )  # fmt: skip

    plain, engine = measured("plain", [15.0] * 10, 1.0), measured("engine", [20.0] * 9 + [70.0], 120.0)
    together = rounds_together([plain, engine, plain, engine])
    [compared] = AnswerComparison.of(together)
    assert (compared.later_ms(0.5), compared.later_ms(0.99), compared.cpu_ratio) == (5, 55, 1)
    assert compared.missed() == [
        "sound both ways takes 70 ms (p99), aim under 50",
        "the other telephone rings on for 120 ms (p99), limit 100",
    ]
    report = answer_report(MACHINE, together, [compared])
    assert len(list(report.told())) == 3
    waits = "20.0 / 70.0 / 70.0"
    row = (
        f"| 20 | engine | 20 | 0 | 0 | {waits} | {waits} | {waits} | 120.0 / 120.0 / 120.0 | – | 20.0 | 0.0 |"
    )
    assert any(line.startswith(row) for line in report.markdown().splitlines())
    assert "answer to sound both ways 20.0 / 70.0 / 70.0 ms, to CANCEL 120.0" in told_answers(engine)
    kinds = [json.loads(text) for text in report.json_lines()]
    assert [each["kind"] for each in kinds] == ["machine", "answers", "answers", "difference"]
    assert kinds[1]["switch_p50_ms"] is None
