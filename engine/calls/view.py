"""A live call as `vats calls` shows it."""

from datetime import UTC, datetime

from engine.calls.call import Call


def describe(call: Call, now: int) -> dict[str, object]:
    """A live call as `vats calls` shows it; times UTC, durations in seconds."""
    talking = call.talking_with
    ringing = [leg for leg in call.legs.values() if leg is not call.caller and not leg.gone]
    target = talking.target if talking else None
    started = call.started_at
    return {
        "call_id": call.id,
        "tenant": call.started.tenant,
        "direction": call.started.direction,
        "number": call.number,
        "caller": call.started.caller,
        "caller_name": call.caller.caller_name,
        "state": "parked"
        if call.parked
        else "talking"
        if talking
        else "ringing"
        if ringing
        else call.position.step_type or "arriving",
        "step": call.position.step,
        "operator": (target.user or target.number) if target else "",
        "started_at": utc(started),
        "answered_at": utc(call.caller.answered_at),
        "talk_s": max(0, now - call.talk_started_at) / 1000 if call.talk_started_at and talking else 0.0,
        "duration_s": max(0, now - started) / 1000,
        "recording": call.recording,
        "recording_paused": call.recorder.paused,
        "parked": call.parked,
    }


def utc(at: int | None) -> str:
    """UTC milliseconds as ISO 8601; "" for None."""
    if at is None:
        return ""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
