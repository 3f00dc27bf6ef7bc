"""Writes charge lines: what a record costs now, less what its call was charged before."""

from collections.abc import Sequence

from sqlalchemy import Connection, insert

from engine.billing.metering import charge_of
from engine.records.model import CallRecord
from engine.store.rows import ListQuery, RowStatement
from engine.store.tables import charge_line

_CHARGED = ListQuery(
    "SELECT call_id, max(line), sum(billable_s), sum(kopecks) FROM charge_line"
    " WHERE call_id IN {ids} GROUP BY call_id"
)
_COLUMNS = ("call_id", "line", "tenant", "charged_at", "kind", "billable_s", "kopecks")
_INSERT = RowStatement(charge_line, _COLUMNS, lambda _: insert(charge_line))


def charge_records(connection: Connection, records: Sequence[CallRecord]) -> None:
    """Add the lines that make each call's sum exact; a call that costs what it was charged gets none."""
    found = _CHARGED.run(connection, [record.call_id for record in records])
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
    _INSERT.run(connection, rows)
