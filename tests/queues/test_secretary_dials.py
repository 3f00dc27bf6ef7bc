"""What a secretary's telephone dials within a company that she answers for: on a second line, as its transfer
key does, the place of a parked call, her code for the company (F20 F22).
"""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from engine.directory.directory import Directory
from engine.directory.model import GroupModel
from engine.directory.tenant_file import tenant_of
from engine.journal.events import CallStarted
from engine.records.derive import derive_call
from engine.records.model import CallRecord
from tests.fake_switch import Caller
from tests.queues.answering_pool import ANNA, NUMBERS, OTHER, PULT, VERA, Pool
from tests.virtual_time import run

Story = Callable[[Pool], Awaitable[None]]
ZOYA = "PJSIP/pult-202-desk"


def in_pool(story: Story) -> list[CallRecord]:
    """Run it to its end; the calls' records in their order."""

    async def scene() -> list[CallRecord]:
        async with Pool() as pool:
            pool.switch.phone(VERA).answers(2)
            await story(pool)
            await pool.leave()
            found = [derive_call(entries) for entries in pool.journal().values()]
            return sorted((one for one in found if one), key=lambda record: record.started_at)

    return run(scene())


def started(pool: Pool, line: Caller) -> CallStarted:
    return next(one.event for one in pool.journal()[line.id] if isinstance(one.event, CallStarted))


async def parked(pool: Pool, number: str) -> Caller:
    """Whom Vera has parked in the company's first place."""
    caller = pool.call(number)
    await pool.talks(caller)
    line = pool.switch.phone(VERA).line
    line.press("*7", 0.2)
    await pool.until(lambda: line.gone and caller.hears == "music")
    return caller


@pytest.mark.parametrize("who", [VERA, ZOYA])
def test_f20_the_place_that_she_heard_brings_the_parked_call_back(who: str) -> None:
    async def story(pool: Pool) -> None:
        caller = await parked(pool, NUMBERS["romashka"])
        line = pool.switch.from_user(who, "701")
        await asyncio.sleep(3)
        # A colleague who serves nobody reaches nobody.
        assert caller.talks_with(line) is (who == VERA)
        if who == VERA:
            assert line.display == "Ромашка: Иван <89030000000>"
            assert (started(pool, line).tenant, started(pool, line).caller) == ("romashka", "pult/201")
            line.press("##201#", 0.2)  # and what she keys is the company's
            await pool.rung(ANNA)

    first, second = in_pool(story)
    talked = ["pult/201", "pult/201", "201"] if who == VERA else ["pult/201"]
    assert [leg.extension for leg in first.legs][: len(talked)] == talked
    assert second.disposition == ("answered" if who == VERA else "refused")


def test_f20_of_two_companies_calls_in_the_same_place_she_has_the_last_and_by_code_either() -> None:
    async def story(pool: Pool) -> None:
        first = await parked(pool, NUMBERS["romashka"])
        await asyncio.sleep(11)
        second = await parked(pool, NUMBERS["zdorovie"])
        line = pool.switch.from_user(VERA, "*4471*701")
        await asyncio.sleep(3)
        assert first.talks_with(line)
        line.hang_up()
        await asyncio.sleep(11)
        line = pool.switch.from_user(VERA, "701")
        await asyncio.sleep(3)
        assert second.talks_with(line)

    assert [record.tenant for record in in_pool(story)] == ["romashka", "zdorovie", "romashka", "zdorovie"]


def test_f20_a_call_that_the_company_s_own_people_parked_is_theirs_unless_she_says_so() -> None:
    async def story(pool: Pool) -> None:
        anna = pool.switch.phone(ANNA).answers(1)
        caller = pool.call(NUMBERS["romashka"])
        await pool.talks(caller)
        pool.switch.phone(VERA).line.press("##201#", 0.2)
        await pool.until(lambda: anna.lines and caller.talks_with(anna.line))
        anna.line.press("*7", 0.2)
        await pool.until(lambda: caller.hears == "music")
        await asyncio.sleep(3)
        refused = pool.switch.from_user(VERA, "701")
        await asyncio.sleep(2)
        assert refused.gone
        taking = pool.switch.from_user(VERA, "*4471*701")
        await asyncio.sleep(3)
        assert caller.talks_with(taking)

    in_pool(story)


@pytest.mark.parametrize("at_once", [False, True], ids=["talks first", "sends on at once"])
def test_f20_the_transfer_key_asks_somebody_of_the_company_first(at_once: bool) -> None:
    async def story(pool: Pool) -> None:
        anna, vera, other = (pool.switch.phone(one) for one in (ANNA, VERA, OTHER))
        if not at_once:
            anna.answers(2)
        caller = pool.call(NUMBERS["romashka"])
        await pool.talks(caller)
        line = vera.line
        line.hold()
        asked = pool.switch.from_user(VERA, "201")
        assert pool.switch.phone(VERA).invited == 1
        await pool.until(lambda: anna.invited == 1)
        assert anna.last_caller == "Вера <>"
        if not at_once:
            await pool.until(lambda: anna.lines and asked.talks_with(anna.line))
            assert caller.hears == "music"
        anna.answers(1)  # where she has not, she does so when it rings for the caller
        line.refer_replacing(asked)
        await pool.until(lambda: anna.lines and caller.talks_with(anna.line))
        await asyncio.sleep(3)
        assert line.gone
        assert asked.gone
        assert other.invited == 0

    first, second = in_pool(story)
    assert (second.tenant, second.caller, second.callee, second.direction) == (
        "romashka", "pult/201", "201", "internal",
    )  # fmt: skip
    assert [leg.extension for leg in first.legs][-1] == "201"
    assert first.disposition == "answered"


