"""Call records as a table for people."""

from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from engine.cli.plain import plain
from engine.records.query import Row
from engine.store.types import to_text

WIDE = 130

_STYLES = {"answered": "green", "missed": "yellow", "busy": "yellow", "failed": "red", "refused": "red"}


def roubles(kopecks: int) -> str:
    return f"{kopecks // 100}.{kopecks % 100:02d} ₽"


def records_table(rows: Sequence[Row], width: int) -> Table:
    """A row a call; `width` in characters decides whether columns that can be done without are shown."""
    wide = width >= WIDE
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for title in ("started (UTC)", "caller", "callee", "who", "disposition"):
        table.add_column(title, no_wrap=True)
    for title in ("talk, s", "billed"):
        table.add_column(title, justify="right", no_wrap=True)
    if wide:
        for title in ("lasted, s", "cost"):
            table.add_column(title, justify="right", no_wrap=True)
        for title in ("ended by", "tenant", "recording"):
            table.add_column(title)
    for row in rows:
        style = _STYLES.get(row["disposition"], "")
        cells: list[str | Text] = [
            to_text(row["started_at"])[: 19 if wide else 16],
            plain(row["caller"]),
            plain(row["callee"]),
            plain(row["operator"]),
            plain(row["disposition"], style),
            f"{row['talk_s']:.1f}",
            str(row["billable_s"]),
        ]
        if wide:
            by = row["ended_by"] + (" (switch)" if row["source"] == "switch" else "")
            cells += [f"{row['duration_s']:.1f}", roubles(row["cost_kopecks"])]
            cells += map(plain, (by, row["tenant"], row["recording"]))
        table.add_row(*cells)
    return table
