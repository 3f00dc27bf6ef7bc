"""Plans of ringing (F04, F06): nobody is rung twice, each has his turn, chance is fair; made-up phones."""

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.calls.leg import Target
from engine.calls.people import People
from engine.calls.plan import Outcome, Plan, Stage, Way, told_in_turn, turn_seconds
from engine.calls.ringing_rules import CONFIRM_KEY, RingingPhones
from engine.calls.services import Outside
from engine.directory.directory import Tenant
from engine.directory.forwarding import CHAIN_LIMIT, wrong_forward
from engine.directory.model import TenantModel
from engine.directory.tenant_file import tenant_of
from engine.directory.user_settings import CONDITIONS, Forward, Personal, UserSettings
from engine.journal.base import LegResult
from tests.virtual_time import VirtualClock, run

MOBILE = "+79161234567"


def company(people: int = 8) -> Tenant:
    return tenant_of(
        TenantModel.model_validate(
            {
                "tenant": "acme",
                "title": "Acme",
                "numbers": {"+74951234567": {"scenario": "main"}},
                "users": {str(200 + number): {"name": f"N{number}"} for number in range(people)},
                "outgoing": {"trunk": "city", "number": "+74951234567"},
            }
        )
    )


class Given(UserSettings):
    """What people have set, without a file."""

    def __init__(self, personal: dict[str, Personal]) -> None:
        super().__init__(None, VirtualClock())
        self._personal = personal

    def of(self, tenant: str, extension: str) -> Personal:
        return self._personal.get(extension, Personal())


def outside(personal: dict[str, Personal] | None = None, seed: int = 0) -> Outside:
    return Outside(user_settings=Given(personal or {}), dice=random.Random(seed))


# -- made-up telephones -----------------------------------------------------------------------------------


@dataclass(eq=False)
class Bell:
    target: Target
    answered_at: float | None = None
    ended: LegResult | None = None
    keyed: tuple[str, ...] = ()
    rung_at: float = 0.0

    @property
    def up(self) -> bool:
        return self.answered_at is not None and self.ended is None

    @property
    def over(self) -> bool:
        return self.ended is not None

    @property
    def lives(self) -> bool:
        return True

    @property
    def result(self) -> LegResult:
        return self.ended or "failed"


@dataclass
class Bells:
    """`does`: by endpoint what a telephone does and after how many seconds; others ring for ever."""

    does: dict[str, tuple[str, float]] = field(default_factory=dict)
    rung: list[Bell] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    timers: list[asyncio.TimerHandle] = field(default_factory=list)

    def leg(self, target: Target) -> Bell:
        self.rung.append(Bell(target))
        return self.rung[-1]

    async def dial(self, legs: Sequence[tuple[Bell, float]]) -> None:
        loop = asyncio.get_running_loop()
        for leg, _ in legs:
            leg.rung_at = loop.time()
            act, after = self.does.get(leg.target.endpoint, ("rings", 0.0))
            if act != "rings":
                self.timers.append(loop.call_later(after, self._do, leg, act))

    def _do(self, leg: Bell, act: str) -> None:
        if leg.ended is not None:
            return
        if act in ("answers", "confirms"):
            leg.answered_at = asyncio.get_running_loop().time()
            leg.keyed = (CONFIRM_KEY,) if act == "confirms" else ()
        else:
            leg.ended = act  # type: ignore[assignment]
        self.changed.set()

    async def drop(self, leg: Bell, *, elsewhere: bool = False, timed_out: bool = False) -> None:
        leg.ended = leg.ended or ("answered_elsewhere" if elsewhere else "no_answer")

    async def ask(self, leg: Bell) -> None:
        return

    async def stop_asking(self, leg: Bell) -> None:
        return

    def passed(self, legs: Sequence[Bell]) -> None:
        return


