"""Russian numbers, times, durations and sums in the genitive and the accusative, against num2words (F13)."""

from typing import Any, Literal, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from num2words import num2words

from engine.directory.prompt_model import Case, SayPrompt
from engine.directory.prompts.spoken import fragments, needed
from engine.directory.prompts.spoken.say import fragment_names

Short = Literal["g", "a"]
CASES: dict[str, Short] = {"genitive": "g", "accusative": "a"}
GENDERS = {"masculine": "m", "feminine": "f", "neuter": "n"}
# Of one, of two to four, of the others, as a grammar has them.
WORDS: dict[str, dict[Short, tuple[str, str, str, str]]] = {
    "hours": {"g": ("часа", "часов", "часов", "m"), "a": ("час", "часа", "часов", "m")},
    "minutes": {"g": ("минуты", "минут", "минут", "f"), "a": ("минуту", "минуты", "минут", "f")},
    "seconds": {"g": ("секунды", "секунд", "секунд", "f"), "a": ("секунду", "секунды", "секунд", "f")},
    "weeks": {"g": ("недели", "недель", "недель", "f"), "a": ("неделю", "недели", "недель", "f")},
    "years": {"g": ("года", "лет", "лет", "m"), "a": ("год", "года", "лет", "m")},
    "roubles": {"g": ("рубля", "рублей", "рублей", "m"), "a": ("рубль", "рубля", "рублей", "m")},
    "kopecks": {"g": ("копейки", "копеек", "копеек", "f"), "a": ("копейку", "копейки", "копеек", "f")},
}
LAST_ONE = {"один", "одного", "одно", "одну", "одной"}
LAST_FEW = {"два", "две", "двух", "три", "трёх", "четыре", "четырёх"}


def say(kind: str, value: object, case: str, language: str = "ru", **fields: Any) -> str:
    """The joined words; every one of them must be among those that are recorded ahead."""
    prompt = SayPrompt.model_validate({"say": kind, "value": "{x}", "case": case, **fields})
    said = fragments(prompt, str(value), language)
    assert set(said) <= set(needed(prompt, language)), f"{kind} {value}: not recorded ahead"
    return " ".join(one.text for one in said if one.text)


def reference(number: int, case: Short, gender: str) -> str:
    words = str(num2words(number, lang="ru", case=case, gender=gender, animate=False))
    # Both are right; we say “до нуля часов”.
    return "нуля" if words == "ноля" else words


def counted(number: int, unit: str, case: Short) -> str:
    one, few, many, gender = WORDS[unit][case]
    words = reference(number, case, gender)
    last = words.split()[-1]
    return f"{words} {one if last in LAST_ONE else few if last in LAST_FEW else many}"


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("gender", GENDERS)
@settings(max_examples=700, deadline=None)
@given(number=st.integers(0, 999_999))
def test_f13_numbers_alone(gender: str, case: str, number: int) -> None:
    expected = reference(number, CASES[case], GENDERS[gender])
    assert say("number", number, case, gender=gender) == expected


@pytest.mark.parametrize("case", CASES)
def test_f13_sums_and_counts_through_the_whole_range(case: str) -> None:
    for number in (*range(2201), *range(2200, 1_000_000, 379)):
        short = CASES[case]
        assert say("money", number, case) == counted(number, "roubles", short)
        assert say("number", number, case, unit="minutes") == counted(number, "minutes", short)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("unit", WORDS)
@settings(max_examples=200, deadline=None)
@given(number=st.integers(0, 999_999))
def test_what_is_counted(unit: str, case: str, number: int) -> None:
    assert say("number", number, case, unit=unit) == counted(number, unit, CASES[case])


@pytest.mark.parametrize("case", CASES)
@settings(max_examples=500, deadline=None)
@given(kopecks=st.integers(1, 99_999_999))
def test_f13_sums_with_kopecks(case: str, kopecks: int) -> None:
    parts = [
        counted(count, unit, CASES[case])
        for unit, count in zip(("roubles", "kopecks"), divmod(kopecks, 100), strict=True)
        if count
    ]
    assert say("money", f"{kopecks // 100}.{kopecks % 100:02}", case) == " ".join(parts)


