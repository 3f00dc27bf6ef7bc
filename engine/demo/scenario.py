"""SIPp scenarios rendered from the templates in `scenarios/`."""

from dataclasses import asdict, dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_environment = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("scenarios")),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=False,  # SIP in CDATA, not HTML
)


@dataclass(frozen=True)
class Caller:
    """Dials `number`. `number` and `caller` may hold SIPp's keywords (`+7903[call_number]`, `[field0]`).

    After the answer it sends `sound` (a pcap file, see `packets.write_pcap`), hangs up after `stay_ms`
    unless the other side does before. `cancel_after_ms` (from ringing): it gives up instead of being
    answered. `refused`: the SIP status that it expects instead of an answer. `vanish`: it says no BYE.
    """

    number: str
    caller: str = "+79031112233"
    caller_name: str = ""
    sound: Path | None = None
    stay_ms: int = 5000
    cancel_after_ms: int | None = None
    refused: int = 0
    vanish: bool = False
    media_port: str = "[media_port]"  # another program's port, when SIPp does not carry the sound itself

    def render(self) -> str:
        return _environment.get_template("caller.xml.j2").render(asdict(self))


@dataclass(frozen=True)
class Callee:
    """Rings `ring_ms` (None: until the caller gives up), then answers, or refuses with `refuse`.

    `refuse` is a whole status line, `486 Busy Here` or `603 Decline`. Hangs up after `stay_ms` of talk
    unless the other side does before.
    """

    ring_ms: int | None = 0
    refuse: str = ""
    sound: Path | None = None
    stay_ms: int = 3_600_000
    vanish: bool = False
    media_port: str = "[media_port]"

    def render(self) -> str:
        return _environment.get_template("callee.xml.j2").render(asdict(self))


@dataclass(frozen=True)
class Register:
    """Logs in phones that answer at `contact` (HOST:PORT); `expires_s` 0 logs them out."""

    contact: str
    expires_s: int = 3600

    def render(self) -> str:
        return _environment.get_template("register.xml.j2").render(asdict(self))


Scenario = Caller | Callee | Register
