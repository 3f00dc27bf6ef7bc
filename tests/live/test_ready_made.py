"""The companies that come with the product, on real phones: as they are in `config/` and `ivr_scenarios/`,
but open at any hour.
"""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import trustme
from ruamel.yaml import YAML

from tests.live.people import Talk, a_caller, enter, keys
from tests.live.site import Site, running_site
from tests.phones import PhoneCall
from tests.signed_requests.server import Server, ca_file, says

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
TENANTS = ("vektor", "zdorovie", "knigi", "sekretar", "servis")
OFFICE, CLINIC, SHOP, SECRETARY, SUPPORT = (
    "+74951110010", "+74951110020", "+74951110030", "+74951110040", "+73431110050",
)  # fmt: skip


def always_open(folder: Path, service: str) -> tuple[Path, Path]:
    """Copies of the five companies, whose schedules never close and whose shop asks `service`."""
    tenants, scenarios = folder / "tenants", folder / "ivr_scenarios"
    tenants.mkdir(parents=True)
    yaml = YAML(typ="safe")
    for name in TENANTS:
        content: dict[str, Any] = yaml.load((ROOT / "config/tenants" / f"{name}.yaml").read_text())
        for schedule in content["schedules"]:
            content["schedules"][schedule] = {"hours": {"mon-sun": "00:00-24:00"}}
            if schedule == "office":  # a period that its scenario asks for, long over
                content["schedules"][schedule]["periods"] = {
                    "lunch": {"from": "2020-01-01", "to": "2020-01-02"}
                }
        (tenants / f"{name}.yaml").write_text(json.dumps(content, ensure_ascii=False))
        shutil.copytree(ROOT / "ivr_scenarios" / name, scenarios / name)
    shop = scenarios / "knigi" / "shop.yaml"
    shop.write_text(shop.read_text().replace("https://shop.example/vats/order", service))
    return tenants, scenarios


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop_service() -> AsyncIterator[tuple[Server, trustme.CA]]:
    ca = trustme.CA()
    async with Server(ca) as server:
        yield server, ca


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(
    tmp_path_factory: pytest.TempPathFactory, shop_service: tuple[Server, trustme.CA]
) -> AsyncIterator[Site]:
    server, ca = shop_service
    folder = tmp_path_factory.mktemp("ready-made")
    tenants, scenarios = always_open(folder / "config", server.url("/vats/order"))
    (folder / "site").mkdir()
    web_services = {"allow": ["127.0.0.0/8"], "ca_file": str(ca_file(ca, folder))}
    async with running_site(
        folder / "site", "engine", "worker", tenants=tenants, scenarios=scenarios, web_services=web_services
    ) as running:
        yield running


async def way(site: Site, caller: str) -> list[str]:
    """The steps of the caller's call, in order, each once where it was entered twice in a row."""
    call_id = (await site.record_of(caller))["call_id"]
    with sqlite3.connect(site.settings.home / "vats.db") as database:
        rows = database.execute(
            "SELECT data FROM journal WHERE call_id = ? AND kind = 'step.entered' ORDER BY seq", (call_id,)
        ).fetchall()
    steps = [json.loads(data)["step"] for (data,) in rows]
    return [step for at, step in enumerate(steps) if at == 0 or steps[at - 1] != step]


async def in_step(site: Site, caller: str, step: str) -> None:
    """Wait until the call has come so far."""
    await site.wait_call(20, caller=caller, step=step)


async def key(site: Site, call: PhoneCall, caller: str, step: str, digits: str) -> None:
    """Key something in once the call has come to this step, and is heard there."""
    await in_step(site, caller, step)
    await asyncio.sleep(0.3)
    await keys(call, digits)


async def confirm(site: Site, call: PhoneCall, caller: str, step: str) -> None:
    """1 as often as it is asked for, as a person would who is asked again."""
    for _ in range(4):
        await asyncio.sleep(3.0)  # the number is read back
        if not any(one["caller"] == caller and one["step"] == step for one in await site.calls()):
            return
        await call.digits("1")
    raise AssertionError(f"{caller} is still in {step}")


