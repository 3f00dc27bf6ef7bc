"""docs/billing/call-records.md, made from the views themselves: `python -m engine.records.documentation`."""

from pathlib import Path

from engine.store.types import UtcTime
from engine.store.views import VIEWS, View

PAGE = Path(__file__).parents[2] / "docs" / "billing" / "call-records.md"

_HEAD = """# Call records for billing

<!-- Made from engine/store/views.py by `python -m engine.records.documentation`; a test holds the two
together. -->

Four views hold all that a billing department needs: `cdr`, `cdr_leg`, `cdr_talk` and `charge`; two more,
`cdr_queue` and `cdr_offer`, tell how callers waited and who was rung for them. They are the same in SQLite
(`VATS_HOME/vats.db`) and PostgreSQL (`VATS_DATABASE_URL`). Columns are only ever added, at the end; the
tables behind the views are ours and may change.

- A call has one row in `cdr` once it has ended, about a third of a second later. While it runs it has
  none.
- A row may change afterwards, when something is learned late (an engine was killed, and the end of its
  call is found in the switch's own log): read again what changed by `ended_at` of the last day, or use
  `charge`, whose lines never change.
- Times are UTC with milliseconds: text `2026-11-23 10:00:00.123` in SQLite, `timestamptz(3)` in
  PostgreSQL. They are the switch's own. Lengths are seconds with milliseconds.
- Where the wall clock was set during a call, times are as it showed them and lengths are by the machine's
  monotonic clock; `clock_jump_ms` is then not 0.
- Money is whole kopecks. `kopecks = billable_s * kopecks_per_minute / 60`, rounded once a call to the
  nearest kopeck, a half upwards. The tariff of the call's start holds to its end.
- With `free_wait` in the tariff what a caller waits in queues, from entering one to the talk or to
  leaving it, is left out of what is metered, also after a transfer; menus and greetings before it count
  from `meter_from` on.
- A call that the company makes (by telephone, `vats call`, a callback) is metered from the other side's
  answer, whatever `meter_from` says: one whom nobody answers costs nothing.
- A call under 10,000 ms is an error call: `billable_s` is 0. Any other is rounded up to whole seconds:
  10.1 s is 11.

Every call has exactly one row, and every row's times are within a second of the switch's own event log:
`vats cdr verify` compares the two, and `vats cdr verify --repair` writes what is missing.

```sql
-- What each tenant owes for November
SELECT tenant, SUM(billable_s) AS seconds, SUM(kopecks) / 100.0 AS roubles
FROM charge
WHERE charged_at >= '2026-11-01' AND charged_at < '2026-12-01'
GROUP BY tenant;
```
"""


def _type(view: View, index: int) -> str:
    column = view.columns[index]
    return "time" if isinstance(column.type, UtcTime) else str(column.type).lower()


def page() -> str:
    """The whole page."""
    parts = [_HEAD]
    for view in VIEWS:
        rows = [
            f"| `{column.name}` | {_type(view, index)} | {column.documentation} |"
            for index, column in enumerate(view.columns)
        ]
        parts.append(
            f"\n## `{view.name}`\n{view.documentation}\n\n| column | type | what it is |\n|---|---|---|\n"
            + "\n".join(rows)
            + "\n"
        )
    return "".join(parts)


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page())
