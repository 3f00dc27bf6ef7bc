"""Recordings and voice messages encrypted at rest, in the format age (age-encryption.org/v1).

age and not a format of ours: it is specified and implemented several times, so files can be opened without
us (`age -d -i VATS_HOME/secrets/recordings-TENANT FILE`); its payload is a stream of authenticated pieces, so
a file of any length is written in little memory, and one that was cut off or changed is refused.

A tenant's key file holds his identities, the newest first: files are encrypted to that one, and opened with
whichever fits. A key is made when it is first needed; nothing else opens the files.
"""

import asyncio
import fcntl
import os
import secrets as random
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import pyrage
from pyrage import x25519

from engine.recordings.files import owner_of
from engine.secrets import existing_secret, put_secret, secret
from engine.settings import Settings, SettingsError
from engine.switch.configuration import asterisk_user

ENDING = ".age"
_MARK = "AGE-SECRET-KEY-"


class CannotOpen(Exception):
    """An encrypted file cannot be read; the message names it and says why."""


def key_name(tenant: str) -> str:
    """The secret with a tenant's keys; "" is the tenant of calls to numbers of no tenant's."""
    return f"recordings-{tenant or '_none'}"


def is_encrypted(path: str | Path) -> bool:
    return str(path).endswith(ENDING)


def seal(settings: Settings, tenant: str, content: Iterable[bytes | bytearray], target: BinaryIO) -> None:
    """Write `content` encrypted. Raises `SettingsError` where there is no key, `OSError` for the disk."""
    newest = _keys(settings, tenant, make=True)[0]
    reader = _Reader(content)
    try:
        pyrage.encrypt_io(reader, target, [newest.to_public()])
    except pyrage.EncryptError as error:
        # The library tells of any error as its own.
        raise reader.error or OSError(f"cannot be encrypted: {error}") from error


def encrypt_file(settings: Settings, tenant: str, source: Path, target: Path) -> None:
    """`target` appears whole or not at all. Raises as `seal`."""
    temporary = target.with_name(f".{target.name}.part")
    try:
        with source.open("rb") as read, temporary.open("wb") as written:
            seal(settings, tenant, iter(lambda: read.read(1 << 16), b""), written)
            written.flush()
            os.fsync(written.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def decrypt_file(settings: Settings, tenant: str, source: Path, target: Path, *, name: str = "") -> None:
    """`target` appears whole or not at all. Raises `CannotOpen` and `OSError`; `name` is the file's name in
    messages, where it is not `source`'s.
    """
    shown = name or source
    try:
        keys = _keys(settings, tenant, make=False)
    except SettingsError as error:
        raise CannotOpen(f"{shown}: it is encrypted, and there is no key for it: {error}") from error
    temporary = target.with_name(f".{target.name}.part")
    try:
        with source.open("rb") as read, _private(temporary) as written:
            disk = _Writer(written)
            try:
                pyrage.decrypt_io(read, disk, keys)
            except (pyrage.DecryptError, OSError) as error:
                if disk.error is not None:
                    raise disk.error from error
                if "matching keys" not in str(error):
                    raise CannotOpen(f"{shown}: it is damaged: it was cut off or changed") from error
                path = settings.secrets_folder / key_name(tenant)
                raise CannotOpen(
                    f"{shown}: none of the keys in {path} opens it: it was encrypted with another one"
                ) from error
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def opened_for_reading(settings: Settings, path: Path) -> Iterator[Path]:
    """The plain file of a recording or voice message, good within; an encrypted one is decrypted into a file
    that we and Asterisk's user alone can read, and that is gone afterwards.

    `path` lies below the folder of recordings or of messages. Raises `CannotOpen` and `OSError`.
    """
    if not is_encrypted(path):
        yield path
        return
    folder = settings.opened_folder
    folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    plain = folder / f"{random.token_hex(16)}.wav"
    try:
        decrypt_file(settings, owner_of(path), path, plain, name=str(path))
        with suppress(SettingsError):  # where there is no such user, there is no switch that might play it
            user = asterisk_user(settings)
            if user is not None:
                os.chown(plain, user.pw_uid, user.pw_gid)
        yield plain
    finally:
        plain.unlink(missing_ok=True)


@asynccontextmanager
async def opened(settings: Settings, path: Path) -> AsyncIterator[Path]:
    """The same, for who must not wait for a disk."""
    context = opened_for_reading(settings, path)
    entering = asyncio.create_task(asyncio.to_thread(context.__enter__), name=f"open {path.name}")
    try:
        plain = await asyncio.shield(entering)
    except asyncio.CancelledError:
        await asyncio.wait({entering})
        if entering.exception() is None:
            context.__exit__(None, None, None)
        raise
    try:
        yield plain
    finally:
        await asyncio.to_thread(context.__exit__, None, None, None)


def show_key(settings: Settings, tenant: str) -> str:
    """The key file's text, for a copy in a safe place; a key is made where there is none."""
    _keys(settings, tenant, make=True)
    return existing_secret(settings, key_name(tenant))


def renew_key(settings: Settings, tenant: str) -> str:
    """A new key for what is encrypted from now on; the older ones stay below it, for what there is.

    Returns its public part. Raises `SettingsError`.
    """
    settings.secrets_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = settings.secrets_folder / f".{key_name(tenant)}.lock"
    with open(os.open(lock, os.O_RDWR | os.O_CREAT, 0o600), "wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        old = existing_secret(settings, key_name(tenant)) if _has_key(settings, tenant) else ""
        made = x25519.Identity.generate()
        put_secret(settings, key_name(tenant), f"{_text(made)}\n{old}".strip())
    return str(made.to_public())


def _has_key(settings: Settings, tenant: str) -> bool:
    return (settings.secrets_folder / key_name(tenant)).exists()


def _keys(settings: Settings, tenant: str, *, make: bool) -> list[x25519.Identity]:
    """Never empty. Raises `SettingsError`."""
    name = key_name(tenant)
    if make:
        text = secret(settings, name, lambda: _text(x25519.Identity.generate()))
    else:
        text = existing_secret(settings, name)
    try:
        found = [x25519.Identity.from_str(line) for line in text.split() if line.startswith(_MARK)]
    except pyrage.IdentityError as error:
        raise SettingsError(f"{settings.secrets_folder / name}: a line is no key: {error}") from error
    if not found:
        raise SettingsError(f"{settings.secrets_folder / name}: expected lines that begin with {_MARK}")
    return found


def _text(key: x25519.Identity) -> str:
    """As `age-keygen` writes it."""
    return f"# public key: {key.to_public()}\n{key}"


@contextmanager
def _private(path: Path) -> Iterator[BinaryIO]:
    """A new file that others cannot read."""
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        yield file


class _Reader:
    """Pieces of content as a file to be read; what goes wrong meanwhile is kept."""

    def __init__(self, content: Iterable[bytes | bytearray]) -> None:
        self._pieces = iter(content)
        self._left = memoryview(b"")
        self.error: BaseException | None = None

    def read(self, size: int) -> bytes:
        try:
            while not self._left:
                self._left = memoryview(next(self._pieces))
        except StopIteration:
            return b""
        except BaseException as error:
            self.error = error
            raise
        found, self._left = self._left[:size], self._left[size:]
        return bytes(found)


class _Writer:
    """A file to be written to; what goes wrong with it is kept: the library tells of it as its own."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        try:
            return self._file.write(data)
        except OSError as error:
            self.error = error
            raise

    def flush(self) -> None:
        self._file.flush()