def test_f20_what_means_nothing_at_the_company_and_codes_are_her_own_also_in_a_talk() -> None:
    async def story(pool: Pool) -> None:
        zoya = pool.switch.phone(ZOYA).answers(1)
        caller = pool.call(NUMBERS["romashka"])
        await pool.talks(caller)
        own, code = pool.switch.from_user(VERA, "202"), pool.switch.from_user(VERA, "*78")
        await pool.until(lambda: zoya.lines and own.talks_with(zoya.line))
        assert started(pool, own).tenant == started(pool, code).tenant == "pult"

    in_pool(story)


def test_f22_by_her_code_she_reaches_people_of_the_company_and_no_number_outside() -> None:
    async def story(pool: Pool) -> None:
        anna = pool.switch.phone(ANNA).answers(1)
        line = pool.switch.from_user(VERA, "*4471*201")
        await pool.until(lambda: anna.lines and line.talks_with(anna.line))
        assert anna.last_caller == "Вера <>"
        line.hang_up()
        await asyncio.sleep(5)
        for wrong in ("*4473*201", "*4471*299", "*4471*102", "*4471*89161234567", "*44201"):
            line = pool.switch.from_user(VERA, wrong)
            await asyncio.sleep(3)
            assert line.gone, wrong
            assert started(pool, line).tenant == "pult"
        stranger = pool.switch.from_user(ZOYA, "*4471*201")
        await asyncio.sleep(3)
        assert stranger.gone
        assert anna.invited == 1

    in_pool(story)


def test_f20_a_restart_amid_it_loses_nobody() -> None:
    async def story(pool: Pool) -> None:
        anna = pool.switch.phone(ANNA).answers(1)
        caller = await parked(pool, NUMBERS["romashka"])
        await pool.kill_engine()
        await asyncio.sleep(1)
        await pool.start_engine()
        line = pool.switch.from_user(VERA, "701")
        await asyncio.sleep(3)
        assert caller.talks_with(line)
        await pool.kill_engine()
        await asyncio.sleep(1)
        await pool.start_engine()
        await asyncio.sleep(3)
        assert caller.talks_with(line)
        asked = pool.switch.from_user(VERA, "201")
        await pool.until(lambda: anna.lines and asked.talks_with(anna.line))
        await pool.kill_engine()
        await asyncio.sleep(1)
        await pool.start_engine()
        await asyncio.sleep(3)
        line.refer_replacing(asked)
        await pool.until(lambda: anna.lines and caller.talks_with(anna.line))

    in_pool(story)


@pytest.mark.parametrize("code", ["**201", "*8", "**600"])
def test_f20_a_colleague_of_the_pool_takes_the_call_that_rings_at_hers(code: str) -> None:
    async def story(pool: Pool) -> None:
        tenants = dict(pool.files.directory.given)
        more = {
            "pool": PULT.pool.model_copy(update={"members": ["201", "202"]}) if PULT.pool else None,
            "groups": {"all": GroupModel(members=["201", "202"], extension="600")},
        }
        tenants["pult"] = tenant_of(PULT.model_copy(update=more))
        pool.files.directory = Directory.of(tenants.values())
        pool.switch.phone(VERA).no_answer()
        pool.switch.phone(ZOYA).no_answer()
        caller = pool.call(NUMBERS["romashka"])
        await pool.until(lambda: pool.switch.phone(VERA).invited + pool.switch.phone(ZOYA).invited == 1)
        await asyncio.sleep(1)
        rung, picker = (VERA, ZOYA) if pool.switch.phone(VERA).invited else (ZOYA, VERA)
        code_of = code.replace("201", rung[-8:-5])
        line = pool.switch.from_user(picker, code_of)
        await asyncio.sleep(2)
        assert caller.talks_with(line)
        assert line.display == "Ромашка: Иван <89030000000>"
        [card] = await pool.answering().card("pult", picker[-8:-5])
        assert (card["tenant"], card["state"]) == ("romashka", "talking")
        line.press("##201#", 0.2)  # and it is the company's call
        await pool.rung(ANNA)

    call, picking = in_pool(story)
    assert (call.disposition, call.tenant, call.operator) == ("answered", "romashka", picking.caller)
    assert (picking.tenant, picking.disposition, picking.talk_ms) == ("romashka", "answered", 0)
    assert "answered_elsewhere" in {leg.result for leg in call.legs}


def test_f20_where_nothing_rings_at_the_pool_nothing_is_taken() -> None:
    async def story(pool: Pool) -> None:
        pool.switch.phone(VERA).no_answer()
        pool.switch.phone(ANNA).no_answer()
        anna = pool.switch.from_user(OTHER, "**201")
        caller = pool.call(NUMBERS["romashka"])
        await pool.rung(VERA)
        stranger, zoya = pool.switch.from_user(OTHER, "**201"), pool.switch.from_user(ZOYA, "**201")
        await asyncio.sleep(5)
        # Another customer's people, and who is not of the pool, hear that nothing rings.
        assert anna.gone
        assert stranger.gone
        assert zoya.gone
        assert caller.hears != "talk"

    in_pool(story)
