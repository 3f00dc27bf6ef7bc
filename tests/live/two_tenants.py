"""Two tenants on one installation, each with music of its own: what one has, the other must not meet."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.live.site import Site, running_site
from tests.phones import PhoneCall, write_tone

NUMBERS = {"romashka": "+74951234567", "vektor": "+74959876543"}
MUSIC_HZ = {"romashka": 600, "vektor": 800}

_TENANT = """
tenant: {name}
title: {name}
numbers:
  "{number}": {{scenario: main}}
users:
  "101": {{name: Anna}}
  "102": {{name: Petr}}
  "103": {{name: Olga, may_listen: ["101"]}}
  "104": {{name: Yuri, calls: []}}
{more}
"""
_SCENARIO = """
scenario: main
title: Ring the person whose extension is keyed in
start: hello
steps:
  hello: {type: menu, prompt: welcome, extensions: true, timeout: 10s, keys: {0: hello}}
"""


@asynccontextmanager
async def two_tenants(folder: Path, *processes: str, more: str = "") -> AsyncIterator[Site]:
    """`romashka` has a folder of music, `vektor` names a shared one. `more` is for both tenants' files, with
    `{number}` in it.
    """
    tenants, scenarios = folder / "our-tenants", folder / "our-scenarios"
    tenants.mkdir()
    for name, number in NUMBERS.items():
        own = "music: jazz\n" if name == "vektor" else ""
        text = _TENANT.format(name=name, number=number, more=own + more.replace("{number}", number))
        (tenants / f"{name}.yaml").write_text(text)
        (scenarios / name).mkdir(parents=True)
        (scenarios / name / "main.yaml").write_text(_SCENARIO)
    write_tone(scenarios / "romashka" / "music" / "one.wav", MUSIC_HZ["romashka"], 3)
    write_tone(folder / "config" / "music" / "jazz" / "one.wav", MUSIC_HZ["vektor"], 3)
    async with running_site(folder, *processes, tenants=tenants, scenarios=scenarios) as site:
        yield site


async def reach(site: Site, tenant: str, extension: str, caller: str) -> PhoneCall:
    """A call from the city that asks for this person."""
    call = await (await site.city()).call(NUMBERS[tenant], caller=caller)
    await call.wait_state("answered")
    await call.digits(extension)
    return call
