"""People of two companies on one platform who call one another, on real phones: as strangers do (F08 F47)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.live.people import (
    CALLER_HZ,
    OPERATOR_HZ,
    Talk,
    a_caller,
    as_dialled,
    is_told,
    keys,
    nothing_left,
    prompt_file,
    verified,
)
from tests.live.site import Site
from tests.live.two_tenants import NUMBERS, reach, two_tenants
from tests.phones import tones_heard

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]
_MORE = """\
outgoing: {trunk: city, number: "{number}"}
phone_book: {"+74951234567": Ромашка}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with two_tenants(tmp_path_factory.mktemp("two"), "engine", "worker", more=_MORE) as running:
        yield running


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def all_hang_up(site: Site) -> AsyncIterator[None]:
    """A test that fails leaves the next one in peace."""
    yield
    await site.hang_up_all()


async def test_each_company_has_its_record_and_its_recording(site: Site, tmp_path: Path) -> None:
    """The other one sees a number, and no extension."""
    anna, viktor = await site.phone("101"), await site.phone("102", "vektor")
    call = await anna.call(as_dialled(NUMBERS["vektor"]))
    await call.wait_state("answered")
    await call.digits("102")
    offered = await viktor.wait_incoming()
    assert (offered.caller_number, offered.caller_name) == (as_dialled(NUMBERS["romashka"]), "Ромашка")
    await offered.answer()
    await Talk(call, offered, tmp_path).begin()
    assert (await site.city()).offers == 0, "no trunk has it"
    await call.hangup()
    record = await site.record_of(NUMBERS["romashka"])
    assert (record["tenant"], record["direction"], record["operator"]) == ("vektor", "in", "102")
    theirs = await site.record_of("101")
    assert (theirs["tenant"], theirs["direction"]) == ("romashka", "out")
    assert (theirs["callee"], theirs["operator"]) == (NUMBERS["vektor"], NUMBERS["vektor"])
    await site.wait_rows(lambda row: row["recording"], 2, 30)
    for row, left, right in ((record, CALLER_HZ, OPERATOR_HZ), (theirs, OPERATOR_HZ, CALLER_HZ)):
        wav = tmp_path / f"{row['tenant']}.wav"
        done = site.vats("recording", "play", row["call_id"], "--to", str(wav))
        assert done.returncode == 0, done.stderr
        assert tones_heard(wav, [left], 0)[left].seconds > 1, "the outside party is left"
        assert tones_heard(wav, [right], 1)[right].seconds > 1
    await nothing_left(site)
    verified(site)


async def test_a_call_is_passed_on_to_the_companys_own_number(site: Site, tmp_path: Path) -> None:
    """He is in its menu then, as he is, and no trunk has him."""
    caller, city = a_caller(), await site.city()
    anna, olga = await site.phone("101"), await site.phone("103")
    call = await reach(site, "romashka", "101", caller)
    to_anna = await anna.wait_incoming()
    await to_anna.answer()
    await site.wait_call(caller=caller, state="talking")
    await keys(to_anna, "##")
    await asyncio.sleep(0.7)
    await keys(to_anna, as_dialled(NUMBERS["romashka"]))  # no `#` is needed
    await to_anna.wait_state("ended", 20)
    await site.wait_call(caller=caller, step="hello")
    await call.digits("103")
    to_olga = await olga.wait_incoming()
    assert to_olga.caller_number == as_dialled(caller)
    await to_olga.answer()
    await Talk(call, to_olga, tmp_path).begin()
    await call.hangup()
    await to_olga.wait_state("ended")
    await site.wait_rows(lambda row: row["caller"] == caller, 2)
    assert city.offers == 0
    await nothing_left(site)
    verified(site)


async def test_forwarded_to_the_companys_own_number_and_never_in_a_circle(site: Site) -> None:
    anna, olga = await site.phone("101"), await site.phone("103")
    done = site.vats("user", "forward", "romashka", "103", "always", NUMBERS["romashka"])
    assert done.returncode == 0, done.stderr
    call = await anna.call("103")
    await call.wait_state("answered")
    await site.wait_call(caller="101", step="hello")
    await call.digits("103")
    to_olga = await olga.wait_incoming()  # her own telephone: the number would lead to it again
    assert to_olga.caller_number == "101"
    await to_olga.answer()
    await call.hangup()
    await to_olga.wait_state("ended")
    assert site.vats("user", "forward", "romashka", "103", "all").returncode == 0
    await nothing_left(site)
    verified(site)


async def test_vats_call_reaches_the_companys_own_number(site: Site) -> None:
    anna = await site.phone("101")
    asked = asyncio.create_task(asyncio.to_thread(site.vats, "call", "romashka", "101", NUMBERS["romashka"]))
    ringing = await anna.wait_incoming(15)
    await ringing.answer()
    done = await asked
    assert done.returncode == 0, done.stderr
    await site.wait_call(caller="101", number=NUMBERS["romashka"], step="hello")
    await ringing.hangup()
    await nothing_left(site)
    verified(site)


async def test_who_may_not_call_outside_may_not_call_it(site: Site, tmp_path: Path) -> None:
    petr = await site.phone("104")
    call = await petr.call(as_dialled(NUMBERS["vektor"]))
    await call.wait_sound()
    await call.record(tmp_path / "why.wav")
    await is_told(tmp_path / "why.wav", prompt_file(site, "not-permitted"))
    await call.wait_state("ended", 15)
    assert call.code == 403
    record = await site.record_of("104")
    assert (record["tenant"], record["disposition"]) == ("romashka", "refused")
    verified(site)
