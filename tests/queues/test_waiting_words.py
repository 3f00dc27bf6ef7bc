"""What is said of place and wait, in right Russian and English (F35)."""

from collections.abc import Mapping

import pytest

from engine.directory.prompt_model import parts
from engine.directory.prompts import builtin, saying
from engine.queues.promise import LONG, RUNGS
from engine.scenarios.roads.prompts import road_prompts
from engine.scenarios.waiting.words import all_words, offer_words, position_words, wait_words


def heard(words: tuple[object, ...], language: str, variables: Mapping[str, str | int]) -> str:
    found = []
    for prompt in words:
        for part in parts(prompt):  # type: ignore[arg-type]
            known = builtin.text(language, part) if isinstance(part, str) else None
            found.append(known[1] if known else saying.heard(part, language, variables))
    return " ".join(found)


@pytest.mark.parametrize(
    ("minutes", "russian", "english"),
    [
        (0, "Вам ответят меньше чем через минуту.", "You will be answered in less than a minute."),
        (1, "Примерное время ожидания — около одной минуты", "The expected wait is about one minute"),
        (2, "Примерное время ожидания — около двух минут", "The expected wait is about two minutes"),
        (5, "Примерное время ожидания — около пяти минут", "The expected wait is about five minutes"),
        (40, "Примерное время ожидания — около сорока минут", "The expected wait is about forty minutes"),
        (
            25,
            "Примерное время ожидания — около двадцати пяти минут",
            "The expected wait is about twenty five minutes",
        ),
        (LONG, "Время ожидания — больше часа.", "The expected wait is more than an hour."),
    ],
)
def test_f35_the_wait_in_words(minutes: int, russian: str, english: str) -> None:
    for language, expected in (("ru", russian), ("en", english)):
        assert heard(wait_words(minutes), language, {"queue.minutes": minutes}) == expected


def test_f35_the_place_and_the_offer_in_words() -> None:
    assert heard(position_words(), "ru", {"queue.position": 12}) == "Ваш номер в очереди двенадцать"
    assert heard(position_words(), "en", {"queue.position": 1}) == "Your place in the queue is one"
    assert heard(offer_words("*"), "ru", {}) == "Чтобы мы вам перезвонили, нажмите звёздочку."
    assert heard(offer_words("5"), "ru", {}) == "Чтобы мы вам перезвонили, нажмите пять"
    assert heard(offer_words("5"), "en", {}) == "To be called back, press five"


def test_f35_all_that_can_be_said_is_made_ahead() -> None:
    made = list(all_words("5"))
    for minutes in (0, *RUNGS, LONG):
        assert all(prompt in made for prompt in wait_words(minutes))
    assert all(prompt in made for prompt in (*position_words(), *offer_words("5")))


def test_f35_they_are_made_for_queues_that_only_colleagues_reach() -> None:
    for language in ("ru", "en"):
        assert set(all_words(None)) <= set(road_prompts(language))
