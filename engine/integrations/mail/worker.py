"""The worker's part for mail: a message that was kept is sent to the user it is for.

An attempt is counted before it is made and its end is noted after it. A worker that is killed in between does
not know whether the server took the mail: it is sent again after the pause, with the same Message-ID. What is
known to be sent is never sent again, also where the database did not take the note at once.
"""

from collections.abc import Callable, Sequence
from functools import partial

import structlog

from engine.clock import Clock
from engine.directory.directory import Directory
from engine.integrations.mail import outbox
from engine.integrations.mail.letter import BadAddress, letter
from engine.integrations.mail.outbox import Due, End
from engine.integrations.mail.server import MailServer, PutOff, Refused, ServerAway
from engine.integrations.mail.sound import NoSound, sound_of
from engine.recordings.encryption import CannotOpen, opened
from engine.recordings.files import below
from engine.settings import Settings
from engine.store.database import Database
from engine.store.polling import poll

POLL_S = 2.0
_BATCH = 20
NOT_SET = "mail is not set"
NO_ADDRESS = "the user has no e-mail address"
NO_USER = "no such user"

_log = structlog.get_logger(__name__)


async def run(
    settings: Settings, database: Database, clock: Clock, directory: Callable[[], Directory]
) -> None:
    """Send mail until cancelled. A database or mail server that is away is waited for."""
    if not settings.mail.host:
        _log.info("mail.not_set", advice=f"messages are sent by e-mail once {settings.config} has mail.host")
    worker = MailWorker(settings, database, clock, directory)
    await poll(worker.work, POLL_S, "mail")


class MailWorker:
    """One at a time for an installation."""

    def __init__(
        self, settings: Settings, database: Database, clock: Clock, directory: Callable[[], Directory]
    ) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._directory = directory
        self._ends: list[End] = []  # what the database does not know yet

    async def work(self) -> int:
        """Send what is due; returns how many mails the server took. Database errors pass through."""
        await self._note()
        directory = self._directory()
        await self._take_up(directory)
        if not self._settings.mail.host:
            return 0
        now = self._clock.wall_ms()
        due = await self._database.transaction(partial(outbox.due, now=now, limit=_BATCH), read_only=True)
        server, sent = MailServer(self._settings), 0
        try:
            for position, mail in enumerate(due):
                try:
                    await server.open()
                except ServerAway as error:
                    await self._put_off(due[position:], str(error))
                    break
                sent += await self._send(server, mail, directory)
        finally:
            await server.close()
        return sent

    async def _take_up(self, directory: Directory) -> None:
        now = self._clock.wall_ms()
        new = await self._database.transaction(partial(outbox.new_messages, now=now), read_only=True)
        rows = []
        for message in new:
            tenant = directory.tenant(message.tenant)
            if tenant is None:
                continue  # his file may be wrong just now
            user = tenant.users.get(message.mailbox)
            email = user.email.strip() if user else ""
            why_not = NO_USER if user is None else NO_ADDRESS if not email else None
            if not self._settings.mail.host:
                why_not = NOT_SET
            rows.append((message.message, email, why_not))
        if rows:
            await self._database.transaction(partial(outbox.take_up, rows=rows, now=now))

    async def _put_off(self, mails: Sequence[Due], error: str) -> None:
        now = self._clock.wall_ms()
        _log.error("mail.server_away", cause=error, mails=len(mails))
        await self._database.transaction(partial(outbox.claim, mails=mails, now=now))
        self._ends += [End(mail.message, "waiting", error) for mail in mails]
        await self._note()

    async def _send(self, server: MailServer, mail: Due, directory: Directory) -> bool:
        claimed = await self._database.transaction(
            partial(outbox.claim, mails=[mail], now=self._clock.wall_ms())
        )
        if not claimed:
            return False  # the message was deleted since
        try:
            end = await self._attempt(server, mail, directory)
        except Exception as error:  # one that cannot be sent must not keep the others
            _log.exception("mail.failed", call_id=mail.call_id, message=mail.message)
            end = End(mail.message, "waiting", f"{type(error).__name__}: {error}")
        self._ends.append(end)
        log = _log.bind(call_id=mail.call_id, tenant=mail.tenant, message=mail.message)
        if end.state == "sent":
            log.info("mail.sent", recipient=mail.recipient, attempt=mail.attempts + 1)
        else:
            log.error("mail.not_sent", recipient=mail.recipient, state=end.state, cause=end.error)
        await self._note()
        return end.state == "sent"

    async def _attempt(self, server: MailServer, mail: Due, directory: Directory) -> End:
        tenant = directory.tenant(mail.tenant)
        if tenant is None:
            return End(mail.message, "waiting", f"the file of the tenant {mail.tenant} cannot be read")
        settings = self._settings
        try:
            path = below(settings.messages_folder, mail.path or "")
            async with opened(settings, path) as plain:
                sound = await sound_of(plain, settings.mail.wav_limit)
            made = letter(mail, tenant, sound, settings.mail.sender, self._clock.wall_ms())
            await server.send(made, made["To"].addresses[0].addr_spec)
        except FileNotFoundError:
            return End(mail.message, "failed", f"{mail.path}: the file is gone")
        except (Refused, BadAddress) as error:
            return End(mail.message, "refused", str(error))
        except (PutOff, NoSound, CannotOpen, OSError) as error:
            return End(mail.message, "waiting", str(error))
        return End(mail.message, "sent")

    async def _note(self) -> None:
        if self._ends:
            ends = list(self._ends)
            await self._database.transaction(partial(outbox.note, ends=ends, now=self._clock.wall_ms()))
            del self._ends[: len(ends)]
