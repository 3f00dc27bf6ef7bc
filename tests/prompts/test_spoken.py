"""The fragment sequences: numbers, dates, times and sums in Russian and English, against num2words (F13)."""

from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from num2words import num2words

from engine.directory.prompt_model import SayPrompt
from engine.directory.prompts import spoken
from engine.directory.prompts.spoken import CannotSay, Fragment, fragments, needed
from engine.directory.prompts.spoken.russian import Russian

MONTHS = "января февраля марта апреля мая июня июля августа сентября октября ноября декабря".split()  # noqa: SIM905
ALL_KINDS = ("number", "digits", "ticket", "date", "time", "duration", "money", "phone")


def say(kind: str, value: object, language: str = "ru", **fields: Any) -> str:
    """The joined words; every one of them must be among those that are recorded ahead."""
    prompt = SayPrompt(say=kind, value="{x}", **fields)
    said = fragments(prompt, str(value), language)
    assert set(said) <= set(needed(prompt, language)), f"{kind} {value}: not recorded ahead"
    return " ".join(one.text for one in said if one.text)


def plain(words: str) -> str:
    return words.replace("-", " ").replace(",", "")


def counted(number: int, one: str, few: str, many: str, gender: str) -> str:
    """Russian agreement, written apart from the product: by the last words of the number itself."""
    words = num2words(number, lang="ru", gender=gender)
    last = words.split()[-1]
    form = (
        one if last in ("один", "одна", "одно") else few if last in ("два", "две", "три", "четыре") else many
    )
    return f"{words} {form}"


@pytest.mark.parametrize(("gender", "short"), [("masculine", "m"), ("feminine", "f"), ("neuter", "n")])
@settings(max_examples=1500, deadline=None)
@given(number=st.integers(0, 999_999))
def test_f13_russian_numbers_are_num2words(gender: str, short: str, number: int) -> None:
    assert say("number", number, gender=gender) == num2words(number, lang="ru", gender=short)


def test_every_number_to_ten_thousand_and_round_ones() -> None:
    for number in (*range(10_001), *range(10_000, 1_000_000, 997), *range(0, 10**9, 9_876_543)):
        assert " ".join(one.text for one in Russian().whole(number)) == num2words(number, lang="ru"), number


@settings(max_examples=1500, deadline=None)
@given(number=st.integers(-999_999_999_999, 999_999_999_999))
def test_f13_numbers_of_any_size_in_both_languages(number: int) -> None:
    assert say("number", number) == num2words(number, lang="ru")
    assert say("number", number, "en") == plain(num2words(number, lang="en"))


@settings(max_examples=500, deadline=None)
@given(hundredths=st.integers(-99_999_999, 99_999_999))
def test_fractions(hundredths: int) -> None:
    number = abs(Decimal(hundredths) / 100)
    number = number.quantize(Decimal(1)) if number == int(number) else number.normalize()
    # num2words forgets the sign of -0.5, so the sign is ours.
    minus = "minus " if hundredths < 0 else "", "минус " if hundredths < 0 else ""
    assert say("number", Decimal(hundredths) / 100, "en") == minus[0] + plain(num2words(number, lang="en"))
    assert say("number", Decimal(hundredths) / 100) == minus[1] + num2words(number, lang="ru")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("2.344", "две целых тридцать четыре сотых"),
        ("2.995", "три"),
        ("-0.001", "ноль"),
        ("0,50", "ноль целых пять десятых"),
    ],
)
def test_finer_fractions_are_rounded(value: str, words: str) -> None:
    assert say("number", value) == words


@settings(max_examples=500, deadline=None)
@given(number=st.integers(0, 999_999))
def test_f13_what_is_counted_agrees(number: int) -> None:
    assert say("number", number, unit="minutes") == counted(number, "минута", "минуты", "минут", "f")
    noun = ("письмо", "письма", "писем")
    assert say("number", number, noun=noun, gender="neuter") == counted(number, *noun, "n")
    english = plain(num2words(number, lang="en"))
    assert say("number", number, "en", unit="hours") == f"{english} {'hour' if number == 1 else 'hours'}"


