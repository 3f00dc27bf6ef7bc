"""Which fragments a value is read out with, and which ones a kind of value can ever need."""

from collections.abc import Callable, Iterable
from datetime import date, time, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from typing import NamedTuple, get_args

from engine.directory.prompt_model import DECLINED, SayKind, SayPrompt
from engine.directory.prompts.spoken import values
from engine.directory.prompts.spoken.english import English
from engine.directory.prompts.spoken.fragment import PAUSE, Fragment, of_word
from engine.directory.prompts.spoken.language import Case, Gender, Language, Noun
from engine.directory.prompts.spoken.russian import Russian
from engine.directory.prompts.spoken.values import CannotSay

__all__ = ["CannotSay", "fragment_names", "fragments", "language_of", "needed", "words"]

# The years whose words are recorded ahead.
FIRST_YEAR, LAST_YEAR = 1900, 2099
_LANGUAGES: dict[str, Language] = {"ru": Russian(), "en": English()}


class _How(NamedTuple):
    """How a number is read: alone, in a gender, or with what is counted."""

    kind: SayKind
    gender: Gender
    noun: Noun | None
    case: Case


def language_of(code: str) -> tuple[str, Language]:
    """The language values are read out in, and its code; English where we have no rules for it."""
    found = _LANGUAGES.get(code)
    return (code, found) if found else ("en", _LANGUAGES["en"])


def fragments(prompt: SayPrompt, value: str, code: str) -> list[Fragment]:
    """What is heard of `value`, in order. Raises `CannotSay` where it is not of its kind."""
    language = language_of(code)[1]
    value = value.strip()
    if not value:
        raise CannotSay(f"there is no {prompt.say} to be said")
    return _SAY[prompt.say](language, _how(prompt, language), value)


def words(said: Iterable[Fragment]) -> str:
    """The text that the fragments make, a pause as a comma."""
    return " ".join(one.text or "," for one in said).replace(" ,", ",")


@lru_cache(256)
def needed(prompt: SayPrompt, code: str) -> tuple[Fragment, ...]:
    """Every fragment that a value of that kind can need: numbers to a thousand millions, dates of the years
    1900 to 2099. Raises `CannotSay` where the noun does not fit the language.
    """
    language = language_of(code)[1]
    how = _how(prompt, language)
    found: dict[Fragment, None] = {}
    for value in _covering(prompt.say, language):
        found.update(dict.fromkeys(_SAY[prompt.say](language, how, value)))
    return tuple(found)


@cache
def fragment_names(code: str) -> frozenset[str]:
    """The names of all words that values can be read out with; a tenant's own nouns are `word-…`."""
    language = language_of(code)[1]
    names = {one.name for noun in language.units.values() for one in noun.forms}
    for kind in _SAY:
        names |= {one.name for one in needed(SayPrompt(say=kind, value=""), code)}
    for case in get_args(Case):
        for kind in DECLINED:
            names |= {one.name for one in needed(SayPrompt(say=kind, value="", case=case), code)}
        for gender in get_args(Gender):
            number = SayPrompt(say="number", value="", gender=gender, case=case)
            names |= {one.name for one in needed(number, code)}
        # A week is counted only by `unit`, and has an accusative of its own.
        names |= {language.count(Decimal(1), noun, case)[-1].name for noun in language.units.values()}
    return frozenset(names)


def _how(prompt: SayPrompt, language: Language) -> _How:
    noun = language.units[prompt.unit] if prompt.unit else None
    if prompt.noun:
        if len(prompt.noun) != len(language.forms):
            raise CannotSay(f"`noun` has {len(prompt.noun)} forms, expected {'; '.join(language.forms)}")
        noun = Noun(tuple(of_word(form) for form in prompt.noun), prompt.gender)
    return _How(prompt.say, prompt.gender, noun, prompt.case)


def _number(language: Language, how: _How, value: str) -> list[Fragment]:
    number = values.decimal(value)
    if how.noun:
        return language.count(number, how.noun, how.case)
    return language.number(number, how.gender, how.case)


