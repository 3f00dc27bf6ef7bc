"""An Asterisk without an engine, to prove phones and SIPp scenarios against."""

import asyncio
import os
import pwd
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.instance import asterisk_root
from tests.ports import free_port

_FOLDERS = ("etc", "lib", "db", "keys", "agi", "spool", "run", "log", "cache")
_EMPTY = (
    "pjproject",
    "stasis",
    "features",
    "ccss",
    "udptl",
    "acl",
    "cdr",
    "cel",
    "http",
    "manager",
    "indications",
)

_UNUSED = ("chan_iax2", "chan_unistim", "pbx_dundi")
_DIALPLAN = """
[phones]
exten => echo,1,Answer()
 same => n,Echo()
exten => _busy,1,Hangup(17)
exten => _+X.,1,Answer()
 same => n,Echo()
exten => keys,1,Answer()
 same => n,Read(KEYS,,3,,,15)
 same => n,SendDTMF(${KEYS})
 same => n,Wait(30)
exten => menu,1,Answer()
 same => n,Read(KEYS,,1,,,15)
 same => n,GotoIf($["${KEYS}" = "1"]?talk)
 same => n,Hangup(19)
 same => n(talk),Dial(${REACH},20)
exten => _[a-z].,1,Set(REACH=${IF($["${EXTEN:0:5}" = "trunk"]?PJSIP/+70000000000@${EXTEN}:PJSIP/${EXTEN})})
 same => n,Dial(${REACH},20)
 same => n,Hangup(${HANGUPCAUSE})
"""


@dataclass(frozen=True)
class BareSwitch:
    """`users`: name to password.

    Numbers: `echo`, `busy`, `keys` (three digits come back), `menu`, and the name of each endpoint. A user's
    first name has a hint, which a busy lamp can watch, and a mailbox: who registers is told of its messages.
    """

    port: int
    users: Mapping[str, str]
    folder: Path
    host: str = "127.0.0.1"

    def leave_message(self, user: str, number: int = 0) -> None:
        """Put a new message into the user's mailbox; the switch finds it within a second or two."""
        inbox = self.folder / "spool" / "voicemail" / "default" / user / "INBOX"
        inbox.mkdir(parents=True, exist_ok=True)
        (inbox / f"msg{number:04d}.txt").write_text("[message]\norigmailbox=x\n")


def _pjsip(port: int, users: Mapping[str, str], trunks: Mapping[str, int]) -> str:
    text = f"""
[global]
type=global
endpoint_identifier_order=ip,auth_username,username
[udp]
type=transport
protocol=udp
bind=127.0.0.1:{port}
[common](!)
type=endpoint
context=phones
disallow=all
allow=alaw,ulaw
dtmf_mode=rfc4733
direct_media=no
rewrite_contact=yes
"""
    for name, password in users.items():
        text += f"""
[{name}](common)
auth={name}
aors={name}
callerid={name.title()} <{name}>
mailboxes={name}@default
mwi_subscribe_replaces_unsolicited=yes
send_pai=yes
trust_id_outbound=yes
[{name}]
type=auth
auth_type=userpass
username={name}
password={password}
[{name}]
type=aor
mailboxes={name}@default
max_contacts=1
remove_existing=yes
qualify_frequency=30
qualify_timeout=2.0
"""
    for name, far_port in trunks.items():
        text += f"""
[{name}](common)
aors={name}
[{name}]
type=aor
contact=sip:127.0.0.1:{far_port}
[{name}]
type=identify
endpoint={name}
match=127.0.0.1:{far_port}
"""
    return text


