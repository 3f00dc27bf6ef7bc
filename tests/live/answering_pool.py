"""Two companies that a pool's one secretary answers for, on real phones, and what she does there."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.live.ears import ANNA_HZ, CITY_HZ, hear_each_other, speak
from tests.live.site import Site, running_site
from tests.phones import Phone, PhoneCall

NUMBERS = {"romashka": "+74951234567", "zdorovie": "+74959876543"}
NIGHT = "+74951234568"
MOBILE = "+79161234567"
PRICES = b"prices of romashka\n" * 50_000  # of more than one piece
PULT = """\
tenant: pult
title: Пульт
users: {"201": {name: Вера}, "202": {name: Зоя, may_listen: ["201"]}}
pool: {serves: [romashka, zdorovie], members: ["201"], codes: {"71": romashka, "72": zdorovie/main}}
"""
CUSTOMER = """\
tenant: NAME
title: TITLE
numbers: {"NUMBER": {scenario: main}}
users: {"201": {name: Анна}, "102": {name: Пётр}}
queues: {main: {pool: pult, wrap_up: 2s, leave_when_empty: 1s}}
answering:
  greeting: TITLE, здравствуйте
  form: {message: {label: Сообщение, required: true}, phone: {label: Телефон, kind: phone}}
"""
# Its people may call landlines only.
ROMASHKA = """\
  files: [{title: Прайс, file: prices.txt}, {title: Карта, file: map.png}]
outgoing: {trunk: city, number: "+74951234567", permit: [country]}
parking: {timeout: 6s}
service: {}
notices: {crm: {url: "https://localhost:PORT/vats", events: [form.filled]}}
"""
SCENARIO = """\
scenario: main
start: main
steps:
  main: {type: queue, queue: main, after: bye, EXITS}
  bye: {type: hangup, prompt: goodbye}
"""
EXITS = {"romashka": "", "zdorovie": "on_timeout: bye, on_unavailable: bye"}
VOICEMAIL = """\
scenario: night
start: main
steps:
  main: {type: queue, queue: main, on_unavailable: message}
  message: {type: voicemail, mailbox: "102", task: 2, greeting: {text: "Говорите."}}
"""


@asynccontextmanager
async def answering_pool(folder: Path, port: int, ca_file: Path) -> AsyncIterator[Site]:
    """Asterisk, engine and worker with these; Ромашка's own system is told of forms at this port."""
    tenants, scenarios = folder / "tenants", folder / "scenarios"
    tenants.mkdir()
    (tenants / "pult.yaml").write_text(PULT)
    for name, title in (("romashka", "Ромашка"), ("zdorovie", "Здоровье")):
        text = CUSTOMER.replace("NAME", name).replace("TITLE", title).replace("NUMBER", NUMBERS[name])
        if name == "romashka":
            text = text.replace("main}}\nusers", f'main}}, "{NIGHT}": {{scenario: night}}}}\nusers')
            text += ROMASHKA.replace("PORT", str(port))
        (tenants / f"{name}.yaml").write_text(text)
        (scenarios / name).mkdir(parents=True)
        (scenarios / name / "main.yaml").write_text(SCENARIO.replace("EXITS", EXITS[name]))
    (scenarios / "romashka" / "night.yaml").write_text(VOICEMAIL)
    (scenarios / "romashka" / "files").mkdir()
    (scenarios / "romashka" / "files" / "prices.txt").write_bytes(PRICES)
    web_services = {"allow": ["127.0.0.0/8", "::1/128"], "ca_file": str(ca_file)}
    async with running_site(
        folder, "engine", "worker", tenants=tenants, scenarios=scenarios, web_services=web_services
    ) as running:
        yield running


async def dials(phone: Phone, code: str) -> None:
    """A code, until she has heard what it did."""
    call = await phone.call(code)
    await call.wait_state("ended", 15)


def states(site: Site) -> dict[str, str]:
    """What the secretary does, by customer."""
    done = site.vats("queue", "--json")
    assert done.returncode == 0, done.stderr
    queues = [json.loads(line) for line in done.stdout.splitlines()]
    return {
        queue["tenant"]: member["state"]
        for queue in queues
        for member in queue["members"]
        if member["extension"] == "pult/201"
    }


async def talking(site: Site, caller: str, folder: Path) -> tuple[PhoneCall, PhoneCall]:
    """Somebody who called Ромашка and the secretary, who hear each other."""
    vera, city = await site.phone("201", "pult"), await site.city()
    call = await city.call(NUMBERS["romashka"], caller=caller)
    offered = await vera.wait_incoming(15)
    await offered.answer()
    await speak(call, CITY_HZ, folder)
    await speak(offered, ANNA_HZ, folder)
    await hear_each_other((call, CITY_HZ), (offered, ANNA_HZ), folder)
    return call, offered


def cards(site: Site, tenant: str, extension: str) -> list[dict[str, Any]]:
    done = site.vats("card", "--tenant", tenant, "--extension", extension, "--json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]
