"""The languages that people read, and how numbers and times look in them."""

from typing import Literal

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

Language = Literal["ru", "en"]
LANGUAGES: tuple[Language, ...] = ("ru", "en")


def reading_language(*wanted: str) -> Language:
    """The first of these that we have words in; English where there is none."""
    for one in wanted:
        for known in LANGUAGES:
            if one == known:
                return known
    return "en"


def pick(language: Language, russian: str, english: str) -> str:
    return russian if language == "ru" else english


def language_name(code: str, language: Language) -> str:
    """`русский` for `ru`; a code without words comes back unchanged."""
    names = {"ru": ("русский", "Russian"), "en": ("английский", "English")}
    return pick(language, *names.get(code, (code, code)))


def count(number: int, language: Language, russian: tuple[str, str, str], english: tuple[str, str]) -> str:
    """`3 попытки`: a number with its noun in the form that goes with it (1, 2, 5; one, many)."""
    if language == "en":
        return f"{number} {english[0] if number == 1 else english[1]}"
    if number % 10 == 1 and number % 100 != 11:
        return f"{number} {russian[0]}"
    few = number % 10 in (2, 3, 4) and number % 100 not in (12, 13, 14)
    return f"{number} {russian[1] if few else russian[2]}"


def duration(seconds: float, language: Language) -> str:
    """`20 с`, `1 мин 30 с`, `2 ч`."""
    parts = []
    units = (("ч", "h", 3600.0), ("мин", "min", 60.0)) if seconds >= 60 else ()
    for russian, english, size in units:
        if seconds >= size:
            parts.append(f"{int(seconds // size)} {pick(language, russian, english)}")
            seconds %= size
    if seconds or not parts:
        written = f"{seconds:g}"
        parts.append(f"{written.replace('.', ',')} с" if language == "ru" else f"{written} s")
    return " ".join(parts)


def telephone(number: str, country: str = "RU") -> str:
    """A number as people of that country write it; what is no number comes back unchanged."""
    try:
        parsed = phonenumbers.parse(number, country)
    except NumberParseException:
        return number
    if not phonenumbers.is_possible_number(parsed):
        return number
    ours = phonenumbers.country_code_for_region(country) == parsed.country_code
    written = phonenumbers.format_number(
        parsed, PhoneNumberFormat.NATIONAL if ours else PhoneNumberFormat.INTERNATIONAL
    )
    # No line ends within a number.
    return written.replace(" ", "\u00a0").replace("-", "\u2011")
