"""Telephone numbers in one form: E.164 with a plus, as `+74951234567`."""

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

# What people write between digits; `8~10` is the tone that one waited for.
_BETWEEN_DIGITS = str.maketrans("", "", " -().~/\u00a0\u2010\u2011\u2012\u2013")
_WITHOUT_TEXTS = frozenset(
    {
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.TOLL_FREE,
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.UAN,
        PhoneNumberType.VOICEMAIL,
        PhoneNumberType.PAGER,
    }
)
_E164 = re.compile(r"\+[1-9][0-9]{1,14}")
_ORDINARY = re.compile(r"\+7[3489]\d{9}")


@lru_cache(maxsize=10_000)
def normalise(text: str, country: str = "RU") -> str:
    """The E.164 form of a number as dialled, sent by a trunk or typed by a person.

    `country` decides what a number without a country code means. What is no telephone number (an
    extension, a short code, a name, nothing) comes back unchanged but for spaces around it.
    """
    written = text.strip()
    if _ORDINARY.fullmatch(written):
        return (
            written  # what a trunk sends nearly always; reading it would cost more than the rest of the call
        )
    for candidate in _readings(written, country):
        try:
            number = phonenumbers.parse(candidate, country)
        except NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return written


@lru_cache(maxsize=10_000)
def national(number: str, country: str = "RU") -> str:
    """A number in E.164 as people of `country` dial it, digits alone: `89161234567`.

    Numbers of other countries stay in E.164, extensions and names as they are: a phone can dial them all.
    """
    if not number.startswith("+"):
        return number
    try:
        parsed = phonenumbers.parse(number)
    except NumberParseException:
        return number
    if phonenumbers.region_code_for_number(parsed) != country:
        return number
    written = phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL)
    digits = "".join(char for char in written if char.isdigit())
    return digits if normalise(digits, country) == number else number


def is_e164(text: str) -> bool:
    """True where the text is a possible number in E.164 with its plus, and nothing else."""
    if not _E164.fullmatch(text):
        return False
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(text))
    except NumberParseException:
        return False


@lru_cache(maxsize=10_000)
def takes_texts(number: str) -> bool:
    """Whether a number in E.164 may be a mobile's, which gets SMS: not where its kind is known as another."""
    try:
        kind = phonenumbers.number_type(phonenumbers.parse(number))
    except NumberParseException:
        return False
    return kind not in _WITHOUT_TEXTS


def begins_number(text: str, country: str = "RU") -> bool:
    """True where a longer number outside that people of `country` dial may begin in this way: `8`, from home,
    or `00`. No number of Russia's begins with `80`, and none goes on behind `8 903 111-22-33`.
    """
    home = _home(country)
    if text.startswith("00") or not home or not text.startswith(home):
        return text.startswith("00")
    behind = text[len(home) :]
    abroad = country == "RU" and (behind.startswith("10") or "10".startswith(behind))
    return abroad or _goes_on(behind, country)


def is_full_number(text: str, country: str = "RU") -> bool:
    """True where it is dialled as from home, and nothing can follow."""
    home = _home(country)
    return bool(home) and text.startswith(home) and not begins_number(text, country)


def ways_to_dial(number: str, country: str = "RU") -> tuple[str, ...]:
    """A number in E.164 as people of `country` may key it in, by digits alone."""
    try:
        national = phonenumbers.national_significant_number(phonenumbers.parse(number))
    except NumberParseException:
        return (number.lstrip("+"),)
    return number.lstrip("+"), _home(country) + national, national


def _home(country: str) -> str:
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(country)
    return (metadata.national_prefix or "") if metadata else ""


@lru_cache(maxsize=10_000)
def _goes_on(digits: str, country: str) -> bool:
    """Whether national numbers may begin so and be longer, as far as repeated digits tell."""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(country)
    general = metadata.general_desc if metadata else None
    if general is None or general.national_number_pattern is None:
        return True
    pattern = re.compile(general.national_number_pattern)
    missing = [length - len(digits) for length in general.possible_length if length > len(digits)]
    return any(pattern.fullmatch(digits + digit * more) for more in missing for digit in "0123456789")


def is_country(code: str) -> bool:
    """True for a two-letter country that has telephone numbers."""
    return code in phonenumbers.SUPPORTED_REGIONS


def _readings(written: str, country: str) -> list[str]:
    """Ways to read it, the likeliest first: trunks often leave the plus out of an international number."""
    digits = written.translate(_BETWEEN_DIGITS)
    if digits.startswith("+") or not digits.isdigit():
        return [written] if any(char.isdigit() for char in written) and not _has_letters(written) else []
    if len(digits) < 7:
        return []
    # 8 10 is how one dials abroad from Russia; 00 is what people are used to from everywhere else.
    abroad = [f"+{digits[3:]}"] if country == "RU" and digits.startswith("810") else []
    by_habit = [f"+{digits[2:]}"] if digits.startswith("00") else []
    return [*abroad, digits, *by_habit, f"+{digits}"]


def _has_letters(written: str) -> bool:
    return any(char.isalpha() for char in written)
