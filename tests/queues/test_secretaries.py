"""One secretary for two tenants, on the scripted switch (F20)."""

import asyncio
import base64
from pathlib import Path

import pytest

from engine.answering_operations import NotShown
from engine.calls.callbacks import OrderWish
from engine.directory.answering_form import WrongForm
from engine.directory.card_files import NoCardFile
from engine.directory.directory import Directory
from engine.directory.tenant_file import tenant_of
from engine.journal.events import LegCreated
from engine.journal.form_events import FormFilled
from engine.journal.queue_events import QueueEntered
from engine.journal.transfer_events import ListenerCame
from engine.records.derive import derive_call
from engine.records.listening import stretches
from tests.queues.answering_pool import ANNA, NUMBERS, OTHER, PULT, VERA, Pool, shown
from tests.virtual_time import run


def test_f20_one_person_for_one_call_at_a_time_and_the_right_card_each_time() -> None:
    async def scene() -> None:
        async with Pool() as pool:
            vera = pool.switch.phone(VERA).answers(2)
            answering = pool.answering()
            assert await answering.card("pult", "201") == []
            first = pool.call(NUMBERS["romashka"])
            await pool.rung(VERA)
            second = pool.call(NUMBERS["zdorovie"])
            [card] = await answering.card("pult", "201")
            assert (card["tenant"], card["title"], card["state"]) == ("romashka", "Ромашка", "ringing")
            assert (card["caller_name"], card["number_title"]) == ("Иван", "Приёмная")
            assert card["greeting"] == "Ромашка, здравствуйте!"
            assert vera.last_caller == "Ромашка: Иван <89030000000>"
            await pool.talks(first)
            await asyncio.sleep(5)
            assert (vera.invited, second.hears) == (1, "music"), "she is one person in both queues"
            assert shown(pool) == {"romashka": {"pult/201": "busy"}, "zdorovie": {"pult/201": "busy"}}
            # Nobody else sees it: not her colleague, nor a person of the same extension.
            for tenant, extension in (("pult", "202"), ("romashka", "201"), ("zdorovie", "201")):
                assert await answering.card(tenant, extension) == []
            with pytest.raises(NotShown, match="202 is not rung for the call"):
                await answering.card("pult", "202", first.id)
            with pytest.raises(NotShown, match="is not rung for the call"):
                await answering.fill(second.id, {"message": "x"}, "pult", "201")
            with pytest.raises(WrongForm, match="message: nothing is written"):
                await answering.fill(first.id, {}, "pult", "201")
            done = await answering.fill(first.id, {"message": "Перезвоните"}, "pult", "201")
            [entry, _] = pool.journal()[str(done["form"])]
            assert isinstance(entry.event, FormFilled)
            assert (entry.event.tenant, entry.event.by, entry.event.call) == (
                "romashka",
                "pult/201",
                first.id,
            )
            first.hang_up()
            await asyncio.sleep(1)
            assert set(shown(pool)["zdorovie"].values()) == {"wrap-up"}, "it counts in all queues"
            await pool.rung(VERA, 2)
            [card] = await answering.card("pult", "201")
            assert (card["tenant"], card["title"]) == ("zdorovie", "Здоровье")
            assert pool.switch.phone(ANNA).invited == pool.switch.phone(OTHER).invited == 0
            story = await pool.story(first)
            legs = [one.event for one in story if isinstance(one.event, LegCreated)]
            assert [(leg.endpoint, leg.user) for leg in legs] == [(VERA, "pult/201")]
            await pool.leave()

    run(scene())


def test_f20_the_files_of_the_card_are_for_who_has_the_call(tmp_path: Path) -> None:
    for name in NUMBERS:
        (tmp_path / name / "files").mkdir(parents=True)
        (tmp_path / name / "files" / "prices.txt").write_text(f"prices of {name}")
        (tmp_path / name / "files" / "secret.txt").write_text("secret")

    async def scene() -> None:
        async with Pool() as pool:
            pool.switch.phone(VERA).answers(2)
            answering = pool.answering(tmp_path)
            first, second = pool.call(NUMBERS["romashka"]), pool.call(NUMBERS["zdorovie"])
            await pool.rung(VERA)
            [card] = await answering.card("pult", "201")
            assert card["files"] == [
                {"title": "Прайс", "file": "prices.txt", "size": 18},
                {"title": "Карта", "file": "map.png", "size": None},
            ]
            got = await answering.file(first.id, "prices.txt", "pult", "201")
            assert base64.b64decode(str(got["content"])) == b"prices of romashka"
            assert (got["title"], got["type"], got["next_offset"]) == ("Прайс", "text/plain", None)
            for tenant, extension in (("pult", "202"), ("romashka", "201"), ("zdorovie", "201")):
                with pytest.raises(NotShown, match="is not rung for the call"):
                    await answering.file(first.id, "prices.txt", tenant, extension)
            with pytest.raises(NotShown, match="is not rung for the call"):
                await answering.file(second.id, "prices.txt", "pult", "201")
            for name in ("secret.txt", "../files/prices.txt", "../../zdorovie/files/prices.txt", ""):
                with pytest.raises(NotShown, match="offers no file"):
                    await answering.file(first.id, name, "pult", "201")
            with pytest.raises(NoCardFile, match=r"map\.png cannot be read"):
                await answering.file(first.id, "map.png", "pult", "201")
            await pool.leave()

    run(scene())


