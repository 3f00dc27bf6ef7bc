"""Files in every awkward state: half written, replaced, renamed, hidden, with a clock turned back (F44)."""

import asyncio
import fcntl
import os
import pwd
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.directory.directory import Tenant
from engine.directory.findings import Finding
from engine.directory.prompt_model import Prompt
from engine.directory.prompts import PromptLibrary
from engine.scenarios import reading
from engine.scenarios.check import check_scenario
from engine.scenarios.files import read_whole
from engine.scenarios.library import Library
from engine.scenarios.loader import ScenarioFile
from engine.scenarios.model import Scenario
from engine.scenarios.versions import Activation, Versions
from engine.settings import load_settings
from tests import sound
from tests.prompts.test_library import CountingSpeech
from tests.scenarios.test_library import MAIN, TENANT, Place, Unspoken, eventually, watching

NOBODY = pwd.getpwnam("nobody")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def goodbye(word: str) -> str:
    return MAIN.replace("Goodbye", word)


def said(place: Place) -> str:
    """The last words of a call that begins now."""
    scenario = place.library.find("acme", "main")
    assert scenario is not None
    return str(scenario.content["steps"]["bye"]["prompt"]["text"])


def lived(place: Place, name: str = "main") -> list[Activation]:
    pending = Versions(place.settings.versions_folder).pending()
    return [one for some in pending.values() for one in some if one.scenario == name]


def test_a_file_is_whole_when_nobody_has_it_open_for_writing(tmp_path: Path) -> None:
    path = tmp_path / "main.yaml"
    path.write_bytes(b"whole")
    assert read_whole(path) == b"whole"
    with path.open("wb") as writer:
        writer.write(b"ha")
        writer.flush()
        assert read_whole(path) is None
        writer.write(b"lf")
    assert read_whole(path) == b"half"
    with pytest.raises(FileNotFoundError):
        read_whole(tmp_path / "none.yaml")


