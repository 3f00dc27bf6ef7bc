"""What people dial means the same wherever it is dialled (F08, F09)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.directory.codes import SERVICE_CODES
from engine.directory.directory import Directory, Tenant
from engine.directory.model import TenantModel
from engine.directory.numbering import Dialled, resolve
from engine.directory.numbers import national, normalise
from engine.directory.tenant_file import tenant_of

FILE: dict[str, Any] = {
    "tenant": "acme",
    "title": "Acme",
    "numbers": {"+74951234567": {"scenario": "main"}, "+78125550101": {"scenario": "main"}},
    "users": {"101": {"name": "Anna"}, "102": {"name": "Bob"}},
    "groups": {"sales": {"members": ["101"], "extension": "600"}, "plain": {"members": ["101"]}},
    "queues": {"line": {"members": ["101"], "extension": "700"}},
    "outgoing": {"trunk": "city", "number": "+74951234567"},
}


def tenant(**more: object) -> Tenant:
    return tenant_of(TenantModel.model_validate({**FILE, **more}))


ACME = tenant()
OTHER = tenant_of(
    TenantModel.model_validate(
        {"tenant": "other", "title": "Other", "numbers": {"+74957654321": {"scenario": "main"}}}
    )
)
BOTH = Directory.of([ACME, OTHER])


@pytest.mark.parametrize(
    ("dialled", "means"),
    [
        ("101", Dialled("user", "101")),
        (" 101 ", Dialled("user", "101")),
        ("600", Dialled("group", "sales")),
        ("700", Dialled("queue", "line")),
        ("112", Dialled("emergency", "112")),
        ("103", Dialled("emergency", "103")),
        ("03", Dialled("emergency", "103")),
        ("02", Dialled("emergency", "102")),
        ("104", Dialled("emergency", "104")),
        ("8-916-123-45-67", Dialled("outside", "+79161234567")),
        ("+7 916 123-45-67", Dialled("outside", "+79161234567")),
        ("0079161234567", Dialled("outside", "+79161234567")),
        ("8~10 49 30 901820", Dialled("outside", "+4930901820")),
        ("8104930901820", Dialled("outside", "+4930901820")),
        ("84951234567", Dialled("number", "+74951234567")),
        ("+74957654321", Dialled("number", "+74957654321")),
        ("*97", Dialled("service", "mailbox")),
        ("*21*89161234567#", Dialled("service", "forward_always", "89161234567")),
        ("**600", Dialled("service", "pick_up_from", "600")),
        ("*5289161234567", Dialled("outside", "+79161234567", own_number="+78125550101")),
        ("*51+79161234567", Dialled("outside", "+79161234567", own_number="+74951234567")),
        ("*5103", Dialled("emergency", "103", own_number="+74951234567")),
        ("*5389161234567", Dialled("unknown", "*5389161234567")),  # the third of two numbers
        ("*51101", Dialled("unknown", "*51101")),  # a colleague sees who calls
        ("*51*5289161234567", Dialled("unknown", "*51*5289161234567")),
        ("999", Dialled("unknown", "999")),
        ("h", Dialled("unknown", "h")),
        ("", Dialled("unknown", "")),
    ],
)
def test_what_it_means(dialled: str, means: Dialled) -> None:
    assert resolve(ACME, dialled, BOTH) == means


def test_an_extension_hides_an_emergency_number_but_never_112() -> None:
    """101 and 102 are Anna and Bob; fire and police are reached by 01, 02 and 112."""
    assert resolve(ACME, "102").kind == "user"
    assert resolve(ACME, "02") == Dialled("emergency", "102")
    assert resolve(tenant(users={"112": {"name": "Anna"}}), "112").kind == "emergency"
    assert resolve(tenant(emergency=["103"]), "101").kind == "user"
    assert resolve(tenant(emergency=["103"]), "104").kind == "unknown"
    assert resolve(tenant(emergency=["103"]), "112").kind == "emergency"


def test_a_parking_place_hides_an_emergency_number_too() -> None:
    """Whoever is parked there is taken by dialling what the parker was told, and nobody else is rung."""
    parking = tenant(parking={"slots": "103-110", "extension": "100"})
    assert resolve(parking, "103") == Dialled("parked", "103")
    assert resolve(parking, "03") == Dialled("emergency", "103")


def test_emergency_numbers_are_the_countrys() -> None:
    german = tenant(country="DE", numbers={}, outgoing=None)
    assert resolve(german, "110") == Dialled("emergency", "110")
    assert resolve(german, "103").kind == "unknown"


@given(st.text(alphabet="0123456789+*#-() ~", max_size=24))
def test_any_text_means_one_thing_and_the_same_again(text: str) -> None:
    found = resolve(ACME, text, BOTH)
    assert found == resolve(ACME, text.strip(), BOTH)
    assert found.kind != "outside" or found.value.startswith("+")
    if found.kind in ("outside", "number") and not found.own_number:
        assert resolve(ACME, found.value, BOTH) == found
        assert resolve(ACME, national(found.value), BOTH) == found  # what a phone shows can be dialled again


@given(st.sampled_from(SERVICE_CODES), st.integers(10, 999_999))
def test_every_service_code_is_found_by_its_own_name(code: Any, argument: int) -> None:
    if code.name == "own_number":
        return  # with a number behind it, it is a call
    behind = str(argument) if code.argument else ""
    if code.argument == "reason":
        behind = behind[:2]
    if code.argument == "company":
        behind = f"71*{behind}"
    assert resolve(ACME, f"{code.code}{behind}{'#' if code.ends_with_hash else ''}") == Dialled(
        "service", code.name, behind
    )


@given(st.from_regex(r"\+7(9[0-9]{9}|495[1-9][0-9]{6})", fullmatch=True))
def test_what_is_shown_nationally_is_the_same_number(number: str) -> None:
    shown = national(number)
    assert normalise(shown) == number
    assert shown == number or shown.isdigit()


@pytest.mark.parametrize(
    ("number", "country", "shown"),
    [
        ("+79161234567", "RU", "89161234567"),
        ("+74951234567", "RU", "84951234567"),
        ("+77011234567", "RU", "+77011234567"),
        ("+4930901820", "RU", "+4930901820"),
        ("+4930901820", "DE", "030901820"),
        ("101", "RU", "101"),
        ("", "RU", ""),
        ("anonymous", "RU", "anonymous"),
    ],
)
def test_shown_nationally(number: str, country: str, shown: str) -> None:
    assert national(number, country) == shown