def test_a_fraction_governs_the_genitive() -> None:
    assert say("number", "2.5", unit="minutes") == "две целых пять десятых минуты"
    assert say("number", "0.5", "en", unit="minutes") == "zero point five minutes"


@settings(max_examples=500, deadline=None)
@given(kopecks=st.integers(0, 10**11))
def test_f13_sums_against_a_reference(kopecks: int) -> None:
    roubles, rest = divmod(kopecks, 100)
    parts = []
    if roubles or not rest:
        parts.append(counted(roubles, "рубль", "рубля", "рублей", "m"))
    if rest:
        parts.append(counted(rest, "копейка", "копейки", "копеек", "f"))
    assert say("money", f"{roubles}.{rest:02}") == " ".join(parts)
    assert say("money", f"-{roubles}.{rest:02}") == " ".join([*(["минус"] if kopecks else []), *parts])


@pytest.mark.parametrize(
    ("value", "russian", "english"),
    [
        ("21", "двадцать один рубль", "twenty one roubles"),
        ("2", "два рубля", "two roubles"),
        ("0.21", "двадцать одна копейка", "twenty one kopecks"),
        ("1.01", "один рубль одна копейка", "one rouble one kopeck"),
        ("0", "ноль рублей", "zero roubles"),
        ("1 234,50", "одна тысяча двести тридцать четыре рубля пятьдесят копеек",
         "one thousand two hundred and thirty four roubles fifty kopecks"),
        ("11.999", "двенадцать рублей", "twelve roubles"),
    ],
)  # fmt: skip
def test_sums(value: str, russian: str, english: str) -> None:
    assert (say("money", value), say("money", value, "en")) == (russian, english)


def test_f13_every_day_from_1996_to_2035() -> None:
    day = date(1996, 1, 1)
    while day.year < 2036:
        number = num2words(day.day, lang="ru", to="ordinal", gender="n")
        year = num2words(day.year, lang="ru", to="ordinal", case="g")
        expected = f"{number} {MONTHS[day.month - 1]} {year} года"
        assert say("date", day).replace("ё", "е") == expected.replace("ё", "е")
        genitive = num2words(day.day, lang="ru", to="ordinal", case="g")
        expected = f"{genitive} {MONTHS[day.month - 1]} {year} года"
        assert say("date", day, case="genitive").replace("ё", "е") == expected.replace("ё", "е")
        ordinal = plain(num2words(day.day, lang="en", to="ordinal"))
        year = plain(num2words(day.year, lang="en", to="year"))
        assert plain(say("date", day, "en")) == f"{day:%B} {ordinal} {year}"
        day += timedelta(1)


def test_every_year_of_two_centuries_and_some_far_ones() -> None:
    for year in (*range(1900, 2100), 1147, 1703, 1812, 9999):
        said = fragments(SayPrompt(say="date", value="{x}"), f"{year}-01-31", "ru")
        expected = num2words(year, lang="ru", to="ordinal", case="g").removeprefix("одна ")
        words = " ".join(one.text for one in said[2:-1])
        assert words.replace("ё", "е") == expected.replace("ё", "е")


def test_f13_every_minute_of_the_day() -> None:
    for minute in range(1440):
        hours, minutes = divmod(minute, 60)
        expected = counted(hours, "час", "часа", "часов", "m")
        if minutes:
            expected += " " + counted(minutes, "минута", "минуты", "минут", "f")
        assert say("time", f"{hours}:{minutes:02}") == expected
        oh = "oh " if 0 < minutes < 10 else ""
        words = f"{num2words((hours - 1) % 12 + 1)} " + (
            f"{oh}{plain(num2words(minutes))} " if minutes else ""
        )
        assert say("time", f"{hours:02}:{minutes:02}", "en") == words + ("A M" if hours < 12 else "P M")


