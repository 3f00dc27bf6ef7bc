"""Conditions of `switch` (F15): what a call fills into a wanted text is no pattern, only itself."""

import pytest

from engine.scenarios.conditions import matches, problem


@pytest.mark.parametrize("sent", ["*", "!= x", "< 9", ">= 0", "+7*", "{plan}", ".", ""])
def test_filled_in_text_is_no_pattern(sent: str) -> None:
    variables = {"sent": sent, "plan": "vip"}
    assert matches(sent, "{sent}", variables)
    assert not matches("5", "{sent}", variables)
    assert not matches("vip", "{sent}", variables)
    assert not matches(sent, "!= {sent}", variables)
    assert matches("5", "!= {sent}", variables)
    assert not matches("5", ("{sent}", "6"), variables)
    # The scenario's own star beside it is one.
    assert matches(f"a {sent} b", "a {sent}*", variables)
    assert not matches("b", "a {sent}*", variables)


def test_filled_in_numbers_are_compared() -> None:
    assert matches(5, ">= {limit}", {"limit": 3})
    assert not matches(2, ">= {limit}", {"limit": "3"})
    assert not matches(2, "> {limit}", {"limit": "> 1"})
    assert not matches(2, "> {limit}", {})


def test_written_patterns_and_signs() -> None:
    assert matches("+79031112233", "+7903*")
    assert not matches("+79031112233", "!= +7903*")
    assert matches("vip", ("gold", "vip"))
    assert matches("", "")
    assert matches(None, "")
    assert matches(True, True)
    assert matches("true", True)
    assert matches(3.0, 3)
    assert not matches("*", 3)
    assert (
        problem("caller", "+7903*") == problem("x", "> 3") == problem("x", "> {y}") == problem("x", "") == ""
    )
    assert problem("x", ">=") == "nothing follows >=, expected a value such as >= 3"
    assert problem("x", "< a") == "a is no number, expected a number such as < 3"
