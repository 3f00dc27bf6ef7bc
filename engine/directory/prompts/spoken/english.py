"""English: British numbers ("one hundred and one"), twelve hours of the clock."""

from datetime import date, time
from decimal import Decimal
from typing import ClassVar

from engine.directory.prompts.spoken.fragment import PAUSE, Fragment, numbered
from engine.directory.prompts.spoken.language import Case, Gender, Noun
from engine.directory.prompts.spoken.values import rounded

_SMALL = numbered(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
_TENS = numbered("twenty thirty forty fifty sixty seventy eighty ninety", 20, 10)
_HUNDRED = Fragment("hundred", "hundred")
_SCALES = tuple(
    (10**zeros, Fragment(name, name)) for zeros, name in ((9, "billion"), (6, "million"), (3, "thousand"))
)
_AND, _OH = Fragment("and", "and"), Fragment("oh", "oh")
_MINUS, _PLUS, _POINT = Fragment("minus", "minus"), Fragment("plus", "plus"), Fragment("point", "point")
_AM, _PM = Fragment("am", "A M"), Fragment("pm", "P M")
_DAYS = numbered(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third "
    "twenty-fourth twenty-fifth twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirtieth "
    "thirty-first",
    1,
    prefix="day-",
)
_MONTHS = numbered(
    "January February March April May June July August September October November December",
    1,
    prefix="month-",
)


def _noun(name: str, one: str, many: str) -> Noun:
    return Noun((Fragment(f"{name}-one", one), Fragment(f"{name}-many", many)))


class English:
    """British English; a noun has two forms, no gender and no case: `gender` and `case` mean nothing."""

    forms = ("one: minute", "more: minutes")
    units: ClassVar = {
        "seconds": _noun("second", "second", "seconds"),
        "minutes": _noun("minute", "minute", "minutes"),
        "hours": _noun("hour", "hour", "hours"),
        "days": _noun("day", "day", "days"),
        "weeks": _noun("week", "week", "weeks"),
        "months": _noun("month", "month", "months"),
        "years": _noun("year", "year", "years"),
        "people": _noun("person", "person", "people"),
        "calls": _noun("call", "call", "calls"),
        "roubles": _noun("rouble", "rouble", "roubles"),
        "kopecks": _noun("kopeck", "kopeck", "kopecks"),
        "percent": _noun("percent", "percent", "percent"),
    }
    signs: ClassVar = {"*": Fragment("star", "star"), "#": Fragment("hash", "hash"), "+": _PLUS}
    letters: ClassVar = {
        letter: Fragment(f"letter-{letter}", letter.upper()) for letter in "abcdefghijklmnopqrstuvwxyz"
    }

    def whole(self, number: int, gender: Gender = "masculine", case: Case = "nominative") -> list[Fragment]:
        """One thousand two hundred and thirty-four."""
        if number < 0:
            return [_MINUS, *self.whole(-number)]
        said: list[Fragment] = []
        rest = number
        for size, name in _SCALES:
            if count := rest // size:
                said += [*_below_thousand(count), name]
                rest %= size
        if said and 0 < rest < 100:
            said.append(_AND)
        return said + _below_thousand(rest) if rest or not said else said

    def number(
        self, number: Decimal, gender: Gender = "masculine", case: Case = "nominative"
    ) -> list[Fragment]:
        """Two point five; fractions are rounded to hundredths."""
        exact = rounded(number, 2).normalize()
        if exact == exact.to_integral_value():
            return self.whole(int(exact))
        whole, fraction = divmod(abs(exact), 1)
        digits = str(fraction.normalize()).removeprefix("0.")
        said = [_MINUS] if exact < 0 else []
        return [*said, *self.whole(int(whole)), _POINT, *(_SMALL[int(digit)] for digit in digits)]

    def count(self, number: Decimal, noun: Noun, case: Case = "nominative") -> list[Fragment]:
        """Twenty-one minutes."""
        exact = rounded(number, 2)
        return [*self.number(exact), noun.forms[0 if abs(exact) == 1 else 1]]

    def date(self, day: date, case: Case = "nominative") -> list[Fragment]:
        """November twenty-third, twenty twenty-six."""
        return [_MONTHS[day.month], _DAYS[day.day], PAUSE, *self._year(day.year)]

    def _year(self, year: int) -> list[Fragment]:
        century, rest = divmod(year, 100)
        if century < 10 or (century % 10 == 0 and rest < 10):
            return self.whole(year)
        if rest == 0:
            return [*self.whole(century), _HUNDRED]
        return [*self.whole(century), *([_OH] if rest < 10 else []), *self.whole(rest)]

    def time(self, at: time, case: Case = "nominative") -> list[Fragment]:
        """Nine oh two P M; ten A M."""
        said = self.whole(at.hour % 12 or 12)
        if at.minute:
            said += [*([_OH] if at.minute < 10 else []), *self.whole(at.minute)]
        return [*said, _AM if at.hour < 12 else _PM]

    def phone(self, plus: bool, groups: list[str]) -> list[Fragment]:
        """Digit by digit, with a pause between groups."""
        said = [_PLUS] if plus else []
        for index, group in enumerate(groups):
            said += [PAUSE] if index else []
            said += [_SMALL[int(digit)] for digit in group]
        return said


def _below_thousand(number: int) -> list[Fragment]:
    hundreds, rest = divmod(number, 100)
    said = [_SMALL[hundreds], _HUNDRED] if hundreds else []
    if hundreds and rest:
        said.append(_AND)
    if rest >= 20:
        said.append(_TENS[rest - rest % 10])
        rest %= 10
        return [*said, _SMALL[rest]] if rest else said
    return [*said, _SMALL[rest]] if rest or not hundreds else said
