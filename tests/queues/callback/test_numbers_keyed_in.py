"""Numbers that nobody can be rung back on: the caller is told, and does not wait for a call in vain (F36)."""

import asyncio

from engine.directory.directory import Directory
from engine.directory.tenant_file import tenant_of
from tests.fake_switch import Caller
from tests.queues.callback.office import CLIENT, MAIN, OTHER, Office, company
from tests.virtual_time import run

ABROAD = "+442071234567"
SORRY = "  sorry: {type: hangup, prompt: sorry}\n"
ASKS = MAIN.replace("callback, next: bye", "callback, ask: true, attempts: 4, next: bye, on_refused: sorry")
TELLS = MAIN.replace("callback, next: bye", "callback, next: bye, on_refused: sorry")


async def hears(office: Office, caller: Caller, prompt: str) -> None:
    await office.until(lambda: caller.hears_media == f"sound:/prompts/{prompt}", 30)


async def wants_to_be_rung_back(office: Office, number: str) -> tuple[Caller, Caller]:
    """Who keeps Anna busy, and the caller who has pressed the key."""
    busy = await office.keeps_anna_busy()
    caller = office.call(number)
    await office.until(lambda: caller.hears == "music")
    caller.press("*")
    return busy, caller


def test_f36_he_is_told_that_his_number_cannot_be_rung_back() -> None:
    async def scene() -> None:
        async with Office(main=TELLS + SORRY) as office:
            _, caller = await wants_to_be_rung_back(office, ABROAD)
            await hears(office, caller, "callback-not-possible")
            await hears(office, caller, "sorry")
            await office.until(lambda: caller.gone)
            assert office.orders() == []

    run(scene())


def test_f36_a_company_without_a_way_outside_promises_nothing() -> None:
    async def scene() -> None:
        async with Office(main=TELLS + SORRY) as office:
            mute = company().model_copy(update={"outgoing": None})
            office.files.directory = Directory({"romashka": tenant_of(mute)})
            _, caller = await wants_to_be_rung_back(office, CLIENT)
            await hears(office, caller, "callback-not-possible")
            await hears(office, caller, "sorry")
            await office.until(lambda: caller.gone)
            assert office.orders() == []

    run(scene())


def test_f36_he_keys_in_numbers_until_one_can_be_rung() -> None:
    async def scene() -> None:
        async with Office(main=ASKS + SORRY) as office:
            busy, caller = await wants_to_be_rung_back(office, ABROAD)
            await hears(office, caller, "callback-not-possible")
            for keyed, told in (
                ("12#", "not-understood"),
                ("00442071234567#", "callback-not-possible"),
                ("89031112233#", "callback-number"),
            ):
                await hears(office, caller, "callback-enter")
                for digit in keyed:
                    caller.press(digit)
                await hears(office, caller, told)
            caller.press("1")
            await hears(office, caller, "callback-ordered")
            await office.until(lambda: caller.gone)
            [order] = office.orders()
            assert order.opened.number == OTHER
            office.mobile(OTHER).answers(1).hangs_up(5)
            office.anna.answers(1)
            busy.hang_up()
            assert (await office.closed(order.id)).closed == "talked"
            await asyncio.sleep(5)

    run(scene())
