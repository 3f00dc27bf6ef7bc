"""Whatever people set, do and pick up, whenever the engine is killed: nobody is left, and one record each."""

import asyncio
from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.directory.model import TenantModel
from engine.directory.user_settings import CONDITIONS, Forward
from tests.calls.cell import DESK, SECOND, THIRD, Cell, Files
from tests.calls.office import AT_MOBILE, MAIN, MOBILE, TENANT, call_in
from tests.calls.promises import check
from tests.fake_switch import Caller, Delays
from tests.virtual_time import run

QUEUE = """\
scenario: main
start: wait
steps:
  wait: {type: queue, queue: line, on_timeout: bye, after: bye}
  bye: {type: hangup, prompt: goodbye}
"""
PHONES = (DESK, SECOND, THIRD, AT_MOBILE)
EXTENSIONS = ("101", "102", "103")
TIMES = st.sampled_from([0.0, 0.001, 0.05, 0.5, 1.0, 2.0, 4.0, 5.0, 9.0, 19.99])
BEHAVIOURS = st.one_of(
    st.tuples(st.just("answers"), TIMES),
    st.tuples(st.just("busy"), TIMES),
    st.tuples(st.sampled_from(["no_answer", "unregistered"])),
)
SET = st.tuples(
    st.sampled_from(EXTENSIONS),
    st.sampled_from(CONDITIONS),
    st.sampled_from([*EXTENSIONS, MOBILE]),
    st.sampled_from([1.0, 4.0]),
    st.booleans(),
)
CODES = ("**101", "**102", "**600", "*8", "*78", "##002#", "102", "600")
ACTS = st.one_of(
    st.tuples(st.just("dials"), TIMES, st.sampled_from((SECOND, THIRD)), st.sampled_from(CODES)),
    st.tuples(st.just("hangs up"), TIMES, st.sampled_from(["caller", "picker", "everybody"]), st.just("")),
    st.tuples(st.just("presses"), TIMES, st.just(AT_MOBILE), st.sampled_from("15")),
    st.tuples(st.just("engine"), TIMES, st.sampled_from(["killed", "lost"]), st.sampled_from(["0.3", "4"])),
)


def _everybody(cell: Cell) -> None:
    for channel in list(cell.switch.channels.channels.values()):
        Caller(cell.switch, channel).hang_up()


def _press(cell: Cell, endpoint: str, key: str) -> None:
    for channel in list(cell.switch.channels.channels.values()):
        if channel.endpoint == endpoint:
            Caller(cell.switch, channel).press(key)


def _act(
    cell: Cell, caller: Caller, pickers: list[Caller], kind: str, who: str, what: str
) -> Callable[[], None]:
    def act() -> None:
        served = cell.engine is not None and cell.switch.connection is not None
        if kind in ("dials", "engine") and not served:
            return  # one trouble at a time
        if kind == "dials":
            pickers.append(cell.switch.from_user(who, what))
        elif kind == "presses":
            _press(cell, who, what)
        elif kind == "engine":
            (cell.replace_engine if who == "killed" else cell.lose_connection)(float(what))
        elif who == "caller":
            caller.hang_up()
        elif who == "everybody":
            _everybody(cell)
        elif pickers:
            pickers[-1].hang_up()

    return act


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**32),
    most=st.sampled_from([0.0005, 0.05]),
    order=st.sampled_from(["all", "sequence", "random", "least_recent"]),
    phones=st.tuples(BEHAVIOURS, BEHAVIOURS, BEHAVIOURS, BEHAVIOURS),
    personal=st.lists(SET, max_size=4),
    quiet=st.sets(st.sampled_from(EXTENSIONS), max_size=2),
    acts=st.lists(ACTS, max_size=5),
    main=st.sampled_from([MAIN, QUEUE]),
)
def test_any_order(
    seed: int,
    most: float,
    order: str,
    phones: tuple[tuple[str, *tuple[float, ...]], ...],
    personal: list[tuple[str, str, str, float, bool]],
    quiet: set[str],
    acts: list[tuple[str, float, str, str]],
    main: str,
) -> None:
    async def scene() -> None:
        groups = {"sales": {**TENANT["groups"]["sales"], "ring": order}}  # type: ignore[index]
        queues = {"line": {"members": ["101", "102"], "max_wait": "60s"}}
        files = Files(TenantModel.model_validate({**TENANT, "groups": groups, "queues": queues}), main)
        async with Cell(Delays.random(seed, most), files) as cell:
            for endpoint, (behaviour, *arguments) in zip(PHONES, phones, strict=True):
                getattr(cell.switch.phone(endpoint), behaviour)(*arguments)
            for who, condition, to, seconds, confirm in personal:
                forward = Forward(to, seconds, confirm)
                await cell.user_settings.set_forward("romashka", who, condition, forward, by="x")  # type: ignore[arg-type]
            for who in quiet:
                await cell.user_settings.set_do_not_disturb("romashka", who, True, by="x")
            caller, pickers = call_in(cell), list[Caller]()
            at = 0.0
            for kind, seconds, who, what in acts:
                at += max(seconds, 0.05)  # what is lost with the last 20 ms is the switch's to tell
                cell.switch.after(at, _act(cell, caller, pickers, kind, who, what))
            await asyncio.sleep(at + 0.1)
            deadline = cell.switch.now_s() + 100
            while cell.switch.now_s() < deadline and not (caller.gone and all(one.gone for one in pickers)):
                await asyncio.sleep(0.5)
            _everybody(cell)
            await cell.troubles_over()
            await asyncio.sleep(10 + cell.away_s)
            await cell.troubles_over()
            await asyncio.sleep(20)
            check(cell, silence_s=None)

    run(scene())
