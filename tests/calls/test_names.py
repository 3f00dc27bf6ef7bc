"""Whose number it is: phone book, users, then a service that may be late (F08)."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from engine.calls.names import REMEMBERED_S, CallerNames
from engine.calls.web_services import WebAnswer, WebRequest, WebServiceFailed
from engine.directory.directory import Tenant
from engine.directory.model import TenantModel
from engine.directory.names import known_name, shown
from engine.directory.tenant_file import tenant_of
from tests.virtual_time import run

URL = "https://crm.example/name?number={number}"


def tenant(**more: object) -> Tenant:
    file: dict[str, Any] = {
        "tenant": "acme",
        "title": "Acme",
        "users": {"101": {"name": "Анна", "mobile": "+79161234567"}},
        "phone_book": {"+79031112233": "Иван Петров"},
        "clients": {"kats": {"name": "Мария Кац", "numbers": ["+79035554433", "+79161234567"]}},
        "names": {"url": URL},
    }
    return tenant_of(TenantModel.model_validate({**file, **more}))


@dataclass
class Service:
    """Answers as told, after a time."""

    variables: Mapping[str, Any] = field(default_factory=dict)
    after: float = 0.0
    asked: list[WebRequest] = field(default_factory=list)

    async def ask(self, request: WebRequest) -> WebAnswer:
        self.asked.append(request)
        if self.after > request.timeout:
            await asyncio.sleep(request.timeout)
            raise WebServiceFailed("late")
        await asyncio.sleep(self.after)
        return WebAnswer(self.variables)


def test_the_phone_book_goes_before_users() -> None:
    acme = tenant()
    assert known_name(acme, "+79031112233") == "Иван Петров"
    assert known_name(acme, "+79161234567") == "Мария Кац"
    assert known_name(tenant(clients={}), "+79161234567") == "Анна"
    assert known_name(acme, "+79990000000") == known_name(acme, "") == ""


def test_a_display_shows_what_can_be_dialled() -> None:
    acme = tenant()
    assert shown(acme, "+79161234567", "Анна") == ("89161234567", "Анна")
    assert shown(acme, "+4930901820", "") == ("+4930901820", "")
    assert shown(acme, "101", "Анна") == ("101", "Анна")


def test_the_service_is_asked_once_in_five_minutes() -> None:
    async def main() -> None:
        names, acme, service = CallerNames(), tenant(), Service({"name": " ООО «Луч» "})
        assert names.remembered(acme, "+79990000000") is None
        assert await names.ask(service, acme, "+79990000000", "c1") == "ООО «Луч»"
        assert names.remembered(acme, "+79990000000") == "ООО «Луч»"
        assert names.remembered(acme, "+79990000001") is None
        assert names.remembered(tenant(names={"url": URL + "&v=2"}), "+79990000000") is None
        await asyncio.sleep(REMEMBERED_S + 1)
        assert names.remembered(acme, "+79990000000") is None
        [request] = service.asked
        assert request.url == "https://crm.example/name?number=%2B79990000000"
        assert (request.method, request.timeout, request.retries) == ("get", 0.3, 0)

    run(main())


def test_who_is_nobody_is_remembered_too() -> None:
    async def main() -> None:
        names, acme = CallerNames(), tenant()
        assert await names.ask(Service(), acme, "+79990000000", "c1") == ""
        assert names.remembered(acme, "+79990000000") == ""

    run(main())


@pytest.mark.parametrize("name", [7, "two\nlines", True])
def test_a_wrong_answer_is_no_name(name: object) -> None:
    async def main() -> None:
        names = CallerNames()
        with pytest.raises(WebServiceFailed):
            await names.ask(Service({"name": name}), tenant(), "+79990000000", "c1")
        assert names.remembered(tenant(), "+79990000000") is None

    run(main())


@pytest.mark.parametrize(
    "url", ["crm.example/{number}", "https://crm.example/", "ftp://x/{number}", "https://a b/{number}"]
)
def test_wrong_addresses_are_not_taken(url: str) -> None:
    with pytest.raises(ValueError, match="web address"):
        tenant(names={"url": url})
