"""Values read out: in words where they stand in the scenario, by the switch where the call knows them."""

from typing import Any

import pytest

from engine.directory.prompt_model import SayPrompt
from engine.directory.prompts import saying


@pytest.mark.parametrize(
    ("kind", "value", "russian", "english"),
    [
        ("number", 21, "двадцать один", "twenty-one"),
        ("number", "2,5", "две целых пять десятых", "two point five"),
        (
            "date",
            "2026-11-23",
            "двадцать третье ноября две тысячи двадцать шестого года",
            "November twenty-third, twenty twenty-six",
        ),
        ("time", "21:02", "двадцать один час две минуты", "twenty-one oh two"),
        ("time", "10:00", "десять часов", "ten o'clock"),
        ("money", "1", "один рубль", "one rouble"),
        (
            "money",
            "1234.50",
            "одна тысяча двести тридцать четыре рубля пятьдесят копеек",
            "one thousand, two hundred and thirty-four roubles fifty kopeks",
        ),
    ],
)
def test_words(kind: Any, value: Any, russian: str, english: str) -> None:
    prompt = SayPrompt(say=kind, value=value)
    assert saying.problem(prompt) == ""
    assert saying.words(prompt, "ru") == russian
    assert saying.words(prompt, "en") == english


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("date", "23.11.2026"),
        ("date", "2026-02-30"),
        ("time", "25:00"),
        ("money", "1.234"),
        ("money", "much"),
        ("number", "NaN"),
        ("digits", "abc"),
    ],
)
def test_a_value_of_the_wrong_kind_is_found_ahead(kind: Any, value: Any) -> None:
    assert value in saying.problem(SayPrompt(say=kind, value=value))


@pytest.mark.parametrize("kind", ["date", "time", "money", "text"])
def test_what_the_switch_cannot_say_is_found_ahead(kind: Any) -> None:
    assert "known only in the call" in saying.problem(SayPrompt(say=kind, value="{x}"))


@pytest.mark.parametrize(
    ("kind", "value", "variables", "media"),
    [
        ("number", "{place}", {"place": 3}, ["number:3"]),
        ("number", "{place}", {"place": 2.5}, ["number:3"]),
        ("number", "{place}", {"place": "-7"}, ["number:-7"]),
        ("number", "{place}", {"place": 2**40}, ["digits:1099511627776"]),
        ("number", "{place}", {}, []),
        ("digits", "{caller.number}", {"caller.number": "+79031112233"}, ["digits:79031112233"]),
        ("digits", "12,3&sound:x", {}, ["digits:123"]),
        ("ticket", "{ticket}", {"ticket": "104"}, ["digits:104"]),
        ("ticket", "{ticket}", {"ticket": "AB-104"}, ["characters:ab104"]),
    ],
)
def test_switch_media(kind: Any, value: str, variables: dict[str, Any], media: list[str]) -> None:
    assert saying.switch_media(SayPrompt(say=kind, value=value), variables) == media
