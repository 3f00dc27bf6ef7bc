"""Queues of a tenant's file: members with more than a name, skills, and what is wrong with them (F15)."""

from pathlib import Path

import pytest

from engine.directory.loader import load_tenant

HEAD = """\
tenant: acme
title: A
users:
  "101": {name: Anna, skills: {english: 4}}
  "102": {name: Bob}
queues:
"""


def findings(folder: Path, queue: str) -> list[str]:
    path = folder / "acme.yaml"
    path.write_text(HEAD + queue)
    return [
        f"{one.line} {one.severity}: {one.message}, expected {one.expected}"
        for one in load_tenant(path).findings
    ]


def test_members_with_more_than_a_name(tmp_path: Path) -> None:
    path = tmp_path / "acme.yaml"
    path.write_text(
        HEAD + '  sales: {members: ["101", {user: "102", level: 2, preference: 3, weight: 5, '
        "skills: {german: 2}}], level_after: 20s, skills: {english: 3}, "
        "relax: {after: 30s, every: 15s, to: 1}, "
        "priority: 2, max_length: 10, join_when_empty: false, leave_when_empty: false}\n"
    )
    read = load_tenant(path)
    assert read.findings == ()
    assert read.tenant is not None
    queue = read.tenant.queues["sales"]
    assert queue.extensions == ["101", "102"]
    plain, full = queue.entries
    assert (plain.level, plain.preference, plain.weight, plain.skills) == (1, 1, 1, {})
    assert (full.level, full.preference, full.weight, full.skills) == (2, 3, 5, {"german": 2})
    assert (queue.priority_step, queue.leave_when_empty) == (60.0, False)
    assert read.tenant.users["101"].skills == {"english": 4}


BROKEN = {
    '  sales: {members: ["101"], skills: {englsh: 3}}\n': [
        "7 error: queue sales requires skill englsh, which no member has, expected one of english (did you "
        "mean english?)"
    ],
    '  sales: {members: ["102"], skills: {english: 3}}\n': [
        "7 error: queue sales requires skill english, which no member has, expected one that exists: there is"
        " none"
    ],
    '  sales: {members: ["101"], skills: {english: 5}}\n': [
        "7 warning: queue sales requires level 5 of skill english, and no member is better than 4, "
        "expected 4 or less, or `relax`"
    ],
    '  sales: {members: ["101"], skills: {english: 5}, relax: {after: 30s, to: 4}}\n': [],
    '  sales: {members: [{user: "102", skills: {english: 9}}], skills: {english: 9}}\n': [],
    '  sales:\n    members:\n      - {user: "103", level: 2}\n': [
        "9 error: unknown user 103 in queue sales, expected one of 101, 102 (did you mean 102?)"
    ],
    '  sales: {members: ["101", {user: "101", level: 2}]}\n': [
        "7 error: user 101 is listed twice, expected each once"
    ],
    '  sales: {members: [{user: "101", level: 0}]}\n': ["7 error: level is 0, expected at least 1"],
    '  sales: {members: ["101"], priority: 6}\n': ["7 error: priority is 6, expected at most 5"],
    '  sales: {members: ["101"], max_length: 0}\n': ["7 error: max_length is 0, expected at least 1"],
    '  sales: {members: ["101"], leave_when_empty: never}\n': [
        "7 error: leave_when_empty: 'never' is no duration, expected a time such as 500ms, 20s, 5m, 2h "
        "or 180d"
    ],
}


@pytest.mark.parametrize("queue", BROKEN)
def test_mistakes_are_named(queue: str, tmp_path: Path) -> None:
    assert findings(tmp_path, queue) == BROKEN[queue]
