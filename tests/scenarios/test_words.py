"""Conditions and details as drawings say them (F43): never the opposite of what the scenario asks."""

from pathlib import Path
from typing import Any

import pytest

from engine.directory.directory import Tenant
from engine.directory.loader import load_tenant
from engine.scenarios.steps.input import InputStep
from engine.scenarios.words import Language
from engine.scenarios.words.conditions import condition_words
from engine.scenarios.words.details import details

TENANT = """
tenant: acme
title: Акме
numbers: {"+74951234567": {scenario: main}}
users: {"101": {name: Анна Иванова}}
phone_book: {"+79031112233": Мария}
"""
CALLER = "8\u00a0(903)\u00a0111\u201122\u201133"


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Tenant:
    path: Path = tmp_path_factory.mktemp("tenants") / "acme.yaml"
    path.write_text(TENANT)
    read = load_tenant(path)
    assert read.tenant is not None, read.findings
    return read.tenant


@pytest.mark.parametrize(
    ("name", "wanted", "russian", "english"),
    [
        ("caller", "+79031112233", f"звонит {CALLER} (Мария)", f"caller {CALLER} (Мария)"),
        ("caller", "!= +79031112233", f"звонит кроме {CALLER} (Мария)", f"caller not {CALLER} (Мария)"),
        ("number", "!=+79031112233", f"на номер кроме {CALLER} (Мария)", f"to not {CALLER} (Мария)"),
        ("caller", "+7903111223*", "звонит +7903111223*", "caller +7903111223*"),
        ("caller", "+79031112233*", "звонит +79031112233*", "caller +79031112233*"),
        ("caller", "!= +7903*", "звонит кроме +7903*", "caller not +7903*"),
        ("caller", "", "номер скрыт", "number withheld"),
        ("caller.number", ["", "101"], "номер скрыт или звонит 101", "number withheld or caller 101"),
        ("caller.group", "", "без группы", "no group"),
        ("caller.group", "!= vip", "группа кроме vip", "group not vip"),
        ("language", "ru", "язык русский", "language Russian"),
        ("language", "fr", "язык fr", "language fr"),
        ("caller.last_operator", "101", "прошлый разговор: Анна Иванова", "last talk: Анна Иванова"),
        (
            "caller.last_operator",
            "!= 101",
            "прошлый разговор: кроме Анна Иванова",
            "last talk: not Анна Иванова",
        ),
        ("caller.calls", ">= 3", "звонков за 30 дней: ≥ 3", "calls in 30 days: ≥ 3"),
        ("caller.calls", "<5", "звонков за 30 дней: < 5", "calls in 30 days: < 5"),
        ("city", "", "city: пусто", "city: empty"),
        ("city", ["", "Омск"], "city: пусто или Омск", "city: empty or Омск"),
        ("vip", False, "vip: нет", "vip: no"),
        ("days", "sat-sun", "сб–вс", "sat–sun"),
    ],
)
def test_conditions(tenant: Tenant, name: str, wanted: Any, russian: str, english: str) -> None:
    assert condition_words({name: wanted}, "ru", tenant) == russian
    assert condition_words({name: wanted}, "en", tenant) == english


@pytest.mark.parametrize(
    ("least", "most", "language", "words"),
    [
        (1, 21, "ru", "1–21 цифр"),
        (1, 4, "ru", "1–4 цифры"),
        (4, 11, "ru", "4–11 цифр"),
        (1, 1, "ru", "1 цифра"),
        (21, 21, "ru", "21 цифра"),
        (1, 1, "en", "1 digit"),
        (1, 21, "en", "1–21 digits"),
    ],
)
def test_how_many_digits(least: int, most: int, language: Language, words: str) -> None:
    step = InputStep.model_construct(prompt=(), variable="code", min_digits=least, max_digits=most)
    assert details(step, language)[0] == words
