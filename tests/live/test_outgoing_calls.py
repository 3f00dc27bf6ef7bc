"""Calls that people make: outside by trunk after trunk, what they may, what is shown (F08, F09)."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from engine.settings import Trunk
from tests.live.people import (
    Talk,
    a_caller,
    as_dialled,
    end,
    is_told,
    keys,
    nothing_left,
    prompt_file,
    start_fallback,
    verified,
)
from tests.live.site import CITY_NUMBER, Site, eventually, running_site
from tests.phones import Phone, PhoneCall, write_tone
from tests.ports import free_ports
from tests.signed_requests.server import Server, after, says

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]
SECOND_NUMBER = "+78125550101"
RING_HZ = 425  # the ringing tone of the country
# By prefix: which trunks are tried.
OUT, FAILING, DEAD, DEAF = "+79035550001", "+79165550001", "+79265550001", "+79255550001"
TENANT = """\
tenant: romashka
title: ООО «Ромашка»
numbers:
  "+74951234567": {scenario: main}
  "+78125550101": {scenario: main}
  "+78125550102": {scenario: onward}
users:
  "101": {name: Анна Иванова}
  "102": {name: Пётр Смирнов, number: "+78125550101", calls: [country]}
  "103": {name: Ольга Орлова, mobile: "+79031110103"}
groups: {sales: {members: ["102", "103"], extension: "600"}}
queues: {line: {members: ["103"], extension: "700"}}
outgoing:
  trunk: city
  number: "+74951234567"
  routes:
    - {prefix: "+7916", trunks: [city, backup]}
    - {prefix: "+7926", trunks: [dead, backup]}
    - {prefix: "+7925", trunks: [deaf, backup]}
    - {prefix: "+7977", trunks: [narrow, city]}
    - {prefix: "+7958", trunks: [open]}
    - {prefix: "+7812", trunks: [city], strip: 2, add: "8"}
limits: {outgoing: 2}
blocked: ["+79990000*"]
phone_book: {"+79031112233": Иван Петров}
NAMES
"""
MAIN = """\
scenario: main
start: anna
steps:
  anna: {type: ring, user: "101", timeout: 15s}
"""


# Another city number of the company's own, and one that leads here again.
ONWARD = """\
scenario: onward
start: main
steps:
  main: {type: dial, number: "8 812 555-01-01", on_busy: again, on_no_answer: again}
  again: {type: dial, number: "{number}", on_error: sorry}
  sorry: {type: hangup, prompt: unavailable}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service() -> AsyncIterator[Server]:
    """The company's own service for names."""
    async with Server(None) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory, service: Server) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("office")
    for name in ("companies", "scenarios/romashka"):
        (folder / name).mkdir(parents=True)
    names = f'names: {{url: "{service.url("/name")}?number={{number}}"}}'
    (folder / "companies" / "romashka.yaml").write_text(TENANT.replace("NAMES", names))
    (folder / "scenarios" / "romashka" / "main.yaml").write_text(MAIN)
    (folder / "scenarios" / "romashka" / "onward.yaml").write_text(ONWARD)
    backup, dead = free_ports(2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))  # takes every INVITE and never answers one
        ports = {"backup": backup, "dead": dead, "deaf": deaf.getsockname()[1]}
        trunks = {
            name: Trunk(addresses=[f"127.0.0.1:{port}"], host=f"127.0.0.1:{port}", setup=2.0)
            for name, port in ports.items()
        }
        # Its calls arrive where those of the trunk `backup` do, one at a time.
        trunks["narrow"] = Trunk(addresses=["127.0.0.1:9"], host=f"127.0.0.1:{backup}", channels=1)
        # And those of one that lets numbers pass which are not the company's.
        trunks["open"] = Trunk(addresses=["127.0.0.1:10"], host=f"127.0.0.1:{backup}", foreign_numbers=True)
        async with running_site(
            folder,
            *("engine", "worker"),
            tenants=folder / "companies",
            scenarios=folder / "scenarios",
            trunks=trunks,
            web_services={"allow": ["127.0.0.0/8"], "http": True},
        ) as site:
            yield site


async def backup_of(site: Site) -> Phone:
    return await site.trunk("backup", int(site.settings.trunks["backup"].host.partition(":")[2]))


