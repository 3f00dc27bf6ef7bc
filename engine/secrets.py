"""Secrets: one file each in `VATS_HOME/secrets`, mode 0600. Ours are made when first asked for; what others
gave us, a trunk's password, is only ever read.
"""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from engine.settings import Settings, SettingsError

GENERATED = ("ari", "ari-fallback", "ami", "mailboxes")
_ACCOUNT = "sip-"  # and an account's name
_BYTES = 24


def _token() -> str:
    return secrets.token_urlsafe(_BYTES)


def secret(settings: Settings, name: str, make: Callable[[], str] = _token) -> str:
    """The secret of this name, made by `make` if there is none yet.

    Two processes that ask at once get the same one. Raises `SettingsError` for a name that is no file name
    and for a folder that cannot be written.
    """
    path = _path(settings, name)
    try:
        settings.secrets_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _create(path, make())
        return path.read_text().strip()
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}; the secrets' folder must be ours to write") from error


def renew(settings: Settings, name: str) -> str:
    """A new secret in the place of the one of this name. Raises `SettingsError`."""
    value = _token()
    put_secret(settings, name, value)
    return value


def put_secret(settings: Settings, name: str, value: str) -> None:
    """Put this value in the place of the secret of this name. Raises `SettingsError`."""
    path = _path(settings, name)
    part = _part(path)
    try:
        settings.secrets_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(part, value)
        part.replace(path)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}; the secrets' folder must be ours to write") from error


def existing_secret(settings: Settings, name: str) -> str:
    """The secret of this name, which must be there: nothing is made.

    Raises `SettingsError` for a file that is missing or cannot be read, and for a name that is no file name.
    """
    path = _path(settings, name)
    try:
        return path.read_text().strip()
    except OSError as error:
        ours = name in GENERATED or name.startswith(_ACCOUNT)
        advice = "run `vats up` once, it makes this secret" if ours else "expected a file with the password"
        raise SettingsError(f"{path}: {error.strerror}; {advice}") from error


def make_all(settings: Settings) -> None:
    """Generate every secret that the installation itself needs."""
    for name in GENERATED:
        secret(settings, name)


def _path(settings: Settings, name: str) -> Path:
    if not name or name != Path(name).name or name.startswith("."):
        raise SettingsError(f"{name!r}: not a name for a secret, expected a plain file name")
    return settings.secrets_folder / name


def _create(path: Path, value: str) -> None:
    """Whole or not at all, and the first one wins: a link never replaces a file."""
    part = _part(path)
    try:
        _write(part, value)
        try:
            os.link(part, path)
        except FileExistsError:
            return
    finally:
        part.unlink(missing_ok=True)


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")


def _write(part: Path, value: str) -> None:
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(value + "\n")
        file.flush()
        os.fsync(file.fileno())
