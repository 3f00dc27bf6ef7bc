"""Operations of recording: pause a call's recording and go on with it."""

from collections.abc import Mapping

from engine.calls.call import Call
from engine.operations import Handler


class NotSwitched(Exception):
    """The recording is as it was; the message says why."""


def recording_operations(calls: Mapping[str, Call]) -> Mapping[str, Handler]:
    """`recording.pause` and `recording.resume`; `calls` are those that run now, by id."""

    async def pause(call_id: str, by: str = "") -> dict[str, object]:
        return await _switch(calls, call_id, by, pause=True)

    async def resume(call_id: str, by: str = "") -> dict[str, object]:
        return await _switch(calls, call_id, by, pause=False)

    return {"recording.pause": pause, "recording.resume": resume}


async def _switch(calls: Mapping[str, Call], call_id: str, by: str, *, pause: bool) -> dict[str, object]:
    """Raises `NotSwitched`. `by` is written to the journal."""
    call = calls.get(call_id)
    if call is None:
        raise NotSwitched(f"no live call {call_id}; `vats calls` shows those that are up")
    recorder = call.recorder
    if not recorder.recording:
        why = "nobody talks yet" if call.talking_with is None else "this talk is not recorded"
        raise NotSwitched(f"call {call_id} is not being recorded: {why}")
    if not await (recorder.pause(by) if pause else recorder.resume(by)):
        raise NotSwitched(
            f"call {call_id}: the switch could not {'pause' if pause else 'resume'} the recording; the "
            "engine's log says why"
        )
    return {"call_id": call_id, "paused": recorder.paused}
