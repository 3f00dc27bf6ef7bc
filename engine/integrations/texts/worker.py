"""Sends what waits in `text_message`: an attempt is counted before it is made, its end noted after it.

A worker that is killed in between tries again after the pause, with the same id, by which a gateway or a mail
program knows that it is the same.
"""

from email.errors import HeaderParseError
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import parseaddr
from functools import partial

import structlog

from engine.clock import Clock
from engine.integrations import sms
from engine.integrations.mail.letter import BadAddress, address
from engine.integrations.mail.server import MailServer, PutOff, Refused, ServerAway
from engine.integrations.sms.http_gateway import HttpGateway
from engine.records import text_outbox
from engine.records.text_outbox import Text
from engine.settings import Settings
from engine.store.database import Database
from engine.store.polling import poll

POLL_S = 1.0
_BATCH = 20

_log = structlog.get_logger(__name__)


async def run(settings: Settings, database: Database, clock: Clock) -> None:
    """Send texts until cancelled. A database, gateway or mail server that is away is waited for."""
    gateway = HttpGateway(settings) if settings.sms.url else None
    worker = TextWorker(settings, database, clock, gateway)
    try:
        await poll(worker.work, POLL_S, "texts")
    finally:
        if gateway is not None:
            await gateway.close()


class TextWorker:
    """One at a time for an installation. Without `gateway` no SMS is sent; they wait for a day."""

    def __init__(self, settings: Settings, database: Database, clock: Clock, gateway: sms.Sms | None) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._gateway = gateway

    async def work(self) -> int:
        """Send what is due; returns how many were taken. Database errors pass through."""
        now = self._clock.wall_ms()
        due = await self._database.transaction(
            partial(text_outbox.due, now=now, via=("sms", "email"), limit=_BATCH), read_only=True
        )
        mail = MailServer(self._settings)
        sent = 0
        try:
            for text in due:
                sent += await self._try(text, mail)
        finally:
            await mail.close()
        return sent

    async def _try(self, text: Text, mail: MailServer) -> bool:
        claimed = await self._database.transaction(
            partial(text_outbox.claim, text=text, now=self._clock.wall_ms())
        )
        if claimed is None:
            return False
        again_ms: int | None = None
        try:
            if text.via == "sms":
                await self._by_sms(text)
            else:
                await self._by_mail(text, mail)
        except (Refused, sms.Refused, BadAddress) as error:
            state, why = "refused", str(error)
        except sms.GatewayAway as error:
            state, why = "waiting", str(error)
            again_ms = None if error.again_s is None else round(error.again_s * 1000)
        except (PutOff, ServerAway) as error:
            state, why = "waiting", str(error)
        else:
            state, why = "sent", ""
        await self._database.transaction(
            partial(
                text_outbox.note,
                message=text.message,
                state=state,
                error=why or None,
                now=self._clock.wall_ms(),
                again_ms=again_ms,
            )
        )
        _log.info("text.tried", message=text.message, via=text.via, state=state, cause=why)
        return state == "sent"

    async def _by_sms(self, text: Text) -> None:
        if self._gateway is None:
            raise sms.GatewayAway("no SMS gateway is set: `sms` in the settings file")
        await self._gateway.send(text.message, text.recipient, text.text)

    async def _by_mail(self, text: Text, mail: MailServer) -> None:
        if not self._settings.mail.host:
            raise ServerAway("mail is not set: `mail` in the settings file")
        letter = _letter(text, self._settings.mail.sender)
        await mail.open()
        await mail.send(letter, text.recipient)


def _letter(text: Text, sender: str) -> EmailMessage:
    letter = EmailMessage(policy=SMTP_POLICY)
    try:
        letter["From"] = sender
        letter["To"] = address(text.recipient)
        letter["Subject"] = " ".join(text.subject.split())[:200]
    except (HeaderParseError, ValueError) as error:
        raise BadAddress(f"{text.recipient!r}: {error}") from error
    domain = parseaddr(sender)[1].rpartition("@")[2]
    letter["Message-ID"] = f"<{text.message}@{domain}>"
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(text.text)
    return letter