def ring(plan: Plan, does: dict[str, tuple[str, float]]) -> tuple[Bells, RingingPhones[Bell], float]:
    """To its end; who rang, how it went, and after how many seconds."""

    async def scene() -> tuple[Bells, RingingPhones[Bell], float]:
        bells, loop = Bells(does), asyncio.get_running_loop()
        ringing, began = RingingPhones(bells, plan), loop.time()
        await ringing.begin()
        for _ in range(10_000):
            if ringing.winner is not None or ringing.over:
                break
            if not ringing.due():
                bells.changed.clear()
                timeout = ringing.timeout()
                try:
                    async with asyncio.timeout(timeout):
                        await bells.changed.wait()
                except TimeoutError:
                    pass
            await ringing.act()
        else:
            raise AssertionError("it goes on for ever")
        took = loop.time() - began
        await ringing.stop(keep=ringing.winner)
        for timer in bells.timers:
            timer.cancel()
        return bells, ringing, took

    return run(scene())


def device(extension: str) -> str:
    return f"PJSIP/acme-{extension}-desk"


# -- whatever people set and do ---------------------------------------------------------------------------

EXTENSIONS = [str(200 + number) for number in range(8)]
FORWARDS = st.dictionaries(
    st.sampled_from(CONDITIONS),
    st.builds(
        Forward,
        st.sampled_from([*EXTENSIONS, MOBILE, "+79161234568"]),
        st.sampled_from([3.0, 20.0]),
        st.booleans(),
    ),
    max_size=3,
)
PERSONAL = st.dictionaries(
    st.sampled_from(EXTENSIONS), st.builds(Personal, st.booleans(), FORWARDS), max_size=8
)
DOES = st.dictionaries(
    st.sampled_from([*map(device, EXTENSIONS), f"PJSIP/{MOBILE}@city"]),
    st.tuples(
        st.sampled_from(["answers", "confirms", "busy", "unavailable", "failed", "rings"]),
        st.sampled_from([0.0, 0.5, 4.0, 19.9, 20.0, 25.0]),
    ),
)
ORDERS = st.sampled_from(["all", "sequence", "random", "least_recent"])


@settings(max_examples=600, deadline=None)
@given(
    members=st.lists(st.sampled_from(EXTENSIONS), unique=True, min_size=1, max_size=6),
    personal=PERSONAL,
    does=DOES,
    order=ORDERS,
    times=st.dictionaries(st.sampled_from(EXTENSIONS), st.sampled_from([2.0, 15.0])),
)
def test_nobody_is_rung_twice_and_it_comes_to_an_end_in_time(
    members: list[str],
    personal: dict[str, Personal],
    does: dict[str, tuple[str, float]],
    order: str,
    times: dict[str, float],
) -> None:
    plan = People(company(), outside(personal)).plan(members, 20.0, order=order, times=times)
    bells, ringing, took = ring(plan, does)
    rung = Counter(bell.target.endpoint for bell in bells.rung)
    assert not [endpoint for endpoint, number in rung.items() if number > 1]
    winner = ringing.winner
    assert all(bell is winner or bell.over for bell in bells.rung), "left ringing"
    if winner is not None:
        assert not winner.target.confirm or CONFIRM_KEY in winner.keyed
    # One alone has the time for each place; who answered last may think for 15 s.
    stages = CHAIN_LIMIT + 2 if len(members) == 1 else 1
    assert took <= 20.0 * stages + 15.0 * (1 + len(rung)) + 0.1
    quiet = {device(one) for one, theirs in personal.items() if theirs.do_not_disturb}
    assert not quiet & set(rung), "he does not want to be disturbed"


@settings(max_examples=200, deadline=None)
@given(members=st.lists(st.sampled_from(EXTENSIONS), unique=True, min_size=1, max_size=8), order=ORDERS)
def test_every_member_has_his_turn_before_nobody_has_answered(members: list[str], order: str) -> None:
    plan = People(company(), outside()).plan(members, 24.0, order=order)
    bells, ringing, took = ring(plan, {})
    assert {bell.target.user for bell in bells.rung} == set(members)
    assert ringing.outcome == "no_answer"
    assert took == pytest.approx(24.0)


