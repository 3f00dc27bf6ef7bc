"""F19: the lights follow the database, whoever changed it and whatever was away meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import pytest

from engine.clock import SystemClock
from engine.recordings import lights as lights_module
from engine.recordings.lights import MessageLights
from engine.recordings.mailbox import MessageProblem
from engine.recordings.message_store import MessageStore
from engine.settings import Settings
from engine.store.database import Database
from engine.switch.errors import Refused, SwitchAway
from engine.switch.message_light import Count, Mailbox
from tests.live.site import eventually
from tests.mail.messages import NAME, keep

ANNA, PETR = Mailbox("romashka", "101"), Mailbox("romashka", "102")


class Switch:
    """What it was told last of each mailbox."""

    def __init__(self) -> None:
        self.lights: dict[str, str] = {}
        self.told = 0
        self.error: Exception | None = None

    async def notify(self, endpoint: str, *, event: str, content_type: str, content: Iterable[str]) -> None:
        if self.error is not None:
            raise self.error
        assert (event, content_type) == ("message-summary", "application/simple-message-summary")
        self.lights[endpoint] = " ".join(content)
        self.told += 1

    def shows(self, box: Mailbox, count: Count) -> bool:
        on = "yes" if count.new else "no"
        wanted = f"Messages-Waiting: {on} Voice-Message: {count.new}/{count.old} (0/0)"
        return self.lights.get(box.endpoint) == wanted


@asynccontextmanager
async def running(database: Database, switch: Switch) -> AsyncIterator[MessageLights]:
    lights = MessageLights(database, switch, lambda: {ANNA, PETR})
    task = asyncio.create_task(lights.run())
    try:
        yield lights
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_each_change_is_shown_once(settings: Settings, database: Database) -> None:
    switch = Switch()
    await keep(settings, database)
    await keep(settings, database, "second")
    async with running(database, switch) as lights:

        async def changed(mailboxes: Iterable[Mailbox]) -> None:
            lights.look(mailboxes)

        store = MessageStore(settings, database, SystemClock(), changed)
        lights.look()
        await eventually(lambda: switch.shows(ANNA, Count(2, 0)) and switch.shows(PETR, Count(0, 0)))
        await store.set_heard([NAME])
        await eventually(lambda: switch.shows(ANNA, Count(1, 1)))
        assert switch.told == 3
        await store.set_heard([NAME], heard=False)
        await eventually(lambda: switch.shows(ANNA, Count(2, 0)))
        assert await store.delete([NAME, "second"], "anna") == {}
        await eventually(lambda: switch.shows(ANNA, Count(0, 0)))
        told = switch.told
        # The switch was started anew: it knows nothing, and is told all again.
        lights.forget()
        lights.look()
        await eventually(lambda: switch.told == told + 2)


async def test_a_switch_that_is_away_is_told_later(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lights_module, "RETRY_S", 0.05)
    switch = Switch()
    switch.error = SwitchAway("not connected")
    await keep(settings, database)
    async with running(database, switch) as lights:
        lights.look([ANNA])
        await asyncio.sleep(0.2)
        switch.error = None
        await eventually(lambda: switch.shows(ANNA, Count(1, 0)))
        # A mailbox that the switch does not know yet keeps no other from being shown.
        switch.error = Refused("no such endpoint")
        lights.forget()
        lights.look()
        await asyncio.sleep(0.2)
        switch.error, switch.lights = None, {}
        lights.look()
        await eventually(lambda: switch.shows(ANNA, Count(1, 0)) and switch.shows(PETR, Count(0, 0)))


async def test_what_nobody_told_of_is_found(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lights_module, "LOOK_AGAIN_S", 0.1)
    switch = Switch()
    async with running(database, switch):
        await eventually(lambda: switch.shows(ANNA, Count(0, 0)))
        await keep(settings, database)
        await eventually(lambda: switch.shows(ANNA, Count(1, 0)))


async def test_messages_of_others_are_not_known(settings: Settings, database: Database) -> None:
    told: list[Mailbox] = []

    async def changed(mailboxes: Iterable[Mailbox]) -> None:
        told.extend(mailboxes)

    store = MessageStore(settings, database, SystemClock(), changed)
    file = await keep(settings, database)
    for work in (store.set_heard([NAME], tenant="lilia"), store.delete([NAME], "x", tenant="lilia")):
        with pytest.raises(MessageProblem, match="no such message"):
            await work
    assert told == []
    assert file.exists()
    assert await store.listing(PETR) == []
    (message,) = await store.listing(ANNA, new_only=True)
    assert (message.message, message.caller, message.heard_at) == (NAME, "+79031112233", None)
    await store.set_heard([NAME], at=5, tenant="romashka")
    assert await store.listing(ANNA, new_only=True) == []
    (message,) = await store.listing(ANNA)
    assert message.heard_at == 5
    assert told == [ANNA]
