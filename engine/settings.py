"""All settings of one installation: `config/vats.yaml`, and the environment's three variables.

`VATS_HOME` is the state folder (default `var/` beside `config/`), `VATS_CONFIG` the settings file,
`VATS_DATABASE_URL` the database. Every port and path is a setting, so that several instances can run side
by side on one machine. `VATS_ASTERISK_ROOT`, which `scripts/up` sets, names the folder that holds Asterisk.
"""

import os
import re
from collections.abc import Mapping
from email.utils import parseaddr
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, IPvAnyNetwork, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError


class SettingsError(Exception):
    """The settings file is missing or wrong; the message names the file, the place and the reason."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Ports(_Model):
    """TCP and UDP ports. `rtp_from`..`rtp_to` is inclusive."""

    sip: int = 5060
    rtp_from: int = 10000
    rtp_to: int = 11999
    ari: int = 8088
    ami: int = 5038
    agi: int = 4573
    web: int = 8080


class Trunk(_Model):
    """One way to the outside world. It is known by its address, by its credentials, or by both."""

    addresses: list[str] = Field(default_factory=list, description="IP or IP:port that calls come from")
    host: str = Field("", description="where outgoing calls go: HOST or HOST:PORT")
    username: str = Field("", description="name that the other side logs in with, or we do when calling out")
    password_file: str = Field("", description="file below VATS_HOME/secrets that holds the password")
    register_with: str = Field("", description="HOST:PORT to keep a registration with")
    codecs: list[str] = ["alaw", "ulaw"]
    channels: int | None = Field(
        None, ge=1, description="calls at the same time, both ways; left out: as many as come"
    )
    setup: float = Field(
        4.0,
        gt=0,
        le=30,
        description="seconds after which a call out that has brought no sign of life goes by the next trunk",
    )
    foreign_numbers: bool = Field(
        False,
        description="calls that are sent on to numbers outside (forwarded, transferred, by the step `dial`) "
        "may show their caller's own number here; else the tenant's is shown",
    )

    @model_validator(mode="after")
    def _identified(self) -> "Trunk":
        if not self.addresses and not self.username:
            raise ValueError("a trunk needs `addresses`, or `username` with `password_file`, or both")
        if self.username and not self.password_file:
            raise ValueError("`username` needs `password_file`")
        return self


class AsteriskSettings(_Model):
    root: str = Field("", description="root folder that holds Asterisk; empty: VATS_HOME/asterisk-root, or /")
    user: str = Field("vats", description="the unprivileged user Asterisk runs as when we are root")
    rtp_timeout: int = Field(30, description="seconds without sound after which a leg is dead")
    qualify: int = Field(
        30,
        ge=0,
        description="seconds between questions whether a phone is still there; 0: phones are not asked",
    )
    message_subscriptions: bool = Field(
        False,
        description="phones may also ask for their message light by SUBSCRIBE; any user's phone can then "
        "ask how many messages any mailbox has, so only where all tenants may know that",
    )


class SpeechSettings(_Model):
    """What speaks texts. RHVoice is looked for in Asterisk's root folder; without it espeak-ng speaks."""

    engine: Literal["offline", "espeak", "command"] = Field(
        "offline", description="offline: RHVoice, else espeak-ng; command: any program"
    )
    voices: dict[str, str] = Field(
        default_factory=dict,
        description="RHVoice's voice by language, as `ru: elena`; else the first free one",
    )
    command: list[str] = Field(
        default_factory=list,
        description="program and arguments, with {language} and {wav} (the file it must write) in them; "
        "the text comes on its standard input",
    )
    limit: float = Field(
        4.0, gt=0, le=60, description="seconds that a text with a variable may take to be spoken in a call"
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.engine == "command") != bool(self.command):
            raise ValueError("`engine: command` and `command` go together")
        if self.command and not any("{wav}" in part for part in self.command):
            raise ValueError("`command` must hold {wav}, the file to be written")
        return self


class WebServiceSettings(_Model):
    """How scenarios may ask customers' web services. A step's limits come on top."""

    allow: list[IPvAnyNetwork] = Field(
        default_factory=list,
        description="networks that services may be in though they are not public, as `10.1.0.0/16`",
    )
    http: bool = Field(False, description="http:// addresses are allowed; everything on the way reads along")
    ca_file: str = Field("", description="PEM file with authorities of our own, trusted beside the system's")
    at_once: int = Field(100, ge=1, description="requests at the same time")
    at_once_per_tenant: int = Field(20, ge=1, description="of these, for one tenant; others wait")