def test_f20_a_code_in_the_talk_means_the_customer_s_extension() -> None:
    async def scene() -> None:
        async with Pool() as pool:
            pool.switch.phone(VERA).answers(2).presses(3, "##201#")
            anna, other = pool.switch.phone(ANNA).answers(2), pool.switch.phone(OTHER)
            caller = pool.call(NUMBERS["romashka"])
            await pool.rung(ANNA)
            await pool.until(lambda: caller.talks_with(anna.line))
            assert (other.invited, pool.switch.phone(VERA).invited) == (0, 1)
            await pool.leave()

    run(scene())


@pytest.mark.parametrize("how", ["code", "key"])
def test_f20_back_into_the_customer_s_line(how: str) -> None:
    async def scene() -> None:
        async with Pool() as pool:
            vera = pool.switch.phone(VERA).answers(2)
            _ = vera.presses(3, "##600#") if how == "code" else vera.refers(3, "600")
            caller = pool.call(NUMBERS["romashka"])
            await pool.talks(caller)
            await pool.rung(VERA, 2, 40)  # after her wrap-up
            assert await pool.talks(caller) < 10
            story = await pool.story(caller)
            assert [one.event.queue for one in story if isinstance(one.event, QueueEntered)] == ["main"] * 2
            await pool.leave()

    run(scene())


def test_f20_her_own_colleagues_cannot_come_into_a_customer_s_call() -> None:
    """What her telephone dials by itself is her own tenant's: the two calls stay two."""

    async def scene() -> None:
        async with Pool() as pool:
            vera, zoya = (
                pool.switch.phone(VERA).answers(2),
                pool.switch.phone("PJSIP/pult-202-desk").answers(2),
            )
            caller = pool.call(NUMBERS["romashka"])
            await pool.talks(caller)
            line, asked = vera.line, pool.switch.from_user(VERA, "202")
            await pool.until(lambda: zoya.lines and asked.talks_with(zoya.line))
            line.refer_replacing(asked, hangs_up_on="never")
            await pool.until(lambda: line.told and line.told[-1] >= 300)
            await asyncio.sleep(1)
            assert caller.talks_with(line)
            assert asked.talks_with(zoya.line)
            asked.hang_up()
            await pool.leave()

    run(scene())


def test_f20_a_transfer_that_fails_comes_back_to_the_secretary() -> None:
    async def scene() -> None:
        async with Pool() as pool:
            vera = pool.switch.phone(VERA).answers(2).presses(3, "##201#")
            caller = pool.call(NUMBERS["romashka"])
            await pool.rung(ANNA)
            await pool.rung(VERA, 2, 90)
            assert await pool.talks(caller) < 10
            assert vera.line is not None
            await pool.leave()

    run(scene())


def test_f20_a_restart_keeps_her_talk_and_her_card() -> None:
    async def scene() -> None:
        async with Pool() as pool:
            vera = pool.switch.phone(VERA).answers(2)
            first = pool.call(NUMBERS["romashka"])
            await pool.talks(first)
            second = pool.call(NUMBERS["zdorovie"])
            await asyncio.sleep(2)
            await pool.kill_engine()
            await asyncio.sleep(1)
            await pool.start_engine()
            await asyncio.sleep(5)
            assert (vera.invited, first.hears, second.hears) == (1, "talk", "music")
            [card] = await pool.answering().card("pult", "201")
            assert (card["call_id"], card["tenant"], card["state"]) == (first.id, "romashka", "talking")
            anna = pool.switch.phone(ANNA).answers(1)
            vera.line.press("##201#", 0.2)
            await pool.rung(ANNA)
            await pool.until(lambda: first.talks_with(anna.line))
            await pool.rung(VERA, 2)
            await pool.leave()

    run(scene())


def test_f20_who_is_taken_out_of_the_pool_rings_no_more() -> None:
    async def scene() -> None:
        async with Pool() as pool:
            vera, other = pool.switch.phone(VERA).answers(1).hangs_up(5), pool.switch.phone(OTHER)
            first, second = pool.call(NUMBERS["romashka"]), pool.call(NUMBERS["zdorovie"])
            await pool.talks(first)
            tenants = dict(pool.files.directory.tenants)
            tenants["pult"] = tenant_of(PULT.model_copy(update={"pool": None}))
            pool.files.directory = Directory.of(tenants.values())
            await asyncio.sleep(60)
            assert (first.gone, vera.invited, other.invited) == (True, 1, 1), "his own desk rings instead"
            assert second.gone is False
            assert shown(pool) == {"romashka": {}, "zdorovie": {}}
            assert await pool.answering().card("pult", "201", "") == []
            await pool.leave()

    run(scene())