@pytest.mark.parametrize("case", CASES)
def test_f13_every_minute_of_the_day(case: str) -> None:
    for minute in range(1440):
        hours, minutes = divmod(minute, 60)
        expected = counted(hours, "hours", CASES[case])
        if minutes:
            expected += " " + counted(minutes, "minutes", CASES[case])
        assert say("time", f"{hours}:{minutes:02}", case) == expected


@pytest.mark.parametrize("case", CASES)
def test_every_duration_to_an_hour_and_some_longer_ones(case: str) -> None:
    for seconds in (*range(1, 3600), *range(3600, 90 * 86400, 99_960)):
        whole = seconds if seconds < 3600 else (seconds + 30) // 60 * 60
        counts = (("hours", whole // 3600), ("minutes", whole // 60 % 60), ("seconds", whole % 60))
        expected = " ".join(counted(count, unit, CASES[case]) for unit, count in counts if count)
        assert say("duration", seconds, case) == expected


@pytest.mark.parametrize(
    ("kind", "value", "case", "fields", "words"),
    [
        ("time", "20:30", "genitive", {}, "двадцати часов тридцати минут"),
        ("time", "00:00", "genitive", {}, "нуля часов"),
        ("time", "21:01", "genitive", {}, "двадцати одного часа одной минуты"),
        ("money", "1800", "accusative", {}, "одну тысячу восемьсот рублей"),
        ("money", "-1.01", "accusative", {}, "минус один рубль одну копейку"),
        ("duration", "60", "accusative", {}, "одну минуту"),
        ("number", "1.2", "accusative", {"unit": "minutes"}, "одну целую две десятых минуты"),
        ("number", "1.01", "genitive", {"unit": "hours"}, "одной целой одной сотой часа"),
        ("number", "21", "genitive", {"unit": "people"}, "двадцати одного человека"),
        ("number", "3", "genitive", {"noun": ["заказ", "заказа", "заказов"]}, "трёх заказов"),
        ("number", "1", "genitive", {"noun": ["заказ", "заказа", "заказов"]}, "одного заказа"),
        ("number", "1", "accusative", {"noun": ["заявку", "заявки", "заявок"], "gender": "feminine"},
         "одну заявку"),
        ("number", "2000001", "genitive", {}, "двух миллионов одного"),
        ("date", "2000-11-23", "accusative", {}, "двадцать третье ноября двухтысячного года"),
    ],
)  # fmt: skip
def test_in_a_sentence(kind: str, value: str, case: str, fields: dict[str, Any], words: str) -> None:
    assert say(kind, value, case, **fields) == words


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(
    ("kind", "value", "fields"),
    [("number", "1001", {"unit": "minutes"}), ("number", "1.5", {}), ("time", "20:30", {}),
     ("money", "1.01", {}), ("duration", "61", {}), ("date", "2026-11-23", {})],
)  # fmt: skip
def test_english_takes_no_notice(kind: str, value: str, fields: dict[str, Any], case: str) -> None:
    assert say(kind, value, case, "en", **fields) == say(kind, value, "nominative", "en", **fields)


def test_a_kind_without_cases_is_refused_with_those_that_have_them() -> None:
    with pytest.raises(ValueError, match=r"`say: digits` has no case; these have: `number`, `date`, `time`"):
        SayPrompt(say="digits", value="1", case="genitive")
    with pytest.raises(ValueError, match="`unit: people` is not said in the accusative"):
        SayPrompt(say="number", value="1", unit="people", case="accusative")


def test_the_names_of_all_cases_are_known_and_stand_for_one_text() -> None:
    texts: dict[str, str] = {}
    for case in get_args(Case):
        for kind in ("number", "time", "money", "duration", "date"):
            for unit in ({"unit": name} for name in WORDS) if kind == "number" else ({},):
                prompt = SayPrompt.model_validate({"say": kind, "value": "", "case": case, **unit})
                for one in needed(prompt, "ru"):
                    assert texts.setdefault(one.name, one.text) == one.text
                    assert one.name in fragment_names("ru")
                    assert one.name.isascii()
