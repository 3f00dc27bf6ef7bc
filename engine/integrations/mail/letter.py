"""The letter of a voice message: who called, when, how long, and the sound.

Names and numbers of callers are what strangers send. They become one line of printable text before they are
put into a header, a text or a page, and no file is named after a name.
"""

import re
import unicodedata
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr
from html import escape
from typing import NamedTuple
from zoneinfo import ZoneInfo

from engine.directory.directory import Tenant
from engine.integrations.mail.outbox import Due
from engine.integrations.mail.sound import Sound
from engine.scenarios.words.language import telephone

_LONGEST_NAME = 80


class BadAddress(Exception):
    """The user's e-mail address is none; the message quotes it."""


class _Words(NamedTuple):
    subject: str
    greeting: str
    caller: str
    number: str
    time: str
    duration: str
    withheld: str
    unknown: str
    attached: str
    clock: str


_WORDS = {
    "ru": _Words(
        "Голосовое сообщение", "Вам оставили голосовое сообщение", "Кто", "Номер", "Когда", "Длительность",
        "номер скрыт", "имя неизвестно", "Запись приложена к письму.", "%d.%m.%Y %H:%M",
    ),
    "en": _Words(
        "Voice message", "You have a voice message", "From", "Number", "When", "Duration",
        "number withheld", "name unknown", "The recording is attached.", "%d %B %Y, %H:%M",
    ),
}  # fmt: skip


def address(email: str, name: str = "") -> Address:
    """Raises `BadAddress`. A domain with letters beyond ASCII is written as mail servers know it."""
    local, at, domain = email.strip().rpartition("@")
    try:
        if not (at and local and domain) or not email.isprintable():
            raise ValueError
        ascii_domain = domain.encode("idna").decode()
        local.encode("ascii")
        made = Address(_line(name), addr_spec=f"{local}@{ascii_domain}")
    except (ValueError, HeaderParseError, IndexError):
        raise BadAddress(f"“{_line(email)}” is no e-mail address") from None
    if made.username != local or made.domain != ascii_domain:
        raise BadAddress(f"“{_line(email)}” is no e-mail address")
    return made


def letter(mail: Due, tenant: Tenant, sound: Sound, sender: str, now: int) -> EmailMessage:
    """The whole mail. `now` is UTC milliseconds. Raises `BadAddress`.

    Its Message-ID is made of the message's name: sent again, it is the same mail.
    """
    words = _WORDS.get(tenant.language, _WORDS["en"])
    user = tenant.users.get(mail.mailbox)
    who, number = _line(mail.caller_name), _number(mail.caller, tenant.country) or words.withheld
    left, length = datetime.fromtimestamp(mail.left_at / 1000, ZoneInfo(tenant.timezone)), mail.duration_ms
    rows = [
        (words.caller, who or words.unknown),
        (words.number, number),
        (words.time, f"{left.strftime(words.clock)} ({left:UTC%z})"),
        (words.duration, _length(length)),
    ]
    from_name, from_address = parseaddr(sender)
    made = EmailMessage(policy=SMTP_POLICY)
    made["From"] = origin = address(from_address, from_name or tenant.title)
    made["To"] = address(mail.recipient, user.name if user else "")
    made["Subject"] = f"{words.subject}: {f'{who}, ' if who else ''}{number}, {_length(length)}"
    made["Date"] = format_datetime(datetime.fromtimestamp(now / 1000, UTC))
    made["Message-ID"] = f"<{mail.message}@{origin.domain}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(_text(words, tenant, rows), cte="quoted-printable")
    made.add_alternative(_page(words, tenant, rows), subtype="html", cte="quoted-printable")
    name = _file_name(mail, left, sound.ending)
    made.add_attachment(sound.content, maintype="audio", subtype=sound.subtype, filename=name)
    return made


def _text(words: _Words, tenant: Tenant, rows: list[tuple[str, str]]) -> str:
    lines = "".join(f"{name}: {value}\n" for name, value in rows)
    return f"{words.greeting}.\n\n{lines}\n{words.attached}\n\n-- \n{_line(tenant.title)}\n"


def _page(words: _Words, tenant: Tenant, rows: list[tuple[str, str]]) -> str:
    cells = "".join(
        f"<tr><td>{escape(name)}&nbsp;&nbsp;</td><td><b>{escape(value)}</b></td></tr>" for name, value in rows
    )
    return (
        '<!DOCTYPE html><html><head><meta charset="utf-8"></head><body>'
        f"<p>{escape(words.greeting)}.</p><table>{cells}</table>"
        f"<p>{escape(words.attached)}</p><p>{escape(_line(tenant.title))}</p></body></html>\n"
    )


def _file_name(mail: Due, left: datetime, ending: str) -> str:
    digits = re.sub("[^0-9]", "", mail.caller)[:20]
    return "-".join(filter(None, ("message", left.strftime("%Y%m%d-%H%M%S"), digits))) + f".{ending}"


def _number(caller: str, country: str) -> str:
    """As people of the country write it; plain spaces and hyphens, so that it can be searched for."""
    if not any(char.isdigit() for char in caller):
        return ""
    return telephone(_line(caller), country).replace("\u00a0", " ").replace("\u2011", "-")


def _length(milliseconds: int) -> str:
    seconds = max(1, round(milliseconds / 1000))
    return f"{seconds // 60}:{seconds % 60:02d}"


def _line(text: str) -> str:
    """One line without control characters, marks of direction and halves of characters."""
    shown = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in text)
    return " ".join(shown.split())[:_LONGEST_NAME]
