"""Any day of orders, callers, operators and deaths: every order ends, and rings as often as it says (F36)."""

import asyncio
from collections.abc import Sequence
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.queues.callback.order import COUNTED
from tests.fake_switch import Caller, Phone
from tests.queues.callback.office import Office, results
from tests.virtual_time import run

Behaviour = Literal["answers", "busy", "no_answer", "voicemail", "off"]
NUMBERS = [f"+7916000000{number}" for number in range(4)]
BEHAVIOURS: list[Behaviour] = ["answers", "busy", "no_answer", "voicemail", "off"]
SECONDS = st.floats(0, 300).map(lambda value: round(value, 2))


def behave(phone: Phone, how: Behaviour) -> None:
    match how:
        case "answers":
            phone.answers(2).hangs_up(15)
        case "voicemail":
            phone.answers(3)  # it presses nothing, and talks to whoever listens until it is cut off
            phone.hangs_up(25)
        case "off":
            phone.unregistered()
        case _:
            getattr(phone, how)()


async def press(office: Office, pressing: Sequence[str]) -> None:
    """People press 1 as soon as they hear something; voicemails do not."""
    while True:
        await asyncio.sleep(1.5)
        for number in pressing:
            for line in office.mobile(number).lines[-1:]:
                if line.hears == "prompt":
                    line.press("1")


@settings(max_examples=20, deadline=None)
@given(
    first=st.sampled_from(["operator", "caller"]),
    people=st.lists(st.sampled_from(BEHAVIOURS), min_size=4, max_size=4),
    operators=st.lists(st.sampled_from(["answers", "no_answer", "busy"]), min_size=2, max_size=2),
    orders=st.lists(st.tuples(SECONDS, st.integers(0, 3)), min_size=1, max_size=6),
    callers=st.lists(st.tuples(SECONDS, st.integers(0, 3)), max_size=3),
    kills=st.lists(st.tuples(SECONDS, st.floats(0.05, 8)), max_size=2),
)
def test_f36_any_day(
    first: str,
    people: list[Behaviour],
    operators: list[str],
    orders: list[tuple[float, int]],
    callers: list[tuple[float, int]],
    kills: list[tuple[float, float]],
) -> None:
    async def main() -> None:
        settings = {"first": first, "retry": "1m", "attempts": 2, "give_up": "15m"}
        async with Office(settings, members=["101", "102"], ring_timeout="8s", wrap_up="3s") as office:
            for number, how in zip(NUMBERS, people, strict=True):
                behave(office.mobile(number), how)
            for phone, does in zip((office.anna, office.petr), operators, strict=True):
                phone.answers(1.5).hangs_up(50) if does == "answers" else getattr(phone, does)()
            pressing = asyncio.create_task(
                press(office, [n for n, how in zip(NUMBERS, people, strict=True) if how == "answers"])
            )
            loop = asyncio.get_running_loop()
            taken: set[str] = set()

            def takes(number: str) -> None:
                if office.engine is not None:
                    taken.add(office.order(number).id)

            came: list[Caller] = []

            def calls(number: str) -> None:
                came.append(office.call(number))

            for at, who in orders:
                loop.call_later(at, takes, NUMBERS[who])
            for at, who in callers:
                loop.call_later(at, calls, NUMBERS[who])
            now = 0.0
            for at, away in sorted(kills):
                await asyncio.sleep(max(0.0, at - now))
                now = max(at, now) + away
                await office.kill_engine()
                await asyncio.sleep(away)
                await office.start_engine()
            await asyncio.sleep(max(0.0, 310 - now))
            # Until the operators who never answer are given up with the orders themselves.
            await asyncio.sleep(1500)
            pressing.cancel()
            for caller in came:  # who came while no engine was there is the fallback's
                if not caller.gone:
                    caller.hang_up()
            await asyncio.sleep(5)
            assert office.engine is not None
            await office.engine.spool.sync()
            found = {order.id: order for order in office.orders()}
            assert len(office.engine.desk.book) == 0, [results(order) for order in office.engine.desk.book]
            assert office.switch.left_over() == []
            assert office.switch.faults == []
            tries = office.tries()
            for order in found.values():
                assert order.closed is not None
                assert results(order).count("talked") == (order.closed == "talked")
                assert all(attempt.result is not None for attempt in order.attempts)
                assert order.counted <= 2
            for number in NUMBERS:
                rung = sum(
                    attempt.result in COUNTED
                    for order in found.values()
                    if order.opened.number == number
                    for attempt in order.attempts
                )
                cut_off = sum(
                    attempt.result == "operator_left"
                    for order in found.values()
                    if order.opened.number == number
                    for attempt in order.attempts
                )
                assert office.mobile(number).invited <= rung + cut_off, number
            talked = [record for record in tries if record.disposition == "answered"]
            assert len(talked) == sum(results(order).count("talked") for order in found.values())

    run(main())