def test_f20_she_rings_a_customer_s_caller_back() -> None:
    async def scene() -> None:
        async with Pool() as pool:
            vera = pool.switch.phone(VERA).answers(2)
            mobile, anna = pool.switch.phone("PJSIP/+79035550000@city").answers(3), pool.switch.phone(ANNA)
            assert pool.engine is not None
            romashka = pool.files.directory.tenants["romashka"]
            pool.engine.desk.order(romashka, OrderWish("+79035550000", queue="main"))
            await pool.rung(VERA)
            assert vera.last_caller == "Ромашка <89035550000>"
            await pool.until(lambda: mobile.lines and vera.line.talks_with(mobile.line))
            [card] = await pool.answering().card("pult", "201")
            assert (card["tenant"], card["state"], card["caller"]) == ("romashka", "talking", "+79035550000")
            vera.line.press("##201#", 0.2)
            await pool.until(lambda: anna.invited)
            mobile.line.hang_up()
            await asyncio.sleep(2)

    run(scene())


def test_f32_a_caller_who_is_cut_off_and_calls_again_has_the_same_secretary() -> None:
    async def scene() -> None:
        async with Pool() as pool:
            vera = pool.switch.phone(VERA).answers(2)
            caller = pool.call(NUMBERS["romashka"])
            home = pool.switch.phone("PJSIP/+79030000000@city").answers(2)
            await pool.talks(caller)
            await asyncio.sleep(3)
            caller.hang_up(44)
            await pool.rung(VERA, 2)
            assert vera.last_caller == "Ромашка: Иван <89030000000>"
            [card] = await pool.answering().card("pult", "201")
            assert (card["tenant"], card["state"], card["caller"]) == ("romashka", "ringing", "+79030000000")
            await pool.until(lambda: vera.line.hears_media == "sound:/prompts/resumed-operator")
            await pool.until(lambda: bool(home.lines) and home.line.talks_with(vera.line))
            home.line.hang_up()
            assert pool.engine is not None
            await pool.until(lambda: not pool.engine.switchboard.calls)  # type: ignore[union-attr]
            [again] = [
                record
                for entries in pool.journal().values()
                if (record := derive_call(entries)) is not None and record.continues
            ]
            assert (again.caller, again.callee, again.continues) == ("pult/201", "+79030000000", caller.id)
            assert (again.disposition, again.tenant) == ("answered", "romashka")
            next_time = pool.switch.incoming(NUMBERS["romashka"], "+79030000000")
            await pool.rung(VERA, 3)
            [entered] = [
                one.event for one in await pool.story(next_time) if isinstance(one.event, QueueEntered)
            ]
            assert entered.first == "pult/201"
            await pool.leave(next_time)

    run(scene())


def test_f20_f48_her_supervisor_listens_and_whispers_while_she_talks_for_a_customer() -> None:
    async def scene() -> None:
        async with Pool() as pool:
            vera = pool.switch.phone(VERA).answers(2)
            caller = pool.call(NUMBERS["romashka"])
            await pool.talks(caller)
            # Nobody else's 201: neither a customer's people nor a talk of the customer's own 201.
            stranger = pool.switch.from_user(ANNA, "*90201")
            supervisor = pool.switch.from_user("PJSIP/pult-202-desk", "*91201")
            await pool.until(lambda: supervisor.hears_from == {caller.id, vera.line.id})
            assert vera.line.hears_from == {caller.id, supervisor.id}
            assert caller.hears_from == {vera.line.id}
            await pool.until(lambda: stranger.gone)
            await pool.leave()
            await pool.until(lambda: supervisor.gone)
            journal = pool.journal()
            [row] = stretches(journal[supervisor.id])
            assert (row["tenant"], row["listener"], row["extension"]) == ("pult", "202", "201")
            assert (row["mode"], row["listened_call_id"]) == ("whisper", caller.id)
            [came] = [one.event for one in journal[caller.id] if isinstance(one.event, ListenerCame)]
            assert (came.by, came.user) == ("pult/202", "pult/201")

    run(scene())


def test_f20_f48_nobody_of_the_pool_listens_to_a_customers_own_people() -> None:
    async def scene() -> None:
        async with Pool() as pool:
            pool.switch.phone(VERA).answers(2).presses(3, "##201#")
            anna = pool.switch.phone(ANNA).answers(2)
            caller = pool.call(NUMBERS["romashka"])
            await pool.rung(ANNA)
            await pool.until(lambda: caller.talks_with(anna.line))
            supervisor = pool.switch.from_user("PJSIP/pult-202-desk", "*90201")
            await pool.until(lambda: supervisor.gone)
            assert not supervisor.hears_from & {caller.id, anna.line.id}
            assert not stretches(pool.journal()[supervisor.id])
            await pool.leave()

    run(scene())
