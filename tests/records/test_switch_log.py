"""Reading the switch's own event log. `switch_log.jsonl` was written by Asterisk 22.10.1: two calls at once,
one after them, and one that was busy.
"""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.switch.cel import CelEvent, ChannelEnd, EventLog, ended_by, parse
from engine.switch.cel_calls import SwitchCalls
from engine.switch.cel_search import find_ends

RECORDED = Path(__file__).parent / "switch_log.jsonl"
FIRST, SECOND, BUSY = "cell1-1795301572.0", "cell1-1795301572.1", "cell1-1795301594.6"


def line(kind: str, at: float, channel: str, linked: str = "", **more: str) -> bytes:
    return (
        json.dumps(
            {
                "eventtype": kind,
                "eventtime": f"{at:.6f}",
                "uniqueid": channel,
                "linkedid": linked or channel,
                "channame": more.pop("channame", f"PJSIP/city-{channel[-4:]}"),
                "num": "+79031112233",
                "name": "",
                "exten": "74951234567",
                "context": more.pop("context", "from-trunk"),
                "peer": "",
                "eventextra": json.dumps(more) if more else "",
            }
        ).encode()
        + b"\n"
    )


def read(path: Path) -> SwitchCalls:
    calls = SwitchCalls()
    calls.feed(EventLog(path).read())
    return calls


def test_a_real_log_becomes_calls() -> None:
    calls = read(RECORDED).calls
    assert list(calls) == [FIRST, SECOND, "cell1-1795301593.4", BUSY]
    first = calls[FIRST]
    assert (first.first.number, first.first.extension, first.first.context) == (
        "sipp",
        "74951234567",
        "from-trunk",
    )
    assert (first.first.started_at, first.first.answered_at) == (1_795_301_572_833, 1_795_301_572_833)
    assert (first.ended_at, first.first.cause, first.first.ended_by) == (1_795_301_637_840, 16, "operator")
    (leg,) = first.legs.values()
    (talk,) = first.talks(leg)
    assert (talk.entered, talk.left) == (1_795_301_573_838, 1_795_301_637_839)
    busy = calls[BUSY].first
    assert (busy.answered_at, busy.cause, busy.certain) == (None, 17, True)


def test_ends_are_found_from_the_back() -> None:
    ends = find_ends(RECORDED, {FIRST, BUSY, "cell1-1795301573.2", "cell1-1795301572.99"})
    assert set(ends) == {FIRST, BUSY, "cell1-1795301573.2"}
    assert ends[FIRST] == ChannelEnd(FIRST, 1_795_301_637_840, 16, "operator")
    assert find_ends(RECORDED, set()) == {}
    assert find_ends(RECORDED.with_name("absent"), {FIRST}) == {}


def test_finding_reads_no_further_back_than_the_oldest_channel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    old = b"".join(line("HANGUP", 1_700_000_000 + n, f"cell1-{1_700_000_000 + n}.{n}") for n in range(20_000))
    end = line("HANGUP", 1_763_800_012.5, "cell1-1763800000.7", hangupsource="x")
    log.write_bytes(old + end)
    read: list[bytes] = []

    def counted(content: bytes) -> CelEvent | None:
        read.append(content)
        return parse(content)

    monkeypatch.setattr("engine.switch.cel.parse", counted)
    ends = find_ends(log, {"cell1-1763800000.7", "cell1-1763800001.8"})
    assert ends["cell1-1763800000.7"].ended_at == 1_763_800_012_500
    assert len(read) < 10


@given(st.integers(0, 4000))
def test_a_log_torn_anywhere_is_read_as_far_as_it_goes(cut: int) -> None:
    content = RECORDED.read_bytes()[:cut]
    *whole, rest = content.split(b"\n")
    events = [event for event in map(parse, [*whole, rest]) if event]
    assert len(events) == len(whole) + rest.endswith(b'"}')


def test_the_log_is_followed_line_by_line(tmp_path: Path) -> None:
    content = RECORDED.read_bytes()
    path = tmp_path / "log"
    path.write_bytes(b"")
    log, calls = EventLog(path), SwitchCalls()
    with path.open("ab", buffering=0) as file:
        for start in range(0, len(content), 97):
            file.write(content[start : start + 97])
            calls.feed(log.read())
    whole = read(RECORDED)
    assert {k: v.first for k, v in calls.calls.items()} == {k: v.first for k, v in whole.calls.items()}
    again = EventLog(path, log.inode, log.offset)
    assert again.read() == []