@contextmanager
def as_nobody() -> Iterator[None]:
    """This process without root's rights."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)


def test_another_users_file_counts_as_whole() -> None:
    folder = Path(tempfile.mkdtemp(prefix="vats-files-"))
    folder.chmod(0o755)
    (folder / "main.yaml").write_bytes(b"one")
    try:
        with as_nobody():
            assert read_whole(folder / "main.yaml") == b"one"
    finally:
        shutil.rmtree(folder)


def test_without_leases_a_file_must_lie_still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "main.yaml"
    path.write_bytes(b"one")

    def no_lease(_descriptor: int, command: int, _argument: int = 0) -> int:
        if command == fcntl.F_SETLEASE:
            raise OSError(22, "Invalid argument")
        return 0

    monkeypatch.setattr("engine.scenarios.files.fcntl.fcntl", no_lease)
    assert read_whole(path) == b"one"
    monkeypatch.setattr("engine.scenarios.files.time.sleep", lambda _seconds: path.write_bytes(b"one, two"))
    assert read_whole(path) is None, "it grows while it is read"


def test_half_a_file_that_would_be_right_is_not_taken(place: Place) -> None:
    whole = goodbye("Good") + "    # a remark that ends the file\n"
    place.library.load()
    path = place.scenarios / "acme" / "main.yaml"
    with path.open("w") as writer:
        writer.write(goodbye("Good"))
        writer.flush()
        place.library.load()
        assert said(place) == "Goodbye"
        assert place.library.findings == [], "a moment's writing is nobody's mistake"
        writer.write(whole.removeprefix(goodbye("Good")))
    place.library.load()
    assert said(place) == "Good"
    assert [one.text for one in lived(place)] == [MAIN, whole]


def test_a_file_written_twice_in_one_tick_with_the_same_size_is_read_again(place: Place) -> None:
    path = place.scenarios / "acme" / "main.yaml"
    for round_ in range(20):
        for word in (f"a{round_:02}", f"b{round_:02}"):
            path.write_text(goodbye(word))
            place.library.load()
            assert said(place) == word


def test_a_clock_that_goes_back_hides_no_change(place: Place) -> None:
    place.library.load()
    path = place.scenarios / "acme" / "main.yaml"
    old = path.stat()
    for word in ("Bye-bye", "So long"):  # as long as Goodbye
        path.write_text(goodbye(word))
        os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns - 10**9))
        place.library.load()
        assert said(place) == word
    os.utime(path, ns=(0, 0))
    place.library.load()
    assert said(place) == "So long"
    at = [one.live_at for one in lived(place)]
    assert at == sorted(set(at))


def test_a_file_that_may_not_be_read_changes_nothing_and_says_so() -> None:
    folder = Path(tempfile.mkdtemp(prefix="vats-files-"))
    folder.chmod(0o755)
    try:
        place = Place(folder)
        for path in (folder, *folder.rglob("*")):
            os.chown(path, NOBODY.pw_uid, -1)
        with as_nobody():
            assert place.library.load() == []
            good = place.library.find("acme", "main")
            (place.scenarios / "acme" / "main.yaml").chmod(0)
            (place.tenants / "acme.yaml").chmod(0)
            found = [str(finding) for finding in place.library.load()]
            assert len(found) == 2
            assert all("cannot be read: Permission denied" in one for one in found)
            place.tenants.chmod(0)
            assert any(f"{place.tenants} cannot be read" in str(one) for one in place.library.load())
            assert place.library.find("acme", "main") == good
            assert place.library.directory.tenant("acme") is not None
            place.tenants.chmod(0o755)
    finally:
        shutil.rmtree(folder)


def test_an_empty_folder_takes_no_tenant_away(place: Place) -> None:
    place.library.load()
    place.tenants.rename(place.tenants.with_name("moved"))
    assert any("cannot be read" in str(one) for one in place.library.load())
    place.tenants.mkdir()
    assert any("no other is there" in str(one) for one in place.library.load())
    restarted = place.new_library()
    restarted.load()
    for library in (place.library, restarted):
        assert library.directory.number("+74951234567") is not None
        assert library.find("acme", "main") is not None


async def test_a_tenant_goes_when_his_file_stays_away(place: Place) -> None:
    other = TENANT.replace("acme", "zeta").replace("4567", "4568")
    shutil.copytree(place.scenarios / "acme", place.scenarios / "zeta")
    place.tenant(other, "zeta")
    async with watching(place):
        (place.tenants / "zeta.yaml").unlink()
        await eventually(lambda: bool(place.library.findings))
        assert place.library.directory.tenant("zeta") is not None, "it may be a moment's absence"
        await eventually(lambda: place.library.directory.tenant("zeta") is None)
        assert place.library.find("zeta", "main") is None
        assert place.library.find("acme", "main") is not None
        await eventually(lambda: place.library.findings == [])
        place.tenant(other, "zeta")
        await eventually(lambda: place.library.find("zeta", "main") is not None)
    assert [one.cause for one in lived_of(place, "zeta")] == ["saved", "removed", "saved"]


def lived_of(place: Place, tenant: str) -> list[Activation]:
    pending = Versions(place.settings.versions_folder).pending()
    return [one for some in pending.values() for one in some if one.tenant == tenant]


def test_a_file_renamed_goes_live_under_its_new_name_once_a_number_leads_there(place: Place) -> None:
    place.library.load()
    folder = place.scenarios / "acme"
    (folder / "main.yaml").rename(folder / "office.yaml")
    messages = [finding.message for finding in place.library.load()]
    assert "scenario is main in a file named office.yaml" in messages
    assert place.library.find("acme", "main") is not None
    place.main(MAIN.replace("scenario: main", "scenario: office"), "office")
    place.tenant(TENANT.replace("scenario: main", "scenario: office"))
    assert place.library.load() == []
    assert place.library.find("acme", "office") is not None
    assert place.library.find("acme", "main") is None
    assert [one.version == "" for one in lived(place)] == [False, True]


async def test_a_link_that_leads_to_the_next_release_switches_over_within_a_second(tmp_path: Path) -> None:
    for release, word in (("1", "One"), ("2", "Two")):
        place = Place(tmp_path / "releases" / release)
        place.main(goodbye(word))
        (tmp_path / "releases" / release / "config" / "vats.yaml").write_text("cell: cell1\n")
    current = tmp_path / "current"
    current.symlink_to("releases/1")
    settings = load_settings(
        {"VATS_CONFIG": str(current / "config" / "vats.yaml"), "VATS_HOME": str(tmp_path / "var")}
    )
    place.settings = settings
    place.library = place.new_library()
    place.library.load()
    task = asyncio.create_task(place.library.watch(nothing))
    try:
        await asyncio.sleep(0)
        for number, word in (("2", "Two"), ("1", "One"), ("2", "Two")):
            link = tmp_path / "new"
            link.symlink_to(f"releases/{number}")
            link.rename(current)
            assert await eventually(is_said(place, word)) < 1.0
        # What is saved in the folder that was linked to is seen as well.
        (tmp_path / "releases" / "2" / "ivr_scenarios" / "acme" / "main.yaml").write_text(goodbye("Three"))
        assert await eventually(is_said(place, "Three")) < 1.0
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def is_said(place: Place, word: str) -> Callable[[], bool]:
    return lambda: said(place) == word


async def nothing() -> None:
    """Nobody needs to be told."""


async def test_prompts_that_take_long_hold_up_nobody_else(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(place.scenarios / "acme", place.scenarios / "zeta")
    place.tenant(TENANT.replace("acme", "zeta").replace("4567", "4568"), "zeta")
    spoken, prepare = threading.Event(), place.voice.prepare

    def slow(tenant: str, folder: Path, language: str, prompts: Iterable[Prompt]) -> list[Unspoken]:
        wanted = list(prompts)
        if any("long" in str(prompt) for prompt in wanted):
            spoken.wait(20)
        return prepare(tenant, folder, language, wanted)

    async with watching(place):
        monkeypatch.setattr(place.voice, "prepare", slow)
        (place.scenarios / "zeta" / "main.yaml").write_text(goodbye("A long goodbye"))
        await asyncio.sleep(0.3)
        place.main(goodbye("Short"))
        assert await eventually(is_said(place, "Short")) < 1.5
        zeta = place.library.find("zeta", "main")
        assert zeta is not None
        assert "long" not in str(zeta.content)
        assert place.library.findings == []
        spoken.set()
        await eventually(lambda: "long" in str(place.library.find("zeta", "main")))


async def test_a_first_start_serves_before_all_prompts_are_made(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoken, prepare = threading.Event(), place.voice.prepare

    def slow(tenant: str, folder: Path, language: str, prompts: Iterable[Prompt]) -> list[Unspoken]:
        spoken.wait(20)
        return prepare(tenant, folder, language, prompts)

    monkeypatch.setattr(place.voice, "prepare", slow)
    began = asyncio.get_running_loop().time()
    assert await asyncio.to_thread(place.library.load, 0.1) == []
    assert asyncio.get_running_loop().time() - began < 5
    # The number is known, so its desk rings until then.
    assert place.library.directory.number("+74951234567") is not None
    assert (place.library.find("acme", "main"), place.library.preparing) == (None, 1)
    watcher = asyncio.create_task(place.library.watch(nothing))
    try:
        spoken.set()
        await eventually(lambda: place.library.find("acme", "main") is not None)
        assert place.library.preparing == 0
    finally:
        watcher.cancel()


async def test_only_what_changed_is_checked_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(30):
        place.main(MAIN.replace("main", f"m{number}"), f"m{number}")
    place.library.load()
    checked: list[str] = []

    def counted(file: ScenarioFile, tenant: Tenant | None) -> list[Finding]:
        checked.append(file.name)
        return check_scenario(file, tenant)

    monkeypatch.setattr(reading, "check_scenario", counted)
    place.library.load()
    assert checked == []
    place.main(goodbye("Farewell"))
    place.library.load()
    assert checked == ["main"]
    assert said(place) == "Farewell"


def test_each_time_that_something_goes_live_is_noted_with_its_text(place: Place) -> None:
    for text in (MAIN, goodbye("Two"), "scenario: main\n", MAIN, "# said twice\n" + MAIN):
        place.main(text)
        place.library.load()
    texts = [one.text for one in lived(place)]
    assert texts == [MAIN, goodbye("Two"), MAIN, "# said twice\n" + MAIN]
    versions = [one.version for one in lived(place)]
    assert versions[0] == versions[2] == versions[3] != versions[1]
    owner = pwd.getpwuid(os.getuid()).pw_name
    assert {(one.changed_by, one.cause) for one in lived(place)} == {(owner, "saved")}
    restarted = place.new_library()
    restarted.load()
    assert len(lived(place)) == 4, "a restart is no change"


async def test_calls_in_progress_hear_the_recording_that_they_began_with(tmp_path: Path) -> None:
    place = Place(tmp_path)
    prompts = PromptLibrary(place.settings, CountingSpeech())
    place.main(MAIN.replace("{text: Goodbye}", "news"))
    source = place.scenarios / "acme" / "prompts" / "news.wav"
    source.parent.mkdir()
    library = Library(place.settings, prompts)
    began: dict[int, Scenario] = {}
    for seconds in (1, 3, 2):
        sound.tone(source, 440, seconds)
        assert library.load() == []
        scenario = library.find("acme", "main")
        assert scenario is not None
        began[seconds] = scenario
    assert len({scenario.version for scenario in began.values()}) == 3
    after_restart = Library(place.settings, prompts)
    after_restart.load()
    for seconds, scenario in began.items():
        for known in (library.version(scenario.version), after_restart.version(scenario.version)):
            assert known is not None
            [media] = await prompts.media("acme", "ru", "news", {}, known.takes)
            size = Path(media.removeprefix("sound:") + ".alaw").stat().st_size
            assert size == pytest.approx(8000 * seconds, rel=0.1)
    prompts.close()
