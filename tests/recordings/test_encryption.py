"""Encryption at rest (F01): any length, nothing cut off or changed passes, a renewed key opens what was."""

import os
import stat
import threading
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from engine.recordings import encryption
from engine.recordings.encryption import (
    CannotOpen,
    decrypt_file,
    encrypt_file,
    key_name,
    opened_for_reading,
    renew_key,
    seal,
    show_key,
)
from engine.settings import Settings, SettingsError
from tests.recordings.age_format import opened

PIECE = 64 * 1024


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def sealed(settings: Settings, content: bytes, tenant: str = "romashka") -> Path:
    path = settings.recordings_folder / (tenant or "_none") / "2026-11-24" / "cell1-1.1.wav.age"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        seal(settings, tenant, (content[at : at + 1000] for at in range(0, len(content), 1000)), file)
    return path


def identity(settings: Settings, tenant: str = "romashka") -> str:
    return next(line for line in show_key(settings, tenant).splitlines() if line.startswith("AGE-"))


@pytest.mark.parametrize("size", [0, 1, 44, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 200_001])
def test_what_is_sealed_is_opened_again_by_us_and_by_another_reader(home: Settings, size: int) -> None:
    content = os.urandom(size)
    path = sealed(home, content)
    with opened_for_reading(home, path) as plain:
        assert plain.read_bytes() == content
        assert stat.S_IMODE(plain.stat().st_mode) == 0o600
        assert plain.suffix == ".wav"
    assert not list(home.opened_folder.iterdir()), "nothing plain stays"
    assert opened(path.read_bytes(), identity(home)) == content
    assert size < 32 or content[:32] not in path.read_bytes()


@hypothesis_settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_nothing_that_was_cut_off_or_changed_is_opened(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    home = Settings(home=tmp_path_factory.mktemp("home"))
    size = data.draw(st.sampled_from([100, PIECE, 2 * PIECE, 150_000]))
    path = sealed(home, bytes(range(256)) * (size // 256 + 1))
    content = path.read_bytes()
    what = data.draw(st.sampled_from(["cut", "cut a piece", "change", "add"]))
    # The header's length is not always the same.
    at = round(data.draw(st.floats(0, 1)) * (len(content) - 1))
    if what == "cut":
        path.write_bytes(content[:at])
    elif what == "cut a piece":
        path.write_bytes(content[: -(PIECE + 16)] if len(content) > 2 * PIECE else content[:-16])
    elif what == "change":
        path.write_bytes(
            content[:at] + bytes([content[at] ^ data.draw(st.integers(1, 255))]) + content[at + 1 :]
        )
    else:
        path.write_bytes(content + content[at:])
    with pytest.raises(CannotOpen, match=r"cell1-1\.1\.wav\.age: "), opened_for_reading(home, path):
        pass
    assert not list(home.opened_folder.iterdir())


def test_a_renewed_key_opens_what_was_and_seals_what_comes(home: Settings) -> None:
    before = sealed(home, b"before").rename(home.home / "before.wav.age")
    old = identity(home)
    public = renew_key(home, "romashka")
    after = sealed(home, b"after")
    target = home.home / "plain"
    for path, content in ((before, b"before"), (after, b"after")):
        decrypt_file(home, "romashka", path, target)
        assert target.read_bytes() == content
    assert identity(home) != old, "the newest is the first"
    assert public in show_key(home, "romashka")
    assert opened(before.read_bytes(), old) == b"before"
    with pytest.raises(InvalidTag):
        opened(after.read_bytes(), old)
    key = home.secrets_folder / key_name("romashka")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_two_renew_at_once_and_no_key_is_lost(home: Settings) -> None:
    first = identity(home)
    threads = [threading.Thread(target=renew_key, args=(home, "romashka")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    keys = [line for line in show_key(home, "romashka").splitlines() if line.startswith("AGE-")]
    assert len(set(keys)) == 9
    assert keys[-1] == first


def test_errors_tell_what_is_wrong_with_the_key(home: Settings) -> None:
    path = sealed(home, b"secret")
    key = home.secrets_folder / key_name("romashka")
    key.unlink()
    with pytest.raises(CannotOpen, match=r"there is no key for it: .*secrets/recordings-romashka: No such"):
        decrypt_file(home, "romashka", path, home.home / "plain")
    show_key(home, "romashka")  # another one is made
    with pytest.raises(CannotOpen, match=r"none of the keys in .*recordings-romashka opens it"):
        decrypt_file(home, "romashka", path, home.home / "plain")
    key.write_text("AGE-SECRET-KEY-NONSENSE\n")
    with pytest.raises(CannotOpen, match="a line is no key"):
        decrypt_file(home, "romashka", path, home.home / "plain")
    with pytest.raises(SettingsError, match="a line is no key"):
        sealed(home, b"secret")
    key.write_text("hello\n")
    with pytest.raises(SettingsError, match="expected lines that begin with AGE-SECRET-KEY-"):
        sealed(home, b"secret")
    assert not (home.home / "plain").exists()


def test_every_tenant_has_a_key_of_his_own(home: Settings) -> None:
    path = sealed(home, b"ours")
    show_key(home, "vektor")
    with pytest.raises(CannotOpen, match="none of the keys"):
        decrypt_file(home, "vektor", path, home.home / "plain")
    with opened_for_reading(home, sealed(home, b"nobody's", "")) as plain:
        assert plain.read_bytes() == b"nobody's"


def test_errors_of_the_disk_are_told_as_such(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    source = home.home / "plain.wav"
    source.write_bytes(bytes(300_000))
    encrypt_file(home, "romashka", source, home.home / "sealed.age")
    full = open("/dev/full", "wb")  # noqa: SIM115 (closed by what is being tested)

    def broken(_path: Path) -> object:
        return full

    monkeypatch.setattr(encryption, "_private", broken)
    with pytest.raises(OSError, match="No space left"):
        decrypt_file(home, "romashka", home.home / "sealed.age", home.home / "again.wav")
    with pytest.raises(FileNotFoundError):
        encrypt_file(home, "romashka", home.home / "none.wav", home.home / "none.age")
    assert not (home.home / "none.age").exists()
    assert [path.name for path in home.home.iterdir() if path.name.endswith(".part")] == []
