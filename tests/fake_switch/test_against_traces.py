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
Facts = tuple[object, ...]


def _by_channel(events: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """In order, for each channel and playback: the type and the fields that carry meaning."""
    found: dict[str, list[Any]] = {}
    for event in events:
        if event["type"] not in WANTED:
            continue
        channel, playback = event.get("channel", {}), event.get("playback", {})
        recording = event.get("recording", {})
        if event["type"] == "ChannelTransfer":
            facts = _facts_of_transfer(event)
            channel = event["referred_by"]["source_channel"]
        elif event["type"] == "Dial":
            facts = ("Dial", event["dialstatus"])
            channel = {"id": f"dial {event['peer']['id']}"}
        else:
            # Those who are in a bridge are in no order; and in none they leave one that is destroyed.
            entered = event["type"] == "ChannelEnteredBridge"
            facts = (
                event["type"],
                channel.get("state"),
                playback.get("state"),
                recording.get("state"),
                tuple(event.get("args", ())),
                event.get("replace_channel", {}).get("id"),
                *(event.get(name) for name in ("cause", "cause_txt", "tech_cause", "soft", "digit")),
                *(sorted(event["bridge"]["channels"]) if entered else ()),
            )
        found.setdefault(channel.get("id") or playback.get("id") or recording["name"], []).append(facts)
    for about, told in found.items():
        if about.startswith("dial "):
            told.sort()  # the first two come in any order
        _settle(told)
    return found


def _settle(told: list[Any]) -> None:
    """A bridge and the one in it taken away at once: he leaves before, or after the word that he is to go."""
    for index in range(1, len(told)):
        if told[index - 1][0] == "ChannelHangupRequest" and told[index][0] == "ChannelLeftBridge":
            told[index - 1 : index + 1] = told[index], told[index - 1]


def _facts_of_transfer(event: dict[str, Any]) -> Facts:
    wanted, by = event["refer_to"], event["referred_by"]
    return (
        "ChannelTransfer",
        event.get("state"),
        wanted["requested_destination"].get("destination"),
        wanted["requested_destination"].get("protocol_id"),
        *(
            side.get(name, {}).get("id")
            for side in (wanted, by)
            for name in ("destination_channel", "source_channel", "connected_channel", "bridge")
        ),
    )


@pytest.mark.parametrize("name", FLOWS)
def test_the_same_flow_gives_the_same_events_and_answers(name: str) -> None:
    lines = [json.loads(line) for line in (TRACES / f"{name}.jsonl").read_text().splitlines()]
    replay = Replay(lines, bye_cause=41 if name == "reconnected" else 0)
    run(replay.play())
    assert replay.answers == replay.recorded
    assert _by_channel(replay.history) == _by_channel([x["event"] for x in lines if x["kind"] == "event"])
    assert [ours for _, ours in replay.keys] == [measured for measured, _ in replay.keys]
    for at, who, heard, ours in replay.heard:
        # Whether somebody is heard through music depends on the way that the sound takes.
        same = "music" in heard and heard <= ours if "music" in ours else heard == ours
        assert same, f"{at} s: {who} heard {set(heard)}, not {set(ours)}"
    if name == "shown_at_create":  # in the others bridges tell phones of one another as well
        on_trace, on_ours = replay.shown
        assert on_ours == on_trace == [2, 0]
    told, told_by_us = replay.told
    assert sorted(told_by_us) == sorted(told)


def test_traces_are_there() -> None:
    assert len(FLOWS) >= 40
