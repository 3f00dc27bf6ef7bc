"""Who is calling is the dialplan's word: what a caller dials cannot change it (F47)."""

import pytest

from engine.directory.directory import Directory, tenant_of
from engine.directory.model import TenantModel
from engine.reception import Reception
from engine.scenarios.model import Scenario
from engine.switch.ari.events import CallerId, ChannelData, DialplanPlace
from tests.calls.cell import NUMBER, TENANT

STRANGER = TenantModel.model_validate(
    {"tenant": "zebra", "title": "Zebra", "users": {"101": {"name": "Zoe"}, "102": {"name": "Yan"}}}
)


class TwoTenants:
    """A library of two companies' directories, and no scenario."""

    directory = Directory({"romashka": tenant_of(TENANT), "zebra": tenant_of(STRANGER)})

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
