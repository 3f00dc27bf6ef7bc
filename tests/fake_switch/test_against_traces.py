"""The scripted switch, asked what the real one was asked, answers and tells the same."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.switch.ari.events import WANTED
from tests.fake_switch.replay import Replay
from tests.virtual_time import run

TRACES = Path(__file__).parent.parent / "traces"
# Two things at the same instant: the outcome differs from run to run on the real one too.
RACES = {
    "just_gone",
    "dial_too_early",
    "talk_both_hang_up",
    "cancel_meets_answer",
    "caller_gone_at_operators_answer",
    "caller_gone_during_answer",
    "caller_gone_during_create",
    "caller_gone_during_dial",
}
FLOWS = sorted({path.stem for path in TRACES.glob("*.jsonl")} - RACES)


def _by_channel(events: list[dict[str, Any]]) -> dict[str, list[tuple[object, ...]]]:
    """In order, for each channel and playback: the type and the fields that carry meaning."""
    found: dict[str, list[tuple[object, ...]]] = {}
    for event in events:
        if event["type"] not in WANTED:
            continue
        channel, playback = event.get("channel", {}), event.get("playback", {})
        recording = event.get("recording", {})
        facts = (
            event["type"],
            channel.get("state"),
            playback.get("state"),
            recording.get("state"),
            tuple(event.get("args", ())),
            *(event.get(name) for name in ("cause", "cause_txt", "tech_cause", "soft", "digit")),
            tuple(event.get("bridge", {}).get("channels", ())),
        )
        found.setdefault(channel.get("id") or playback.get("id") or recording["name"], []).append(facts)
    return found


@pytest.mark.parametrize("name", FLOWS)
def test_the_same_flow_gives_the_same_events_and_answers(name: str) -> None:
    lines = [json.loads(line) for line in (TRACES / f"{name}.jsonl").read_text().splitlines()]
    replay = Replay(lines, bye_cause=41 if name == "reconnected" else 0)
    run(replay.play())
    assert replay.answers == replay.recorded
    assert _by_channel(replay.history) == _by_channel([x["event"] for x in lines if x["kind"] == "event"])


def test_traces_are_there() -> None:
    assert len(FLOWS) >= 15