class MailSettings(_Model):
    """The server that takes our mail. Without `host` nothing is sent."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    host: str = Field("", description="the mail server; empty: no mail is sent")
    port: int | None = Field(None, ge=1, le=65535, description="left out: 25, 587 or 465, as `tls` says")
    tls: Literal["none", "starttls", "tls"] = Field(
        "starttls", description="how the way there is kept private; the server's certificate must be right"
    )
    ca_file: str = Field("", description="PEM file with authorities of our own, trusted beside the system's")
    username: str = Field("", description="name to log in with; empty: no login")
    password_file: str = Field("", description="file below VATS_HOME/secrets that holds the password")
    sender: str = Field("", alias="from", description="whom mail comes from: `ВАТС <vats@example.ru>`")
    timeout: float = Field(30.0, gt=0, le=300, description="seconds that the server may take for an answer")
    wav_limit: float = Field(5.0, gt=0, description="megabytes; a message whose WAV is larger is sent as MP3")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.host:
            return self
        name, address = parseaddr(self.sender)
        if not re.fullmatch(r"[^@\s]+@[^@\s]+", address) or not (name + address).isprintable():
            raise ValueError("`host` needs `from`, such as `ВАТС <vats@example.ru>`")
        if bool(self.username) != bool(self.password_file):
            raise ValueError("`username` and `password_file` go together")
        if self.username and self.tls == "none" and self.host not in ("localhost", "127.0.0.1", "::1"):
            raise ValueError("a password is never sent in clear: `tls` must be starttls or tls")
        return self

    @property
    def port_used(self) -> int:
        return self.port or {"none": 25, "starttls": 587, "tls": 465}[self.tls]


class SmsFields(_Model):
    """What the gateway calls the parts of a message."""

    to: str = "to"
    text: str = "text"
    sender: str = "from"
    id: str = Field("id", description="by which it knows a message that is sent twice; empty: it takes none")
    key: str = Field("", description="of the key; empty: it is sent as `Authorization: Bearer …`")


class SmsSettings(_Model):
    """The gateway that takes our text messages by HTTP. Without `url` none is sent."""

    url: str = Field("", pattern=r"^(https?://\S+)?$", description="where messages are sent by POST")
    format: Literal["json", "form"] = Field("json", description="how the message is written")
    fields: SmsFields = SmsFields()
    extra: dict[str, str] = Field(default_factory=dict, description="fields that are sent with every message")
    sender: str = Field("", description="the name that mobiles show, as agreed with the gateway")
    plus: bool = Field(True, description="numbers are sent with their plus: +79031112233")
    key_file: str = Field("", description="file below VATS_HOME/secrets that holds the key")
    error_field: str = Field(
        "", description="field of the answer's JSON that says, with 2xx, why a message was not taken"
    )
    timeout: float = Field(10.0, gt=0, le=120, description="seconds that the gateway may take for an answer")

    @model_validator(mode="after")
    def _kept_secret(self) -> Self:
        near = self.url.startswith(("http://localhost", "http://127.0.0.1", "http://[::1]"))
        if self.key_file and self.url.startswith("http://") and not near:
            raise ValueError("a key is never sent in clear: `url` must begin with https://")
        return self


class RecordingSettings(_Model):
    """Where finished recordings lie."""

    store: Literal["local", "s3"] = Field(
        "local", description="local: VATS_HOME/recordings; s3: S3-compatible storage, once a call is mixed"
    )
    endpoint: str = Field("", pattern=r"^(https?://.+)?$", description="the storage's address; empty: AWS")
    bucket: str = Field("", description="bucket, which must be there")
    region: str = "us-east-1"
    key_file: str = Field(
        "", description="file below VATS_HOME/secrets with two lines: access key, secret key"
    )
    addressing: Literal["path", "virtual"] = Field(
        "path", description="path: HOST/BUCKET, as most servers of one's own want; virtual: BUCKET.HOST"
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.store == "s3" and not self.bucket:
            raise ValueError("`store: s3` needs `bucket` and `key_file`")
        if bool(self.bucket) != bool(self.key_file):
            raise ValueError("`bucket` and `key_file` go together")
        return self


class Settings(_Model):
    """The whole file `config/vats.yaml`. Paths in it are relative to the file."""

    cell: str = Field(
        "cell1", pattern=r"^[a-z][a-z0-9]*$", description="the node's name, first part of call ids"
    )
    listen: str = Field("127.0.0.1", description="address for SIP and sound; nothing else leaves loopback")
    ports: Ports = Ports()
    asterisk: AsteriskSettings = AsteriskSettings()
    speech: SpeechSettings = SpeechSettings()
    web_services: WebServiceSettings = WebServiceSettings()
    recordings: RecordingSettings = RecordingSettings()
    mail: MailSettings = MailSettings()
    sms: SmsSettings = SmsSettings()
    trunks: dict[str, Trunk] = Field(default_factory=dict)
    tenants: str = "tenants"
    scenarios: str = "../ivr_scenarios"
    max_call: int = Field(7200, description="seconds after which Asterisk itself ends any call")

    # Not in the file: where it all lies.
    home: Path = Path("var")
    config: Path = Path("config/vats.yaml")
    database_url: str = ""

    @property
    def tenants_folder(self) -> Path:
        return (self.config.parent / self.tenants).resolve()

    @property
    def scenarios_folder(self) -> Path:
        return (self.config.parent / self.scenarios).resolve()

    @property
    def shared_music_folder(self) -> Path:
        """Hold music that tenants' files name: a folder each."""
        return self.config.parent / "music"

    @property
    def web_service_ca_file(self) -> Path | None:
        """Authorities of our own for web services' certificates."""
        ca_file = self.web_services.ca_file
        return (self.config.parent / ca_file).resolve() if ca_file else None

    @property
    def mail_ca_file(self) -> Path | None:
        """Authorities of our own for the mail server's certificate."""
        return (self.config.parent / self.mail.ca_file).resolve() if self.mail.ca_file else None

    @property
    def journal_folder(self) -> Path:
        """The spool: one file a writer, `engine-000001.jsonl`, `fallback-….jsonl`, `switch-….jsonl`."""
        return self.home / "journal"

    @property
    def versions_folder(self) -> Path:
        """Content of every scenario version that a call has begun on, by its hash."""
        return self.home / "versions"

    @property
    def prompts_folder(self) -> Path:
        """Prompts as the switch plays them: `TENANT/NAME.wav`, `TENANT/text-HASH.wav`."""
        return self.home / "prompts"

    @property
    def recordings_folder(self) -> Path:
        """Finished recordings: `TENANT/2026-11-23/CALL_ID.wav`."""
        return self.home / "recordings"

    @property
    def tickets_folder(self) -> Path:
        """The next free ticket number of each tenant."""
        return self.home / "tickets"

    @property
    def messages_folder(self) -> Path:
        """Voice messages: `TENANT/2026-11-23/CALL_ID.message.1.wav`."""
        return self.home / "messages"

    @property
    def opened_folder(self) -> Path:
        """Encrypted files that are being played, decrypted for so long."""
        return self.home / "opened"

    @property
    def greetings_folder(self) -> Path:
        """Greetings that users recorded by telephone: `TENANT/EXTENSION.wav`."""
        return self.home / "greetings"

    @property
    def raw_messages_folder(self) -> Path:
        """Where the switch records what callers speak as messages."""
        return self.asterisk_home / "spool" / "recording"

    @property
    def user_settings_folder(self) -> Path:
        """What users set by telephone: `TENANT.json`."""
        return self.home / "user-settings"

    @property
    def secrets_folder(self) -> Path:
        return self.home / "secrets"

    @property
    def run_folder(self) -> Path:
        """Sockets and pid files of our processes."""
        return self.home / "run"

    @property
    def log_folder(self) -> Path:
        return self.home / "log"

    @property
    def asterisk_home(self) -> Path:
        """Asterisk's own etc, lib, spool, run and log folders."""
        return self.home / "asterisk"

    @property
    def asterisk_root(self) -> Path:
        """The root folder with Asterisk's program and modules, or / when the host's own package serves."""
        if self.asterisk.root:
            return Path(self.asterisk.root)
        own = self.home / "asterisk-root"
        return own if own.exists() else Path("/")

    @property
    def raw_recordings_folder(self) -> Path:
        """Where MixMonitor writes its raw files."""
        return self.asterisk_home / "spool" / "monitor"

    @property
    def event_log(self) -> Path:
        """The switch's own event log (CEL as JSON lines), the second witness."""
        return self.asterisk_home / "log" / "cel-custom" / "events.jsonl"

    @property
    def engine_socket(self) -> Path:
        return self.run_folder / "engine.sock"


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings file named by `VATS_CONFIG`, else `config/vats.yaml` of the current folder or of the
    checkout that this package lies in. Raises `SettingsError`.
    """
    env = os.environ if environment is None else environment
    checkout = Path(__file__).resolve().parent.parent
    named = env.get("VATS_CONFIG", "")
    candidates = [Path(named)] if named else [Path("config/vats.yaml"), checkout / "config/vats.yaml"]
    config = next((path for path in candidates if path.is_file()), None)
    if config is None:
        raise SettingsError(f"{candidates[0]}: no such file; set VATS_CONFIG to the settings file")
    # Links to folders are kept: a deployment that lets one lead elsewhere then counts at once.
    config = config.absolute()
    while config.is_symlink():
        config = config.parent / config.readlink()
    try:
        content: Any = YAML(typ="safe").load(config.read_text()) or {}
    except YAMLError as error:
        raise SettingsError(f"{config}: not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise SettingsError(f"{config}: expected `name: value` lines")
    if root := env.get("VATS_ASTERISK_ROOT"):
        content = {**content, "asterisk": {**(content.get("asterisk") or {}), "root": root}}
    home = Path(env["VATS_HOME"]) if env.get("VATS_HOME") else config.parent.parent / "var"
    # Resolved once: the demo's `var` may be a link to a folder that Asterisk's user can reach.
    home = home.resolve()
    url = env.get("VATS_DATABASE_URL") or f"sqlite+aiosqlite:///{home / 'vats.db'}"
    try:
        return Settings.model_validate({**content, "home": home, "config": config, "database_url": url})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"{config}: {place}: {first['msg']}") from error
