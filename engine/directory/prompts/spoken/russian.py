"""Russian: numbers agree with what is counted and stand in a case, days are ordinals, years genitive."""

from datetime import date, time
from decimal import Decimal
from typing import ClassVar

from engine.directory.prompts.spoken.fragment import PAUSE, Fragment, by_letter, numbered
from engine.directory.prompts.spoken.language import Case, Gender, Noun
from engine.directory.prompts.spoken.values import rounded

_SMALL = numbered(
    "ноль один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать тринадцать "
    "четырнадцать пятнадцать шестнадцать семнадцать восемнадцать девятнадцать"
)
_TENS = numbered(
    "двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто",
    20,
    10,
)
_HUNDREDS = numbered(
    "сто двести триста четыреста пятьсот шестьсот семьсот восемьсот девятьсот",
    100,
    100,
)
_PLAIN = _SMALL | _TENS | _HUNDREDS
_GENDERED = {
    ("feminine", 1): Fragment("1-feminine", "одна"),
    ("feminine", 2): Fragment("2-feminine", "две"),
    ("neuter", 1): Fragment("1-neuter", "одно"),
}
_GENITIVE = (
    numbered(
        "нуля одного двух трёх четырёх пяти шести семи восьми девяти десяти одиннадцати двенадцати "
        "тринадцати четырнадцати пятнадцати шестнадцати семнадцати восемнадцати девятнадцати двадцати",
        prefix="genitive-",
    )
    | numbered(
        "тридцати сорока пятидесяти шестидесяти семидесяти восьмидесяти девяноста",
        30,
        10,
        prefix="genitive-",
    )
    | numbered(
        "ста двухсот трёхсот четырёхсот пятисот шестисот семисот восьмисот девятисот",
        100,
        100,
        prefix="genitive-",
    )
)
_FEMININE_ONE = {
    "genitive": Fragment("genitive-1-feminine", "одной"),
    "accusative": Fragment("accusative-1-feminine", "одну"),
}
_DAYS = numbered(
    "первое второе третье четвёртое пятое шестое седьмое восьмое девятое десятое одиннадцатое "
    "двенадцатое тринадцатое четырнадцатое пятнадцатое шестнадцатое семнадцатое восемнадцатое "
    "девятнадцатое",
    1,
    prefix="day-",
) | {20: Fragment("day-20", "двадцатое"), 30: Fragment("day-30", "тридцатое")}
_DAYS |= {
    tens + ones: Fragment(f"day-{tens + ones}", f"{_TENS[tens].text} {_DAYS[ones].text}")
    for tens, last in ((20, 9), (30, 1))
    for ones in range(1, last + 1)
}
_MONTHS = numbered(
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    1,
    prefix="month-",
)
_YEARS = (
    numbered(
        "первого второго третьего четвёртого пятого шестого седьмого восьмого девятого десятого "
        "одиннадцатого двенадцатого тринадцатого четырнадцатого пятнадцатого шестнадцатого семнадцатого "
        "восемнадцатого девятнадцатого двадцатого",
        1,
        prefix="year-",
    )
    | numbered(
        "тридцатого сорокового пятидесятого шестидесятого семидесятого восьмидесятого девяностого",
        30,
        10,
        prefix="year-",
    )
    | numbered(
        "сотого двухсотого трёхсотого четырёхсотого пятисотого шестисотого семисотого восьмисотого "
        "девятисотого",
        100,
        100,
        prefix="year-",
    )
    | numbered(
        "тысячного двухтысячного трёхтысячного четырёхтысячного пятитысячного шеститысячного "
        "семитысячного восьмитысячного девятитысячного",
        1000,
        1000,
        prefix="year-",
    )
)
_OF_YEAR = Fragment("of-year", "года")
_MINUS, _PLUS = Fragment("minus", "минус"), Fragment("plus", "плюс")


