"""Tenant files: what is read, and how each mistake is named (F17)."""

from pathlib import Path

import pytest

from engine.directory.loader import load_directory, load_tenant
from engine.directory.model import TenantModel

GOOD = """\
tenant: acme
title: ООО «Акме»
numbers:
  "+74951234567": {scenario: main, title: Офис}
users:
  "101": {name: Анна, mobile: "+79161234567"}
  102: {name: Пётр, devices: [desk, web]}
groups:
  managers: {members: [101, "102"], timeout: 20s}
queues:
  sales: {members: ["101"], max_wait: 5m, announce: {position: 30s, wait: true}, callback: true}
schedules:
  office:
    hours: {mon-fri: "09:00-13:00, 14:00-18:00", sat: "22:00-06:00"}
    holidays: ru
    dates: {2026-12-31: "09:00-15:00", 2027-01-09: closed}
phone_book: {"+79031112233": Иван Петров}
clients:
  vektor: {name: Мария Кац, numbers: ["+79035554433"], specialist: "102", priority: 2}
outgoing: {trunk: demo, number: "+74951234567"}
tariff: {meter_from: answer, per_minute: "1.50"}
recording: {enabled: true, keep: 180d}
"""


def written(folder: Path, text: str, name: str = "acme.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_whole_tenant(tmp_path: Path) -> None:
    written(tmp_path, GOOD)
    directory, findings, _ = load_directory(tmp_path, trunks={"demo"})
    assert findings == []
    entry = directory.number("+74951234567")
    assert entry is not None
    assert (entry.tenant, entry.scenario, entry.title) == ("acme", "main", "Офис")
    tenant = directory.tenant("acme")
    assert tenant is not None
    assert tenant.users["101"].endpoints() == ["PJSIP/acme-101-desk"]
    assert tenant.users["102"].endpoints() == ["PJSIP/acme-102-desk", "PJSIP/acme-102-web"]
    assert tenant.groups["managers"].members == ("101", "102")
    assert tenant.groups["managers"].timeout == 20.0
    assert tenant.desk_users() == ["101"]  # the first user, where no desk is named
    assert tenant.tariff.per_minute == 150
    assert tenant.recording.keep == 180 * 86400
    assert tenant.name_of("+79031112233") == "Иван Петров"
    assert tenant.name_of("+79035554433") == "Мария Кац"
    assert tenant.name_of("+79990000000") == ""
    user = directory.user_of_endpoint("PJSIP/acme-102-web")
    assert user is not None
    assert user.extension == "102"
    assert directory.user_of_endpoint("acme-999-desk") is None


def test_the_desk_that_is_named_rings(tmp_path: Path) -> None:
    tenant = load_tenant(written(tmp_path, GOOD + 'desk: "102"\n')).tenant
    assert tenant is not None
    assert tenant.desk_users() == ["102"]


HEAD = 'tenant: acme\ntitle: A\nusers:\n  "101": {name: Anna}\n'

BROKEN = {
    "no user": ("tenant: acme\ntitle: A\n", ["1: the tenant has no users, expected at least one"]),
    "missing title": (
        'tenant: acme\nusers: {"101": {name: Anna}}\n',
        ["1: title is missing, expected title: …"],
    ),
    "other name": (
        HEAD.replace("acme", "other"),
        ["1: tenant is other in a file named acme.yaml, expected tenant: acme"],
    ),
    "unknown name": (
        HEAD + "countri: RU\n",
        [
            f"5: unknown name countri, expected one of {len(TenantModel.model_fields)} names "
            "(did you mean country?)"
        ],
    ),
    "twice": (HEAD + "title: B\n", ["5: title is given twice, first in line 2, expected each name once"]),
    "member": (
        HEAD + 'groups:\n  sales:\n    members:\n      - "101"\n      - "110"\n',
        ["9: unknown user 110 in group sales, expected one of 101 (did you mean 101?)"],
    ),
    "duration": (
        HEAD + 'groups: {sales: {members: ["101"], timeout: soon}}\n',
        ["5: timeout: 'soon' is no duration, expected a time such as 500ms, 20s, 5m, 2h or 180d"],
    ),
    "order": (
        HEAD + 'groups: {sales: {members: ["101"], ring: once}}\n',
        ["5: ring is once, expected one of all, least_recent, random, sequence"],
    ),
    "zone": (
        HEAD + "timezone: Europe/Moskow\n",
        ["5: timezone: unknown time zone Europe/Moskow, expected a name such as Europe/Moscow"],
    ),
    "number": (
        HEAD + 'numbers: {"84951234567": {scenario: main}}\n',
        ['5: wrong name 84951234567, expected a number with country code, such as "+74951234567"'],
    ),
    "extension": (
        HEAD + '  "1": {name: Bob}\n',
        ["5: wrong name 1, expected an extension of 2 to 6 digits"],
    ),
    "hours": (
        HEAD + "schedules:\n  office:\n    hours: {mon-fri: 9-18}\n",
        ["7: mon-fri: '9-18' are no hours, expected \"09:00-13:00, 14:00-18:00\" or closed"],
    ),
    "days": (
        HEAD + 'schedules:\n  office:\n    hours: {workdays: "09:00-18:00"}\n',
        ["7: workdays: 'workdays' are no days, expected mon, mon-fri or \"sat, sun\""],
    ),
    "money": (
        HEAD + 'tariff: {per_minute: "1.505"}\n',
        ["5: per_minute: '1.505' is no amount, expected roubles such as \"1.50\""],
    ),
    "shared extension": (
        HEAD + 'groups:\n  sales: {members: ["101"], extension: "101"}\n',
        ["6: group sales has the extension 101 of user 101, expected one of its own"],
    ),
    "emergency extension": (
        'tenant: acme\ntitle: A\nusers:\n  "112": {name: Anna}\n',
        ["4: the extension 112 is an emergency number, expected another one"],
    ),
    "emergency number that is meant": (
        HEAD + 'emergency: ["101"]\n',
        ["4: the extension 101 is an emergency number, expected another one"],
    ),
    "route": (
        HEAD + 'numbers: {"+74951234567": {scenario: main}}\n'
        'outgoing: {number: "+74951234567", routes: [{prefix: "+7", trunks: [demo, dmo]}]}\n',
        ["6: unknown trunk dmo, expected one of demo (did you mean demo?)"],
    ),
    "no way out": (
        HEAD + 'outgoing: {number: "+74951234567"}\n',
        ["5: outgoing: calls outside have no way: expected `trunk` or `routes`"],
    ),
    "users number": (
        HEAD.replace("{name: Anna}", '{name: Anna, number: "+74959999999"}'),
        ["4: +74959999999 is not a number of this tenant, expected one that exists: there is none"],
    ),
    "blocked": (
        HEAD + 'blocked: ["89031112233"]\n',
        ['5: 0: \'89031112233\' is no number, expected "+79031112233" or the beginning of one: "+7809*"'],
    ),
    "desk": (HEAD + 'desk: "909"\n', ["5: unknown user 909, expected one of 101"]),
    "trunk": (
        HEAD + 'numbers: {"+74951234567": {scenario: main}}\n'
        'outgoing: {trunk: dmo, number: "+74951234567"}\n',
        ["6: unknown trunk dmo, expected one of demo (did you mean demo?)"],
    ),
    "other number": (
        HEAD + 'outgoing: {trunk: demo, number: "+74951234567"}\n',
        ["5: +74951234567 is not a number of this tenant, expected one that exists: there is none"],
    ),
    "bad YAML": (
        "tenant: acme\nusers: [\n",
        ["2: this [ is not closed, expected ] or a comma after its last value"],
    ),
    "tabs": (
        "tenant: acme\n\ttitle: A\n",
        ["2: a tab, expected spaces: tabs indent nothing in YAML"],
    ),
    "list": ("- a\n", ["1: the file holds no names, expected `name: value` lines"]),
    "empty": ("", ["1: the file is empty, expected `name: value` lines"]),
    "text for a mapping": (
        HEAD.replace("{name: Anna}", "Anna"),
        ["4: 101 is Anna, expected `name: value` lines"],
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_mistakes_are_named(case: str, tmp_path: Path) -> None:
    text, expected = BROKEN[case]
    path = written(tmp_path, text)
    file = load_tenant(path, trunks={"demo"})
    assert [str(finding).removeprefix(f"{path}:") for finding in file.findings] == expected
    assert file.tenant is None


def test_a_number_belongs_to_one_tenant(tmp_path: Path) -> None:
    written(tmp_path, GOOD)
    path = written(tmp_path, GOOD.replace("tenant: acme", "tenant: zeta"), "zeta.yaml")
    directory, findings, _ = load_directory(tmp_path)
    assert list(map(str, findings)) == [
        f"{path}:4: number +74951234567 belongs to {tmp_path}/acme.yaml too, expected one tenant"
    ]
    assert list(directory.tenants) == ["acme"]


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "acme.yaml"
    path.write_bytes(b"tenant: acme\ntitle: \xff\xfe\n")
    assert str(load_tenant(path).findings[0]) == (
        f"{path}:2: not UTF-8 text: byte 0xff, expected a file saved as UTF-8"
    )


def test_aliases_cannot_make_a_file_endless(tmp_path: Path) -> None:
    bomb = "a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
        f"{name}: &{name} [{', '.join('*' + before for _ in range(10))}]\n"
        for before, name in zip("abcdef", "bcdefg", strict=True)
    )
    path = written(tmp_path, bomb)
    assert str(load_tenant(path).findings[0]) == f"{path}:1: more than 50000 values, expected a smaller file"


def test_an_emergency_number_that_nobody_can_dial_is_warned_of(tmp_path: Path) -> None:
    """101 is 01 too, so that nothing is lost in Russia; in Germany there is one form of 110."""
    german = 'tenant: acme\ntitle: A\ncountry: DE\nusers:\n  "110": {name: Anna}\n'
    path = written(tmp_path, german)
    assert [str(finding).removeprefix(f"{path}:") for finding in load_tenant(path).findings] == [
        "5: warning: 110: emergency numbers too, which nobody can dial then, expected other extensions, "
        'or `emergency: ["112"]` to say that it is meant'
    ]
    path.write_text(german + 'emergency: ["112"]\n')
    assert load_tenant(path).findings == ()
    path.write_text(HEAD)
    assert load_tenant(path).findings == ()
