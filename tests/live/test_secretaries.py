"""One secretary answers for two tenants, on real phones (F20): what she sees, whose call it is, whom she can
pass it on to, what it took, and what becomes of it where no secretary is there.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import trustme

from engine.signed_requests.signature import secret_name, signature
from tests.live.answering_pool import (
    MOBILE,
    NIGHT,
    NUMBERS,
    PRICES,
    answering_pool,
    cards,
    dials,
    states,
    talking,
)
from tests.live.ears import ANNA_HZ, CITY_HZ, OLGA_HZ, hear_each_other, speak
from tests.live.passing import over, talks_of
from tests.live.people import a_caller, as_dialled, is_told, keys, nothing_left, prompt_file, verified
from tests.live.site import Site, eventually
from tests.live.words import share_told
from tests.signed_requests.server import Got, Server, resets, says

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def crm(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Server, Path]]:
    """A customer's own system, whose first connection breaks."""
    authority = trustme.CA()
    ca_file = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    async with Server(authority, [resets, says({})]) as server:
        yield server, ca_file


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(crm: tuple[Server, Path], tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with answering_pool(tmp_path_factory.mktemp("secretaries"), crm[0].port, crm[1]) as running:
        yield running


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def in_peace(site: Site) -> AsyncIterator[None]:
    """A test that fails leaves the next one in peace."""
    yield
    await site.hang_up_all()
    await nothing_left(site)
    site.vats("queue", "member", "join", "pult", "201")


async def test_f20_two_tenants_and_one_secretary(
    site: Site, crm: tuple[Server, Path], tmp_path: Path
) -> None:
    vera, strangers = await site.phone("201", "pult"), [await site.phone("201", one) for one in NUMBERS]
    city = await site.city()
    caller, second = a_caller(), a_caller()
    call = await city.call(NUMBERS["romashka"], caller=caller)
    offered = await vera.wait_incoming(15)
    assert (offered.caller_number, offered.caller_name) == (as_dialled(caller), "Ромашка")
    [card] = cards(site, "pult", "201")
    assert (card["tenant"], card["caller"], card["state"]) == ("romashka", caller, "ringing")
    assert card["greeting"] == "Ромашка, здравствуйте"
    assert (
        cards(site, "romashka", "201") == cards(site, "zdorovie", "201") == cards(site, "pult", "202") == []
    )
    await offered.answer()
    await site.wait_call(caller=caller, state="talking", operator="pult/201")
    other = await city.call(NUMBERS["zdorovie"], caller=second)
    await other.wait_state("answered")
    await site.wait_call(caller=second, step="main")

    call_id = card["call_id"]
    person = ("--tenant", "pult", "--extension", "201")
    wrong = site.vats("form", "fill", call_id, "phone=завтра", *person)
    assert wrong.returncode == 1
    assert "message: nothing is written" in wrong.stderr
    assert "phone: 'завтра' is no telephone number" in wrong.stderr
    kept = site.vats("form", "fill", call_id, "message=Перезвоните", "phone=89031112233", *person)
    assert kept.returncode == 0, kept.stderr

    # The customer's price list is for her, and for nobody else's people.
    assert card["files"] == [
        {"title": "Прайс", "file": "prices.txt", "size": len(PRICES)},
        {"title": "Карта", "file": "map.png", "size": None},
    ]
    price_list = tmp_path / "prices.txt"
    got = site.vats("card", "file", call_id, "prices.txt", *person, "--output", str(price_list))
    assert got.returncode == 0, got.stderr
    assert price_list.read_bytes() == PRICES
    for file, who, why in (
        ("../main.yaml", person, "offers no file ../main.yaml, expected one of map.png, prices.txt"),
        ("prices.txt", (*person, "--output", str(price_list)), "is there already"),
    ):
        refused = site.vats("card", "file", call_id, file, *who, "--output", str(tmp_path / "x"), *who[4:])
        assert (refused.returncode, why in refused.stderr) == (1, True), refused.stderr
    assert not (tmp_path / "x").exists()

    # She passes the caller on to the customer's own 201; then the second tenant's caller reaches her.
    await keys(offered, "##201")
    to_anna = await strangers[0].wait_incoming(15)
    assert to_anna.caller_number == as_dialled(caller)
    await to_anna.answer()
    await offered.wait_state("ended", 10)
    offered = await vera.wait_incoming(15)
    assert (offered.caller_number, offered.caller_name) == (as_dialled(second), "Здоровье")
    [card] = cards(site, "pult", "201")
    assert (card["tenant"], card["title"]) == ("zdorovie", "Здоровье")
    await offered.answer()
    await site.wait_call(caller=second, state="talking", operator="pult/201")
    await other.hangup()
    await call.hangup()

    record, later = await site.record_of(caller), await site.record_of(second)
    assert (record["tenant"], record["queue"]) == ("romashka", "main")
    assert (later["tenant"], later["operator"]) == ("zdorovie", "pult/201")
    legs = [row for row in site.rows("cdr_leg") if row["call_id"] == record["call_id"]]
    assert [(leg["extension"], leg["result"]) for leg in legs if leg["role"] != "caller"] == [
        ("pult/201", "answered"),
        ("201", "answered"),
    ]

    # After the end: only the call that has no form yet is still shown; the other can be changed all the same.
    [card] = cards(site, "pult", "201")
    assert (card["call_id"], card["state"]) == (later["call_id"], "over")
    assert site.vats("form", "fill", call_id, "message=Уже не надо", *person).returncode == 0
    refused = site.vats("form", "fill", call_id, "message=x", "--tenant", "zdorovie", "--extension", "201")
    assert refused.returncode == 1
    assert "has not answered it" in refused.stderr
    found = await site_forms(site, call_id, 2)
    assert [(one["version"], one["tenant"], one["filled_by"]) for one in found] == [
        (1, "romashka", "pult/201"),
        (2, "romashka", "pult/201"),
    ]
    assert found[0]["values"] == {"message": "Перезвоните", "phone": "+79031112233"}
    await posted(site, crm[0], call_id, [one["form"] for one in found])
    await nothing_left(site)
    verified(site)


async def posted(site: Site, server: Server, call_id: str, forms: list[str]) -> None:
    """The customer's system has each version once by its key, in order, signed; the first was sent twice."""
    first, second = (f"romashka:form.filled:{form}" for form in forms)

    def keys_of(forms: list[Got]) -> list[str]:
        return [got.headers["idempotency-key"] for got in forms]

    await eventually(lambda: second in keys_of(server.got), 40, site.instance.log("worker")[-2000:])

    def states() -> list[tuple[str, str]]:
        listed = site.vats("webhook", "list", "--tenant", "romashka", "--json")
        return [(one["key"], one["state"]) for one in map(json.loads, listed.stdout.splitlines())]

    await eventually(lambda: states() == [(form, "sent") for form in forms], 20, "both are known to be sent")
    keys = keys_of(server.got)
    assert list(dict.fromkeys(keys)) == [first, second], "the second waits for the first"
    assert keys.count(first) >= 2, "the first connection broke"
    key = (site.settings.secrets_folder / secret_name("romashka")).read_text().strip()
    for got in server.got:
        timestamp = got.headers["x-vats-timestamp"]
        assert got.headers["x-vats-signature"] == signature(key, timestamp, got.body)
    told = {got.headers["idempotency-key"]: got.json["data"] for got in server.got}
    assert len({got.body for got in server.got}) == len(told), "each try says the same"
    assert (told[first]["call_id"], told[first]["filled_by"]) == (call_id, "pult/201")
    assert told[first]["values"] == {"message": "Перезвоните", "phone": "+79031112233"}
    assert told[second]["values"] == {"message": "Уже не надо"}


async def test_f20_she_passes_calls_on_within_the_customer_s_company(site: Site, tmp_path: Path) -> None:
    anna, city = await site.phone("201", "romashka"), await site.city()
    # By her telephone's own key, first where the customer's people may not call, then to one of them.
    caller = a_caller()
    call, offered = await talking(site, caller, tmp_path)
    await offered.transfer(as_dialled(MOBILE))
    await offered.wait_transfer(603)
    why = tmp_path / "why.wav"
    await offered.record(why)
    await keys(offered, f"##{as_dialled(MOBILE)}#")
    await is_told(why, prompt_file(site, "not-permitted"))
    await offered.stop_record()
    await hear_each_other((call, CITY_HZ), (offered, ANNA_HZ), tmp_path)
    assert city.offers == 0
    await offered.transfer("201")
    to_anna = await anna.wait_incoming(15)
    assert to_anna.caller_number == as_dialled(caller)
    await to_anna.answer()
    await eventually(lambda: offered.transfers[-1].code == 200, 10, "the second transfer succeeds")
    await speak(to_anna, OLGA_HZ, tmp_path)
    await hear_each_other((call, CITY_HZ), (to_anna, OLGA_HZ), tmp_path)
    await call.hangup()
    record = await over(site, caller)
    assert (record["tenant"], record["queue"]) == ("romashka", "main")
    *hers, last = talks_of(site, record)
    assert (set(hers), last) == ({("talk", caller, "pult/201")}, ("talk", caller, "201"))

    # She asks first.
    caller = a_caller()
    call, offered = await talking(site, caller, tmp_path)
    await keys(offered, "*2201")
    to_anna = await anna.wait_incoming(15)
    await to_anna.answer()
    await speak(to_anna, OLGA_HZ, tmp_path)
    await hear_each_other((offered, ANNA_HZ), (to_anna, OLGA_HZ), tmp_path)
    await offered.hangup()
    await hear_each_other((call, CITY_HZ), (to_anna, OLGA_HZ), tmp_path)
    await call.hangup()
    record = await over(site, caller)
    assert talks_of(site, record) == [
        ("talk", caller, "pult/201"),
        ("consultation", "pult/201", "201"),
        ("talk", caller, "201"),
    ]


async def test_f20_she_parks_a_call_at_the_customer_s(site: Site, tmp_path: Path) -> None:
    anna, vera = await site.phone("201", "romashka"), await site.phone("201", "pult")
    caller = a_caller()
    call, offered = await talking(site, caller, tmp_path)
    await keys(offered, "*7")
    await offered.wait_state("ended", 15)
    await site.wait_call(caller=caller, state="parked")
    # Nobody takes it: it is hers again. The second time she takes it back, the third time Anna does.
    back = await vera.wait_incoming(20)
    assert back.caller_number == as_dialled(caller)
    await back.answer()
    await speak(back, ANNA_HZ, tmp_path)
    await hear_each_other((call, CITY_HZ), (back, ANNA_HZ), tmp_path)
    await keys(back, "*7")
    await back.wait_state("ended", 15)
    await site.wait_call(caller=caller, state="parked")
    # Another customer's people dial nothing there, she dials the place that she has heard.
    oleg = await site.phone("201", "zdorovie")
    await dials(oleg, "701")
    await site.wait_call(caller=caller, state="parked")
    back = await vera.call("701")
    await back.wait_state("answered")
    await back.wait_display(f"Ромашка <{as_dialled(caller)}>")
    await speak(back, ANNA_HZ, tmp_path)
    await hear_each_other((call, CITY_HZ), (back, ANNA_HZ), tmp_path)
    await keys(back, "*7")
    await back.wait_state("ended", 15)
    await site.wait_call(caller=caller, state="parked")
    taking = await anna.call("701")
    await taking.wait_state("answered")
    await speak(taking, OLGA_HZ, tmp_path)
    await hear_each_other((call, CITY_HZ), (taking, OLGA_HZ), tmp_path)
    await call.hangup()
    record = await over(site, caller)
    assert talks_of(site, record) == [
        ("talk", caller, "pult/201"),
        ("talk", caller, "pult/201"),
        ("talk", caller, "pult/201"),
        ("talk", caller, "201"),
    ]


async def test_f20_her_telephone_s_own_key_asks_somebody_of_the_customer_s_first(
    site: Site, tmp_path: Path
) -> None:
    anna, vera, stranger = [await site.phone("201", one) for one in ("romashka", "pult", "zdorovie")]
    caller = a_caller()
    call, offered = await talking(site, caller, tmp_path)
    await offered.hold()
    asks = await vera.call("201")
    to_anna = await anna.wait_incoming(15)
    assert (to_anna.caller_name, stranger.offers) == ("Вера", 0)
    await to_anna.answer()
    await asks.wait_state("answered")
    await speak(asks, ANNA_HZ, tmp_path)
    await speak(to_anna, OLGA_HZ, tmp_path)
    await hear_each_other((asks, ANNA_HZ), (to_anna, OLGA_HZ), tmp_path)
    await offered.transfer_to(asks)
    await hear_each_other((call, CITY_HZ), (to_anna, OLGA_HZ), tmp_path)
    await offered.wait_state("ended")
    await asks.wait_state("ended")
    await to_anna.wait_display(as_dialled(caller))
    await call.hangup()
    record = await over(site, caller)
    assert {talk[:1] + talk[2:] for talk in talks_of(site, record)} == {
        ("talk", "pult/201"),
        ("talk", "201"),
    }
    [asked] = [row for row in site.rows("cdr") if row["caller"] == "pult/201" and row["callee"] == "201"]
    assert (asked["tenant"], asked["direction"], asked["cost_kopecks"]) == ("romashka", "internal", 0)
    await nothing_left(site)
    verified(site)


async def test_f22_a_telephone_outside_that_is_forwarded_to_the_customer_makes_no_loop(
    site: Site, tmp_path: Path
) -> None:
    vera, city = await site.phone("201", "pult"), await site.city()
    caller, landline = a_caller(), "+78125550199"
    call, offered = await talking(site, caller, tmp_path)
    await keys(offered, f"##{as_dialled(landline)}#")
    rung = await city.wait_incoming(15)
    # Its network sends the call back to where it came from: no secretary is rung, the transfer has failed.
    sent_back = await city.call(NUMBERS["romashka"], caller=rung.caller_number)
    await sent_back.wait_state("ended")
    assert sent_back.code == 486
    await rung.reject(486)
    back = await vera.wait_incoming(15)
    assert back.caller_number == as_dialled(caller)
    await back.answer()
    await speak(back, ANNA_HZ, tmp_path)
    await hear_each_other((call, CITY_HZ), (back, ANNA_HZ), tmp_path)
    await call.hangup()
    record = await over(site, caller)
    assert talks_of(site, record) == [("talk", caller, "pult/201")] * 2
    assert city.offers == 0, "it was rung once"


async def test_f20_no_secretary_is_left_and_each_customer_s_own_rule_takes_the_call(
    site: Site, tmp_path: Path
) -> None:
    vera, city = await site.phone("201", "pult"), await site.city()
    anna, oleg = await site.phone("201", "romashka"), await site.phone("201", "zdorovie")
    await dials(vera, "*4671")
    assert states(site) == {"romashka": "offline", "zdorovie": "available"}
    # Ромашка has no rule of its own: its desk rings. Здоровье's callers still reach the secretary.
    caller = a_caller()
    call = await city.call(NUMBERS["romashka"], caller=caller)
    to_anna = await anna.wait_incoming(15)
    await to_anna.answer()
    await site.wait_call(caller=caller, state="talking", operator="201")
    other = await city.call(NUMBERS["zdorovie"], caller=a_caller())
    offered = await vera.wait_incoming(15)
    await offered.answer()
    await other.hangup()
    await call.hangup()
    await nothing_left(site)

    # Out of everything: Здоровье says good-bye, Ромашка's night line takes a message, which becomes a task.
    await dials(vera, "*46")
    assert states(site) == {"romashka": "offline", "zdorovie": "offline"}
    assert (vera.offers, oleg.offers) == (0, 0)
    bye = await city.call(NUMBERS["zdorovie"], caller=a_caller())
    await bye.wait_state("ended", 20)
    caller = a_caller()
    call = await city.call(NIGHT, caller=caller)
    await speak(call, CITY_HZ, tmp_path)
    await site.wait_call(caller=caller, step="message")
    await call.record(tmp_path / "beep.wav")
    await call.wait_tone(700, 0.2, 20)
    await asyncio.sleep(3)
    await call.digits("#")
    await call.wait_state("ended", 20)
    record = await site.record_of(caller)
    assert (record["tenant"], record["disposition"]) == ("romashka", "voicemail")

    def tasks() -> list[dict[str, Any]]:
        lines = site.vats("task", "list", "--json").stdout.splitlines()
        return [one for one in map(json.loads, lines) if one["caller"] == caller]

    [task] = await eventually(tasks, 20, "a task of the message")
    assert (task["tenant"], task["severity"], task["deadline"]) == ("romashka", 2, "first_answer")

    # Her telephone is gone without a word: the same. Then she logs in to one of them alone.
    await dials(vera, "*45")
    assert states(site) == {"romashka": "available", "zdorovie": "available"}
    await site.switch_off("201", "pult")
    await eventually(lambda: set(states(site).values()) == {"offline"}, 15)
    again = await city.call(NUMBERS["romashka"], caller=a_caller())
    await anna.wait_incoming(15)
    await again.hangup()
    vera = await site.phone("201", "pult")
    await eventually(lambda: set(states(site).values()) == {"available"}, 15)
    await dials(vera, "*46")
    await dials(vera, "*4572")
    assert states(site) == {"romashka": "offline", "zdorovie": "available"}
    verified(site)


async def test_f20_what_it_took_is_in_the_customer_s_report_and_in_the_pool_s(site: Site) -> None:
    vera, city = await site.phone("201", "pult"), await site.city()
    for number in NUMBERS.values():
        caller = a_caller()
        call = await city.call(number, caller=caller)
        await (await vera.wait_incoming(15)).answer()
        await site.wait_call(caller=caller, state="talking", operator="pult/201")
        await call.hangup()
        await site.record_of(caller)
    await eventually(lambda: set(states(site).values()) == {"available"}, 15, "her rest is over")

    def report(tenant: str, by: str) -> dict[str, dict[str, Any]]:
        done = site.vats("report", "queues", "--tenant", tenant, "--by", by, "--json")
        assert done.returncode == 0, done.stderr
        return {row[by]: row for row in map(json.loads, done.stdout.splitlines())}

    def agree(tenant: str) -> bool:
        """The live view of today, the queue's row and hers, when her last rest has been written."""
        now = site.vats("queue", "main", "--tenant", tenant, "--json", "--today")
        today, queue = json.loads(now.stdout)["today"], report(tenant, "queue")["main"]
        counted = ("entered", "talked", "abandoned", "service_level", "wait_longest_s")
        assert [today[one] for one in counted] == [queue[one] for one in counted]
        rest = report(tenant, "member")["pult/201"]["wrap_up_s"]
        assert today["entered"] >= today["talked"] > 0
        return bool(today["wrap_up_s"] == queue["wrap_up_s"] == rest > 0)

    for tenant in NUMBERS:
        await eventually(partial(agree, tenant), 30, f"the figures of {tenant} agree")
    talks = [row for row in site.rows("cdr_talk") if row["other"] == "pult/201" and row["kind"] == "talk"]
    calls = {row["call_id"]: row["tenant"] for row in site.rows()}
    tenants = [calls[row["call_id"]] for row in talks]
    assert set(tenants) == set(NUMBERS)
    customers = report("pult", "customer")
    whole = report("pult", "member")["201"]
    for name in NUMBERS:
        member = report(name, "member")["pult/201"]
        assert member["talk_s"] == customers[name]["talk_s"] > 0
        assert member["wrap_up_s"] == customers[name]["wrap_up_s"] > 0
    assert whole["talk_s"] == pytest.approx(sum(one["talk_s"] for one in customers.values()))
    assert whole["wrap_up_s"] == pytest.approx(sum(one["wrap_up_s"] for one in customers.values()))
    # Of the records: talks that came from the queue, not those that came back to her.
    of_records = sum(row["talk_s"] for row in talks)
    assert 0 < whole["talk_s"] <= of_records + 0.1
    assert 0 < whole["occupancy"] <= 1
    table = site.vats("report", "queues", "--tenant", "pult", "--by", "customer")
    assert all(name in table.stdout for name in NUMBERS)
    refused = site.vats("report", "queues", "--tenant", "romashka", "--by", "customer")
    assert (refused.returncode, "has no `pool`" in refused.stderr) == (2, True)


async def site_forms(site: Site, call_id: str, number: int) -> list[dict[str, Any]]:
    """So many versions of a call's form, when the worker has them."""

    def read() -> list[dict[str, Any]] | None:
        done = site.vats("form", "show", call_id, "--json")
        found = [json.loads(line) for line in done.stdout.splitlines()]
        return found if len(found) == number else None

    found: list[dict[str, Any]] = await eventually(read, what=f"{number} forms of {call_id}")
    return found


async def test_f20_f48_her_supervisor_whispers_to_her_in_a_customers_call(site: Site, tmp_path: Path) -> None:
    caller = a_caller()
    call, vera = await talking(site, caller, tmp_path)
    supervisor = await (await site.phone("202", "pult")).call("*91201")
    await supervisor.wait_state("answered")
    await speak(supervisor, OLGA_HZ, tmp_path)
    hears = tmp_path / "supervisor-hears.wav"
    await supervisor.record(hears)
    await supervisor.wait_tone(CITY_HZ, 0.5)
    await vera.record(tmp_path / "vera-hears.wav")
    await vera.wait_tone(OLGA_HZ, 0.5)
    await hear_each_other((call, ANNA_HZ), (call, ANNA_HZ), tmp_path)  # he hears her, and nobody else
    await call.hangup()
    await supervisor.wait_state("ended", 10)
    assert share_told(hears, prompt_file(site, "listen-over")) > 0.5
    record = await site.record_of(caller)
    listed = await eventually(
        lambda: site.vats("listening", "list", "--tenant", "romashka", "--json").stdout, 15
    )
    [row] = [json.loads(line) for line in listed.splitlines()]
    assert (row["listener"], row["extension"], row["mode"]) == ("202", "201", "whisper")
    assert (row["tenant"], row["listened_call_id"]) == ("pult", record["call_id"])
    assert not site.vats("listening", "list", "--tenant", "zdorovie", "--json").stdout
