"""Where finished recordings lie: on the local disk, or in S3-compatible storage.

Everything here waits for a disk or a network, so the worker calls it in threads. A path is that of the table:
`TENANT/YYYY-MM-DD/CALL_ID.wav`.
"""

import os
import shutil
from pathlib import Path
from typing import Protocol

from engine.recordings.files import below
from engine.settings import Settings, SettingsError

LOCAL, UPLOADING, S3 = "local", "uploading", "s3"


class StoreError(Exception):
    """A store could not do it with this file; the message names the file and the reason."""


class StoreAway(StoreError):
    """The store can do nothing now: it is unreachable, refuses us, or there is no such bucket."""


class RecordingStore(Protocol):
    """One place for finished recordings. Every method may raise `StoreError`, `StoreAway` if all else would
    fail too. Doing anything twice is like doing it once.
    """

    def put(self, path: str, file: Path) -> None:
        """Keep a copy of `file`; returns only when it is there and the same."""

    def fetch(self, path: str, target: Path) -> None:
        """Write what is kept to `target`, whole or not at all."""

    def link(self, path: str, seconds: int) -> str:
        """An address that anybody can read the file at for so long."""

    def delete(self, path: str) -> None:
        """Returns only when it is gone for sure; it need not have been there."""

    def close(self) -> None:
        """What is still being sent is given up."""


class LocalStore:
    """Files below one folder. A file that is gone stays gone when the power fails."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, path: str, file: Path) -> None:
        self._copy(file, self.place(path))

    def fetch(self, path: str, target: Path) -> None:
        self._copy(self.place(path), target)

    def link(self, path: str, seconds: int) -> str:
        """The disk knows no time limit."""
        return self.place(path).absolute().as_uri()

    def delete(self, path: str) -> None:
        place = self.place(path)
        try:
            remove([place])
        except OSError as error:
            raise StoreError(f"{place}: cannot be deleted: {error.strerror}") from error

    def close(self) -> None:
        return

    def place(self, path: str) -> Path:
        """The file. Raises `StoreError` for a path that leads elsewhere."""
        try:
            return below(self._folder, path)
        except ValueError as error:
            raise StoreError(str(error)) from error

    def _copy(self, source: Path, target: Path) -> None:
        temporary = target.with_name(f".{target.name}.part")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with source.open("rb") as read, temporary.open("wb") as written:
                shutil.copyfileobj(read, written)
                written.flush()
                os.fsync(written.fileno())
            temporary.replace(target)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise StoreError(f"{error.filename or target}: {error.strerror}") from error


def remove(files: list[Path]) -> None:
    """Unlink files, and make sure that they stay so when the power fails. Raises `OSError`."""
    for file in files:
        file.unlink(missing_ok=True)
    for folder in {file.parent for file in files}:
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def local_store(settings: Settings) -> LocalStore:
    return LocalStore(settings.recordings_folder)


def remote_store(settings: Settings) -> RecordingStore | None:
    """The S3-compatible storage, if the settings name one, be it for old recordings only.

    Raises `SettingsError` when its key cannot be read.
    """
    if not settings.recordings.bucket:
        return None
    # The library takes a third of a second to load, and most installations have no such storage.
    from engine.recordings.s3 import S3Store

    return S3Store.of(settings)


def store_of(settings: Settings, name: str) -> RecordingStore:
    """The store that a row's `store` names. Raises `SettingsError` when the settings do not have it."""
    if name != S3:
        return local_store(settings)
    remote = remote_store(settings)
    if remote is None:
        raise SettingsError(
            f"{settings.config}: recordings.bucket: is not set, but recordings lie in S3-compatible storage"
        )
    return remote
