"""The scripted switch, asked what the real one was asked, answers and tells the same."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.switch.ari.events import WANTED
from tests.fake_switch import FakeAsterisk
from tests.virtual_time import VirtualClock, run

TRACES = Path(__file__).parent.parent / "traces"
# What a party did, by what the phones sent and received; the rest of the SIP lines follow from it.
FLOWS = sorted(
    {path.stem for path in TRACES.glob("*.jsonl")}
    # Races: two things at the same instant, whose outcome differs from run to run on the real one too.
    - {"just_gone", "dial_too_early", "talk_both_hang_up", "caller_gone_at_operators_answer",
       "caller_gone_during_answer", "caller_gone_during_create", "caller_gone_during_dial", "cancel_meets_answer"}
)  # fmt: skip
IGNORED = {"ApplicationReplaced"}


def _plain(text: str, call: str) -> str:
    return text.replace(call, "CALL")


def _events(events: list[dict[str, Any]], call: str) -> dict[str, list[tuple[object, ...]]]:
    """By channel or playback, in order: the type and the fields that carry meaning."""
    found: dict[str, list[tuple[object, ...]]] = {}
    for event in events:
        if event["type"] not in WANTED or event["type"] in IGNORED:
            continue
        about = event.get("channel") or event.get("playback") or {}
        facts = (
            event["type"], event.get("cause"), event.get("tech_cause"), event.get("soft"), event.get("digit"),
            event.get("channel", {}).get("state"), event.get("playback", {}).get("state"),
            tuple(_plain(c, call) for c in event.get("bridge", {}).get("channels", ())),
        )  # fmt: skip
        found.setdefault(_plain(about.get("id", ""), call), []).append(facts)
    return found


def _read(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (TRACES / f"{name}.jsonl").read_text().splitlines()]


async def _play(
    lines: list[dict[str, Any]],
) -> tuple[FakeAsterisk, list[tuple[int, Any]], list[tuple[int, Any]]]:
    """Do at the same times what the trace's engine and phones did."""
    import asyncio

    switch = FakeAsterisk(VirtualClock())
    connection = switch.connect(lambda event: None)
    call = next(line["event"]["channel"]["id"] for line in lines if line["kind"] == "event")
    switch.phone("PJSIP/romashka-103-desk").unregistered()
    switch.media = {"sound:SOUNDS/hello-world": 1.4, "sound:SOUNDS/beep": 0.42}
    switch.missing = {"sound:there-is-no-such"}
    for name in ("romashka-101-desk", "romashka-102-desk"):
        switch.phone(f"PJSIP/{name}").silent()
    caller, legs, asked, wanted = None, {}, [], []
    answers = {line["id"]: line for line in lines if line["kind"] == "response"}
    loop = asyncio.get_running_loop()
    for line in lines:
        if (wait := line["t"] - loop.time()) > 0:
            await asyncio.sleep(wait)
        if line["kind"] == "request":
            path = line["path"].replace(call, caller.id if caller else "")
            query = {k: v.replace(call, caller.id if caller else "") for k, v in line["query"].items()}
            if path == "/channels/create" and query["endpoint"].startswith("PJSIP/"):
                legs[query["endpoint"].removeprefix("PJSIP/")] = query["channelId"]
            status, _, body = switch.perform(line["method"], path, query, line["body"])
            asked.append((status, body if status >= 400 else None))
            answer = answers[line["id"]]
            wanted.append((answer["status"], answer["body"] if answer["status"] >= 400 else None))
        elif line["kind"] == "sip":
            words = line["line"].split()
            leg = switch.channels.channels.get(legs.get(line["phone"], ""))
            if line["way"] == "sent" and words[0] == "INVITE":
                caller = switch.incoming(words[1].split(":")[1].split("@")[0], "79031112233", "Иван Петров")
            elif line["way"] == "sent" and words[0] in ("BYE", "CANCEL"):
                cause = bye_cause
                if leg is not None:
                    switch.channels.party_hangs_up(leg, cause)
                elif caller is not None:
                    caller.hang_up(cause)
            elif line["way"] == "sent" and leg is not None and words[0] == "SIP/2.0" and not leg.dying:
                code = int(words[1])
                if code == 180 and leg.state == "Down":
                    switch.channels.set_state(leg, "Ringing")
                elif code == 200 and leg.state in ("Down", "Ringing"):
                    switch.channels.set_state(leg, "Up")
                elif 400 <= code != 487:
                    cause = {486: 17, 480: 19, 603: 21, 403: 21, 404: 1, 503: 34}[code]
                    switch.channels.refuse(leg, cause, code)
        elif (
            line["kind"] == "event" and line["event"]["type"] == "ChannelDtmfReceived" and caller is not None
        ):
            caller.press(line["event"]["digit"])
    await asyncio.sleep(1)
    connection.lose()
    switch.close()
    assert caller is not None
    switch.history = json.loads(json.dumps(switch.history).replace(caller.id, call))
    return switch, asked, wanted


@pytest.mark.parametrize("name", FLOWS)
def test_the_same_flow_gives_the_same_events_and_answers(name: str) -> None:
    lines = _read(name)
    events = [line["event"] for line in lines if line["kind"] == "event"]
    call = events[0]["channel"]["id"]
    switch, asked, wanted = run(_play(lines, 41 if name == "reconnected" else 0))
    assert asked == wanted
    ours, theirs = _events(switch.history, call), _events(events, call)
    assert ours == theirs