def _noun(name: str, forms: str, gender: Gender, accusative: str = "", genitive: str = "") -> Noun:
    known: dict[str, Fragment] = {}
    for end, form in zip(("one", "few", "many"), forms.split(), strict=True):
        # A form that is like an earlier one needs no recording of its own.
        known.setdefault(form, Fragment(f"{name}-{end}", form))
    return Noun(
        tuple(known[form] for form in forms.split()),
        gender,
        Fragment(f"genitive-{name}", genitive) if genitive else None,
        Fragment(f"accusative-{name}", accusative) if accusative else None,
    )


_THOUSAND = _noun("thousand", "тысяча тысячи тысяч", "feminine", "тысячу")
_SCALES = (
    (10**9, _noun("billion", "миллиард миллиарда миллиардов", "masculine")),
    (10**6, _noun("million", "миллион миллиона миллионов", "masculine")),
    (10**3, _THOUSAND),
)
_WHOLE = _noun("whole", "целая целых целых", "feminine", "целую", "целой")
_FRACTIONS = {
    1: _noun("tenth", "десятая десятых десятых", "feminine", "десятую", "десятой"),
    2: _noun("hundredth", "сотая сотых сотых", "feminine", "сотую", "сотой"),
}
_LATIN_LETTERS = by_letter(
    "abcdefghijklmnopqrstuvwxyz",
    "а бэ цэ дэ е эф жэ аш и йот ка эль эм эн о пэ ку эр эс тэ у вэ дубль-вэ икс игрек зэт",
)
_CYRILLIC_LETTERS = by_letter(
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
    "a:а b:бэ v:вэ g:гэ d:дэ e:е yo:ё zh:жэ z:зэ i:и j:и_краткое k:ка l:эль m:эм n:эн o:о p:пэ r:эр "
    "s:эс t:тэ u:у f:эф kh:ха ts:цэ ch:че sh:ша shch:ща hard:твёрдый_знак y:ы soft:мягкий_знак eh:э "
    "yu:ю ya:я",
)