async def test_f10_f16_an_office_a_queue_and_a_mark(site: Site, tmp_path: Path) -> None:
    caller = a_caller()
    manager = await site.phone("202", "vektor")
    call = await enter(site, caller, "1", OFFICE)
    offered = await manager.wait_incoming(20)
    await offered.answer()
    await Talk(call, offered, tmp_path).begin()
    await offered.hangup()
    await key(site, call, caller, "rate", "4")
    await call.wait_state("ended", 20)
    record = await site.record_of(caller)
    assert (record["disposition"], record["operator"], record["queue"], record["rating"]) == (
        "answered", "202", "sales", 4,
    )  # fmt: skip
    assert await way(site, caller) == ["hours", "who", "menu", "sales", "rate", "bye"]


async def test_f10_a_clinics_line_three_levels_deep_and_back(site: Site) -> None:
    caller = a_caller()
    call = await enter(site, caller, number=CLINIC)
    await key(site, call, caller, "top", "2")
    await key(site, call, caller, "tests", "1")
    await key(site, call, caller, "blood", "*")
    await key(site, call, caller, "tests", "*")
    await key(site, call, caller, "top", "4")
    await key(site, call, caller, "prices", "2")
    await in_step(site, caller, "price-cardiologist")
    await call.hangup()
    assert await way(site, caller) == [
        "greeting", "top", "tests", "blood", "tests", "top", "prices", "price-cardiologist",
    ]  # fmt: skip


async def test_f10_a_guest_hears_english(site: Site) -> None:
    caller = a_caller()
    call = await enter(site, caller, number=CLINIC)
    await key(site, call, caller, "top", "9")
    await key(site, call, caller, "english-menu", "2")
    await in_step(site, caller, "english-price")
    await call.hangup()
    assert await way(site, caller) == ["greeting", "top", "english", "english-menu", "english-price"]


async def test_f34_a_shop_asks_its_web_service_for_the_order(
    site: Site, shop_service: tuple[Server, trustme.CA]
) -> None:
    server, _ = shop_service
    server.behaviours = [says({"variables": {"sum": "1540.50"}, "next": "ready"})]
    caller = a_caller()
    call = await enter(site, caller, number=SHOP)
    await key(site, call, caller, "menu", "1")
    await key(site, call, caller, "order", "1234#")
    await confirm(site, call, caller, "order")
    await in_step(site, caller, "ready")
    await call.hangup()
    assert await way(site, caller) == ["menu", "order", "lookup", "ready"]
    assert server.got[-1].json["variables"] == {"order": "1234"}
    assert "x-vats-signature" in server.got[-1].headers


async def test_f20_a_secretary_answers_and_a_partner_reaches_the_director(site: Site, tmp_path: Path) -> None:
    caller = a_caller()
    secretary = await site.phone("31", "sekretar")
    call = await enter(site, caller, number=SECRETARY)
    offered = await secretary.wait_incoming(20)
    await offered.answer()
    await Talk(call, offered, tmp_path).begin()
    await call.hangup()
    assert await way(site, caller) == ["who", "greeting", "hours", "secretaries"]
    assert (await site.record_of(caller))["operator"] == "31"

    director = await site.phone("33", "sekretar")
    city = await site.city()
    partner = await city.call(SECRETARY, caller="+79260000001")
    offered = await director.wait_incoming(20)
    assert offered.caller_name == "Павел Партнёров"
    await offered.answer()
    await partner.wait_state("answered")
    await partner.hangup()
    assert await way(site, "+79260000001") == ["who", "director"]

    unwanted = await city.call(SECRETARY, caller="+79260000002")
    await unwanted.wait_state("ended")
    assert unwanted.code == 486


async def test_f34_f37_f38_a_support_line_knows_its_customer(site: Site, tmp_path: Path) -> None:
    caller = a_caller()
    engineer = await site.phone("43", "servis")
    call = await enter(site, caller, number=SUPPORT)
    await key(site, call, caller, "identify", "104233#")
    await confirm(site, call, caller, "identify")
    offered = await engineer.wait_incoming(40)
    await offered.answer()
    await Talk(call, offered, tmp_path).begin()
    await offered.hangup()
    for digit in "545":
        await key(site, call, caller, "rate", digit)
        await asyncio.sleep(0.4)
    await call.wait_state("ended", 20)
    record = await site.record_of(caller)
    assert (record["operator"], record["rating"], record["queue"]) == ("43", 5, "important")
    assert record["ticket"]
    assert await way(site, caller) == [
        "greeting", "identify", "hello", "hours", "ticket", "plan", "important", "rate", "bye",
    ]  # fmt: skip