def _digits(language: Language, how: _How, value: str) -> list[Fragment]:
    said = [
        language.whole(int(letter))[0] if letter.isdecimal() else language.signs[letter]
        for letter in value
        if (letter.isascii() and letter.isdecimal()) or letter in "*#"
    ]
    if not said:
        raise CannotSay(f"“{value}” holds no digit")
    return said


def _ticket(language: Language, how: _How, value: str) -> list[Fragment]:
    said: list[Fragment] = []
    for letter in value.lower():
        if letter.isascii() and letter.isdecimal():
            said += language.whole(int(letter))
        elif letter in language.letters:
            said.append(language.letters[letter])
        elif said and said[-1] is not PAUSE:
            said.append(PAUSE)
    while said and said[-1] is PAUSE:
        said.pop()
    if not said:
        raise CannotSay(f"“{value}” holds neither a digit nor a letter of the language")
    return said


def _date(language: Language, how: _How, value: str) -> list[Fragment]:
    return language.date(values.day(value), how.case)


def _time(language: Language, how: _How, value: str) -> list[Fragment]:
    return language.time(values.clock(value), how.case)


def _duration(language: Language, how: _How, value: str) -> list[Fragment]:
    """Hours and minutes, or minutes and seconds: over an hour nobody wants the seconds."""
    whole = values.seconds(value)
    if whole >= 3600:
        whole = (whole + 30) // 60 * 60
    counts = (("hours", whole // 3600), ("minutes", whole % 3600 // 60), ("seconds", whole % 60))
    parts = [(unit, count) for unit, count in counts if count] or [("seconds", 0)]
    return [
        one for unit, count in parts for one in language.count(Decimal(count), language.units[unit], how.case)
    ]


def _money(language: Language, how: _How, value: str) -> list[Fragment]:
    kopecks = values.kopecks(value)
    roubles, rest = divmod(abs(kopecks), 100)
    said = language.whole(-1)[:1] if kopecks < 0 else []
    if roubles or not rest:
        said += language.count(Decimal(roubles), language.units["roubles"], how.case)
    if rest:
        said += language.count(Decimal(rest), language.units["kopecks"], how.case)
    return said


def _phone(language: Language, how: _How, value: str) -> list[Fragment]:
    return language.phone(*values.phone(value))


def _text(language: Language, how: _How, value: str) -> list[Fragment]:
    raise CannotSay("a text is no sequence of recorded words")


_SAY: dict[SayKind, Callable[[Language, _How, str], list[Fragment]]] = {
    "number": _number,
    "digits": _digits,
    "ticket": _ticket,
    "date": _date,
    "time": _time,
    "duration": _duration,
    "money": _money,
    "phone": _phone,
    "text": _text,
}

_BELOW_THOUSAND = [str(number) for number in (*range(20), *range(20, 100, 10), *range(100, 1000, 100), 101)]
_SCALED = [str(count * size + 1) for count in (1, 2, 5) for size in (10**3, 10**6, 10**9)]


def _covering(kind: SayKind, language: Language) -> Iterable[str]:
    """Values that together need every fragment of their kind."""
    match kind:
        case "number":
            return [*_BELOW_THOUSAND, *_SCALED, "-1", "0.1", "1.2", "0.01", "0.02"]
        case "money":
            return [*_BELOW_THOUSAND, *_SCALED, "-1", *(f"0.{kopecks:02}" for kopecks in range(1, 100))]
        case "digits":
            return ["0123456789*#"]
        case "ticket":
            return ["0123456789 " + "".join(language.letters)]
        case "phone":
            return ["+7", "+" + "0" * 12, *_BELOW_THOUSAND[1:]]
        case "date":
            year = [date(2024, 1, 1) + timedelta(days) for days in range(366)]
            years = [date(number, 1, 1) for number in range(FIRST_YEAR, LAST_YEAR + 1)]
            return [day.isoformat() for day in (*year, *years)]
        case "time":
            return [time(minute // 60, minute % 60).isoformat("minutes") for minute in range(1440)]
        case "duration":
            hours = [str(hours * 3600) for hours in (*map(int, _BELOW_THOUSAND), 1000, 2000)]
            return [*(str(number) for number in range(60)), *(f"{count}m" for count in range(60)), *hours]
        case _:
            return []
