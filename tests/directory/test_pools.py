"""Pools of secretaries: both files must agree, and nobody learns of other tenants (F20)."""

from pathlib import Path

import pytest

from engine.directory.directory import Directory
from engine.directory.loader import load_directory

PULT = """\
tenant: pult
title: Пульт
users: {"201": {name: Вера}, "202": {name: Зоя}}
pool:
  serves: [romashka, zdorovie]
"""
CUSTOMER = """\
tenant: NAME
title: Клиент
users: {"201": {name: Анна}}
queues:
  main: {members: ["201"], pool: {tenant: pult, level: 2}}
  own: {members: ["201"]}
"""


def load(folder: Path, **files: str) -> tuple[Directory, list[str]]:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text.replace("NAME", name))
    directory, findings, _ = load_directory(folder)
    return directory, [
        f"{Path(one.file).name}:{one.line} {one.severity} {one.code}: {one.message}, expected {one.expected}"
        for one in findings
    ]


def test_both_say_so(tmp_path: Path) -> None:
    directory, findings = load(tmp_path, pult=PULT, romashka=CUSTOMER, zdorovie=CUSTOMER, other=CUSTOMER)
    assert findings == [
        "other.yaml:5 error pool-disagrees: queue main asks for the pool pult, which does not serve other, "
        "expected one that exists: there is none"
    ]
    romashka, other = directory.tenants["romashka"], directory.tenants["other"]
    assert [user.accounts() for user in romashka.secretaries_of("main").values()] == [
        ["pult-201-desk"],
        ["pult-202-desk"],
    ]
    assert list(romashka.secretaries) == ["pult/201", "pult/202"]
    assert romashka.secretaries_of("own") == {}
    assert other.secretaries == {}
    [anna, vera] = [romashka.person("201"), romashka.person("pult/201")]
    assert anna is not None
    assert vera is not None
    assert (anna.name, vera.name) == ("Анна", "Вера"), "an extension is the tenant's own"
    assert romashka.person("pult/203") is None
    assert directory.tenants["pult"].secretaries == {}
    assert directory.tenants["pult"].who_may_serve() == {"201", "202"}


def test_all_tenants_and_some_people(tmp_path: Path) -> None:
    pult = PULT.replace("[romashka, zdorovie]", 'all\n  members: ["202"]')
    directory, findings = load(
        tmp_path, pult=pult, romashka=CUSTOMER.replace("{tenant: pult, level: 2}", "pult")
    )
    assert findings == []
    assert list(directory.tenants["romashka"].secretaries) == ["pult/202"]
    queue = directory.tenants["romashka"].queues["main"]
    assert queue.pool is not None
    assert (queue.pool.tenant, queue.pool.level) == ("pult", 1)


def test_links_follow_either_file(tmp_path: Path) -> None:
    before, _ = load(tmp_path, pult=PULT, romashka=CUSTOMER, zdorovie=CUSTOMER)
    same = Directory.of(before.tenants.values())
    assert all(same.tenants[name] is tenant for name, tenant in before.tenants.items()), (
        "nothing is made anew"
    )
    after, _ = load(tmp_path, pult=PULT.replace("romashka, ", ""))
    mixed = Directory.of([after.tenants["pult"], before.tenants["romashka"], before.tenants["zdorovie"]])
    assert mixed.tenants["romashka"].secretaries == {}
    assert mixed.tenants["zdorovie"] is before.tenants["zdorovie"]


WRONG = {
    "unknown": (
        PULT.replace("zdorovie", "zdorove"),
        CUSTOMER,
        ["pult.yaml:5 error unknown-customer: unknown tenant zdorove, expected one of romashka"],
    ),
    "unused": (
        PULT.replace(", zdorovie", ""),
        CUSTOMER.replace(", pool: {tenant: pult, level: 2}", ""),
        [
            "pult.yaml:5 warning pool-unused: no queue of romashka asks for this pool: it serves nobody "
            "there, expected `pool: pult` of a queue of romashka"
        ],
    ),
    "itself": (
        PULT.replace("zdorovie", "pult"),
        CUSTOMER,
        [
            "pult.yaml:5 error pool-disagrees: a pool serves other tenants, not its own, expected members of "
            "its own queues"
        ],
    ),
    "member": (
        PULT.replace("[romashka, zdorovie]", 'all\n  members: ["203"]'),
        CUSTOMER.replace(", pool: {tenant: pult, level: 2}", ""),
        [
            "pult.yaml:6 error unknown-user: unknown user 203 in pool, expected one of 201, 202 (did you "
            "mean 202?)"
        ],
    ),
    "code": (
        PULT.replace(
            "[romashka, zdorovie]", 'all\n  codes: {"71": zdorovie, "72": romashka/mein, "73": romashka}'
        ),
        CUSTOMER,
        [
            "pult.yaml:6 error pool-disagrees: the code 71 means zdorovie, which this pool does not serve, "
            "expected one of romashka, romashka/main",
            "pult.yaml:6 error pool-disagrees: the code 72 means romashka/mein, which this pool does not "
            "serve, expected one of romashka, romashka/main (did you mean romashka/main?)",
        ],
    ),
    "extension": (
        PULT.replace("[romashka, zdorovie]", 'all\n  codes: {"71": romashka}')
        + 'queues: {own: {members: ["201"], extension: "71"}}\n',
        CUSTOMER,
        [
            "pult.yaml:6 error given-twice: the code 71 is the extension of the queue own, expected another "
            "code"
        ],
    ),
    "nobody": (
        PULT.replace("[romashka, zdorovie]", "all"),
        CUSTOMER.replace('members: ["201"], pool: {tenant: pult, level: 2}', "login: true"),
        ["romashka.yaml:5 error wrong-value: main: nobody serves the queue, expected `members` or `pool`"],
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_findings(case: str, tmp_path: Path) -> None:
    pult, romashka, expected = WRONG[case]
    findings = load(tmp_path, pult=pult, romashka=romashka)[1]
    assert findings == expected


ANSWERING = """\
answering:
  greeting: Здравствуйте
  links: [{title: Цены, url: "http://romashka.example/prices"}]
  form:
    topic: {label: Тема, kind: choice}
    message: {label: Сообщение, choices: [да]}
"""


def test_cards_are_checked(tmp_path: Path) -> None:
    findings = load(tmp_path, romashka=CUSTOMER.replace(", pool: {tenant: pult, level: 2}", "") + ANSWERING)[
        1
    ]
    assert [one.partition(" ")[0] for one in findings] == [
        "romashka.yaml:9",
        "romashka.yaml:11",
        "romashka.yaml:12",
    ]
    assert "http://romashka.example/prices" in findings[0]
    assert "kind choice has no `choices`" in findings[1]
    assert "kind text has `choices`" in findings[2]
