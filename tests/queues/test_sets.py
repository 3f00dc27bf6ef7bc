"""What dispatch looks things up in, against the obvious way: orders, sets of numbers, skills (F15)."""

import random
from collections.abc import Mapping

from engine.queues.numbers import all_of, first_after, nth
from engine.queues.order import LEAST, MOST, Order
from engine.queues.rules import Required, Rules
from engine.queues.skills import MemberSkills, WantedSkills

SKILLS = ("english", "german", "billing")


def _set(numbers: object) -> int:
    assert isinstance(numbers, list | set | range)
    return sum(1 << number for number in numbers)


def test_numbers_of_a_set_are_found_one_by_one() -> None:
    dice = random.Random(1)
    for most in (1, 2, 29, 30, 31, 64, 1000):
        numbers = sorted(dice.sample(range(most), dice.randint(1, most)))
        bits = _set(numbers)
        assert list(all_of(bits)) == numbers
        assert [nth(bits, index) for index in range(len(numbers))] == numbers
        for last in range(-1, most + 1):
            assert first_after(bits, last) == next((one for one in numbers if one > last), numbers[0])
    assert list(all_of(0)) == []


def test_the_first_of_a_set_is_found_wherever_it_is_in_the_order() -> None:
    dice = random.Random(2)
    order: Order[tuple[int, int]] = Order()
    present: dict[int, tuple[int, int]] = {}
    most = 0
    # It grows to many blocks and shrinks to none, twice; entries come at the end, or anywhere.
    for number in range(12_000):
        grows = number % 6_000 < 3_000
        if present and dice.random() < (0.1 if grows else 0.9):
            entry = present.pop(dice.choice(list(present)))
            order.remove(entry)
        else:
            free = next(one for one in iter(lambda: dice.randrange(9_000), None) if one not in present)
            key = number if number % 4_000 < 2_000 else dice.randrange(12_000)
            present[free] = (key, free)
            order.add(present[free])
        most = max(most, len(present))
        assert bool(order) == bool(present)
        if number % 20 == 0:
            some = dice.sample(range(9_000), 40)
            wanted = dice.choice([set(present), set(some), set([*present][:1])])
            expected = min((present[one] for one in wanted & present.keys()), default=None)
            assert order.first(_set(wanted)) == expected
    for entry in list(present.values()):
        order.remove(entry)
    assert not order
    assert most > 10 * MOST
    assert 2 * LEAST < MOST


def _skills(dice: random.Random, least: int) -> dict[str, int]:
    return {skill: dice.randint(least, 9) for skill in dice.sample(SKILLS, dice.randint(0, 3))}


def _enough(own: Mapping[str, int], required: Required, lowered: int, rules: Rules) -> bool:
    """Each skill lowered by so many levels at most, and never below `relax_to`."""
    return all(
        own.get(skill, 0) >= level
        or (lowered and own.get(skill, 0) >= rules.relax_to and level - own.get(skill, 0) <= lowered)
        for skill, level in required
    )


def test_who_suits_whom_is_the_same_from_both_sides() -> None:
    dice = random.Random(3)
    for _ in range(300):
        rules = Rules(relax_after=dice.choice([0, 5_000]), relax_to=dice.randint(0, 4))
        people = {position: _skills(dice, 0) for position in dice.sample(range(200), 12)}
        kinds = {number: tuple(sorted(_skills(dice, 1).items())) for number in dice.sample(range(100), 10)}
        members, wanted = MemberSkills(), WantedSkills()
        for position, own in people.items():
            members.add(position, own)
        for number, required in kinds.items():
            wanted.add(number, required)
        for number in dice.sample(sorted(kinds), 4):
            wanted.remove(number, kinds.pop(number))
        for required in kinds.values():
            for lowered in range(rules.lowerings(required) + 1):
                suit = {one for one, own in people.items() if _enough(own, required, lowered, rules)}
                assert set(all_of(members.suiting(required, lowered, rules))) == suit
                if suit:
                    sums = {one: sum(people[one].get(skill, 0) for skill, _ in required) for one in suit}
                    best = {one for one in suit if sums[one] == max(sums.values())}
                    assert set(all_of(members.best(_set(suit), required))) == best
        for own in people.values():
            reach = wanted.within_reach(own, rules)
            assert [lowered for lowered, _ in reach] == sorted(
                {lowered for lowered, _ in reach}, reverse=True
            )
            assert reach[-1][0] == 0
            for lowered, found in reach:
                suits = {one for one, required in kinds.items() if _enough(own, required, lowered, rules)}
                assert set(all_of(found)) == suits
