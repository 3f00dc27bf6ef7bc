"""The page of codes for people who use telephones is what the codes are, and every code is somebody's."""

from pathlib import Path

from engine.directory.codes import IN_COMPANY, SERVICE_CODES, TALK_CODES
from engine.directory.codes_page import telephone_page
from engine.directory.model import TenantModel
from engine.directory.numbering import resolve
from engine.directory.tenant_file import tenant_of
from engine.scenarios.roads.services import SERVICES, find_service, road_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operators" / "telephone.md"
TENANT = tenant_of(
    TenantModel.model_validate(
        {"tenant": "acme", "title": "Acme", "users": {"201": {"name": "Anna"}, "202": {"name": "Bob"}}}
    )
)
BEHIND = {
    "": "",
    "number": "202",
    "extension": "202",
    "slot": "71",
    "queue": "600",
    "reason": "1",
    "company": "71*202",
}


def test_the_page_is_up_to_date() -> None:
    page = telephone_page()
    assert PAGE.read_text() == page, "run python -m engine.directory.codes_page docs/operators/telephone.md"
    for code in (*SERVICE_CODES, *TALK_CODES):
        assert code.code in page


def test_every_code_that_is_dialled_leads_to_its_service_for_users_alone() -> None:
    for code in SERVICE_CODES:
        dialled = code.code + BEHIND[code.argument] + ("#" if code.ends_with_hash else "")
        if code.name == "own_number":
            continue  # a call like any other, with another number shown
        found = resolve(TENANT, dialled)
        assert (found.kind, found.value) == ("service", code.name), dialled
        if code.name == IN_COMPANY:
            assert road_of(found, "201") == ""  # within the company it is a call like any other
            continue
        road = road_of(found, "201")
        assert road.startswith("@"), dialled
        assert road_of(found, "") == ""
        if code.name != "mailbox":
            assert code.name in SERVICES
            assert find_service(road.partition("/")[2]) is not None
