"""F19: the message light, on real phones."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from engine.operations import EngineClient, OperationFailed
from tests.live.people import CALLER_HZ, a_caller, enter
from tests.live.site import Site, eventually, running_site
from tests.phones import write_tone

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]

LEAVE = "+74951234571"  # a message for 102
BEEP_HZ = 700


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with running_site(tmp_path_factory.mktemp("site"), "engine", "worker") as running:
        yield running


async def leave(site: Site, folder: Path, seconds: float = 3.0) -> str:
    """A message of a tone from the city for 102; its name, once it is kept."""
    known = {row["message"] for row in messages(site)}
    call = await enter(site, a_caller(), "1", LEAVE)
    await call.record(folder / "greeting.wav")
    await call.wait_tone(BEEP_HZ, 0.2, 20)
    await call.play(write_tone(folder / "440.wav", CALLER_HZ))
    await asyncio.sleep(seconds)
    await call.hangup()
    kept = await eventually(
        lambda: [row for row in messages(site) if row["message"] not in known and row["state"] == "done"],
        20,
        "the message is kept",
    )
    return str(kept[0]["message"])


def messages(site: Site) -> list[dict[str, str]]:
    return [json.loads(line) for line in site.vats("left", "messages", "--json").stdout.splitlines()]


async def test_f19_the_light_tells_of_messages(site: Site, folder: Path) -> None:
    phone = await site.phone("102")
    await phone.wait_mwi(new=0)
    message = await leave(site, folder)
    await phone.wait_mwi(new=1, timeout=2)
    assert phone.mwi.on
    assert not (await site.phone("101")).mwi.on
    # A phone that starts is told at once.
    await site.switch_off("102")
    phone = await site.phone("102")
    await phone.wait_mwi(new=1, timeout=2)
    assert site.vats("left", "heard", message).returncode == 0
    await phone.wait_mwi(new=0, old=1, timeout=2)
    assert not phone.mwi.on
    # By the engine's operations, which know tenants.
    engine = EngineClient(site.settings)
    with pytest.raises(OperationFailed, match="no such message"):
        await engine.call("mailbox.mark_heard", tenant="other", messages=[message], heard=False)
    await engine.call("mailbox.mark_heard", tenant="romashka", messages=[message], heard=False)
    await phone.wait_mwi(new=1, old=0, timeout=2)
    (listed,) = await engine.call("mailbox.list", tenant="romashka", extension="102", new_only=True)
    assert listed["message"] == message
    await engine.call("mailbox.delete", tenant="romashka", messages=[message], by="anna")
    await phone.wait_mwi(new=0, old=0, timeout=2)
    assert not (site.settings.messages_folder / listed["path"]).exists()