async def record_to(site: Site, callee: str, number: int = 1) -> dict[str, Any]:
    """The newest record of the calls to this number, when there are so many."""

    def found() -> dict[str, Any] | None:
        rows = [row for row in site.rows() if row["callee"] == callee]
        return rows[-1] if len(rows) >= number else None

    record: dict[str, Any] = await eventually(found, 20, f"a record of {callee}")
    return record


def legs_of(site: Site, record: dict[str, Any]) -> list[tuple[str, str, int]]:
    rows = [row for row in site.rows("cdr_leg") if row["call_id"] == record["call_id"]]
    return [(row["endpoint"].partition("@")[2], row["result"], row["hangup_cause"]) for row in rows]


async def talks(call: PhoneCall, offered: PhoneCall, folder: Path) -> None:
    await offered.answer()
    await call.wait_state("answered")
    await Talk(call, offered, folder).begin()
    await call.hangup()
    await offered.wait_state("ended")


async def test_f09_outside_with_the_companys_number_shown(office: Site, tmp_path: Path) -> None:
    site = office
    anna, city = await site.phone("101"), await site.city()
    call = await anna.call("8-903-555-00-01")
    offered = await city.wait_incoming()
    assert offered.message.startswith(f"INVITE sip:{OUT}@127.0.0.1:{site.trunk_port}")
    assert offered.caller_number == CITY_NUMBER
    assert f"P-Asserted-Identity: <sip:{CITY_NUMBER}@" in offered.message
    assert "romashka-101" not in offered.message
    await offered.ring()
    await call.wait_state("ringing")
    await talks(call, offered, tmp_path)
    record = await record_to(site, OUT)
    assert (record["direction"], record["disposition"], record["caller"]) == ("out", "answered", "101")
    assert (record["operator"], record["ended_by"]) == (OUT, "caller")
    verified(site)


async def test_f09_another_number_shown_for_one_call_and_for_one_person(office: Site) -> None:
    site = office
    anna, petr, city = await site.phone("101"), await site.phone("102"), await site.city()
    call = await anna.call("*5289035550001")
    offered = await city.wait_incoming()
    assert offered.caller_number == SECOND_NUMBER
    await call.hangup()
    await offered.wait_state("ended")
    call = await petr.call("84957770000")
    offered = await city.wait_incoming()
    assert offered.caller_number == SECOND_NUMBER
    await call.hangup()
    await offered.wait_state("ended")
    call = await petr.call("88127770000")
    offered = await city.wait_incoming()
    assert offered.message.startswith("INVITE sip:88127770000@"), "as the route wants it"
    await call.hangup()
    await offered.wait_state("ended")
    verified(site)


@pytest.mark.parametrize(
    ("number", "first", "within"),
    [(FAILING, "city", 3.0), (DEAD, "dead", 4.0), (DEAF, "deaf", 6.0)],
)
async def test_f09_where_a_trunk_does_not_work_the_next_one_is_tried(
    office: Site, tmp_path: Path, number: str, first: str, within: float
) -> None:
    """5xx, a port where nobody listens, and one that swallows every INVITE."""
    site, backup = office, await backup_of(office)
    anna, city = await site.phone("101"), await site.city()
    began = asyncio.get_running_loop().time()
    call = await anna.call(number)
    if first == "city":
        await (await city.wait_incoming()).reject(503)
    offered = await backup.wait_incoming(15)
    assert asyncio.get_running_loop().time() - began < within
    assert offered.caller_number == CITY_NUMBER
    await talks(call, offered, tmp_path)
    record = await record_to(site, number)
    assert (record["disposition"], record["operator"]) == ("answered", number)
    legs = legs_of(site, record)
    assert [(trunk, result) for trunk, result, _ in legs] == [(first, "failed"), ("backup", "answered")]
    verified(site)


@pytest.mark.parametrize("code", [408, 500, 502, 503, 504])
async def test_f09_what_a_trunk_says_that_does_not_work(office: Site, code: int) -> None:
    site, backup = office, await backup_of(office)
    anna, city = await site.phone("101"), await site.city()
    number = f"+7916777{code:04}"
    call = await anna.call(number)
    await (await city.wait_incoming()).reject(code)
    offered = await backup.wait_incoming()
    await offered.reject(486)
    await call.wait_state("ended")
    assert call.code == 486
    legs = legs_of(site, await record_to(site, number))
    assert [(trunk, result) for trunk, result, _ in legs] == [("city", "failed"), ("backup", "busy")], legs
    verified(site)


