"""The demonstration in the terminal: a line for each thing that happens, and below it how the talk goes."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

_COLOURS = {"caller": "cyan", "scenario": "magenta", "operator": "green", "record": "yellow"}
_BARS = " ▁▂▃▄▅▆▇█"
_FULL = 6000  # root mean square of loud speech


class DemoFailed(Exception):
    """A part of the demonstration did not do what it is there for."""

    def __init__(self, part: str, cause: str) -> None:
        super().__init__(f"{part}: {cause}")
        self.part, self.cause = part, cause


class Stage:
    """Prints as things happen; the times are seconds from the start of the call."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._live = Live(console=console, refresh_per_second=10, transient=True)
        self._zero_ms = 0.0

    def begin(self, at_ms: float) -> None:
        """This moment, in UTC milliseconds, is the zero of all times."""
        self._zero_ms = at_ms

    def tell(self, who: str, what: str, at_ms: float | None = None) -> None:
        """One line of the timeline; `at_ms` is UTC milliseconds, else now."""
        moment = time.time_ns() / 1e6 if at_ms is None else at_ms
        seconds = max(0.0, moment - self._zero_ms) / 1000 if self._zero_ms else 0.0
        line = Text.assemble(
            (f"{seconds:6.2f} s  ", "dim"), (f"{who:<9} ", _COLOURS.get(who, "")), Text.from_markup(what)
        )
        self._live.console.print(line, soft_wrap=True)

    def meter(self, what: str, caller: int, operator: int) -> None:
        """The line below, changing in place: how loud each side is heard now."""
        self._live.update(
            Text.assemble(
                f"          {what}   caller ", (bar(caller), "cyan"), "   operator ", (bar(operator), "green")
            )
        )

    def clear(self) -> None:
        self._live.update(Text(""))

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._live.stop()


def bar(level: int) -> str:
    """`█████▍   `: how loud, in ten places."""
    eighths = min(80, round(80 * level / _FULL))
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_BARS[rest] if full < 10 else "")).ljust(10)
