"""Busy lamps on real telephones: SUBSCRIBE for colleagues, and nobody else's (point 9 of F05 F18)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.live.people import a_caller
from tests.live.site import Site
from tests.live.two_tenants import reach, two_tenants
from tests.phones import Lamp, PhoneError

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with two_tenants(tmp_path_factory.mktemp("lamps"), "engine") as running:
        yield running
        await running.hang_up_all()


def lamp(site: Site, watched: str, by: str = "101", tenant: str = "romashka") -> Lamp:
    return Lamp(
        "127.0.0.1", site.settings.ports.sip, f"{tenant}-{by}-desk", site.password(by, tenant), watched
    )


async def test_a_lamp_shows_a_colleague_free_rung_and_talking(site: Site, tmp_path: Path) -> None:
    petr = await site.phone("102")
    namesake = await site.phone("102", "vektor")
    async with lamp(site, "102") as ours, lamp(site, "102", tenant="vektor") as theirs:
        await ours.wait_state("idle")
        await theirs.wait_state("idle")
        call = await reach(site, "romashka", "102", a_caller())
        offered = await petr.wait_incoming()
        await offered.ring()
        await ours.wait_state("early")
        await offered.answer()
        await ours.wait_state("confirmed")
        await call.hangup()
        await ours.wait_state("idle")
        # Whoever calls is busy too.
        await site.phone("103")
        outgoing = await petr.call("103")
        await ours.wait_state("confirmed")
        await outgoing.hangup()
        await ours.wait_state("idle")
        assert {state.state for state in theirs.states} == {"idle"}
        assert namesake.registered


async def test_a_lamp_shows_who_does_not_want_to_be_disturbed(site: Site) -> None:
    await site.phone("102")
    async with lamp(site, "102", by="103") as watching, lamp(site, "102", tenant="vektor") as theirs:
        await watching.wait_state("idle")
        assert site.vats("user", "dnd", "romashka", "102", "on").returncode == 0
        await watching.wait_state("confirmed")
        assert site.vats("user", "dnd", "romashka", "102", "off").returncode == 0
        await watching.wait_state("idle")
        assert {state.state for state in theirs.states} == {"idle"}


async def test_nobody_watches_who_is_no_user_of_his_tenant(site: Site) -> None:
    with pytest.raises(PhoneError, match="404"):
        async with lamp(site, "999"):
            pass


async def test_lamps_are_there_again_after_a_restart_of_the_switch_without_an_engine(site: Site) -> None:
    assert site.engine is not None
    site.engine.terminate()
    site.engine.wait(15)
    site.instance.stop_asterisk()
    site.instance.start_asterisk()
    async with lamp(site, "102", by="103") as watching:
        await watching.wait_state("idle")
    await site.start_engine()