def test_a_log_that_was_taken_away_is_begun_again(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(RECORDED.read_bytes())
    log = EventLog(path)
    assert len(log.read()) > 30
    path.rename(tmp_path / "log.1")
    path.write_bytes(line("CHAN_START", 1_795_400_000, "cell1-1795400000.9"))
    assert [event.unique_id for event in log.read()] == ["cell1-1795400000.9"]


def test_channels_that_died_with_the_switch_end_with_its_last_sign_of_life(tmp_path: Path) -> None:
    """Killed with a call up; after the restart it counts channels from 0 again."""
    path = tmp_path / "log"
    path.write_bytes(
        line("CHAN_START", 1000.0, "cell1-1000000000.0")
        + line("CHAN_START", 1001.0, "cell1-1000000001.1")
        + line("HANGUP", 1002.0, "cell1-1000000001.1", hangupcause="16")
        + line("CHAN_END", 1002.0, "cell1-1000000001.1")
        + line("ANSWER", 1005.5, "cell1-1000000000.0")
        + line("CHAN_START", 1100.0, "cell1-1000000100.0")
    )
    calls = read(path).calls
    lost = calls["cell1-1000000000.0"].first
    assert (lost.ended_at, lost.certain, lost.ended_by) == (1_005_500, False, "network")
    assert calls["cell1-1000000100.0"].ended_at is None


@pytest.mark.parametrize("order", [("0", "1", "2"), ("1", "0", "2"), ("2", "1", "0")])
def test_new_channels_logged_out_of_order_are_no_restart(tmp_path: Path, order: tuple[str, ...]) -> None:
    """The switch's threads log as they come: seen with the first calls after a start of Asterisk 22.10.1."""
    path = tmp_path / "log"
    path.write_bytes(
        b"".join(line("CHAN_START", 1000.0, f"cell1-1000000000.{number}") for number in order)
        + b"".join(line("ANSWER", 1000.5, f"cell1-1000000000.{number}") for number in order)
    )
    calls = read(path).calls
    assert len(calls) == 3
    assert all(call.first.answered_at == 1_000_500 and call.ended_at is None for call in calls.values())


def test_of_the_numbers_of_channels_only_the_newest_are_kept(tmp_path: Path) -> None:
    """A switch runs for months; a restart is told all the same, from the first channel after it on."""
    path = tmp_path / "log"
    channels = [f"cell1-{1_000_000_000 + number}.{number}" for number in range(3000)]
    path.write_bytes(
        b"".join(
            line("CHAN_START", 1000.0 + at, channel) + line("CHAN_END", 1000.5 + at, channel)
            for at, channel in enumerate(channels[:-1])
        )
        + line("CHAN_START", 3999.0, channels[-1])
        + line("CHAN_START", 5000.0, "cell1-1000005000.0")
    )
    calls, reader = SwitchCalls(), EventLog(path)
    most = 0
    while events := reader.read():
        for event in events:
            calls.feed([event])
            most = max(most, len(calls._sequences))
    assert most < 300
    lost = calls.calls[channels[-1]].first
    assert (lost.ended_at, lost.certain) == (3_999_000, False)
    assert calls.calls["cell1-1000005000.0"].ended_at is None


def test_lost_channels_are_found_from_the_back_too(tmp_path: Path) -> None:
    base = 1_763_800_000
    path = tmp_path / "log"
    path.write_bytes(
        line("CHAN_START", base, f"cell1-{base}.0")
        + line("ANSWER", base + 2.25, f"cell1-{base}.0")
        + line("CHAN_START", base + 60, f"cell1-{base + 60}.0")
    )
    ends = find_ends(path, {f"cell1-{base}.0", f"cell1-{base + 60}.0"})
    assert ends == {
        f"cell1-{base}.0": ChannelEnd(
            f"cell1-{base}.0", (base + 2) * 1000 + 250, 41, "network", certain=False
        )
    }


def test_a_real_switch_killed_with_three_calls_up() -> None:
    """`switch_killed.jsonl`: Asterisk 22.10.1, kill -9, started again, one more call."""
    path = RECORDED.with_name("switch_killed.jsonl")
    calls = read(path).calls
    assert [it.first.certain for it in calls.values()] == [False, False, False, True]
    assert {it.ended_at for it in calls.values() if not it.first.certain} == {1_795_303_508_152}
    ends = find_ends(path, set(calls))
    assert {call_id: end.ended_at for call_id, end in ends.items()} == {
        call_id: it.ended_at for call_id, it in calls.items()
    }


def test_legs_that_we_named_belong_to_their_call_and_are_no_calls(tmp_path: Path) -> None:
    path, caller = tmp_path / "log", "cell1-1763800000.0"
    path.write_bytes(
        line("CHAN_START", 1000.0, caller)
        + line("CHAN_START", 1001.0, f"{caller}.leg.1", context="from-user")
        + line("CHAN_START", 1001.5, "cell1-1763800001.5", linked=caller, context="from-user")
    )
    calls = read(path).calls
    assert list(calls) == [caller]
    assert list(calls[caller].legs) == [f"{caller}.leg.1", "cell1-1763800001.5"]


@pytest.mark.parametrize(
    ("cause", "source", "by"),
    [
        (16, "PJSIP/city-1", "caller"), (16, "PJSIP/romashka-101-desk-2", "operator"), (16, "", "engine"),
        (16, "dialplan/builtin", "engine"), (44, "", "network"), (27, "PJSIP/city-1", "network"),
    ],
)  # fmt: skip
def test_who_ended_the_call(cause: int, source: str, by: str) -> None:
    assert ended_by("PJSIP/city-1", cause, source) == by
