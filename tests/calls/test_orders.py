"""Things that happen between any two steps of a call: hangups, answers, lost connections, killed engines."""

import asyncio
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.records.model import CallRecord
from tests.calls.cell import DESK, NUMBER, SECOND, THIRD, Cell
from tests.calls.promises import check
from tests.fake_switch import Caller, Delays
from tests.virtual_time import run

PHONES = (DESK, SECOND, THIRD)
Act = Callable[[Cell, Caller], None]
LAST_STEP = 90


async def _to_the_end(cell: Cell, caller: Caller, patience_s: float = 120) -> None:
    """Until the caller has gone; he hangs up himself when his patience ends."""
    deadline = cell.switch.now_s() + patience_s
    while not caller.gone and cell.switch.now_s() < deadline:
        await asyncio.sleep(0.25)
    caller.hang_up()
    await cell.troubles_over()
    await asyncio.sleep(10)  # the ending itself may meet trouble
    await cell.troubles_over()
    await asyncio.sleep(cell.away_s + 20)


def _ordinary_call(step: int, delay: float, act: Act, *, with_engine: bool = True) -> list[CallRecord]:
    """Greeting, menu, two phones that answer at the same instant, talk, the operator's hangup, thanks; and
    `act` in the middle of it.
    """

    async def main() -> list[CallRecord]:
        async with Cell() as cell:
            cell.switch.phone(DESK).answers(2).hangs_up(3)
            cell.switch.phone(SECOND).answers(2).hangs_up(3)
            cell.switch.phone(THIRD).busy(1)
            caller = cell.switch.incoming(NUMBER)
            cell.switch.at_step(step, lambda: act(cell, caller), delay)
            cell.switch.after(2.5, lambda: caller.press("7"))
            await _to_the_end(cell, caller)
            return check(cell, silence_s=2.5 if with_engine else None)

    return run(main())


def _caller_leaves(cell: Cell, caller: Caller) -> None:
    caller.hang_up()


def _operators_leave(cell: Cell, caller: Caller) -> None:
    for channel in list(cell.switch.channels.channels.values()):
        if channel.endpoint:
            cell.switch.channels.party_hangs_up(channel)


def _all_leave(cell: Cell, caller: Caller) -> None:
    _operators_leave(cell, caller)
    caller.hang_up()


@pytest.mark.parametrize("act", [_caller_leaves, _operators_leave, _all_leave])
@pytest.mark.parametrize("delay", [0.0, 0.0003, 0.0006, 0.1])
def test_a_hangup_after_every_single_step(act: Act, delay: float) -> None:
    for step in range(1, LAST_STEP):
        try:
            (record,) = _ordinary_call(step, delay, act)
        except BaseException as error:
            error.add_note(f"at step {step} + {delay} s")
            raise
        if act is _caller_leaves and record.ended_at - record.started_at < 5000:
            assert record.ended_by == "caller", f"at step {step}"


@pytest.mark.parametrize("delay", [0.0, 0.0006, 0.3])
@pytest.mark.parametrize("away", [0.3, 4.0, 30.0])
@pytest.mark.parametrize("kind", ["connection", "engine"])
def test_no_engine_for_a_while_after_every_single_step(kind: str, away: float, delay: float) -> None:
    def act(cell: Cell, caller: Caller) -> None:
        (cell.lose_connection if kind == "connection" else cell.replace_engine)(away)

    for step in range(1, LAST_STEP):
        try:
            _ordinary_call(step, delay, act, with_engine=False)
        except BaseException as error:
            error.add_note(f"at step {step} + {delay} s")
            raise


TIMES = st.sampled_from([0.0, 0.001, 0.05, 0.5, 1.0, 1.0005, 2.0, 4.9, 5.0, 19.99, 20.0, 21.0])
BEHAVIOURS = st.one_of(
    st.tuples(st.just("answers"), TIMES),
    st.tuples(st.just("busy"), TIMES),
    st.tuples(st.just("rejects"), TIMES),
    st.tuples(st.just("unavailable"), TIMES),
    st.tuples(st.sampled_from(["no_answer", "silent", "unregistered"])),
)
KEYS = st.lists(st.tuples(TIMES, st.sampled_from("0123789*#")), max_size=5)
TROUBLES = st.lists(
    st.tuples(
        st.integers(1, LAST_STEP),
        st.sampled_from([0.0, 0.0001, 0.001, 0.2]),
        st.sampled_from(["caller leaves", "operators leave", "connection lost", "engine killed"]),
        st.sampled_from([0.3, 3.0, 25.0]),
    ),
    max_size=3,
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**32),
    most=st.sampled_from([0.0005, 0.005, 0.1]),
    phones=st.tuples(BEHAVIOURS, BEHAVIOURS, BEHAVIOURS),
    talk=st.one_of(st.none(), TIMES),
    keys=KEYS,
    troubles=TROUBLES,
)
def test_any_order(
    seed: int,
    most: float,
    phones: tuple[tuple[str, *tuple[float, ...]], ...],
    talk: float | None,
    keys: list[tuple[float, str]],
    troubles: list[tuple[int, float, str, float]],
) -> None:
    async def main() -> None:
        async with Cell(Delays.random(seed, most)) as cell:
            switch = cell.switch
            for endpoint, (behaviour, *arguments) in zip(PHONES, phones, strict=True):
                getattr(switch.phone(endpoint), behaviour)(*arguments)
                if talk is not None:
                    switch.phone(endpoint).hangs_up(talk)
            caller = switch.incoming(NUMBER)
            with_engine = True
            for step, delay, kind, seconds in troubles:
                match kind:
                    case "caller leaves":
                        switch.at_step(step, caller.hang_up, delay)
                    case "operators leave":
                        switch.at_step(step, partial(_operators_leave, cell, caller), delay)
                    case "connection lost":
                        with_engine = False
                        switch.at_step(step, partial(cell.lose_connection, seconds), delay)
                    case "engine killed":
                        with_engine = False
                        switch.at_step(step, partial(cell.replace_engine, seconds), delay)
            at = 1.0
            for seconds, key in keys:
                at += seconds
                switch.after(at, partial(caller.press, key))
            await _to_the_end(cell, caller, 200)
            # Keying slowly is up to the caller: a number may go on for 1.5 s after each digit.
            check(cell, silence_s=8 if with_engine else None)

    run(main())
