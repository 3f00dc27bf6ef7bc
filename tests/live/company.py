"""A company whose people ring together, forward their calls and pick up one another's, on real phones."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.live.people import nothing_left, verified
from tests.live.site import Site, running_site
from tests.phones import PhoneCall

TO_ANNA, TO_GROUP, TO_ROW = "+74951234567", "+74951234568", "+74951234569"
MOBILE = "+79161234567"
_TENANT = f"""\
tenant: romashka
title: ООО «Ромашка»
numbers:
  "{TO_ANNA}": {{scenario: anna}}
  "{TO_GROUP}": {{scenario: group}}
  "{TO_ROW}": {{scenario: row}}
users:
  "101": {{name: Анна Иванова}}
  "102": {{name: Пётр Смирнов}}
  "103": {{name: Ольга Орлова}}
  "104": {{name: Ирина Белова, call_waiting: false}}
groups:
  sales: {{members: ["101", "102", {{user: "103", ring: 6s}}], extension: "600", timeout: 20s}}
  row: {{members: ["101", "102", "103"], ring: sequence, timeout: 12s}}
  fair: {{members: ["101", "102"], ring: least_recent, extension: "601", timeout: 12s}}
  pair: {{members: ["103", "104"], extension: "603", timeout: 12s}}
  dice: {{members: ["101", "102"], ring: random, extension: "602", timeout: 12s}}
outgoing: {{trunk: city, number: "{TO_ANNA}"}}
limits: {{user: 1}}
"""
_SCENARIOS = {"anna": 'user: "101", timeout: 20s', "group": "group: sales", "row": "group: row"}


@asynccontextmanager
async def running_company(folder: Path, **settings: Any) -> AsyncIterator[Site]:
    """A site with this company; Anna, Pyotr and Olga have 101 to 103."""
    for name in ("companies", "scenarios/romashka"):
        (folder / name).mkdir(parents=True)
    (folder / "companies" / "romashka.yaml").write_text(_TENANT)
    for name, whom in _SCENARIOS.items():
        text = f"scenario: {name}\nstart: ring\nsteps:\n  ring: {{type: ring, {whom}}}\n"
        (folder / "scenarios" / "romashka" / f"{name}.yaml").write_text(text)
    async with running_site(
        folder,
        *("engine", "worker"),
        tenants=folder / "companies",
        scenarios=folder / "scenarios",
        **settings,
    ) as site:
        yield site


async def dial(site: Site, extension: str, code: str) -> PhoneCall:
    """A user dials this, `#` included."""
    phone = await site.phone(extension)
    return await phone.call(code.replace("#", "%23"))


async def finished(site: Site, caller: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """His record and its legs by extension or number, when all is over and the switch's own log agrees."""
    record = await site.record_of(caller)
    await nothing_left(site)
    verified(site)
    rows = [row for row in site.rows("cdr_leg") if row["call_id"] == record["call_id"]]
    return record, {row["extension"] or row["number"]: row for row in rows}


def sip_log(site: Site, username: str) -> str:
    return (site.folder / "phones" / f"{username}.sip.log").read_text(errors="replace")
