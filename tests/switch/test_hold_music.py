"""Which music is there: a queue's own, else the tenant's, else nothing, and it is known (F05, F35)."""

import asyncio
from pathlib import Path

from engine.directory.directory import Directory
from engine.directory.tenant_file import tenant_of
from engine.hold_music import HoldMusic
from engine.settings import AsteriskSettings, Settings
from tests.queues.hall import tenant
from tests.sound import tone


class Ami:
    """Answers to a reload."""

    def __init__(self) -> None:
        self.reloads = 0

    async def wait_connected(self, limit: float) -> None:
        return

    async def reload(self, module: str) -> None:
        self.reloads += 1


async def classes(folder: Path, *, built_in: bool) -> dict[str, str | None]:
    root = folder / "root"
    moh = root / "usr/share/asterisk/moh"
    moh.mkdir(parents=True, exist_ok=True)
    if built_in:
        (moh / "one.wav").write_bytes(b"sound")
    config = folder / "config" / "vats.yaml"
    config.parent.mkdir(exist_ok=True)
    settings = Settings(config=config, home=folder / "var", asterisk=AsteriskSettings(root=str(root)))
    settings.run_folder.mkdir(parents=True, exist_ok=True)
    owner = tenant_of(
        tenant(sales={"members": ["101"], "music": "jazz"}, back={"members": ["101"], "music": "no"})
    )
    ami = Ami()
    music = HoldMusic(settings, ami, lambda: Directory.of([owner]))  # type: ignore[arg-type]
    assert music.class_for("romashka", "sales") == "tenant-romashka", "until it is known"
    running = asyncio.get_running_loop().create_task(music.run())
    async with asyncio.timeout(20):
        while not ami.reloads:
            await asyncio.sleep(0.02)
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait({running})
    return {name: music.class_for("romashka", name) for name in ("", "sales", "office", "back")}


async def test_f05_a_queues_music_is_in_the_tenants_folder_else_in_the_shared_one(tmp_path: Path) -> None:
    tone(tmp_path / "ivr_scenarios" / "romashka" / "music" / "jazz" / "one.wav", 600, 1)
    found = await classes(tmp_path, built_in=True)
    own = "tenant-romashka"
    assert found == {"": own, "sales": f"{own}.sales", "office": own, "back": own}


async def test_f05_a_shared_folder_is_a_queues_too(tmp_path: Path) -> None:
    tone(tmp_path / "config" / "music" / "jazz" / "one.wav", 600, 1)
    assert (await classes(tmp_path, built_in=True))["sales"] == "tenant-romashka.sales"


async def test_f35_where_there_is_no_music_at_all_that_is_known(tmp_path: Path) -> None:
    assert set((await classes(tmp_path, built_in=False)).values()) == {None}