@pytest.mark.parametrize(
    ("code", "disposition", "answer"),
    [(486, "busy", 486), (404, "missed", 480), (480, "missed", 480), (603, "busy", 486), (403, "busy", 486)],
)
async def test_f09_what_the_number_says_is_no_reason_for_another_trunk(
    office: Site, code: int, disposition: str, answer: int
) -> None:
    site, backup = office, await backup_of(office)
    anna, city = await site.phone("101"), await site.city()
    number = f"+7916555{code:04}"
    call = await anna.call(number)
    await (await city.wait_incoming()).reject(code)
    await call.wait_state("ended")
    assert call.code == answer, (call.code, legs_of(site, await record_to(site, number)))
    record = await record_to(site, number)
    assert record["disposition"] == disposition, legs_of(site, record)
    assert len(legs_of(site, record)) == 1
    assert not backup.offers
    verified(site)


async def test_f09_a_network_that_speaks_before_it_rings_is_alive(office: Site) -> None:
    """183 is a sign of life, though the phone does not ring yet."""
    site, backup = office, await backup_of(office)
    anna = await site.phone("101")
    call = await anna.call(DEAD)
    offered = await backup.wait_incoming(15)
    await offered.progress()
    # The last trunk has 6 s for its first sign; with one it has as long as it rings.
    with pytest.raises(Exception, match="ended"):
        await offered.wait_state("ended", 9)
    await offered.answer()
    await call.wait_state("answered")
    await call.hangup()
    await offered.wait_state("ended")
    verified(site)


async def test_f09_the_network_of_a_trunk_that_fails_is_heard_until_the_next_one_is(
    office: Site, tmp_path: Path
) -> None:
    site, backup, number = office, await backup_of(office), "+79165550009"
    anna, city = await site.phone("101"), await site.city()
    call = await anna.call(number)
    first = await city.wait_incoming()
    await first.progress()
    await first.play(write_tone(tmp_path / "first.wav", 700))
    await call.wait_sound()
    await call.record(tmp_path / "first-heard.wav")
    await call.wait_tone(700, 0.5)
    await first.reject(503)
    second = await backup.wait_incoming()
    await call.record(tmp_path / "between.wav")
    await call.wait_tone(RING_HZ, 0.5)  # no silence
    await second.progress()
    await second.play(write_tone(tmp_path / "second.wav", 1700))
    await call.record(tmp_path / "second-heard.wav")
    await call.wait_tone(1700, 0.5)
    assert call.state == "ringing"
    await talks(call, second, tmp_path)
    record = await record_to(site, number)
    legs = legs_of(site, record)
    assert [(trunk, result) for trunk, result, _ in legs] == [("city", "failed"), ("backup", "answered")]
    verified(site)


async def test_f10_a_scenario_dials_another_city_number_of_the_company(office: Site, tmp_path: Path) -> None:
    """No trunk has it; Anna sees who calls, and each of the two calls has its record."""
    site, caller = office, a_caller()
    anna, city = await site.phone("101"), await site.city()
    call = await city.call("+78125550102", caller=caller)
    offered = await anna.wait_incoming()
    assert offered.caller_number == as_dialled(caller)
    await talks(call, offered, tmp_path)
    records = await site.wait_rows(lambda row: row["caller"] == caller, 2)
    found = {row["number"]: (row["disposition"], row["operator"]) for row in records}
    assert found == {"+78125550102": ("answered", SECOND_NUMBER), SECOND_NUMBER: ("answered", "101")}
    assert city.offers == 0
    verified(site)


async def test_f10_a_dial_to_the_number_that_was_called_takes_the_error_road(office: Site) -> None:
    site, caller = office, a_caller()
    anna, city = await site.phone("101"), await site.city()
    call = await city.call("+78125550102", caller=caller)
    await (await anna.wait_incoming()).reject(486)
    await call.wait_state("ended", 20)
    records = await site.wait_rows(lambda row: row["caller"] == caller, 2)
    assert [row["number"] for row in records].count("+78125550102") == 1, "it did not come back"
    verified(site)


