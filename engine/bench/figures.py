"""How figures are written, in every table of the bench."""

import json
import math
from collections.abc import Sequence

from engine.bench.results import percentile


def figures(waits: Sequence[float]) -> tuple[float, float, float]:
    """p50, p99 and the longest; NaN when there is none."""
    return percentile(waits, 0.5), percentile(waits, 0.99), percentile(waits, 1.0)


def times(waits: Sequence[float]) -> str:
    return " / ".join(number(value, 1) for value in figures(waits)) if waits else "–"


def number(value: float, digits: int) -> str:
    return "–" if math.isnan(value) else f"{value:.{digits}f}"


def json_line(**values: object) -> str:
    """JSON knows no NaN: what was not measured is null."""
    return json.dumps({
        name: None if isinstance(value, float) and math.isnan(value)
        else round(value, 3) if isinstance(value, float) else value
        for name, value in values.items()
    })  # fmt: skip
