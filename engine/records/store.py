"""Writes call records and their legs; one transaction with the events that they are derived from."""

from collections.abc import Callable, Mapping, Sequence

import structlog
from sqlalchemy import Connection

from engine.journal.events import Entry
from engine.records.derive import derive_call
from engine.records.model import CallRecord
from engine.store import tables
from engine.store.rows import upsert

RecordDeriver = Callable[[Connection, Sequence[CallRecord]], None]

_log = structlog.get_logger(__name__)


_CALLS = upsert(tables.call)
_LEGS = upsert(tables.leg)
_TALKS = upsert(tables.talk)


class RecordStore:
    """The deriver of `call` and `leg`; hands new records on to those in `then`, in the same transaction."""

    def __init__(self, then: Sequence[RecordDeriver] = ()) -> None:
        self._then = tuple(then)

    def derive(self, connection: Connection, calls: Mapping[str, Sequence[Entry]]) -> None:
        """Write the records of those calls that have ended. Database errors pass through."""
        records = []
        for call_id, entries in calls.items():
            try:
                record = derive_call(entries)
            except Exception:  # one call that cannot be derived must not keep all others out
                _log.exception("record.failed", call_id=call_id)
                continue
            if record is not None:
                records.append(record)
        if not records:
            return
        _CALLS.run(connection, [_call_row(record) for record in records])
        _LEGS.run(connection, [row for record in records for row in _leg_rows(record)])
        _TALKS.run(connection, [row for record in records for row in _talk_rows(record)])
        for deriver in self._then:
            deriver(connection, records)


_CALL_COLUMNS = [name for name in CallRecord._fields if name in tables.call.columns]


def _clean(value: object) -> object:
    """PostgreSQL refuses NUL in texts, and phones may send it."""
    return value.replace("\0", "") if isinstance(value, str) else value


def _call_row(record: CallRecord) -> dict[str, object]:
    return {name: _clean(getattr(record, name)) for name in _CALL_COLUMNS}


def _talk_rows(record: CallRecord) -> list[dict[str, object]]:
    return [
        {"call_id": record.call_id, "talk": number, **{k: _clean(v) for k, v in talk._asdict().items()}}
        for number, talk in enumerate(record.talks, 1)
    ]


def _leg_rows(record: CallRecord) -> list[dict[str, object]]:
    return [
        {"call_id": record.call_id, **{name: _clean(value) for name, value in leg._asdict().items()}}
        for leg in record.legs
    ]
