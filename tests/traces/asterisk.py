"""A small Asterisk of its own for recording: one trunk, a few phones, one Stasis application."""

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.ports import free_port
from tests.traces.sound import tone

MUSIC_HZ = 300

NOLOAD = [
    "app_voicemail",
    "app_voicemail_imap",
    "app_voicemail_odbc",
    "app_queue",
    "app_agent_pool",
    "chan_iax2",
    "chan_dahdi",
    "chan_unistim",
    "chan_mobile",
    "cdr_csv",
    "cdr_custom",
    "cdr_manager",
    "cdr_odbc",
    "cdr_pgsql",
    "cdr_radius",
    "cdr_sqlite3_custom",
    "cdr_tds",
    "cel_custom",
    "cel_manager",
    "cel_odbc",
    "cel_pgsql",
    "cel_radius",
    "cel_sqlite3_custom",
    "cel_tds",
    "res_config_ldap",
    "res_config_odbc",
    "res_config_pgsql",
    "res_config_sqlite3",
    "res_odbc",
    "res_snmp",
    "res_xmpp",
    "res_phoneprov",
    "res_hep",
    "res_prometheus",
    "res_fax",
    "res_calendar",
    "pbx_dundi",
    "pbx_ael",
    "pbx_lua",
    "res_corosync",
    "res_smdi",
    "app_adsiprog",
    "app_festival",
    "app_minivm",
    "res_adsi",
]


@dataclass(frozen=True)
class Asterisk:
    pid: int
    folder: Path
    sip_port: int
    http_port: int
    sounds: Path
    secret: str = "recording"

    def url(self, application: str = "vats") -> str:
        return f"ws://127.0.0.1:{self.http_port}/ari/events?app={application}&api_key=vats:{self.secret}"

    def cpu_ms(self) -> float:
        """User and system time used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def _configuration(
    root: Path, folder: Path, sip: int, http: int, phones: dict[str, int | None]
) -> dict[str, str]:
    modules = root / "usr/lib/x86_64-linux-gnu/asterisk/modules"
    own = "\n".join(
        f"ast{name}dir => {folder / name}"
        for name in ("varlib", "db", "key", "agi", "spool", "run", "log", "cache")
    )
    pjsip = f"""
[global]
type=global
endpoint_identifier_order=username,ip
[udp]
type=transport
protocol=udp
bind=127.0.0.1:{sip}
[trunk]
type=endpoint
context=from-trunk
disallow=all
allow=alaw
direct_media=no
[trunk]
type=identify
endpoint=trunk
match=127.0.0.0/8
"""
    for name, port in phones.items():
        contact = f"contact=sip:{name}@127.0.0.1:{port}\n" if port else ""
        pjsip += f"""
[{name}]
type=endpoint
context=from-user
disallow=all
allow=alaw
direct_media=no
aors={name}
send_pai=yes
trust_id_outbound=yes
[{name}]
type=aor
max_contacts=1
{contact}"""
    return {
        "asterisk.conf": f"[directories]\nastetcdir => {folder / 'etc'}\nastmoddir => {modules}\n"
        f"astdatadir => {root / 'usr/share/asterisk'}\n{own}\n[options]\nsystemname = cell1\n",
        "modules.conf": "[modules]\nautoload=yes\n" + "".join(f"noload => {name}.so\n" for name in NOLOAD),
        "http.conf": f"[general]\nenabled=yes\nbindaddr=127.0.0.1\nbindport={http}\n",
        "ari.conf": "[general]\nenabled=yes\n[vats]\ntype=user\nread_only=no\npassword=recording\n",
        "rtp.conf": "[general]\nrtpstart=30000\nrtpend=31999\n",
        "pjsip.conf": pjsip,
        "extensions.conf": "[from-trunk]\nexten => _[+0-9].,1,NoOp()\n"
        " same => n,Stasis(vats,in,${EXTEN},trunk)\n same => n,Hangup()\n"
        "[from-user]\nexten => _[*0-9].,1,Set(PJSIP_TRANSFER_HANDLING()=ari-only)\n"
        " same => n,Stasis(vats,user,${EXTEN},${CHANNEL(endpoint)})\n same => n,Hangup()\n",
        "musiconhold.conf": f"[default]\nmode=files\ndirectory={folder / 'music'}\n",
        "indications.conf": "[general]\ncountry=ru\n[ru]\ndescription=Russia\nring=425/1000,0/100\n",
        "logger.conf": "[general]\n[logfiles]\nfull => notice,warning,error\n",
        **dict.fromkeys(
            (
                "pjproject.conf",
                "stasis.conf",
                "features.conf",
                "ccss.conf",
                "udptl.conf",
                "acl.conf",
                "cdr.conf",
                "cel.conf",
                "sorcery.conf",
                "manager.conf",
                "confbridge.conf",
            ),
            "",
        ),
    }


@asynccontextmanager
async def running_asterisk(phones: dict[str, int | None]) -> AsyncIterator[Asterisk]:
    """Start Asterisk from the root folder that `VATS_ASTERISK_ROOT` names (/ when unset), and end it after.

    `phones`: endpoint name to the UDP port of its phone, None for a phone that is not registered.
    """
    root = Path(os.environ.get("VATS_ASTERISK_ROOT", "/"))
    with tempfile.TemporaryDirectory(prefix="trace-", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        sip, http = free_port(), free_port()
        for name in ("etc", "varlib", "db", "key", "agi", "spool/recording", "run", "log", "cache"):
            (folder / name).mkdir(parents=True)
        (folder / "music").mkdir()
        (folder / "music" / "music.alaw").write_bytes(tone(MUSIC_HZ) * 60)
        for name, content in _configuration(root, folder, sip, http, phones).items():
            (folder / "etc" / name).write_text(content)
        library = root / "usr/lib/x86_64-linux-gnu"
        process = await asyncio.create_subprocess_exec(
            str(root / "lib64/ld-linux-x86-64.so.2"),
            "--library-path",
            str(library),
            str(root / "usr/sbin/asterisk"),
            "-f",
            "-C",
            str(folder / "etc/asterisk.conf"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            stdin=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(30):
                while not await _fully_booted(http):
                    if process.returncode is not None:
                        raise RuntimeError(f"Asterisk ended with {process.returncode}")
                    await asyncio.sleep(0.1)
            yield Asterisk(process.pid, folder, sip, http, root / "usr/share/asterisk/sounds/en_US_f_Allison")
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
                try:
                    await asyncio.wait_for(process.wait(), 10)
                except TimeoutError:
                    process.kill()
                    await process.wait()


async def _fully_booted(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.write(
        b"GET /ari/applications?api_key=vats:recording HTTP/1.1\r\nHost: localhost\r\n"
        b"Connection: close\r\n\r\n"
    )
    answer = await reader.read()
    writer.close()
    return answer.startswith(b"HTTP/1.1 200")
