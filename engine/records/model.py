"""What is derived of one call. Times are UTC milliseconds, lengths milliseconds."""

from typing import Literal, NamedTuple

from engine.journal.base import Direction, EndedBy, LegResult, MeterFrom, Role, Source

Disposition = Literal["answered", "missed", "busy", "failed", "voicemail", "callback", "refused"]
DISPOSITIONS: tuple[Disposition, ...] = (
    "answered",
    "missed",
    "busy",
    "failed",
    "voicemail",
    "callback",
    "refused",
)


class LegRecord(NamedTuple):
    """One attempt to reach a person; fields as the columns of the table `leg`."""

    leg: str
    role: Role
    endpoint: str
    extension: str
    number: str
    created_at: int
    ringing_at: int | None
    answered_at: int | None
    ended_at: int
    ring_ms: int
    talk_ms: int
    result: LegResult
    hangup_cause: int


TalkKind = Literal["talk", "consultation"]


class TalkRecord(NamedTuple):
    """Two people heard each other; `one` and `other` are extensions or numbers."""

    kind: TalkKind
    one: str
    other: str
    started_at: int
    ended_at: int
    talk_ms: int


class CallRecord(NamedTuple):
    """One ended call; fields as the columns of the table `call`, and what its charge needs."""

    call_id: str
    tenant: str
    direction: Direction
    number: str
    caller: str
    caller_name: str
    callee: str
    trunk: str
    scenario: str
    scenario_version: str
    started_at: int
    answered_at: int | None
    talk_started_at: int | None
    ended_at: int
    duration_ms: int
    talk_ms: int
    metered_ms: int
    disposition: Disposition
    ended_by: EndedBy
    source: Source
    hangup_cause: int
    queue: str | None
    wait_ms: int | None
    operator: str | None
    ticket: str | None
    rating: int | None
    node: str
    clock_jump_ms: int
    derived_seq: int
    derived_entries: int
    meter_from: MeterFrom
    kopecks_per_minute: int
    legs: tuple[LegRecord, ...]
    talks: tuple[TalkRecord, ...] = ()
    continues: str | None = None


class PastCall(NamedTuple):
    """A call with somebody outside that has ended. `started_at` in UTC milliseconds; `operator`, who talked
    with him last, may be empty. `placed`: somebody of the tenant's called him.
    """

    call_id: str
    tenant: str
    caller: str
    started_at: int
    operator: str
    placed: bool = False