def _configuration(
    root: Path, folder: Path, pjsip: str, reach: str, users: Mapping[str, str]
) -> dict[str, str]:
    own = {
        "etc": "etc",
        "varlib": "lib",
        "db": "db",
        "key": "keys",
        "agi": "agi",
        "spool": "spool",
        "run": "run",
    }
    lines = [
        f"ast{name}dir => {folder / place}" for name, place in {**own, "log": "log", "cache": "cache"}.items()
    ]
    lines.append(f"astmoddir => {root / 'usr/lib/x86_64-linux-gnu/asterisk/modules'}")
    lines.append(f"astdatadir => {root / 'usr/share/asterisk'}")
    return {
        "asterisk": "[directories]\n" + "\n".join(lines) + "\n",
        "modules": "[modules]\nautoload=yes\n" + "".join(f"noload={name}.so\n" for name in _UNUSED),
        "rtp": "[general]\nrtpstart=33000\nrtpend=33999\n",
        "logger": "[general]\n[logfiles]\nfull => notice,warning,error,verbose(3),dtmf\n",
        "pjsip": pjsip,
        "extensions": f"[globals]\nREACH={reach}\n{_DIALPLAN}"
        + "".join(f"exten => {name},hint,PJSIP/{name}\n" for name in users),
        "voicemail": "[general]\npollmailboxes=yes\npollfreq=1\n[default]\n"
        + "".join(f"{name} => 1234,{name}\n" for name in users),
        **dict.fromkeys(_EMPTY, ""),
    }


@asynccontextmanager
async def running_switch(
    users: Mapping[str, str], trunks: Mapping[str, int] | None = None, reach: str = ""
) -> AsyncIterator[BareSwitch]:
    """Start Asterisk, and end it after.

    `trunks`: endpoint name to the far end's SIP port. `reach`: what the number `menu` dials on the key 1.
    """
    root = asterisk_root()
    folder = Path(tempfile.mkdtemp(prefix="vats-switch-"))
    port = free_port()
    for name in _FOLDERS:
        (folder / name).mkdir()
    for name, content in _configuration(
        root, folder, _pjsip(port, users, trunks or {}), reach, users
    ).items():
        (folder / "etc" / f"{name}.conf").write_text(content)
    account = _unprivileged_user()
    if account:
        _give(folder, account)
    library = root / "usr/lib/x86_64-linux-gnu"
    process = await asyncio.create_subprocess_exec(
        *(str(root / "lib64/ld-linux-x86-64.so.2"), "--library-path", str(library)),
        *(str(root / "usr/sbin/asterisk"), "-f", "-C", str(folder / "etc/asterisk.conf")),
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
        extra_groups=[] if account else None,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await _until_it_answers(process, port)
        yield BareSwitch(port, users, folder)
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(10):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _give(folder: Path, account: pwd.struct_passwd) -> None:
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, account.pw_uid, account.pw_gid)


def _unprivileged_user() -> pwd.struct_passwd | None:
    """Root starts Asterisk as somebody who may do less."""
    if os.getuid() != 0:
        return None
    for name in ("vats", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return None


async def _until_it_answers(process: asyncio.subprocess.Process, port: int, timeout: float = 30) -> None:
    """Ask by SIP OPTIONS until something comes back."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        probe.setblocking(False)
        own = probe.getsockname()[1]
        message = (
            f"OPTIONS sip:127.0.0.1:{port} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:{own};branch=z9hG4bK-probe-%d\r\n"
            f"From: <sip:probe@127.0.0.1>;tag=p\r\nTo: <sip:127.0.0.1>\r\nCall-ID: probe-{own}-%d\r\n"
            "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        )
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(timeout):
            for attempt in range(10 * int(timeout)):
                if process.returncode is not None:
                    raise RuntimeError(f"Asterisk ended with {process.returncode} while starting")
                await loop.sock_sendto(probe, (message % (attempt, attempt)).encode(), ("127.0.0.1", port))
                try:
                    async with asyncio.timeout(0.2):
                        await loop.sock_recv(probe, 4096)
                    return
                except (TimeoutError, ConnectionRefusedError):
                    await asyncio.sleep(0.1)
        raise TimeoutError(f"Asterisk on port {port} answers nothing")
