"""What must hold for an evening in a queue is found where it does not hold."""

import itertools
import random
import statistics
from pathlib import Path

import pytest

from engine.bench.queueing.facts import Offer, RungBack, Visit, doubled, ring_after_free_ms, skipped
from engine.bench.queueing.plan import guests, with_callbacks
from tests.bench.running import left_behind, run_bench

SECOND = 1_000_000_000


def served(
    answered: float, rang: float, *, operator: str = "a", talk: float = 5, freed: float | None = None
) -> Visit:
    """One who was talked to a second after he was rung for. Times in seconds."""
    offer = Offer(
        operator,
        round(rang * SECOND),
        over=round((rang + 1) * SECOND),
        answered=round((rang + 1) * SECOND),
        ended=round((rang + 1 + talk) * SECOND),
        freed=None if freed is None else round(freed * SECOND),
    )
    left = round((rang + 1 + talk) * SECOND)
    return Visit(1, round(answered * SECOND), left, offers=[offer], heard_operator=left)


def test_who_was_passed_over() -> None:
    right = {"first": served(1, 10), "second": served(2, 20)}
    wrong = {"first": served(1, 20), "second": served(2, 10)}
    assert skipped(right) == []
    [one] = skipped(wrong)
    assert (one.served, one.waiting) == ("second", "first")
    assert skipped(wrong, {"second": 60}) == [], "he was ahead by his priority"
    assert len(skipped(right, {"second": 60})) == 1
    gave_up = Visit(1, SECOND, 5 * SECOND, gave_up=True)
    assert skipped({"first": gave_up, "second": served(2, 10)}) == [], "he had left"
    assert skipped({"first": served(1, 9.5), "second": served(2, 10)}) == [], "he was being rung for"


def test_an_operator_rung_twice() -> None:
    assert doubled([served(1, 10), served(2, 16.5)]) == []
    assert doubled([served(1, 10), served(2, 15)]) == ["a"]
    assert doubled([served(1, 10), served(2, 15, operator="b")]) == []


def rung_back(answered: float, asked: float, rang: float, reached: bool = True) -> Visit:
    """One who asks, hangs up a second later, and whose operator answers a second after he was rung."""
    at = [
        round(second * SECOND) for second in (answered, asked, asked + 1, rang, rang + 1, rang + 2, rang + 9)
    ]
    offer = Offer("b", at[3], over=at[4], answered=at[4], ended=at[6], in_vain=not reached)
    ring = RungBack(at[4], over=at[5], answered=at[5] if reached else None, ended=at[6] if reached else None)
    heard = at[5] if reached else None
    return Visit(
        1, at[0], at[2], offers=[offer], heard_operator=heard, asked=[at[1]], rung_back=[ring], over=at[6]
    )


def test_f36_who_is_to_be_rung_back_keeps_his_place() -> None:
    back = rung_back(1, 3, 20)
    assert back.complaint() == ""
    assert back.wait_s == 2, "until he asked"
    assert skipped({"back": back, "later": served(2, 21)}) == []
    [over_him] = skipped({"back": back, "later": served(2, 19)})
    assert (over_him.served, over_him.waiting) == ("later", "back")
    [by_him] = skipped({"back": rung_back(5, 7, 20), "first": served(2, 25)})
    assert (by_him.served, by_him.waiting) == ("back", "first")
    assert skipped({"back": back, "later": served(2, 4.5)}) == [], "he was on the line"
    assert doubled([back, served(2, 22, operator="b")]) == ["b"], "the operator rang for him"


def test_f36_who_was_not_reached_waits_again_after_the_pause() -> None:
    visit = rung_back(1, 3, 20, reached=False)
    assert visit.over is not None
    assert visit.complaint() == "", "all tries are over"
    visit.over = None
    assert "nobody talked" in visit.complaint()
    assert skipped({"back": visit, "later": served(2, 32)}, pause_s=4) == [], "in the pause"
    assert len(skipped({"back": visit, "later": served(2, 36)}, pause_s=4)) == 1


def test_f36_rung_back_as_it_must_not_be() -> None:
    alone = rung_back(1, 3, 20)
    alone.offers[0].answered = alone.offers[0].over = alone.rung_back[0].rang + SECOND
    assert alone.complaint() == "rung back with no operator on the line"
    again = rung_back(1, 3, 20)
    again.rung_back.append(RungBack(40 * SECOND))
    assert again.complaint() == "rung back again, though he was reached or still rang"
    never = Visit(1, SECOND, 5 * SECOND, asked=[3 * SECOND])
    assert never.complaint() == "never rung back"


def test_f36_who_asks_to_be_rung_back() -> None:
    numbers = (f"+7906{number:07}" for number in itertools.count(1))
    coming = guests(numbers, 1000, 2.0, random.Random(1), talk_mean_s=12, patience_mean_s=40)
    found = with_callbacks(coming, 0.24, random.Random(2), tries=3, uncertain_s=(100, 200))
    wishes = [(guest, guest.callback) for guest in found if guest.callback is not None]
    assert len(wishes) == 240
    assert sum(len(wish.answers) == 3 for _, wish in wishes) == 40
    assert sum(len(wish.answers) == 2 for _, wish in wishes) == 80
    assert all(wish.answers[-1] == "answers" for _, wish in wishes if len(wish.answers) < 3)
    for guest, wish in wishes:
        if 100 <= guest.arrives_s + wish.presses_after_s <= 200:
            assert not wish.hangs_up


def test_how_soon_an_operator_is_rung_again() -> None:
    waited, came_later = served(1, 20.01, freed=20), served(21, 21.1, freed=20)
    assert ring_after_free_ms([waited, came_later]) == [pytest.approx(10)]


def test_guests_come_as_planned() -> None:
    numbers = (f"+7906{number:07}" for number in itertools.count(1))
    found = guests(
        numbers, 20_000, 2.0, random.Random(1), talk_mean_s=12, patience_mean_s=40, missed_share=0.1
    )
    assert found[-1].arrives_s == pytest.approx(10_000, rel=0.03)
    assert statistics.fmean(guest.talk_s for guest in found) == pytest.approx(12, rel=0.05)
    assert statistics.fmean(guest.patience_s for guest in found) == pytest.approx(40, rel=0.05)
    assert sum(guest.missed_offers for guest in found) == pytest.approx(2000, rel=0.1)
    assert len({guest.number for guest in found}) == len(found)


@pytest.mark.switch
@pytest.mark.timeout(350)
def test_an_evening_on_both_sides(tmp_path: Path, folder: Path) -> None:
    line = ["--queue", "--rates", "8", "--seconds", "5", "--rounds", "1"]
    machine, *rest = run_bench(line, tmp_path, folder)
    assert machine["kind"] == "machine"
    plain, engine = (each for each in rest if each["kind"] == "queue")
    assert (plain["side"], engine["side"]) == ("plain", "engine")
    for each in (plain, engine):
        assert (each["calls"], each["complete"], each["failures"]) == (40, 40, {})
        assert each["first_ms_p50"] > 0
        assert 1 < each["asterisk_cpu_ms"] < 1000
    assert engine["passed_over"] == 0
    [ratio] = [each for each in rest if each["kind"] == "ratio"]
    assert ratio["cpu"] > 0
    assert left_behind(folder) == [], "the bench has ended all its processes"
    assert list(folder.iterdir()) == [], "and removed its files"