async def test_f09_who_may_not_call_hears_why(office: Site, tmp_path: Path) -> None:
    site, petr = office, await office.phone("102")
    call = await petr.call("+79035550002")
    await call.wait_sound()
    await call.record(tmp_path / "why.wav")
    await is_told(tmp_path / "why.wav", prompt_file(site, "not-permitted"))
    await call.wait_state("ended", 15)
    assert call.code == 403
    record = await record_to(site, "+79035550002")
    assert (record["disposition"], record["direction"], record["answered_at"]) == ("refused", "out", None)
    assert legs_of(site, record) == []
    verified(site)


async def test_f09_emergency_numbers_pass_over_every_limit(office: Site) -> None:
    """Petr may call landlines alone, and the company's two lines are taken."""
    site = office
    anna, petr, city = await site.phone("101"), await site.phone("102"), await site.city()
    busy = [await anna.call("84957770001"), await anna.call("84957770002")]
    taken = [await city.wait_incoming(), await city.wait_incoming()]
    for one in taken:
        await one.ring()
    third = await petr.call("84957770003")
    await third.wait_state("ended", 15)
    assert third.code == 486
    assert (await record_to(site, "+74957770003"))["disposition"] == "busy"
    help_ = await petr.call("112")
    offered = await city.wait_incoming()
    assert offered.message.startswith("INVITE sip:112@")
    assert offered.caller_number == SECOND_NUMBER
    await offered.answer()
    await help_.wait_state("answered")
    await site.wait_call(caller="102", state="talking")
    for one in (help_, *busy):
        await one.hangup()
    for one in taken:
        await one.wait_state("ended")
    record = await record_to(site, "112")
    assert (record["disposition"], record["direction"]) == ("answered", "out")
    verified(site)


async def test_f09_an_emergency_call_goes_on_where_a_network_does_not_know_the_number(office: Site) -> None:
    site, backup = office, await backup_of(office)
    petr, city = await site.phone("102"), await site.city()
    call = await petr.call("112")
    await (await city.wait_incoming()).reject(404)
    offered = await backup.wait_incoming()
    assert offered.message.startswith("INVITE sip:112@")
    await offered.answer()
    await call.wait_state("answered")
    await call.hangup()
    await offered.wait_state("ended")
    assert [leg[:2] for leg in legs_of(site, await record_to(site, "112", 2))] == [
        ("city", "unavailable"),
        ("backup", "answered"),
    ]
    verified(site)


@pytest.mark.parametrize("how", ["forwarded", "transferred"])
async def test_f08_a_caller_who_is_sent_on_is_shown_where_the_trunk_lets_him(office: Site, how: str) -> None:
    site, backup = office, await backup_of(office)
    caller, anna, city = "+79031112233", await site.phone("101"), await site.city()
    if how == "forwarded":
        assert site.vats("user", "forward", "romashka", "101", "always", "+79585550001").returncode == 0
    call = await city.call(CITY_NUMBER, caller=caller)
    if how == "transferred":
        to_anna = await anna.wait_incoming()
        await to_anna.answer()
        await keys(to_anna, "##89585550001")
    offered = await backup.wait_incoming()
    assert offered.caller_number == caller
    assert f"P-Asserted-Identity: <sip:{caller}@" in offered.message
    assert "+79585550001" in offered.message.split("\r\n")[0]
    await call.hangup()
    await offered.wait_state("ended")
    assert site.vats("user", "forward", "romashka", "101", "all").returncode == 0
    verified(site)


async def test_f09_a_full_trunk_is_passed_over(office: Site) -> None:
    site, backup = office, await backup_of(office)
    anna, petr, city = await site.phone("101"), await site.phone("103"), await site.city()
    first = await anna.call("+79775550001")
    by_narrow = await backup.wait_incoming()
    await by_narrow.ring()
    second = await petr.call("+79775550002")
    by_city = await city.wait_incoming()
    await second.hangup()
    await by_city.wait_state("ended")
    await first.hangup()
    await by_narrow.wait_state("ended")
    await record_to(site, "+79775550001")
    third = await petr.call("+79775550003")
    free_again = await backup.wait_incoming()
    await third.hangup()
    await free_again.wait_state("ended")
    verified(site)


