"""What `vats check` says of a tenant's clients (F31)."""

from pathlib import Path

import pytest

from engine.directory.loader import load_tenant

HEAD = 'tenant: acme\ntitle: A\nusers: {"101": {name: A}, "102": {name: B}, "103": {name: C}}\n'
CIRCLE = HEAD.replace("{name: A}", '{name: A, substitute: "102"}').replace(
    "{name: B}", '{name: B, substitute: "101"}'
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (HEAD, []),
        (
            HEAD + 'clients: {a: {name: A, specialist: "109"}}\n',
            ["4:36 unknown-user: unknown user 109"],
        ),
        (
            HEAD + 'clients: {a: {name: A, substitute: "109"}}\n',
            ["4:36 unknown-user: unknown user 109"],
        ),
        (
            HEAD.replace("{name: A}", '{name: A, substitute: "9999"}'),
            ["3:38 unknown-user: unknown user 9999"],
        ),
        (CIRCLE, ["3:38 substitute-loop: people stand in for each other in a circle: 101 → 102 → 101"]),
        (
            HEAD + "plans: {vip: {}}\nclients: {a: {name: A, plan: gold}}\n",
            ["5:30 unknown-plan: unknown plan gold"],
        ),
        (
            HEAD + 'clients:\n  a: {name: A, numbers: ["+79031112233"], contract: "7"}\n'
            '  b: {name: B, numbers: ["+79031112233"], contract: "N 7"}\n',
            [
                "6:26 shared-client: number +79031112233 is a's too",
                "6:53 shared-client: contract N 7 is a's too",
            ],
        ),
        (
            HEAD + "ring_back: {}\n",
            ["4:1 never-taken: nobody is ever rung back: the tenant has no way outside"],
        ),
    ],
)
def test_f31_what_is_odd_about_clients(tmp_path: Path, text: str, found: list[str]) -> None:
    path = tmp_path / "acme.yaml"
    path.write_text(text)
    told = load_tenant(path).findings
    assert [f"{one.line}:{one.column} {one.code}: {one.message}" for one in told] == found