class Russian:
    """Numbers of three genders and three cases (accusative: of lifeless things); a noun has three forms."""

    forms = ("one: минута", "two to four: минуты", "five and more: минут")
    units: ClassVar = {
        "seconds": _noun("second", "секунда секунды секунд", "feminine", "секунду"),
        "minutes": _noun("minute", "минута минуты минут", "feminine", "минуту"),
        "hours": _noun("hour", "час часа часов", "masculine"),
        "days": _noun("day", "день дня дней", "masculine"),
        "weeks": _noun("week", "неделя недели недель", "feminine", "неделю"),
        "months": _noun("month", "месяц месяца месяцев", "masculine"),
        "years": _noun("year", "год года лет", "masculine"),
        "people": _noun("person", "человек человека человек", "masculine"),
        "calls": _noun("call", "звонок звонка звонков", "masculine"),
        "roubles": _noun("rouble", "рубль рубля рублей", "masculine"),
        "kopecks": _noun("kopeck", "копейка копейки копеек", "feminine", "копейку"),
        "percent": _noun("percent", "процент процента процентов", "masculine"),
    }
    signs: ClassVar = {"*": Fragment("star", "звёздочка"), "#": Fragment("hash", "решётка"), "+": _PLUS}
    letters: ClassVar = {
        latin: Fragment(f"letter-{latin}", text) for latin, text in _LATIN_LETTERS.items()
    } | {
        letter: Fragment("cyrillic-" + said.split(":")[0], said.split(":")[1])
        for letter, said in _CYRILLIC_LETTERS.items()
    }  # fmt: skip

    def whole(self, number: int, gender: Gender = "masculine", case: Case = "nominative") -> list[Fragment]:
        """минус двадцать одна."""
        if number < 0:
            return [_MINUS, *self.whole(-number, gender, case)]
        said: list[Fragment] = []
        rest = number
        for size, noun in _SCALES:
            if count := rest // size:
                said += [*_below_thousand(count, noun.gender, case), _counted(noun, count, case)]
                rest %= size
        return said + _below_thousand(rest, gender, case) if rest or not said else said

    def number(
        self, number: Decimal, gender: Gender = "masculine", case: Case = "nominative"
    ) -> list[Fragment]:
        """Whole, or a fraction rounded to hundredths: две целых пять десятых."""
        exact = rounded(number, 2).normalize()
        if exact == exact.to_integral_value():
            return self.whole(int(exact), gender, case)
        whole, fraction = divmod(abs(exact), 1)
        digits = str(fraction.normalize()).removeprefix("0.")
        count = int(digits)
        said = [_MINUS] if exact < 0 else []
        said += [*self.whole(int(whole), "feminine", case), _counted(_WHOLE, int(whole), case)]
        part = _counted(_FRACTIONS[len(digits)], count, case)
        return [*said, *self.whole(count, "feminine", case), part]

    def count(self, number: Decimal, noun: Noun, case: Case = "nominative") -> list[Fragment]:
        """двадцать одна минута; a fraction governs the genitive: две целых пять десятых минуты."""
        exact = rounded(number, 2)
        broken = exact != exact.to_integral_value()
        last = _counted(noun, 1, "genitive") if broken else _counted(noun, abs(int(exact)), case)
        return [*self.number(exact, noun.gender, case), last]

    def date(self, day: date, case: Case = "nominative") -> list[Fragment]:
        """двадцать третье (двадцать третьего) ноября две тысячи двадцать шестого года."""
        # The genitive of a day sounds as that of a year, which is recorded.
        number = self._year(day.day) if case == "genitive" else [_DAYS[day.day]]
        return [*number, _MONTHS[day.month], *self._year(day.year), _OF_YEAR]

    def _year(self, year: int) -> list[Fragment]:
        # The last word is the ordinal, all before it are plain numbers.
        rest = year % 100
        last = (rest if rest in _YEARS else rest % 10) if rest else year % 1000 or year
        before = year - last
        said = self.whole(before) if before else []
        if 1000 <= before < 2000:
            # Nobody says “одна тысяча” of a year.
            said = said[1:]
        return [*said, _YEARS[last]]

    def time(self, at: time, case: Case = "nominative") -> list[Fragment]:
        """двадцать один час две минуты, (до) двадцати одного часа двух минут."""
        said = self.count(Decimal(at.hour), self.units["hours"], case)
        return [*said, *self.count(Decimal(at.minute), self.units["minutes"], case)] if at.minute else said

    def phone(self, plus: bool, groups: list[str]) -> list[Fragment]:
        """плюс семь, девятьсот три, сто одиннадцать, двадцать два, тридцать три."""
        said = [_PLUS] if plus else []
        for index, group in enumerate(groups):
            significant = group.lstrip("0")
            said += [PAUSE] if index else []
            said += [_SMALL[0]] * (len(group) - len(significant))
            said += self.whole(int(significant)) if significant else []
        return said


def _form(count: int) -> int:
    if count % 10 == 1 and count % 100 != 11:
        return 0
    return 1 if count % 10 in (2, 3, 4) and count % 100 not in (12, 13, 14) else 2


def _counted(noun: Noun, count: int, case: Case) -> Fragment:
    """The noun beside that number; the genitive of one is mostly its form beside two."""
    form = _form(count)
    if case == "genitive":
        return noun.forms[2] if form else noun.genitive or noun.forms[1]
    return noun.accusative if case == "accusative" and not form and noun.accusative else noun.forms[form]


def _below_thousand(number: int, gender: Gender, case: Case) -> list[Fragment]:
    plain = _GENITIVE if case == "genitive" else _PLAIN
    said = []
    hundreds, rest = number - number % 100, number % 100
    if hundreds:
        said.append(plain[hundreds])
    if rest >= 20:
        said.append(plain[rest - rest % 10])
        rest %= 10
    if rest == 1 and gender == "feminine" and case in _FEMININE_ONE:
        said.append(_FEMININE_ONE[case])
    elif rest or number == 0:
        said.append(plain[rest] if case == "genitive" else _GENDERED.get((gender, rest), plain[rest]))
    return said
