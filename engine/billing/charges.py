"""Writes charge lines: what a record costs now, less what its call was charged before."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, func, insert, select

from engine.billing.metering import charge_of
from engine.records.model import CallRecord
from engine.store.tables import charge_line

_CHARGED = (
    select(
        charge_line.c.call_id,
        func.max(charge_line.c.line),
        func.sum(charge_line.c.billable_s),
        func.sum(charge_line.c.kopecks),
    )
    .where(charge_line.c.call_id.in_(bindparam("calls", expanding=True)))
    .group_by(charge_line.c.call_id)
)
_INSERT = insert(charge_line)


def charge_records(connection: Connection, records: Sequence[CallRecord]) -> None:
    """Add the lines that make each call's sum exact; a call that costs what it was charged gets none."""
    found = connection.execute(_CHARGED, {"calls": [record.call_id for record in records]})
    charged = {call_id: (line, int(seconds), int(kopecks)) for call_id, line, seconds, kopecks in found}
    rows = []
    for record in records:
        line, seconds, kopecks = charged.get(record.call_id, (0, 0, 0))
        charge = charge_of(record)
        if (charge.billable_s, charge.kopecks) == (seconds, kopecks):
            continue
        rows.append(
            {
                "call_id": record.call_id,
                "line": line + 1,
                "tenant": record.tenant,
                "charged_at": record.ended_at,
                "kind": "correction" if line else "call",
                "billable_s": charge.billable_s - seconds,
                "kopecks": charge.kopecks - kopecks,
            }
        )
    if rows:
        connection.execute(_INSERT, rows)
