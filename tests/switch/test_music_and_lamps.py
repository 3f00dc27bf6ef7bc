"""What Asterisk reads of the tenants' music and of what phones may watch."""

from pathlib import Path

from engine.directory.model import TenantModel
from engine.directory.tenant_file import tenant_of
from engine.provisioning import watched
from engine.switch.lamps import HEAD as HINTS_HEAD
from engine.switch.lamps import render_hints, set_devices
from engine.switch.music import HEAD, render_music


def test_each_tenant_has_a_class_of_its_own_pieces_or_of_the_built_in_ones() -> None:
    text = render_music({"vektor": [], "romashka": [Path("/music/a1")]}, Path("/share/moh"))
    assert text == HEAD + (
        "\n[tenant-romashka]\nmode = playlist\nentry = /music/a1\nsort = random\n"
        "\n[tenant-vektor]\nmode = files\ndirectory = /share/moh\nsort = random\n"
    )


def test_a_queue_has_a_class_where_it_has_pieces() -> None:
    queues = {("romashka", "sales"): [Path("/music/b2")], ("romashka", "office"): []}
    text = render_music({"romashka": [Path("/music/a1")]}, Path("/share/moh"), queues)
    assert text.endswith("\n[tenant-romashka.sales]\nmode = playlist\nentry = /music/b2\nsort = random\n")
    assert "office" not in text


def test_a_context_of_hints_holds_the_tenants_own_devices_alone() -> None:
    content = {
        "tenant": "romashka",
        "title": "t",
        "users": {"101": {"name": "A", "devices": ["desk", "soft"]}},
        "parking": {"slots": "701-701"},
    }
    tenant = tenant_of(TenantModel.model_validate(content))
    assert render_hints({"romashka": watched(tenant)}) == HINTS_HEAD + (
        "\n[hints-romashka]\n"
        "exten => 101,hint,PJSIP/romashka-101-desk&PJSIP/romashka-101-soft&Stasis:dnd-romashka-101\n"
        "exten => 701,hint,Stasis:park-romashka-701\n"
    )


class _States:
    def __init__(self, **states: str) -> None:
        self.states = {f"Stasis:{name.replace('_', '-')}": state for name, state in states.items()}
        self.told: list[tuple[str, str]] = []

    async def device_states(self) -> dict[str, str]:
        return dict(self.states)

    async def set_device_state(self, name: str, state: str) -> None:
        self.told.append((name, state))


async def test_only_devices_that_differ_are_told_and_others_devices_are_left_alone() -> None:
    states = _States(dnd_t_101="BUSY", dnd_t_102="BUSY", park_t_701="NOT_INUSE", mine="BUSY")
    await set_devices(states, ["Stasis:dnd-t-101", "Stasis:park-t-701"])  # type: ignore[arg-type]
    assert states.told == [("Stasis:park-t-701", "BUSY"), ("Stasis:dnd-t-102", "NOT_INUSE")]
