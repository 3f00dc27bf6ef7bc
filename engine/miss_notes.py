"""Who was paused because he did not answer is told so on his telephones, where a queue of his says so."""

import asyncio
from collections.abc import Callable, Iterator, Sequence

import structlog

from engine.directory.codes import code_of
from engine.directory.directory import Directory, Tenant
from engine.directory.queue_model import QueueModel
from engine.queues.members import MemberKey
from engine.queues.presence import MISSED, Began, Change, Presence
from engine.queues.presence_book import PresenceBook
from engine.switch.ari.resources import Application
from engine.switch.errors import SwitchError

TEXTS = {
    "ru": "Вы на паузе: вы не ответили на звонки из очереди. Чтобы снова принимать их, наберите {code}.",
    "en": "You are paused: you did not answer calls of the queue. To take calls again, dial {code}.",
}

log = structlog.get_logger(__name__)


class MissNotes:
    """`run` sends them, as SIP MESSAGE, until cancelled. What a telephone makes of it is not known."""

    def __init__(
        self, book: PresenceBook, directory: Callable[[], Directory], application: Application
    ) -> None:
        self._book = book
        self._directory = directory
        self._application = application
        self._wanted: asyncio.Queue[MemberKey] = asyncio.Queue()
        book.listeners.append(self._presence_changed)

    async def run(self) -> None:
        """One that cannot be sent is logged."""
        while True:
            member = await self._wanted.get()
            tenant = self._directory().tenant(member.tenant)
            user = tenant.users.get(member.extension) if tenant is not None else None
            if tenant is None or user is None:
                continue
            text = TEXTS.get(tenant.language, TEXTS["en"]).format(code=code_of("queue_ready"))
            for endpoint in user.endpoints():
                try:
                    await self._application.send_text(endpoint, sender=tenant.name, text=text)
                except SwitchError as error:
                    log.info("miss_note.not_sent", endpoint=endpoint, cause=str(error))

    def _presence_changed(self, member: MemberKey, changes: Sequence[Change]) -> None:
        if not any(isinstance(one, Began) and one.stretch.reason == MISSED for one in changes):
            return
        tenant = self._directory().tenant(member.tenant)
        if tenant is not None and any(
            queue.tell_missed for queue in self._queues_of(tenant, self._book.of(member))
        ):
            self._wanted.put_nowait(member)

    def _queues_of(self, tenant: Tenant, person: Presence) -> Iterator[QueueModel]:
        """What he serves, of his own tenant's and, as a secretary, of others'."""
        yield from (tenant.queues[one] for one in person.joined() if one in tenant.queues)
        directory = self._directory()
        for name in tenant.served:
            if person.serves(name, by_file=False):
                customer, _, queue = name.partition("/")
                yield directory.tenants[customer].queues[queue]