async def test_f09_a_blocked_caller_is_turned_away_at_once(office: Site) -> None:
    site, city = office, await office.city()
    call = await city.call(CITY_NUMBER, caller="+79990000001")
    await call.wait_state("ended")
    assert call.code == 403
    record = await site.record_of("+79990000001")
    assert (record["disposition"], record["scenario"], record["answered_at"]) == ("refused", "", None)
    verified(site)


async def test_f09_extensions_groups_and_queues_are_dialled(office: Site, tmp_path: Path) -> None:
    site = office
    anna, petr, olga = [await site.phone(extension) for extension in ("101", "102", "103")]
    for extension, phones in (("103", [olga]), ("600", [petr, olga]), ("700", [olga])):
        call = await anna.call(extension)
        offered = [await phone.wait_incoming() for phone in phones]
        assert offered[-1].caller_display == "Анна Иванова <101>"
        (tmp_path / extension).mkdir()
        await talks(call, offered[-1], tmp_path / extension)
        record = await record_to(site, extension)
        assert (record["direction"], record["disposition"]) == ("internal", "answered")
        assert record["operator"] == "103"
    verified(site)


async def shown_to_anna(site: Site, caller: str) -> tuple[str, float]:
    """What her phone shows, and after how many seconds it rang."""
    anna, city = await site.phone("101"), await site.city()
    began = asyncio.get_running_loop().time()
    call = await city.call(CITY_NUMBER, caller=caller)
    offered = await anna.wait_incoming()
    seconds = asyncio.get_running_loop().time() - began
    display = offered.caller_display
    await call.hangup()
    await offered.wait_state("ended")
    return display, seconds


async def test_f08_the_display_has_name_and_number_as_one_dials_it(office: Site, service: Server) -> None:
    site = office
    service.behaviours[:] = [says({"variables": {"name": "ООО «Луч»"}})]
    service.got.clear()  # it was asked for those who called before
    assert (await shown_to_anna(site, "+79031112233"))[0] == "Иван Петров <89031112233>"
    assert (await shown_to_anna(site, "+79031110103"))[0] == "Ольга Орлова <89031110103>"
    assert service.got == []
    for _ in range(3):  # a service that is late, as this process may be on a busy machine, is not waited for
        stranger = a_caller()
        service.got.clear()
        shown = f"ООО «Луч» <{stranger.replace('+7', '8')}>"
        if (display := (await shown_to_anna(site, stranger))[0]) == shown:
            break
    assert display == shown
    assert (await shown_to_anna(site, stranger))[0] == shown
    [got] = service.got
    assert got.target == f"/name?number=%2B{stranger[1:]}"
    record = await site.record_of(stranger)
    assert record["caller_name"] == "ООО «Луч»"


async def test_f08_a_service_that_is_late_keeps_nobody_from_ringing(office: Site, service: Server) -> None:
    site, stranger = office, a_caller()
    service.behaviours[:] = [after(6.0, says({"variables": {"name": "too late"}}))]
    display, seconds = await shown_to_anna(site, stranger)
    assert display == stranger.replace("+7", "8")
    assert seconds < 4
    record = await site.record_of(stranger)
    assert record["caller_name"] in ("", None)
    verified(site)


async def test_f09_emergency_calls_pass_without_the_engine(office: Site, tmp_path: Path) -> None:
    """The fallback process dials, by trunk after trunk: here the first one refuses."""
    site, backup = office, await backup_of(office)
    petr, city = await site.phone("102"), await site.city()
    fallback = await start_fallback(site)
    assert site.engine is not None
    await end(site.engine, signal.SIGKILL)
    call = await petr.call("03")
    refused = await city.wait_incoming(15)
    assert refused.message.startswith("INVITE sip:103@")
    assert refused.caller_number == CITY_NUMBER
    await refused.reject(503)
    offered = await backup.wait_incoming(15)
    await talks(call, offered, tmp_path)
    await site.start_engine()
    await end(fallback)
    record = await record_to(site, "03")
    assert (record["disposition"], record["direction"], record["caller"]) == ("answered", "out", "102"), (
        record
    )
    verified(site)


async def test_nothing_is_left(office: Site) -> None:
    await nothing_left(office)
