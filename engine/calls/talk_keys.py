"""Keys that a colleague presses while he talks: codes for us, the rest for the other side."""

from collections.abc import Sequence

from engine.directory.codes import TALK_CODES, TalkCode

# So long after a `*` or `#` the next key of a code may come; then what was keyed was for the other side.
PAUSE_S = 1.5


class TalkKeys:
    """The keys of one leg. Times are of one clock, in seconds."""

    def __init__(self, codes: Sequence[TalkCode] = TALK_CODES) -> None:
        self._codes = {code.code: code for code in codes}
        self._begun = ""
        self._last = 0.0
        self._out: list[str | TalkCode] = []

    def press(self, digit: str, now: float) -> None:
        self._expire(now)
        self._last = now
        typed = self._begun + digit
        if typed in self._codes:
            self._out.append(self._codes[typed])
            self._begun = ""
        elif any(code.startswith(typed) for code in self._codes):
            self._begun = typed
        else:
            self._out += self._begun
            self._begun = ""
            if any(code.startswith(digit) for code in self._codes) and len(typed) > 1:
                self._begun = digit
            else:
                self._out.append(digit)

    @property
    def number_follows(self) -> bool:
        """The last code keyed is one that takes a number."""
        last = self._out[-1] if self._out else None
        return isinstance(last, TalkCode) and last.takes_number

    @property
    def deadline(self) -> float | None:
        """When the beginning of a code is no longer one."""
        return self._last + PAUSE_S if self._begun else None

    def due(self, now: float) -> bool:
        """Whether `take` would give something."""
        return bool(self._out) or (self._begun != "" and now >= self._last + PAUSE_S)

    def take(self, now: float) -> list[str | TalkCode]:
        """Keys to pass on and codes, in order."""
        self._expire(now)
        out, self._out = self._out, []
        return out

    def _expire(self, now: float) -> None:
        if self._begun and now >= self._last + PAUSE_S:
            self._out += self._begun
            self._begun = ""
