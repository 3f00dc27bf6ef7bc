"""What is found wrong with `input` and `request` before a caller meets it (F34, F43)."""

from pathlib import Path

import pytest

from engine.directory.loader import load_tenant
from engine.scenarios.check import check_scenario
from engine.scenarios.loader import load_scenario

TENANT = 'tenant: acme\ntitle: Acme\nusers: {"101": {name: Anna}}\n'
INPUT = "type: input, prompt: welcome, variable: contract, next: bye, on_invalid: bye, on_timeout: bye"
REQUEST = "type: request, next: bye, on_error: bye"
SHOP = "https://shop.example/"


def findings(folder: Path, step: str, tenant: str = TENANT) -> list[str]:
    """Severity and text of each, without the place."""
    (folder / "acme").mkdir()
    (folder / "acme.yaml").write_text(tenant)
    path = folder / "acme" / "main.yaml"
    path.write_text(
        f"scenario: main\nstart: ask\nsteps:\n  ask: {{{step}}}\n  bye: {{type: hangup, prompt: goodbye}}\n"
    )
    read = load_tenant(folder / "acme.yaml").tenant
    assert read is not None
    found = check_scenario(load_scenario(path), read)
    return [f"{one.severity}: {one.message}, expected {one.expected}" for one in found]


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (f"{INPUT}, min_digits: 5, max_digits: 4", "min_digits is 5 and max_digits 4"),
        (f"{INPUT}, min_digits: 0", "min_digits is 0"),
        (f"{INPUT}, max_digits: 41", "max_digits is 41"),
        (f"{INPUT}, attempts: 11", "attempts is 11"),
        (f'{INPUT}, terminator: "#", clear: "#"', "# both ends and takes back"),
        (f'{INPUT}, terminator: "1"', "terminator is 1"),
        (f"{INPUT}, secret: true, read_back: digits", "a secret is read back for all to hear"),
        (f"{INPUT}, read_back: date", "read_back is date"),
        (f"{INPUT}, check: {{list: []}}", "list is empty"),
        (f"{INPUT}, check: {{list: [12a]}}", "12a"),
        (f"{INPUT}, max_digits: 3, check: {{list: [104, 1042]}}", "1042 on the list can never be keyed in"),
        (f'{INPUT}, check: {{pattern: "(a"}}', "'(a' is no pattern: missing ): (a"),
        (f'{INPUT}, check: {{pattern: "(?=1)2"}}', "is no pattern: invalid perl operator: (?="),
        (f"{INPUT}, check: {{clients: name}}", "clients is name"),
        (f"{INPUT}, check: {{}}", "a check goes by one thing"),
        (f"{INPUT}, check: {{list: [1], clients: contract}}", "a check goes by one thing"),
        (f'{INPUT}, check: {{url: "shop.example"}}', "'shop.example' is no web address"),
        (f"{REQUEST}", "url is missing"),
        (f'{REQUEST}, url: "https://{{caller.number}}/"', "has a variable in its host"),
        (f'{REQUEST}, url: "https://u:p@shop.example/"', "holds a name or password"),
        (f'{REQUEST}, url: "{SHOP}", timeout: 31s', "a caller would wait for 31 s"),
        (f'{REQUEST}, url: "{SHOP}", retries: 4', "retries is 4"),
        (f'{REQUEST}, url: "{SHOP}", method: put', "method is put"),
        (f'{REQUEST}, url: "{SHOP}", headers: {{Host: a}}', "the header Host is set by the platform"),
        (f'{REQUEST}, url: "{SHOP}", headers: {{X-Vats-Signature: a}}', "is set by the platform"),
        (f'{REQUEST}, url: "{SHOP}", variables: {{sum: float}}', "sum is float"),
        (f'{REQUEST}, url: "{SHOP}", answers: {{found: nowhere}}', "nowhere"),
        (f'{REQUEST}, url: "{SHOP}{{order}}"', "no step sets the variable order"),
        (f'{REQUEST}, url: "{SHOP}", send: {{a: "{{order}}"}}', "no step sets the variable order"),
        (f'{REQUEST}, url: "{SHOP}", headers: {{X-A: "{{order}}"}}', "no step sets the variable order"),
        (f'{INPUT}, check: {{url: "{SHOP}", send: {{a: "{{order}}"}}}}', "no step sets the variable order"),
    ],
)
def test_errors(tmp_path: Path, step: str, message: str) -> None:
    found = findings(tmp_path, step)
    assert any(one.startswith("error") and message in one for one in found), found


def test_a_get_sends_nothing(tmp_path: Path) -> None:
    [found] = findings(tmp_path, f'{REQUEST}, url: "{SHOP}", method: get, send: {{a: b}}')
    assert found.startswith("warning: send has no effect")


def test_http_is_a_warning(tmp_path: Path) -> None:
    [found] = findings(tmp_path, f'{REQUEST}, url: "http://shop.example/"')
    assert found.startswith("warning: http:// is not encrypted")


@pytest.mark.parametrize(
    ("clients", "message"),
    [
        ("", "no client in the tenant's file has a contract number: only imported ones are found"),
        (
            "clients: {a: {name: A}}\n",
            "no client in the tenant's file has a contract number: only imported ones are found",
        ),
        (
            'clients: {a: {name: A, contract: "1"}, b: {name: B, contract: "DG-1234567"}}\n',
            "the contract 1234567 can never be keyed in",
        ),
    ],
)
def test_clients_who_can_never_be_found(tmp_path: Path, clients: str, message: str) -> None:
    [found] = findings(tmp_path, f"{INPUT}, max_digits: 6, check: {{clients: contract}}", TENANT + clients)
    assert found.startswith(f"warning: {message}")


@pytest.mark.parametrize(
    "step",
    [
        f'{INPUT}, check: {{url: "{SHOP}{{contract}}", variables: {{name: text}}}}',
        f'{REQUEST}, url: "{SHOP}?a={{caller.number}}", variables: {{sum: money}}, wait_prompt: please-wait',
    ],
)
def test_what_is_right_is_found_right(tmp_path: Path, step: str) -> None:
    assert findings(tmp_path, step) == []
