"""Who is calling is the dialplan's word: what a caller dials cannot change it (F47)."""

import msgspec
import pytest

from engine.calls.switchboard import Arrival
from engine.directory.directory import Directory
from engine.directory.model import TenantModel
from engine.directory.tenant_file import tenant_of
from engine.reception import Reception
from engine.scenarios.model import Scenario
from engine.switch.ari.events import CallerId, ChannelData, DialplanPlace
from tests.calls.cell import NUMBER, TENANT

ZEBRAS = "+74959876543"
STRANGER = TenantModel.model_validate(
    {
        "tenant": "zebra",
        "title": "Zebra",
        "numbers": {ZEBRAS: {"scenario": "main"}},
        "users": {"101": {"name": "Zoe"}, "102": {"name": "Yan", "calls": []}, "103": {"name": "Zed"}},
        "outgoing": {"trunk": "city", "number": ZEBRAS},
    }
)
OURS = TENANT.model_copy(update={"phone_book": {ZEBRAS: "Зебра"}})


class TwoTenants:
    """A library of two companies' directories, and no scenario."""

    directory = Directory({"romashka": tenant_of(OURS), "zebra": tenant_of(STRANGER)})

    def find(self, tenant: str, name: str) -> Scenario | None:
        return None

    def version(self, version: str) -> Scenario | None:
        return None


@pytest.fixture
def reception() -> Reception:
    return Reception(TwoTenants(), "cell1")  # type: ignore[arg-type]


def _channel(name: str, context: str, dialled: str) -> ChannelData:
    place = DialplanPlace(context, dialled)
    return ChannelData("cell1-1.0", name, "Ring", caller=CallerId("", "+79031112233"), dialplan=place)


@pytest.mark.parametrize(
    "dialled", ["102", "102,zebra-101-desk", "102,in,zebra-101-desk", ",zebra-101-desk", ","]
)
def test_a_users_call_is_his_own_companys_whatever_he_dials(reception: Reception, dialled: str) -> None:
    """`Stasis(vats,user,DIALLED,ENDPOINT)` splits at each comma; the endpoint is the last all the same."""
    channel = _channel("PJSIP/romashka-101-desk-00000001", "from-user", dialled)
    arrival = reception.arrival(channel, ["user", *dialled.split(","), "romashka-101-desk"])
    assert (arrival.tenant.name, arrival.started.caller) == ("romashka", "101")
    assert arrival.started.callee == dialled
    assert arrival.started.direction == ("internal" if dialled == "102" else "out")


@pytest.mark.parametrize(
    "dialled", [NUMBER, f"{NUMBER},gold", "user,102,zebra-101-desk", "102,zebra-101-desk"]
)
def test_a_trunks_call_is_that_trunks_whatever_is_dialled(reception: Reception, dialled: str) -> None:
    channel = _channel("PJSIP/city-00000001", "from-trunk", dialled)
    arrival = reception.arrival(channel, ["in", *dialled.split(","), "city"])
    assert (arrival.started.trunk, arrival.started.direction) == ("city", "in")
    assert arrival.started.caller == "+79031112233"
    assert arrival.started.tenant == ("romashka" if dialled == NUMBER else "")
    assert arrival.tenant.name != "zebra"


def test_a_caller_whose_arrival_was_missed_is_known_by_his_channel(reception: Reception) -> None:
    """What the dialplan would have said, commas and all, goes the same way as what it says."""
    channel = _channel("PJSIP/romashka-101-desk-0000002a", "from-user", "102,zebra-101-desk")
    arguments = reception.arguments_of(channel)
    assert arguments == ["user", "102,zebra-101-desk", "romashka-101-desk"]
    assert reception.arrival(channel, arguments).started.caller == "101"
    assert reception.arguments_of(_channel("PJSIP/city-1", "from-trunk", NUMBER)) == ["in", NUMBER, ""]


def _dialled_by(reception: Reception, endpoint: str, number: str) -> Arrival:
    channel = _channel(f"PJSIP/{endpoint}-00000001", "from-user", number)
    return reception.arrival(channel, ["user", number, endpoint])


def _from_the_platform(reception: Reception, hops: int = 1) -> Arrival:
    """A call of the zebras to the other company's number, as the dialplan hands it to us."""
    channel = _channel("PJSIP/vats.inside-00000001", "from-trunk", NUMBER)
    caller = CallerId("", ZEBRAS.replace("+7", "8", 1))
    channel = msgspec.structs.replace(channel, caller=caller)
    return reception.arrival(channel, ["in", NUMBER, f"vats.inside/{hops}"])


def test_another_company_sees_its_caller_as_from_the_city(reception: Reception) -> None:
    """Neither an extension, which one of its own people has too, nor a name that it does not know."""
    arrival = _from_the_platform(reception)
    started = arrival.started
    assert (arrival.tenant.name, started.direction, started.number) == ("romashka", "in", NUMBER)
    assert (started.caller, started.caller_name) == (ZEBRAS, "Зебра")
    assert (started.trunk, started.hops) == ("vats.inside", 1)


def test_his_own_company_has_the_call_to_another_one_as_one_outside(reception: Reception) -> None:
    arrival = _dialled_by(reception, "zebra-101-desk", "84951234567")
    assert (arrival.tenant.name, arrival.started.direction, arrival.started.caller) == ("zebra", "out", "101")


@pytest.mark.parametrize(("hops", "taken"), [(4, True), (5, False)])
def test_what_goes_from_number_to_number_ends(reception: Reception, hops: int, taken: bool) -> None:
    arrival = _from_the_platform(reception, hops)
    assert arrival.started.tenant == "romashka", "whose record tells of it"
    runner = arrival.runner_at("")
    refused = getattr(runner, "keywords", {}) == {"cause": 25}
    assert refused is not taken


def test_ones_own_company_sees_who_calls_its_number(reception: Reception) -> None:
    arrival = _dialled_by(reception, "romashka-101-desk", NUMBER)
    assert (arrival.tenant.name, arrival.started.caller) == ("romashka", "101")


def test_another_companys_number_is_outside_for_whoever_may_not_call_there(reception: Reception) -> None:
    """His own company then refuses it, as it does any other number outside."""
    for endpoint, tenant in (("zebra-102-desk", "zebra"), ("romashka-101-desk", "romashka")):
        number = NUMBER if tenant == "zebra" else ZEBRAS
        arrival = _dialled_by(reception, endpoint, number)
        assert (arrival.tenant.name, arrival.started.direction) == (tenant, "out")
        assert (arrival.started.callee, arrival.step) == (number, f"@dialled/{number}")


def test_whom_a_company_has_blocked_does_not_reach_it_from_another_one(reception: Reception) -> None:
    blocked = {"blocked": [f"{ZEBRAS[:8]}*"]}
    reception._library.directory = Directory(  # type: ignore[misc]
        {"romashka": tenant_of(TENANT.model_copy(update=blocked)), "zebra": tenant_of(STRANGER)}
    )
    arrival = _from_the_platform(reception)
    assert (arrival.tenant.name, arrival.step) == ("romashka", "")
    assert arrival.runner_at("").keywords == {"cause": 21}  # type: ignore[attr-defined]
