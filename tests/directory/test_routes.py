"""Where a call outside may go, by which trunk, and what is shown there (F09)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.directory.directory import Directory, Tenant
from engine.directory.fallback_targets import emergency_key, fallback_targets
from engine.directory.model import TenantModel
from engine.directory.routes import (
    Way,
    destination_of,
    is_blocked,
    may_call,
    own_number,
    ways_outside,
    ways_to_emergency,
)
from engine.directory.tenant_file import tenant_of

OUTGOING = {
    "trunk": "city",
    "numbers": ["+74951234567", "+78125550101"],
    "routes": [
        {"prefix": "+7", "trunks": ["city"], "cost": "1.20"},
        {"prefix": "+7495", "trunks": ["backup", "city"], "cost": "0.90"},
        {"prefix": "+7495", "trunks": ["cheap"], "cost": "0.30", "strip": 2, "add": "8"},
        {"prefix": "+49", "trunks": ["abroad"], "add": "810", "strip": 1},
    ],
}


def tenant(**more: object) -> Tenant:
    file = {
        "tenant": "acme",
        "title": "Acme",
        "numbers": {"+74951234567": {"scenario": "main"}, "+78125550101": {"scenario": "main"}},
        "users": {
            "101": {"name": "Anna"},
            "102": {"name": "Bob", "calls": ["abroad"], "number": "+78125550101"},
            "103": {"name": "Eve", "calls": []},
        },
        "outgoing": OUTGOING,
    }
    return tenant_of(TenantModel.model_validate({**file, **more}))


@pytest.mark.parametrize(
    ("number", "country", "kind"),
    [
        ("+74951234567", "RU", "country"),
        ("+78005553535", "RU", "country"),  # free for who calls
        ("+79161234567", "RU", "mobile"),
        ("+78091234567", "RU", "premium"),
        ("+78031234567", "RU", "premium"),
        ("+77011234567", "RU", "abroad"),  # Kazakhstan shares the code +7
        ("+77011234567", "KZ", "mobile"),
        ("+79161234567", "KZ", "abroad"),
        ("+375172222222", "RU", "abroad"),
        ("+4930901820", "RU", "abroad"),
        ("+4930901820", "DE", "country"),
        ("+12125551212", "US", "country"),
        ("+19005551212", "RU", "premium"),  # dear in any country
        ("+881612345678", "RU", "premium"),  # a satellite
        ("+883510012345", "RU", "premium"),
        ("+80012345678", "RU", "abroad"),
        ("+79995550000", "RU", "mobile"),
        ("no number", "RU", "premium"),
    ],
)
def test_kinds_of_destination(number: str, country: str, kind: str) -> None:
    assert destination_of(number, country) == kind


def test_who_may_call_what() -> None:
    acme = tenant()
    assert may_call(acme, "+74950000001", "101")
    assert may_call(acme, "+79161234567", "101")
    assert not may_call(acme, "+4930901820", "101")
    assert may_call(acme, "+4930901820", "102")
    assert not may_call(acme, "+79161234567", "102")  # his own list, not the tenant's
    assert not may_call(acme, "+74950000001", "103")
    assert may_call(acme, "+79161234567")  # the scenario itself
    assert not may_call(tenant(outgoing=None), "+79161234567", "101")


def test_the_longest_prefix_then_the_cheapest() -> None:
    acme = tenant()
    assert ways_outside(acme, "+74957777777") == [
        Way("cheap", "84957777777"),
        Way("backup", "+74957777777"),
        Way("city", "+74957777777"),
    ]
    assert ways_outside(acme, "+79161234567") == [Way("city", "+79161234567")]
    assert ways_outside(acme, "+4930901820") == [Way("abroad", "8104930901820")]
    assert ways_outside(acme, "+12125551212") == [Way("city", "+12125551212")]  # no route takes it
    assert ways_outside(tenant(outgoing=None), "+79161234567") == []


def test_emergency_goes_by_any_trunk() -> None:
    ways = ways_to_emergency(tenant(), "112")
    assert [way.trunk for way in ways] == ["city", "backup", "cheap", "abroad"]
    assert {way.number for way in ways} == {"112"}


def test_emergency_goes_by_the_others_of_the_platform_at_last() -> None:
    ways = ways_to_emergency(tenant(), "112", ("foreign", "city"))
    assert [way.trunk for way in ways] == ["city", "backup", "cheap", "abroad", "foreign"]
    nowhere = tenant(outgoing=None)
    assert ways_to_emergency(nowhere, "112", ("foreign",)) == [Way("foreign", "112")]
    targets = fallback_targets(Directory({nowhere.name: nowhere}), ("foreign", "city"))
    helped = targets[emergency_key(nowhere.name, "112")]
    assert (helped.dial, helped.then) == ("PJSIP/112@foreign", ["PJSIP/112@city"])
    assert helped.caller_id == own_number(nowhere) in nowhere.numbers


def test_the_number_shown() -> None:
    acme = tenant()
    assert own_number(acme, "101") == "+74951234567"
    assert own_number(acme, "102") == "+78125550101"
    assert own_number(acme, "102", "+74951234567") == "+74951234567"
    assert own_number(acme, "101", "+79990000000") == "+74951234567"  # nobody's own


@pytest.mark.parametrize(
    ("caller", "blocked"),
    [
        ("+79031112233", True),
        ("+79031112234", False),
        ("+78091234567", True),
        ("+7809", True),
        ("101", False),
        ("", False),
        ("anonymous", False),
    ],
)
def test_blocked_callers(caller: str, blocked: bool) -> None:
    acme = tenant(blocked=["+79031112233", "+7809*"])
    assert is_blocked(acme, caller) is blocked


def test_withheld_numbers_are_turned_away_where_the_tenant_says_so() -> None:
    acme = tenant(block_withheld=True)
    assert is_blocked(acme, "")
    assert is_blocked(acme, "anonymous")
    assert not is_blocked(acme, "+79031112233")


@given(st.from_regex(r"\+[1-9][0-9]{6,13}", fullmatch=True), st.sampled_from(["RU", "DE", "US", "KZ"]))
def test_every_number_is_of_one_kind_and_ways_name_each_trunk_once(number: str, country: str) -> None:
    assert destination_of(number, country) in ("country", "mobile", "abroad", "premium")
    ways = ways_outside(tenant(), number)
    assert ways
    assert len(set(ways)) == len(ways)
