"""Transfers in any order of acts and events, on virtual time (F06): nobody is left in silence, no leg is left
behind, exactly one record each, every second of talk once.
"""

import asyncio
from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.calls.cell import Cell
from tests.calls.promises import check
from tests.calls.transfers import PEOPLE, Scene
from tests.fake_switch import Delays
from tests.virtual_time import run

TIMES = st.sampled_from([0.0, 0.0003, 0.001, 0.05, 0.2, 0.7, 1.6, 3.2, 11.0, 31.0])
WHO = st.sampled_from(["caller", *PEOPLE])
WHAT = st.sampled_from(
    [
        *("keys ##102", "keys ##103", "keys ##", "keys *2103", "keys *2102", "keys *1", "keys *3", "keys *0"),
        *("keys 102#", "keys 5", "answers", "answers", "answers", "busy", "hangs", "hangs", "holds"),
        *("refers 102", "refers 103 accepted", "refers 103 never", "refers 101", "dials 103", "dials 102"),
        *("merges", "merges never", "merges accepted"),
    ]
)
ACTS = st.lists(st.tuples(TIMES, WHO, WHAT), min_size=1, max_size=8)
# A call that begins and ends while no engine is there is the fallback's.
ACTS_OF_ONE_CALL = st.lists(
    st.tuples(TIMES, WHO, WHAT.filter(lambda what: not what.startswith("dials"))), min_size=1, max_size=8
)
TROUBLES = st.lists(
    st.tuples(st.sampled_from([0.0, 1.0, 2.5, 5.0, 9.0]), st.sampled_from([0.3, 3.0]), st.booleans()),
    max_size=2,
)
# The same orders in every run: who hunts for others takes `derandomize` away.
Acts = list[tuple[float, str, str]]


def _does(scene: Scene, who: str, what: str) -> Callable[[], None]:
    def act() -> None:
        if what.startswith("dials") and who == "caller":
            return
        if what.startswith("merges") and (
            who == "caller" or len(scene.cell.switch.phone(PEOPLE[who]).lines) < 2
        ):
            return
        scene.act(who, what)

    return act


def _play(starts: str, acts: Acts, delays: Delays, troubles: list[tuple[float, float, bool]]) -> None:
    async def main() -> None:
        async with Cell(delays) as cell:
            scene = Scene(cell, starts)
            await scene.begin()
            at = 0.5
            for seconds, who, what in acts:
                at += seconds
                cell.switch.after(at, _does(scene, who, what))
            for after, away, killed in troubles:
                trouble = cell.replace_engine if killed else cell.lose_connection
                cell.switch.after(after, lambda away=away, trouble=trouble: trouble(away))  # type: ignore[misc]
            await asyncio.sleep(at + 4)
            if not troubles and scene.silent():
                await asyncio.sleep(1.5)  # it may have been the moment of a change
                assert scene.silent() == [], f"in silence: {cell.switch.who_hears_whom()}"
            for _ in range(3):
                for line in scene.living().values():
                    line.hang_up()
                await cell.troubles_over()
                await asyncio.sleep(100)
            await asyncio.sleep(cell.away_s + 20)
            # The first number of a transfer may be keyed for 10 s, with the dialling tone.
            holds = any(what == "holds" for _, _, what in acts)
            check(cell, silence_s=None if troubles or holds else 4)

    run(main())


@settings(max_examples=400, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    starts=st.sampled_from(["caller anna", "caller petr", "anna petr", "petr anna"]),
    acts=ACTS,
    seed=st.integers(0, 2**32),
    most=st.sampled_from([0.0, 0.0005, 0.005, 0.1]),
)
def test_any_order(starts: str, acts: Acts, seed: int, most: float) -> None:
    _play(starts, acts, Delays.random(seed, most) if most else Delays(), [])


@settings(max_examples=150, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    starts=st.sampled_from(["caller anna", "anna petr"]),
    acts=ACTS_OF_ONE_CALL,
    seed=st.integers(0, 2**32),
    most=st.sampled_from([0.0005, 0.05]),
    troubles=TROUBLES,
)
def test_any_order_with_engines_that_come_and_go(
    starts: str, acts: Acts, seed: int, most: float, troubles: list[tuple[float, float, bool]]
) -> None:
    _play(starts, acts, Delays.random(seed, most), troubles)
