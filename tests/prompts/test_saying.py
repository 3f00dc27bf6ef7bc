"""Values read out: as a whole where they stand in the scenario, word by word where the call knows them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.directory.prompt_model import SayPrompt, TextPrompt
from engine.directory.prompts import saying
from engine.directory.prompts.spoken import words
from engine.directory.prompts.texts import fill_readable, sentences
from engine.directory.prompts.untrusted import readable


@pytest.mark.parametrize(
    ("kind", "value", "russian", "english"),
    [
        ("number", 21, "двадцать один", "twenty one"),
        ("number", "2,5", "две целых пять десятых", "two point five"),
        (
            "date",
            "2026-11-23",
            "двадцать третье ноября две тысячи двадцать шестого года",
            "November twenty-third, twenty twenty six",
        ),
        ("time", "21:02", "двадцать один час две минуты", "nine oh two P M"),
        ("money", "1", "один рубль", "one rouble"),
        ("digits", "104", "один ноль четыре", "one zero four"),
        ("text", "как есть", "как есть", "как есть"),
    ],
)
def test_words(kind: Any, value: Any, russian: str, english: str) -> None:
    prompt = SayPrompt(say=kind, value=value)
    assert saying.problem(prompt) == saying.problem(prompt, "en") == ""
    assert saying.words(prompt, "ru") == russian
    assert saying.words(prompt, "en") == english


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("date", "2026-02-30"),
        ("time", "25:00"),
        ("money", "much"),
        ("number", "NaN"),
        ("digits", "abc"),
        ("phone", "Иван"),
    ],
)
def test_a_value_of_the_wrong_kind_is_found_ahead(kind: Any, value: Any) -> None:
    assert value in saying.problem(SayPrompt(say=kind, value=value))


def test_a_noun_must_fit_the_language() -> None:
    prompt = SayPrompt(say="number", value="{x}", noun=("заказ", "заказа", "заказов"))
    assert saying.problem(prompt, "ru") == ""
    assert "2 forms" not in saying.problem(prompt, "en")
    assert "`noun` has 3 forms, expected one: minute; more: minutes" in saying.problem(prompt, "en")


@pytest.mark.parametrize(
    "fields",
    [
        {"say": "money", "unit": "minutes"},
        {"say": "date", "gender": "feminine"},
        {"say": "digits", "case": "genitive"},
        {"say": "phone", "case": "accusative"},
        {"say": "number", "unit": "people", "case": "accusative"},
        {"say": "number", "case": "dative"},
        {"say": "number", "unit": "minutes", "noun": ["a", "b"]},
        {"say": "number", "unit": "parsecs"},
        {"say": "number", "noun": ["a"]},
        {"say": "number", "noun": ["a", " "]},
        {"say": "poem"},
    ],
)
def test_fields_that_do_not_go_together(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SayPrompt.model_validate({"value": 1, **fields})


@pytest.mark.parametrize(
    ("kind", "value", "variables", "heard"),
    [
        ("number", "{place}", {"place": 3}, "три"),
        ("number", "{place}", {"place": 2.5}, "две целых пять десятых"),
        ("number", "{place}", {"place": "-7"}, "минус семь"),
        ("number", "{place}", {}, ""),
        ("digits", "{caller.number}", {"caller.number": "+79031112233"},
         "семь девять ноль три один один один два два три три"),
        ("phone", "{caller.number}", {"caller.number": ""}, ""),
        ("ticket", "{ticket}", {"ticket": "104"}, "один ноль четыре"),
        ("date", "{day}", {"day": "2000-11-23T10:00"}, "двадцать третье ноября двухтысячного года"),
    ],
)  # fmt: skip
def test_values_of_the_call(kind: Any, value: str, variables: dict[str, Any], heard: str) -> None:
    said = saying.said(SayPrompt(say=kind, value=value), "ru", variables)
    assert words(said.fragments) == heard
    assert said.text == ""


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("number", "много", "много"),
        ("date", "завтра <break/> в [[10]]", "завтра break/ в 10"),
        ("money", "ask\x00 me", "ask me"),
        ("text", "  Иван  ", "Иван"),
        ("number", 2**40, "1099511627776"),
    ],
)
def test_f13_what_is_not_of_its_kind_is_read_as_text(kind: Any, value: Any, text: str) -> None:
    assert saying.said(SayPrompt(say=kind, value="{x}"), "ru", {"x": value}) == ((), text)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Мария Кац", "Мария Кац"),
        ("<speak>hi</speak>", "speak hi /speak"),
        ("a\r\nb\x1b[2J\u202egnp", "a b 2J gnp"),
        ("[[p2:]]{x}\\|`$", "p2: x"),
        ("Ромашка & К°", "Ромашка и К"),
        ("x" * 5000, "x" * 40),
        ("да " * 1000, ("да " * 40).strip()),
        ("№ 5, дом 3–4", "№ 5, дом 3–4"),
        ("\u0000\u0001", ""),
    ],
)
def test_what_a_caller_is_called_is_read_and_never_obeyed(name: str, said: str) -> None:
    assert readable(name) == said


@given(st.text(max_size=400))
def test_whatever_he_is_called_only_words_and_punctuation_stay(name: str) -> None:
    said = readable(name)
    assert len(said) <= 120
    assert all(letter.isalnum() or letter in ".,!?:;'’\"«»()-–—№%+/@ " for letter in said)
    assert readable(said) == said


@pytest.mark.parametrize(
    ("text", "variables", "said"),
    [
        ("Здравствуйте, {caller.name}!", {"caller.name": "Мария"}, "Здравствуйте, Мария!"),
        ("Здравствуйте, {caller.name}!", {}, "Здравствуйте!"),
        ("Ваш номер — {place}, {name}.", {"place": 3}, "Ваш номер — 3."),
        ("{a} и {b}", {"a": 1.0, "b": True}, "1 и true"),
    ],
)
def test_texts_with_variables(text: str, variables: dict[str, Any], said: str) -> None:
    assert fill_readable(text, variables) == said


def test_only_sentences_with_variables_are_left_for_the_call() -> None:
    text = (
        "Добрый день. Мы рады вам. Здравствуйте, {caller.name}! Отдел продаж — один. Нажмите 0, т. е. ноль."
    )
    assert [(one.text, one.variables) for one in sentences(text)] == [
        ("Добрый день. Мы рады вам.", ()),
        ("Здравствуйте, {caller.name}!", ("caller.name",)),
        ("Отдел продаж — один. Нажмите 0, т. е. ноль.", ()),
    ]
    assert len(sentences("Первое. Второе. Третье.")) == 1


def test_heard_as_text() -> None:
    assert saying.heard("welcome", "ru", {}) == "welcome"
    assert saying.heard(TextPrompt(text="Вы {x}-й"), "ru", {"x": 3}) == "Вы 3-й"
    assert (
        saying.heard(SayPrompt(say="number", value="{x}", unit="minutes"), "ru", {"x": 21})
        == "двадцать одна минута"
    )
    assert saying.heard(SayPrompt(say="money", value=2), "en", {}) == "two roubles"
