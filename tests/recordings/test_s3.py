"""F01: stores, S3 against a real S3 server: what they say is there is there, what is said to be gone is."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

from engine.recordings.s3 import S3Store
from engine.recordings.stores import LocalStore, RecordingStore, StoreAway, StoreError, store_of
from engine.settings import RecordingSettings, Settings, SettingsError
from tests.recordings.s3_server import BUCKET, S3Server, road, s3_server, with_s3

KEY = "romashka/2026-11-24/cell1-1.1.wav"
CONTENT = bytes(range(256)) * 2000


@pytest.fixture
def server() -> Iterator[S3Server]:
    with s3_server() as made:
        yield made


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture(params=["local", "s3", "s3 with versions"])
def store(request: pytest.FixtureRequest, home: Settings) -> Iterator[RecordingStore]:
    if request.param == "local":
        yield LocalStore(home.recordings_folder)
        return
    server: S3Server = request.getfixturevalue("server")
    server.make_bucket(versions=request.param == "s3 with versions")
    yield S3Store.of(with_s3(home, server.address))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "one.wav"
    made.write_bytes(CONTENT)
    return made


def test_every_store_keeps_gives_and_deletes(store: RecordingStore, file: Path, tmp_path: Path) -> None:
    for _ in range(2):
        store.put(KEY, file)
    copy = tmp_path / "elsewhere" / "copy.wav"
    store.fetch(KEY, copy)
    assert copy.read_bytes() == CONTENT
    for _ in range(2):
        store.delete(KEY)
    with pytest.raises(StoreError):
        store.fetch(KEY, tmp_path / "none.wav")
    assert not (tmp_path / "none.wav").exists()
    assert not list(tmp_path.rglob(".*.part"))


def test_a_link_is_read_without_any_key(server: S3Server, home: Settings, file: Path) -> None:
    server.make_bucket()
    store = S3Store.of(with_s3(home, server.address))
    store.put(KEY, file)
    answer = httpx.get(store.link(KEY, 60))
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["content-type"] == "audio/wav"
    assert "X-Amz-Expires=60" in store.link(KEY, 60)


def test_deleting_takes_every_version_and_no_neighbour(server: S3Server, home: Settings, file: Path) -> None:
    server.make_bucket(versions=True)
    store = S3Store.of(with_s3(home, server.address))
    for content in (b"one", b"two"):
        file.write_bytes(content)
        store.put(KEY, file)
    store.put(KEY + ".other", file)
    server.admin.delete_object(Bucket=BUCKET, Key=KEY)  # hidden, and there all the same
    assert server.versions().count(KEY) == 3
    store.delete(KEY)
    assert server.versions() == [KEY + ".other"]


def test_what_was_damaged_on_the_way_does_not_count(server: S3Server, home: Settings, file: Path) -> None:
    server.make_bucket()
    with road(server.port) as bad:
        store = S3Store.of(with_s3(home, bad.address))
        bad.damage = True
        with pytest.raises(StoreError, match=r"not what was sent|Digest"):
            store.put(KEY, file)
        bad.damage = False
        store.put(KEY, file)
    assert server.content(KEY) == CONTENT


def test_what_was_changed_in_the_store_is_not_given_out(
    server: S3Server, home: Settings, file: Path, tmp_path: Path
) -> None:
    server.make_bucket()
    store = S3Store.of(with_s3(home, server.address))
    store.put(KEY, file)
    metadata = server.admin.head_object(Bucket=BUCKET, Key=KEY)["Metadata"]
    server.admin.put_object(Bucket=BUCKET, Key=KEY, Body=CONTENT[::-1], Metadata=metadata)
    with pytest.raises(StoreError, match=r"not what was once sent"):
        store.fetch(KEY, tmp_path / "copy.wav")
    assert not (tmp_path / "copy.wav").exists()


def test_a_missing_bucket_and_an_absent_server_are_told(server: S3Server, home: Settings, file: Path) -> None:
    store = S3Store.of(with_s3(home, server.address))
    for act in _changes(store, file):
        with pytest.raises(StoreAway, match=r"NoSuchBucket|bucket does not exist"):
            act()
    server.stop()
    try:
        for act in _changes(store, file):
            with pytest.raises(StoreAway, match="Could not connect"):
                act()
    finally:
        server.start()


@pytest.mark.parametrize("wrong", ["access", "secret"])
def test_wrong_keys_are_told(server: S3Server, home: Settings, file: Path, wrong: str) -> None:
    server.make_bucket()
    right = server.close_to_strangers()
    S3Store.of(with_s3(home, server.address, right)).put(KEY, file)
    access, secret = right.split()
    key = f"AKIANOBODY\n{secret}" if wrong == "access" else f"{access}\nnonsense"
    store = S3Store.of(with_s3(home, server.address, key))
    for act in _changes(store, file, put="other.wav"):
        with pytest.raises(StoreAway, match=r"Forbidden|InvalidAccessKeyId|SignatureDoesNotMatch"):
            act()
    assert server.names() == [KEY]


def test_settings_are_told_what_is_wrong(home: Settings, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs `bucket`"):
        RecordingSettings(store="s3")
    with pytest.raises(ValueError, match="go together"):
        RecordingSettings(bucket=BUCKET)
    with pytest.raises(SettingsError, match=r"recordings\.bucket"):
        store_of(home, "s3")
    with pytest.raises(SettingsError, match="two lines"):
        S3Store.of(with_s3(home, "http://127.0.0.1:1", "only-one"))
    settings = with_s3(home, "http://127.0.0.1:1")
    (settings.secrets_folder / "s3").unlink()
    with pytest.raises(SettingsError, match="s3: No such file"):
        S3Store.of(settings)


def test_a_path_out_of_the_folder_is_refused(home: Settings, file: Path) -> None:
    store = LocalStore(home.recordings_folder)
    for act in _changes(store, file, put="../x.wav", delete="/etc/passwd"):
        with pytest.raises(StoreError, match="is no path below"):
            act()


def _changes(
    store: RecordingStore, file: Path, *, put: str = KEY, delete: str = KEY
) -> list[Callable[[], None]]:
    return [partial(store.put, put, file), partial(store.delete, delete)]