@settings(max_examples=300, deadline=None)
@given(seconds=st.integers(0, 99 * 86400))
def test_durations(seconds: int) -> None:
    whole = seconds if seconds < 3600 else (seconds + 30) // 60 * 60
    parts = [
        counted(whole // 3600, "час", "часа", "часов", "m") if whole >= 3600 else "",
        counted(whole // 60 % 60, "минута", "минуты", "минут", "f") if whole // 60 % 60 else "",
        counted(whole % 60, "секунда", "секунды", "секунд", "f") if whole % 60 or not whole else "",
    ]
    assert say("duration", f"{seconds}s") == " ".join(part for part in parts if part)


@pytest.mark.parametrize(
    ("value", "russian", "english"),
    [
        ("+79031112233", "плюс семь, девятьсот три, сто одиннадцать, двадцать два, тридцать три",
         "plus seven, nine zero three, one one one, two two, three three"),
        ("+74950010203", "плюс семь, четыреста девяносто пять, ноль ноль один, ноль два, ноль три",
         "plus seven, four nine five, zero zero one, zero two, zero three"),
        ("8 (800) 555-35-35", "восемь, восемьсот, пятьсот пятьдесят пять, тридцать пять, тридцать пять",
         "eight, eight zero zero, five five five, three five, three five"),
        ("101", "сто один", "one zero one"),
        ("+4930901820", "плюс сорок девять, тридцать, девяносто, восемнадцать, двадцать",
         "plus four nine, three zero, nine zero, one eight, two zero"),
    ],
)  # fmt: skip
def test_f13_telephone_numbers_in_the_groups_people_write(value: str, russian: str, english: str) -> None:
    for language, expected in (("ru", russian), ("en", english)):
        said = fragments(SayPrompt(say="phone", value="{x}"), value, language)
        assert spoken.words(said) == expected


@given(value=st.from_regex(r"\+?[0-9]{1,15}", fullmatch=True))
@settings(max_examples=300, deadline=None)
def test_no_digit_of_a_telephone_number_is_lost(value: str) -> None:
    digits = say("phone", value, "en").removeprefix("plus ").split()
    assert [num2words(int(digit)) for digit in value.removeprefix("+")] == digits
    assert say("phone", value)


def test_digits_and_tickets() -> None:
    assert say("digits", "+7 904*#") == "семь девять ноль четыре звёздочка решётка"
    assert (
        spoken.words(fragments(SayPrompt(say="ticket", value="{x}"), "AB-104", "ru"))
        == "а бэ, один ноль четыре"
    )
    assert say("ticket", "Ж7") == "жэ семь"
    assert say("ticket", "AB-104", "en") == "A B one zero four"


@pytest.mark.parametrize(
    ("kind", "value"),
    [("number", "много"), ("number", "NaN"), ("number", "1e99"), ("digits", "нет"), ("date", "2026-02-30"),
     ("date", "завтра"), ("time", "25:00"), ("money", "даром"), ("phone", "Иван"), ("phone", ""),
     ("ticket", "…"), ("duration", "-5"), ("duration", "долго"), ("number", "")],
)  # fmt: skip
def test_what_is_not_of_its_kind_is_said_to_be_so(kind: str, value: str) -> None:
    with pytest.raises(CannotSay):
        say(kind, value)


@given(
    value=st.text(max_size=30), kind=st.sampled_from(ALL_KINDS), language=st.sampled_from(["ru", "en", "de"])
)
@settings(max_examples=2000, deadline=None)
def test_any_text_at_all_is_said_or_refused(value: str, kind: str, language: str) -> None:
    with suppress(CannotSay):
        assert fragments(SayPrompt(say=kind, value="{x}"), value, language)


@pytest.mark.parametrize("language", ["ru", "en"])
def test_names_are_ascii_and_stand_for_one_text(language: str) -> None:
    texts: dict[str, str] = {}
    for kind in ALL_KINDS:
        for one in needed(SayPrompt(say=kind, value="{x}"), language):
            assert texts.setdefault(one.name, one.text) == one.text
            assert one.name.isascii()
            assert one.name.replace("-", "").isalnum()
    orders = SayPrompt(say="number", value="{x}", noun=("заказ", "заказа", "заказов"))
    assert Fragment("word-zakazov", "заказов") in needed(orders, "ru")


def test_only_what_a_kind_needs() -> None:
    prompts = [SayPrompt.model_validate({"say": kind, "value": "{x}"}) for kind in ALL_KINDS]
    counts = {prompt.say: len(needed(prompt, "ru")) for prompt in prompts}
    assert counts["digits"] == 12
    assert max(counts.values()) < 100
    assert not needed(SayPrompt(say="text", value="{x}"), "ru")
