"""What a made-up caller keys in, and when (F43)."""

import pytest

from engine.scenarios.simulate.keys import GAP_S, Act, WrongKeys, parse_keys
from engine.scenarios.simulate.people import Behaviour, WrongBehaviour, parse_behaviour


@pytest.mark.parametrize(
    ("written", "acts"),
    [
        ("", []),
        ("1", [Act("1", "asked")]),
        ("12", [Act("1", "asked"), Act("2", "last key", GAP_S)]),
        ("1 2", [Act("1", "asked"), Act("2", "asked")]),
        (
            "1 w6 101",
            [
                Act("1", "asked"),
                Act("1", "last key", 6.0),
                Act("0", "last key", GAP_S),
                Act("1", "last key", GAP_S),
            ],
        ),
        ("w2.5 *", [Act("*", "first asked", 2.5)]),
        ("w2 w3 #", [Act("#", "first asked", 5.0)]),
        ("w6 h", [Act("h", "start", 6.0)]),
        ("h", [Act("h", "asked")]),
        ("1 w4 h", [Act("1", "asked"), Act("h", "last key", 4.0)]),
        ("12h", [Act("1", "asked"), Act("2", "last key", GAP_S), Act("h", "last key", GAP_S)]),
    ],
)
def test_keys(written: str, acts: list[Act]) -> None:
    assert list(parse_keys(written)) == acts


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("x", "'x' is no key, expected keys 0 to 9"),
        ("1w6", "'1w6' is no key"),
        ("1 w", "'w' is no key"),
        ("1 w6", "nothing comes after the last w"),
        ("h 1", "'1' comes after h"),
        ("1h2", "'1h2' is no key"),
        ("w99999999 1", "longer than a day"),
    ],
)
def test_what_are_no_keys(written: str, message: str) -> None:
    with pytest.raises(WrongKeys, match=message):
        parse_keys(written)


def test_behaviours() -> None:
    assert parse_behaviour("no_answer") == (Behaviour("no_answer"),)
    assert parse_behaviour("busy, answers:8") == (Behaviour("busy"), Behaviour("answers", 8.0))
    for wrong in ("", "bussy", "answers:", "busy,", "no_answer:3"):
        with pytest.raises(WrongBehaviour, match="expected one of answers"):
            parse_behaviour(wrong)
