"""Digits that a caller keys in, key by key, until they are a number or can be none. Pure."""

from dataclasses import dataclass

# Once as many digits as there may be are keyed: how long the key that ends them, or one too many, may take.
FULL_S = 1.0


@dataclass
class Entry:
    """`least` to `most` digits; the key `ends`, where there is one, ends them, `clears` begins anew."""

    least: int
    most: int
    ends: str = "#"
    clears: str = "*"
    typed: str = ""
    wrong: bool = False  # a key among them that is no digit
    ended: bool = False  # by a key, not by a pause
    presses: int = 0

    def press(self, key: str) -> bool:
        """Take one key in; True: nothing more is to come."""
        self.presses += 1
        if key == self.ends or self.presses > 3 * self.most + 20:
            self.ended = True
            return True
        if key == self.clears:
            self.typed, self.wrong = "", False
            return False
        if key.isdecimal():
            # That there is one too many is enough to know.
            self.typed = (self.typed + key)[: self.most + 1]
        else:
            self.wrong = True
        return not self.ends and len(self.typed) >= self.most

    @property
    def empty(self) -> bool:
        """Nothing was keyed, or all of it taken back."""
        return not self.typed and not self.wrong

    @property
    def value(self) -> str | None:
        """The number, None where it is none."""
        return self.typed if not self.wrong and self.least <= len(self.typed) <= self.most else None

    def patience(self, first: float, between: float) -> float:
        """Seconds that the next key may take."""
        if self.empty:
            return first
        return min(between, FULL_S) if len(self.typed) >= self.most else between
