"""Addresses with a call's values in them, and which values of an answer a call takes over."""

import math
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calls.errors import StepError
from engine.calls.web_services import WebAnswer, WebServiceFailed
from engine.directory.directory import Tenant
from engine.directory.model import TenantModel
from engine.directory.tenant_file import tenant_of
from engine.journal.base import Value
from engine.scenarios.variables import VariableType
from engine.scenarios.web_service.answers import EXPECTED, taken, typed
from engine.scenarios.web_service.url import filled, url_problem

ACME: Tenant = tenant_of(TenantModel(tenant="acme", title="Acme"))


@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        ("text", "В пути", "В пути"),
        ("text", "two\nlines", "two\nlines"),
        ("text", "bell\x07", None),
        ("text", "x" * 1001, None),
        ("text", 5, None),
        ("number", 5, 5),
        ("number", -2.5, -2.5),
        ("number", "5", None),
        ("number", True, None),
        ("number", 10**15, None),
        ("boolean", False, False),
        ("boolean", 0, None),
        ("digits", "0042", "0042"),
        ("digits", 42, None),
        ("digits", "", None),
        ("digits", "12a", None),
        ("date", "2026-11-23", "2026-11-23"),
        ("date", "2026-02-30", None),
        ("date", "20261123", None),
        ("date", "2026-11-23T10:00", None),
        ("time", "10:30", "10:30"),
        ("time", "24:30", None),
        ("time", "9:30", None),
        ("money", "1234.5", "1234.50"),
        ("money", 1234, "1234.00"),
        ("money", 0.1, "0.10"),
        ("money", "-3.20", "-3.20"),
        ("money", "1.005", None),
        ("money", "1e30", None),
        ("money", "NaN", None),
        ("money", True, None),
        ("phone", "8 903 111-22-33", "+79031112233"),
        ("phone", "+79031112233", "+79031112233"),
        ("phone", "call me", None),
    ],
)
def test_values_are_taken_by_their_types(kind: VariableType, value: Value, kept: Value) -> None:
    assert typed(value, kind, ACME) == kept
    assert type(typed(value, kind, ACME)) is type(kept)
    answer = WebAnswer({"it": value})
    if kept is None:
        with pytest.raises(WebServiceFailed, match=r"shop.example answered a wrong it, expected"):
            taken("shop.example", {"it": kind}, answer, ACME)
    else:
        assert taken("shop.example", {"it": kind}, answer, ACME) == {"it": kept}


def test_only_what_is_declared_is_taken_and_what_is_not_told_is_nothing() -> None:
    answer = WebAnswer({"status": "sent", "caller.number": "+7", "sum": None})
    assert taken("h", {"status": "text", "sum": "money", "other": "number"}, answer, ACME) == {
        "status": "sent",
        "sum": None,
        "other": None,
    }


@given(
    st.sampled_from(sorted(EXPECTED)),
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=50)),
)
def test_any_value_is_taken_or_refused(kind: VariableType, value: Value) -> None:
    kept = typed(value, kind, ACME)
    if kept is None:
        return
    if kind == "number":
        assert isinstance(kept, int | float)
        assert math.isfinite(kept)
    elif kind == "boolean":
        assert isinstance(kept, bool)
    else:
        assert isinstance(kept, str)
        assert "\x00" not in kept
    # What was taken once is taken again.
    assert typed(kept, kind, ACME) == kept


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example/orders/{order}?phone={caller.number}",
        "https://shop.example",
        "https://shop.example:8443?x={x}",
        "http://shop.example/",
        "https://магазин.рф/заказ/{order}",
        "https://[2606:4700::1111]/x",
    ],
)
def test_addresses_that_can_be_asked(url: str) -> None:
    assert url_problem(url) == ""


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("shop.example/orders", "is no web address"),
        ("ftp://shop.example/", "is no web address"),
        ("https:///orders", "is no web address"),
        ("https://{host}/orders", "has a variable in its host"),
        ("https://shop.{zone}/orders", "has a variable in its host"),
        ("{url}", "is no web address"),
        ("https://user:word@shop.example/", "holds a name or password"),
        ("https://shop.example/#part", "has a part after `#`"),
        ("https://shop.example/a b", "is no web address"),
        ("https://shop.example:port/", "is no web address"),
        ("https://shop.example:99999/", "is no web address"),
        ("https://shop.example\\@evil.example/", "holds a name or password"),
        ("https://shop.example/a/../b", "has . or .. in its path"),
    ],
)
def test_addresses_that_cannot(url: str, problem: str) -> None:
    assert problem in url_problem(url)


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_value_stays_one_piece_of_the_address(order: str, phone: str) -> None:
    template = "https://shop.example/orders/{order}/lines?phone={phone}&x=1"
    try:
        url = filled(template, {"order": order, "phone": phone})
    except StepError:
        assert order in (".", "..")
        return
    read = httpx.URL(url)
    assert (read.scheme, read.host, read.port) == ("https", "shop.example", None)
    path, _, query = read.raw_path.decode().partition("?")
    pieces = path.split("/")
    assert [unquote(piece) for piece in pieces] == ["", "orders", order, "lines"]
    assert [part.partition("=")[0] for part in query.split("&")] == ["phone", "x"]
    assert unquote(query.split("&")[0].partition("=")[2]) == phone


def test_an_address_that_grows_too_long_is_refused() -> None:
    with pytest.raises(StepError, match="4000 characters"):
        filled("https://shop.example/{a}{a}{a}{a}{a}", {"a": "x" * 900})