def test_chance_is_fair_over_ten_thousand_draws() -> None:
    tenant, surroundings = company(4), outside(seed=1)
    members = EXTENSIONS[:4]
    places: Counter[tuple[str, int]] = Counter()
    for _ in range(10_000):
        plan = People(tenant, surroundings).plan(members, 20.0, order="random")
        for place, way in enumerate(plan.ways):
            places[way.first.targets[0].user, place] += 1
    # 2500 each; the chance of one of 16 being 200 off is below one in ten thousand.
    assert all(abs(places[member, place] - 2500) < 200 for member in members for place in range(4))


def test_shares_of_a_row() -> None:
    ways = tuple(Way(Stage(()), seconds) for seconds in (None, 5.0, None))
    plan = Plan(ways, 20.0, in_turn=True)
    assert turn_seconds(plan, 0, 20.0) == 7.5
    assert turn_seconds(plan, 1, 12.5) == 5.0
    assert turn_seconds(plan, 2, 15.0) == 15.0


@pytest.mark.parametrize(
    ("outcomes", "told"),
    [(["busy", "no_answer"], "no_answer"), (["busy", "unavailable"], "busy"), (["failed"], "failed")],
)
def test_what_is_told_of_a_row(outcomes: list[Outcome], told: Outcome) -> None:
    assert told_in_turn(outcomes) == told


# -- circles and chains -----------------------------------------------------------------------------------


@settings(max_examples=400, deadline=None)
@given(steps=st.lists(st.tuples(st.sampled_from(EXTENSIONS), st.sampled_from(CONDITIONS),
                                st.sampled_from(EXTENSIONS)), max_size=14))  # fmt: skip
def test_what_can_be_set_has_no_circle_and_no_long_chain(steps: list[tuple[str, str, str]]) -> None:
    tenant, personal = company(), dict[str, Personal]()
    for who, condition, to in steps:
        if wrong_forward(tenant, lambda one: personal.get(one, Personal()), who, to) is None:
            before = personal.get(who, Personal())
            personal[who] = Personal(False, {**before.forwards, condition: Forward(to)})  # type: ignore[dict-item]

    def longest(one: str, path: tuple[str, ...] = ()) -> int:
        assert one not in path, f"a circle: {path}"
        targets = {forward.to for forward in personal.get(one, Personal()).forwards.values()}
        return max((1 + longest(to, (*path, one)) for to in targets), default=0)

    assert max(map(longest, EXTENSIONS)) <= CHAIN_LIMIT


def test_a_chain_ends_at_its_limit_and_the_last_one_rings() -> None:
    row = EXTENSIONS[:8]
    personal = {one: Personal(False, {"always": Forward(to)}) for one, to in itertools.pairwise(row)}
    plan = People(company(), outside(personal)).plan(row[:1], 20.0)
    assert [target.user for target in plan.ways[0].first.targets] == [row[CHAIN_LIMIT]]


def test_whoever_forwards_all_calls_outside_may_still_answer_himself() -> None:
    """Where too many calls outside are going on: who announces and who recovers must know it before."""
    personal = {"200": Personal(False, {"always": Forward(MOBILE)})}
    plan = People(company(), outside(personal)).plan(["200"], 20.0)
    assert plan.users() == ["200"]
    assert [target.number for target in plan.ways[0].first.now().targets] == [MOBILE]


def test_the_one_to_whom_calls_are_forwarded_reaches_him_himself() -> None:
    personal = {"200": Personal(False, {"always": Forward("201")})}
    plan = People(company(), outside(personal), caller="201").plan(["200"], 20.0)
    assert [target.user for target in plan.ways[0].first.targets] == ["200"]
