"""Calls as tables of events, so that a reader sees the call. Used by the tests of records and charges."""

import msgspec

from engine.journal.events import (
    SWITCH_SEQ,
    CallAnswered,
    CallEnded,
    CallStarted,
    Entry,
    Event,
    FallbackTook,
    LegAnswered,
    LegCreated,
    LegEnded,
    LegRinging,
    ScenarioCompleted,
    StepEntered,
    StepFailed,
    StepLeft,
    TalkEnded,
    TalkStarted,
)
from engine.journal.queue_events import QueueEntered
from engine.journal.recording_events import MessageLeft

T = 1_763_800_000_000  # the call's start, UTC milliseconds
UP = 500_000  # the machine's uptime then
CALL = "cell1-1763800000.7"


def call(
    text: str,
    meter_from: str = "operator",
    kopecks: int = 0,
    direction: str = "in",
    *,
    free_wait: bool = False,
    channel: str = "PJSIP/city-00000001",
) -> list[Entry]:
    """A line is `SECONDS EVENT [LEG] [NAME=VALUE…]`; `clock=+3600` on a line sets the wall clock before it,
    `switch` before the event means that the switch's log told of it.
    """
    entries: list[Entry] = []
    jump, numbers = 0, {"engine": 1, "switch": SWITCH_SEQ}
    for line in text.strip().splitlines():
        at, *words = line.split()
        source = "switch" if words[0] == "switch" else "engine"
        words = words[1:] if source == "switch" else words
        values = dict(word.split("=", 1) for word in words if "=" in word)
        jump += int(float(values.pop("clock", "0")) * 1000)
        plain = [word for word in words if "=" not in word]
        milliseconds = round(float(at) * 1000)
        event = _event(plain, values, source, meter_from, kopecks, direction)
        if isinstance(event, CallStarted):
            event = msgspec.structs.replace(event, free_wait=free_wait, channel=channel)
        boot = "" if source == "switch" else values.get("boot", "boot-one")
        entries.append(Entry(CALL, numbers[source], T + milliseconds + jump, UP + milliseconds, boot, event))
        numbers[source] += 1
    return entries


def _event(
    words: list[str], values: dict[str, str], source: str, meter_from: str, kopecks: int, direction: str
) -> Event:
    kind, *rest = words
    leg = f"{CALL}.leg.{rest[0]}" if rest else ""
    cause = int(values.get("cause", "16"))
    match kind:
        case "started":
            return CallStarted(
                direction, "romashka", "+74951234567", "+79031112233", "PJSIP/city-00000001",  # type: ignore[arg-type]
                callee="+74951234567", scenario="main", node="cell1",
                meter_from=meter_from, kopecks_per_minute=kopecks,  # type: ignore[arg-type]
            )  # fmt: skip
        case "answered":
            return CallAnswered()
        case "step":
            return StepEntered(rest[0], values["type"])
        case "leaves":
            return StepLeft(rest[0], values["exit"])
        case "fails":
            return StepFailed(rest[0], "broken")
        case "fallback":
            return FallbackTook()
        case "completed":
            return ScenarioCompleted()
        case "queue":
            return QueueEntered(rest[0])
        case "message":
            return MessageLeft(rest[0])
        case "leg":
            return LegCreated(leg, "operator", f"PJSIP/romashka-{values['user']}-desk", values["user"])
        case "ringing":
            return LegRinging(leg)
        case "picks-up":
            return LegAnswered(leg)
        case "leg-ends":
            return LegEnded(leg, values["result"], cause)  # type: ignore[arg-type]
        case "talk":
            return TalkStarted(leg, f"{CALL}.bridge.1")
        case "talk-ends":
            return TalkEnded(leg, values["by"])  # type: ignore[arg-type]
        case "ended":
            return CallEnded(
                values["by"], cause, source, "refused" in values, values.get("failed", "")  # type: ignore[arg-type]
            )  # fmt: skip
    raise ValueError(f"unknown event {kind!r}")


ANSWERED = """
    0.0   started
    0.1   answered
    0.1   step hello type=play
    4.0   step sales type=ring
    4.1   leg 1 user=101
    4.1   leg 2 user=102
    4.3   ringing 1
    4.4   ringing 2
    9.3   picks-up 2
    9.35  leg-ends 1 result=answered_elsewhere cause=26
    9.4   talk 2
    31.9  talk-ends 2 by=caller
    31.9  leg-ends 2 result=answered
    31.9  ended by=caller
"""
