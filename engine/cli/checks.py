"""What `vats doctor` looks at. Each check yields findings; none changes anything."""

import asyncio
import json
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy.exc import SQLAlchemyError

from engine import health
from engine.integrations.mail.server import ServerAway, greet
from engine.journal.refused import refused_calls, refused_file, what_to_do
from engine.secrets import GENERATED
from engine.settings import Settings, SettingsError
from engine.sockets import Listener, exposed, inodes, listeners
from engine.store.database import Database, DatabaseError
from engine.store.migrate import require_newest
from engine.switch.configuration import asterisk_user, command
from engine.switch.trunks import trunk_view

LEAST_PYTHON = (3, 11)
LEAST_ASTERISK = (22, 10, 1)
PROCESSES = ("asterisk", "engine", "worker", "web", "fallback")
_MEGABYTE = 1024 * 1024
_DISK_WARN, _DISK_FAIL = 2048 * _MEGABYTE, 200 * _MEGABYTE

Status = Literal["OK", "WARN", "FAIL"]


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report. `advice` says what to do; empty when all is well."""

    check: str
    status: Status
    message: str
    advice: str = ""


def all_findings(settings: Settings) -> Iterator[Finding]:
    """Every check in turn; one that breaks is itself a finding."""
    checks: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
        _python, _asterisk, _user, _folders, _secrets, _trunks, _mail, _database,
        _journal, _programs, _disk, _ports, _addresses, _processes,
    )  # fmt: skip
    for check in checks:
        name = check.__name__.strip("_")
        try:
            yield from check(settings)
        except (OSError, SettingsError, subprocess.SubprocessError) as error:
            yield Finding(name, "FAIL", str(error), "see the message")


def running(settings: Settings) -> dict[str, int]:
    """The pids of our processes that run, by name, from the pid files of `vats up`."""
    found = {}
    for name in PROCESSES:
        path = settings.run_folder / f"{name}.pid"
        try:
            pid = int(path.read_text())
            os.stat(f"/proc/{pid}")
        except (OSError, ValueError):
            continue
        found[name] = pid
    return found


def _python(_settings: Settings) -> Iterator[Finding]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info[:2] >= LEAST_PYTHON:
        yield Finding("python", "OK", f"{version} ({sys.executable})")
    else:
        yield Finding("python", "FAIL", f"{version} is too old", "install Python 3.11 or newer")


def _asterisk(settings: Settings) -> Iterator[Finding]:
    line = command(settings, "-V")
    done = subprocess.run(line, capture_output=True, text=True, timeout=10, check=False)
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", done.stdout)
    least = ".".join(str(part) for part in LEAST_ASTERISK)
    if found is None:
        yield Finding(
            "asterisk", "FAIL", f"{line[0]} does not tell its version: {done.stderr.strip()[:200]}",
            f"remove {settings.asterisk_root} and run scripts/up",
        )  # fmt: skip
    elif tuple(int(part) for part in found.groups()) < LEAST_ASTERISK:
        yield Finding(
            "asterisk",
            "FAIL",
            f"{found[0]} has known holes in ARI",
            f"install {least} or newer: run scripts/up",
        )
    else:
        yield Finding("asterisk", "OK", f"{found[0]} in {settings.asterisk_root}")
    for language in ("ru", "en"):
        if not (settings.asterisk_home / "data" / "sounds" / language / "im-sorry.wav").exists():
            yield Finding(
                "sounds", "WARN", f"Asterisk has no sounds in language {language!r} yet",
                f"`vats up` links them; if it did, install asterisk-core-sounds-{language}-wav",
            )  # fmt: skip


def _user(settings: Settings) -> Iterator[Finding]:
    user = asterisk_user(settings)
    if user is None:
        yield Finding("user", "OK", f"Asterisk runs as we do, uid {os.geteuid()}")
    elif user.pw_uid == 0:
        yield Finding("user", "FAIL", "Asterisk would run as root", "name another in asterisk.user")
    else:
        yield Finding("user", "OK", f"Asterisk runs as {user.pw_name}, uid {user.pw_uid}")


def _folders(settings: Settings) -> Iterator[Finding]:
    home = settings.home
    if not home.is_dir():
        yield Finding("folders", "FAIL", f"{home}: no such folder", "run scripts/up, or set VATS_HOME")
        return
    if not os.access(home, os.W_OK | os.X_OK):
        yield Finding("folders", "FAIL", f"{home}: not ours to write", f"chown {os.geteuid()} {home}")
    user = asterisk_user(settings)
    closed = [
        path
        for path in (home, *home.parents)
        if user is not None and user.pw_uid != path.stat().st_uid and not path.stat().st_mode & stat.S_IXOTH
    ]
    for path in closed:
        yield Finding(
            "folders", "FAIL", f"{path}: Asterisk's user {settings.asterisk.user} cannot pass through it",
            f"chmod o+x {path}, or set VATS_HOME to a place below /var/lib",
        )  # fmt: skip
    own = settings.asterisk_home
    owner = user.pw_uid if user else os.geteuid()
    if own.exists() and own.stat().st_uid != owner:
        yield Finding(
            "folders", "FAIL", f"{own}: belongs to uid {own.stat().st_uid}", f"chown -R {owner} {own}"
        )
    elif not closed:
        yield Finding("folders", "OK", f"state in {home}")


def _secrets(settings: Settings) -> Iterator[Finding]:
    folder = settings.secrets_folder
    missing = [name for name in GENERATED if not (folder / name).exists()]
    if missing:
        yield Finding("secrets", "WARN", f"not made yet: {', '.join(missing)}", "`vats up` makes them")
    if not folder.is_dir():
        return
    wrong = [path for path in (folder, *folder.iterdir()) if path.stat().st_mode & 0o077]
    for path in wrong:
        yield Finding("secrets", "FAIL", f"{path}: others may read it", f"chmod go= {path}")
    if not wrong and not missing:
        yield Finding("secrets", "OK", f"{len(list(folder.iterdir()))} in {folder}, for us alone")


def _trunks(settings: Settings) -> Iterator[Finding]:
    if not settings.trunks:
        yield Finding("trunks", "WARN", "none is set: no city call can come", f"add one to {settings.config}")
    for name in sorted(settings.trunks):
        try:
            view = trunk_view(settings, name)
        except SettingsError as error:
            yield Finding("trunks", "FAIL", f"{name}: {error}", "put the password into that file, mode 0600")
        else:
            known = " and ".join(filter(None, [", ".join(view.matches), view.username]))
            yield Finding("trunks", "OK", f"{name}: known by {known}")


def _mail(settings: Settings) -> Iterator[Finding]:
    if not settings.mail.host:
        yield Finding("mail", "OK", f"not set (mail.host in {settings.config}): no message is sent by e-mail")
        return
    try:
        asyncio.run(greet(settings))
    except ServerAway as error:
        yield Finding("mail", "FAIL", str(error), f"set `mail` right in {settings.config}; is the server up?")
    else:
        yield Finding("mail", "OK", f"{settings.mail.host}:{settings.mail.port_used} lets us in")


def _database(settings: Settings) -> Iterator[Finding]:
    async def look() -> str:
        database = Database(settings.database_url)
        try:
            await require_newest(database)
            return database.description
        finally:
            await database.close()

    path = settings.database_url.removeprefix("sqlite+aiosqlite:///")
    if path != settings.database_url and not Path(path).exists():
        yield Finding("database", "FAIL", f"{path}: not made yet", "run `vats db upgrade`")
        return
    try:
        yield Finding("database", "OK", asyncio.run(look()))
    except (DatabaseError, SQLAlchemyError, OSError) as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        yield Finding("database", "FAIL", reason, "run `vats db upgrade`; is the database server up?")


def _journal(settings: Settings) -> Iterator[Finding]:
    folder = settings.journal_folder
    refused = refused_calls(folder)
    if refused:
        message = (
            f"{len(refused)} calls that the database refused lie in {refused_file(folder)}: {refused[0]}"
        )
        more = ", …" if len(refused) > 1 else ""
        yield Finding("journal", "FAIL", message + more, what_to_do(folder))
    else:
        yield Finding("journal", "OK", "no call was refused by the database")


def _programs(settings: Settings) -> Iterator[Finding]:
    for program in ("ffmpeg", "ffprobe"):
        path = shutil.which(program)
        if path:
            yield Finding(program, "OK", path)
        else:
            yield Finding(program, "FAIL", "not here: no prompt can be converted", "apt-get install ffmpeg")
    dot = shutil.which("dot")
    if dot:
        yield Finding("dot", "OK", dot)
    else:
        yield Finding("dot", "WARN", "not here: `vats draw` cannot draw", "apt-get install graphviz")
    if (settings.asterisk_root / "usr/bin/RHVoice-test").exists():
        yield Finding("speech", "OK", f"RHVoice in {settings.asterisk_root}")
    elif shutil.which("espeak-ng"):
        yield Finding(
            "speech", "WARN", "only espeak-ng, which sounds like a machine",
            "remove the root folder and run scripts/up, which installs RHVoice where it is to be had",
        )  # fmt: skip
    else:
        yield Finding("speech", "FAIL", "no program speaks texts", "apt-get install espeak-ng")


def _disk(settings: Settings) -> Iterator[Finding]:
    free = shutil.disk_usage(settings.home).free
    status: Status = "FAIL" if free < _DISK_FAIL else "WARN" if free < _DISK_WARN else "OK"
    advice = "" if status == "OK" else "make room: recordings need 1 MB a minute, 2 MB while they are mixed"
    yield Finding("disk", status, f"{free // _MEGABYTE} MB free for {settings.home}", advice)


def _ports(settings: Settings) -> Iterator[Finding]:
    ours = inodes(running(settings).values())
    wanted = {"sip": ("udp", "tcp"), **dict.fromkeys(("ari", "ami", "agi", "web"), ("tcp",))}
    taken: list[Listener] = []
    for name, protocols in wanted.items():
        port = getattr(settings.ports, name)
        foreign = [
            each
            for each in listeners()
            if each.port == port and each.protocol in protocols and each.inode not in ours
            and _meet(each.address, settings.listen if name == "sip" else "127.0.0.1")
        ]  # fmt: skip
        taken += foreign
        for each in foreign:
            yield Finding(
                "ports", "FAIL", f"{name}: {each.protocol} {each.address}:{port} is used by another program",
                f"end that program, or set ports.{name} in {settings.config}",
            )  # fmt: skip
    if not taken:
        yield Finding("ports", "OK", "all free, or held by us")


def _meet(one: str, other: str) -> bool:
    return one == other or {one, other} & {"0.0.0.0", "::"} != set()


def _addresses(settings: Settings) -> Iterator[Finding]:
    processes = running(settings)
    if not processes:
        return
    beyond = exposed(settings, processes.values())
    for each in beyond:
        yield Finding(
            "addresses", "WARN", f"{each.protocol} {each.address}:{each.port} is reached from outside",
            f"the settings say `listen: {settings.listen}`; see which process it is by `ss -lnp`",
        )  # fmt: skip
    if not beyond:
        yield Finding("addresses", "OK", f"nothing listens but on loopback and {settings.listen}")


def _processes(settings: Settings) -> Iterator[Finding]:
    processes = running(settings)
    if not processes:
        yield Finding("processes", "OK", "not running; start by `vats up`")
        return

    async def look() -> dict[str, str]:
        names = [*PROCESSES, "ami"]
        answers = await asyncio.gather(*(health.complaint(settings, name) for name in names))
        return dict(zip(names, answers, strict=True))

    complaints = asyncio.run(look())
    for name in (*PROCESSES, "ami"):
        if name in PROCESSES and name not in processes:
            yield Finding(name, "FAIL", "not running", f"see {settings.log_folder / name}.log")
        elif complaints[name]:
            log = settings.log_folder / f"{'asterisk' if name == 'ami' else name}.log"
            yield Finding(
                name, "FAIL", f"does not answer: {complaints[name]}", f"see {log}; then restart `vats up`"
            )
        else:
            pid = f", pid {processes[name]}" if name in processes else ""
            yield Finding(name, "OK", f"answers{pid}" if name != "worker" else f"runs{pid}")


def as_json(finding: Finding) -> str:
    return json.dumps(finding.__dict__, ensure_ascii=False)
