"""Parking places as tenant files say them, and what dialling one means (F05)."""

from typing import Any

import pytest
from pydantic import ValidationError

from engine.directory.directory import Tenant
from engine.directory.model import TenantModel
from engine.directory.numbering import Dialled, resolve
from engine.directory.parking_model import MOST_SLOTS, ParkingModel
from engine.directory.tenant_file import tenant_of


def tenant(**more: Any) -> Tenant:
    content = {"tenant": "t", "title": "t", "users": {"101": {"name": "A"}}, **more}
    return tenant_of(TenantModel.model_validate(content))


def test_places_are_a_range_with_its_leading_zeros() -> None:
    assert ParkingModel(slots="701-703").places == ["701", "702", "703"]
    assert ParkingModel(slots="008 - 011").places == ["008", "009", "010", "011"]
    assert len(ParkingModel().places) == 20


@pytest.mark.parametrize(
    "slots", ["", "701", "720-701", "70-701", "7-9", "701-7a0", f"1000-{1000 + MOST_SLOTS}"]
)
def test_what_is_no_range_is_refused(slots: str) -> None:
    with pytest.raises(ValidationError, match=r"range of extensions|places, the most"):
        ParkingModel(slots=slots)


def test_what_dialling_a_place_means() -> None:
    with_parking = tenant(parking={"slots": "701-702"})
    assert resolve(with_parking, "701") == Dialled("parked", "701")
    assert resolve(with_parking, "700") == Dialled("parked", "")
    assert resolve(with_parking, "703").kind == "unknown"
    assert resolve(tenant(), "701").kind == "unknown"
    # A user's own extension goes before; the check of the file tells of it.
    users = {"701": {"name": "A"}}
    assert resolve(tenant(users=users, parking={}), "701") == Dialled("user", "701")
