"""Call records as a table for people."""

from collections.abc import Sequence

from rich import box
from rich.table import Table

from engine.records.query import Row
from engine.store.types import to_text

_STYLES = {"answered": "green", "missed": "yellow", "busy": "yellow", "failed": "red", "refused": "red"}


def roubles(kopecks: int) -> str:
    return f"{kopecks // 100}.{kopecks % 100:02d} ₽"


def records_table(rows: Sequence[Row]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("started (UTC)", "tenant", "caller", "callee", "operator", "disposition", "ended by"):
        table.add_column(title, no_wrap=True)
    for title in ("lasted, s", "talk, s", "billed, s", "cost"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("recording")
    for row in rows:
        style = _STYLES.get(row["disposition"], "")
        table.add_row(
            to_text(row["started_at"])[:19],
            row["tenant"],
            row["caller"],
            row["callee"],
            row["operator"] or "",
            f"[{style}]{row['disposition']}[/]" if style else row["disposition"],
            row["ended_by"] + (" (switch)" if row["source"] == "switch" else ""),
            f"{row['duration_s']:.1f}",
            f"{row['talk_s']:.1f}",
            str(row["billable_s"]),
            roubles(row["cost_kopecks"]),
            row["recording"] or "",
        )
    return table
