"""The worker's part for webhooks: notices go to their receivers, in order for each.

An attempt is counted before it is made and its end is noted after it. A worker that is killed in between does
not know whether the receiver took it: it is sent again after the pause, with the same id.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError

from engine.clock import Clock
from engine.directory.directory import Directory
from engine.directory.notice_model import NoticeModel
from engine.integrations.webhooks import outbox
from engine.integrations.webhooks.outbox import Due, End
from engine.integrations.webhooks.post import Letter, Poster
from engine.secrets import secret
from engine.settings import Settings
from engine.signed_requests.signature import secret_name
from engine.store.database import Database
from engine.store.polling import poll

POLL_S = 1.0
_FORGET_EVERY_MS = 3_600_000
_AT_ONCE = 20

_log = structlog.get_logger(__name__)


def poster_of(settings: Settings, clock: Clock) -> Poster:
    """As the settings say, with tenants' keys from the secrets' folder."""
    return Poster(
        settings.web_services,
        lambda tenant: secret(settings, secret_name(tenant)),
        clock,
        settings.web_service_ca_file,
    )


async def run(
    settings: Settings, database: Database, clock: Clock, directory: Callable[[], Directory]
) -> None:
    """Send until cancelled. A database or receiver that is away is waited for."""
    poster = poster_of(settings, clock)
    try:
        async with asyncio.TaskGroup() as group:
            worker = WebhookWorker(database, clock, directory, poster, group)
            await poll(worker.look, POLL_S, "webhooks")
    finally:
        await poster.close()


class WebhookWorker:
    """One at a time for an installation. Requests are tasks of `group`, one at a time for each receiver."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        directory: Callable[[], Directory],
        poster: Poster,
        group: asyncio.TaskGroup,
    ) -> None:
        self._database = database
        self._clock = clock
        self._directory = directory
        self._poster = poster
        self._group = group
        self._busy: set[tuple[str, str]] = set()
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._forgot_at: int | None = None

    async def look(self) -> None:
        """Begin with what is due for receivers that nothing is under way to. Database errors pass through."""
        now = self._clock.wall_ms()
        directory = self._directory()
        await self._database.transaction(
            partial(outbox.spread, now=now, receivers=partial(_receivers, directory))
        )
        for one in await self._database.transaction(partial(outbox.due, now=now), read_only=True):
            if (one.tenant, one.receiver) not in self._busy:
                self._busy.add((one.tenant, one.receiver))
                self._group.create_task(self._serve(one), name=f"webhook-{one.tenant}-{one.receiver}")
        if self._forgot_at is None or now - self._forgot_at > _FORGET_EVERY_MS:
            await self._database.transaction(partial(outbox.forget_old, now=now))
            self._forgot_at = now

    async def _serve(self, first: Due) -> None:
        """All that waits for this receiver, one after another, until one is not taken."""
        one: Due | None = first
        try:
            while one is not None:
                async with self._places:
                    if await self._send(one) == "waiting":
                        return
                one = await self._next(first)
        except (SQLAlchemyError, OSError) as error:
            _log.error("webhooks.put_off", cause=str(error))
        finally:
            self._busy.discard((first.tenant, first.receiver))

    async def _next(self, first: Due) -> Due | None:
        waiting = partial(outbox.due, now=self._clock.wall_ms())
        found = await self._database.transaction(waiting, read_only=True)
        mine = (one for one in found if (one.tenant, one.receiver) == (first.tenant, first.receiver))
        return next(mine, None)

    async def _send(self, one: Due) -> str:
        log = _log.bind(tenant=one.tenant, receiver=one.receiver, notice=one.notice, event_kind=one.kind)
        claim = partial(outbox.claim, one=one, now=self._clock.wall_ms())
        if not await self._database.transaction(claim):
            return "waiting"
        receivers = _receivers(self._directory(), one.tenant)
        if receivers is None:
            end = End("waiting", error=f"the file of the tenant {one.tenant} cannot be read")
        elif one.receiver not in receivers or not receivers[one.receiver].wants(one.kind):
            end = End("dropped", error="the tenant's file has no such receiver for it any more")
        else:
            letter = Letter(one.tenant, one.kind, letter_id(one), one.at, json.loads(one.data))
            end = await self._posted(receivers[one.receiver].url, letter)
        noting = partial(outbox.note, one=one, end=end, now=self._clock.wall_ms())
        state = await self._database.transaction(noting)
        if state == "sent":
            log.info("webhook.sent", attempt=one.attempts + 1)
        else:
            log.error("webhook.not_sent", state=state, cause=end.error, attempt=one.attempts + 1)
        return state

    async def _posted(self, url: str, letter: Letter) -> End:
        try:
            return await self._poster.post(url, letter)
        except Exception as error:  # one that cannot be sent must not keep those of other receivers
            _log.exception("webhook.failed", tenant=letter.tenant, letter=letter.id)
            return End("waiting", error=f"{type(error).__name__}: {error}")


def letter_id(one: Due) -> str:
    """The same for all tries and receivers."""
    return f"{one.tenant}:{one.kind}:{one.key}"


def _receivers(directory: Directory, tenant: str) -> Mapping[str, NoticeModel] | None:
    found = directory.tenant(tenant)
    return None if found is None else found.notices
