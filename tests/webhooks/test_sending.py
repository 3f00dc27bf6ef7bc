"""F42: receivers are told of events by signed requests, in order, until they have taken them."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from ipaddress import ip_network
from pathlib import Path

import pytest
import trustme
from sqlalchemy import Connection, select

from engine.directory.directory import Directory
from engine.integrations.webhooks import outbox
from engine.integrations.webhooks.post import Letter, Poster
from engine.integrations.webhooks.worker import WebhookWorker
from engine.records.notices import emit
from engine.settings import WebServiceSettings
from engine.signed_requests.signature import signature
from engine.store.database import Database
from engine.store.service_tables import notice, notice_delivery
from tests.recordings.calls import HandClock
from tests.signed_requests.server import Behaviour, Server, after, ca_file, resets, says
from tests.tasks.office import directory

KEY = "key-of-romashka"
OK = says({})
DAY_MS = 86_400_000


class Office:
    """The worker's part, with looks when the test says so and the clock in its hand."""

    def __init__(self, database: Database, of: Directory, clock: HandClock, poster: Poster) -> None:
        self.database, self.of, self.clock, self._poster = database, of, clock, poster

    async def emit(self, kind: str, key: str, tenant: str = "romashka", **data: object) -> None:
        await self.database.transaction(lambda one: emit(one, tenant, kind, key, self.clock.now, data))

    async def look(self) -> None:
        """One look, until all that it began is done."""
        async with asyncio.TaskGroup() as group:
            await WebhookWorker(self.database, self.clock, lambda: self.of, self._poster, group).look()

    async def states(self) -> list[tuple[str, str, str, int]]:
        mine = notice_delivery.c
        statement = (
            select(notice.c.key, mine.receiver, mine.state, mine.attempts)
            .join(notice, notice.c.notice == mine.notice)
            .order_by(notice.c.notice, mine.receiver)
        )
        async with self.database.read() as connection:
            return [tuple(row) for row in (await connection.execute(statement)).all()]


@asynccontextmanager
async def office(
    database: Database,
    receivers: dict[str, dict[str, object]],
    authority: Path,
    *,
    allow: bool = True,
    http: bool = False,
) -> AsyncIterator[Office]:
    clock = HandClock()
    networks = [ip_network("127.0.0.0/8"), ip_network("::1/128")] if allow else []
    settings = WebServiceSettings(allow=networks, http=http)
    poster = Poster(settings, lambda tenant: f"key-of-{tenant}", clock, authority)
    try:
        yield Office(database, directory(notices=receivers), clock, poster)
    finally:
        await poster.close()


@pytest.fixture
def pem(ca: trustme.CA, tmp_path: Path) -> Path:
    return ca_file(ca, tmp_path)


async def test_a_signed_request_says_all_there_is_to_know(
    database: Database,
    ca: trustme.CA,
    pem: Path,
) -> None:
    async with Server(ca) as server, office(database, {"crm": {"url": server.url("/vats?x=1")}}, pem) as one:
        await one.emit("rating.low", "c.1", mark=1, caller="Иван")
        await one.look()
        (got,) = server.got
        assert (got.method, got.target) == ("POST", "/vats?x=1")
        assert got.json == {
            "id": "romashka:rating.low:c.1", "event": "rating.low", "tenant": "romashka",
            "at": "2026-11-24T06:01:00.000Z", "data": {"mark": 1, "caller": "Иван"},
        }  # fmt: skip
        assert got.headers["content-type"] == "application/json"
        assert got.headers["idempotency-key"] == "romashka:rating.low:c.1"
        timestamp = got.headers["x-vats-timestamp"]
        assert int(timestamp) == one.clock.now // 1000
        assert got.headers["x-vats-signature"] == signature(KEY, timestamp, got.body)
        assert await one.states() == [("c.1", "crm", "sent", 1)]
        await one.look()
        assert len(server.got) == 1


async def test_one_that_cannot_be_sent_for_a_bug_keeps_no_other_receiver_from_his(
    sqlite_database: Database, ca: trustme.CA, pem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = Letter.body

    def broken(letter: Letter) -> bytes:
        if letter.kind == "task.missed":
            raise RuntimeError("a bug")
        return body(letter)

    monkeypatch.setattr(Letter, "body", broken)
    async with Server(ca) as crm, Server(ca) as board:
        receivers: dict[str, dict[str, object]] = {
            "crm": {"url": crm.url(), "events": ["task.missed"]},
            "board": {"url": board.url(), "events": ["rating.low"]},
        }
        async with office(sqlite_database, receivers, pem) as one:
            await one.emit("task.missed", "m")
            await one.emit("rating.low", "r")
            await one.look()
            assert (len(crm.got), len(board.got)) == (0, 1)
            assert sorted(await one.states()) == [("m", "crm", "waiting", 1), ("r", "board", "sent", 1)]
            one.clock.now += DAY_MS
            await one.look()
            assert sorted(await one.states())[0] == ("m", "crm", "failed", 2)


async def test_each_receiver_gets_what_it_wants_in_order(
    database: Database,
    ca: trustme.CA,
    pem: Path,
) -> None:
    async with Server(ca) as crm, Server(ca) as board:
        receivers: dict[str, dict[str, object]] = {
            "crm": {"url": crm.url()},
            "board": {"url": board.url(), "events": ["task.missed"]},
        }
        async with office(database, receivers, pem) as one:
            for number in range(5):
                await one.emit("rating.low", f"r{number}")
                await one.emit("task.missed", f"m{number}")
            await one.emit("rating.low", "other", tenant="stranger")
            await one.look()
            assert [got.json["id"].rpartition(":")[2] for got in crm.got] == [
                "r0", "m0", "r1", "m1", "r2", "m2", "r3", "m3", "r4", "m4",
            ]  # fmt: skip
            assert [got.json["id"].rpartition(":")[2] for got in board.got] == [f"m{n}" for n in range(5)]


async def test_later_ones_wait_for_one_that_is_not_taken_yet(
    database: Database,
    ca: trustme.CA,
    pem: Path,
) -> None:
    behaviours = [says({}, "503 Busy"), resets, says({}, "429 Slow down"), OK]
    async with Server(ca, behaviours) as server, office(database, {"crm": {"url": server.url()}}, pem) as one:
        await one.emit("rating.low", "a")
        await one.emit("rating.low", "b")
        await one.look()
        await one.look()  # the pause is not over
        assert await one.states() == [("a", "crm", "waiting", 1), ("b", "crm", "waiting", 0)]
        pauses = []
        for attempt in (1, 2, 3):
            before = one.clock.now
            while len(server.got) == attempt:
                one.clock.now += 1000
                await one.look()
            pauses.append((one.clock.now - before) // 1000)
        assert pauses == [10, 20, 40]
        assert [got.json["id"][-1] for got in server.got] == ["a", "a", "a", "a", "b"]
        assert await one.states() == [("a", "crm", "sent", 4), ("b", "crm", "sent", 1)]


@pytest.mark.parametrize(
    ("behaviour", "state", "error"),
    [
        (says({}, "201 Created"), "sent", None),
        (says(b"", "204 No Content"), "sent", None),
        (says({}, "400 Bad"), "refused", "answered 400, expected 2xx"),
        (says({}, "410 Gone"), "refused", "answered 410, expected 2xx"),
        (says({}, "302 Found", Location="https://x/"), "refused", "a redirect, which is not followed"),
        (says({}, "500 Oops"), "waiting", "answered 500"),
        (resets, "waiting", "cannot be reached"),
    ],
)
async def test_what_answers_mean(
    sqlite_database: Database,
    ca: trustme.CA,
    pem: Path,
    behaviour: Behaviour,
    state: str,
    error: str | None,
) -> None:
    async with (
        Server(ca, [behaviour]) as server,
        office(sqlite_database, {"crm": {"url": server.url()}}, pem) as one,
    ):
        await one.emit("rating.low", "a")
        await one.look()
        async with one.database.read() as connection:
            row = (await connection.execute(select(notice_delivery))).one()
    assert row.state == state
    assert (row.error is None) if error is None else (error in row.error)


async def test_a_refused_one_keeps_nobody_and_can_be_sent_again(
    database: Database,
    ca: trustme.CA,
    pem: Path,
) -> None:
    behaviours = [says({}, "422 No"), OK]
    async with Server(ca, behaviours) as server, office(database, {"crm": {"url": server.url()}}, pem) as one:
        await one.emit("rating.low", "a")
        await one.emit("rating.low", "b")
        await one.look()
        assert await one.states() == [("a", "crm", "refused", 1), ("b", "crm", "sent", 1)]
        count = partial(outbox.counts, now=one.clock.now)
        assert await database.transaction(count, read_only=True) == (0, 1)
        failed = [notice_delivery.c.state == "refused"]
        again = await one.database.transaction(
            lambda connection: outbox.retry(connection, failed, one.clock.now)
        )
        assert [receiver for _, receiver in again] == ["crm"]
        await one.look()
        assert await one.states() == [("a", "crm", "sent", 1), ("b", "crm", "sent", 1)]


async def test_after_a_day_it_is_given_up(sqlite_database: Database, pem: Path) -> None:
    closed = "https://127.0.0.1:9/"
    async with office(sqlite_database, {"crm": {"url": closed}}, pem) as one:
        await one.emit("rating.low", "a")
        attempts = 0
        began = one.clock.now
        while (await one.states() or [("", "", "waiting", 0)])[0][2] == "waiting":
            await one.look()
            attempts = (await one.states())[0][3]
            one.clock.now += 10_000 if one.clock.now - began < 60_000 else 600_000
            assert one.clock.now - began < 3 * DAY_MS
        assert (await one.states())[0][2] == "failed"
        assert DAY_MS <= one.clock.now - began <= DAY_MS + 2 * outbox.LONGEST_PAUSE_MS
        assert 20 < attempts < 60


async def test_private_addresses_and_http_are_refused_unless_allowed(
    sqlite_database: Database,
    ca: trustme.CA,
    pem: Path,
) -> None:
    async with Server(ca) as server, Server(None) as plain:
        receivers: dict[str, dict[str, object]] = {"crm": {"url": server.url()}, "old": {"url": plain.url()}}
        async with office(sqlite_database, receivers, pem, allow=False) as one:
            await one.emit("rating.low", "a")
            await one.look()
            assert [state[1:3] for state in await one.states()] == [("crm", "refused"), ("old", "refused")]
        assert not server.got
        assert not plain.got


async def test_a_slow_receiver_keeps_no_other_one(
    sqlite_database: Database,
    ca: trustme.CA,
    pem: Path,
) -> None:
    async with Server(ca, [after(1.5, OK)]) as slow, Server(ca) as quick:
        receivers: dict[str, dict[str, object]] = {"a": {"url": slow.url()}, "b": {"url": quick.url()}}
        async with office(sqlite_database, receivers, pem) as one:
            for number in range(3):
                await one.emit("rating.low", f"{number}")
            looking = asyncio.create_task(one.look())
            async with asyncio.timeout(10):
                while len(quick.got) < 3:
                    await asyncio.sleep(0.01)
            assert len(slow.got) == 1
            await looking


async def test_a_receiver_that_is_gone_from_the_file_gets_nothing(
    sqlite_database: Database, pem: Path
) -> None:
    async with office(sqlite_database, {"crm": {"url": "https://127.0.0.1:9/"}}, pem) as one:
        await one.emit("rating.low", "a")
        await one.look()
        one.of = directory(notices={"other": {"url": "https://127.0.0.1:9/"}})
        one.clock.now += 60_000
        await one.look()
        assert await one.states() == [("a", "crm", "dropped", 2)]


async def test_a_wrong_file_delays_and_an_old_notice_is_forgotten(
    sqlite_database: Database,
    ca: trustme.CA,
    pem: Path,
) -> None:
    async with Server(ca) as server, office(sqlite_database, {"crm": {"url": server.url()}}, pem) as one:
        right, one.of = one.of, Directory()
        await one.emit("rating.low", "a")
        await one.look()
        assert await one.states() == []
        one.of = right
        await one.look()
        assert await one.states() == [("a", "crm", "sent", 1)]
        one.clock.now += outbox.KEPT_MS + 1
        await one.emit("rating.low", "b")
        await one.look()
        assert [state[0] for state in await one.states()] == ["b"]


async def test_a_worker_that_died_while_it_sent_sends_again_with_the_same_id(
    database: Database, ca: trustme.CA, pem: Path
) -> None:
    async with Server(ca) as server, office(database, {"crm": {"url": server.url()}}, pem) as one:
        await one.emit("rating.low", "a")
        right = one.of

        def died(connection: Connection) -> None:
            outbox.spread(connection, one.clock.now, lambda tenant: right.tenants[tenant].notices)
            (due,) = outbox.due(connection, one.clock.now)
            assert outbox.claim(connection, due, one.clock.now)

        await database.transaction(died)
        await one.look()
        assert server.got == []  # nobody knows whether it was sent: not at once
        one.clock.now += 10_000
        await one.look()
        assert [got.headers["idempotency-key"] for got in server.got] == ["romashka:rating.low:a"]
        assert await one.states() == [("a", "crm", "sent", 2)]


async def test_many_notices_are_spread_and_sent_quickly(
    sqlite_database: Database, ca: trustme.CA, pem: Path
) -> None:
    async with Server(ca) as server, office(sqlite_database, {"crm": {"url": server.url()}}, pem) as one:

        def emit_all(connection: Connection) -> None:
            for number in range(300):
                emit(connection, "romashka", "rating.low", f"{number}", one.clock.now, {})

        await sqlite_database.transaction(emit_all)
        began = time.monotonic()
        for _ in range(3):
            await one.look()
        assert [got.json["id"].rpartition(":")[2] for got in server.got] == [str(n) for n in range(300)]
        assert server.connections == 1
        assert time.monotonic() - began < 30


def test_pauses_grow_to_an_hour() -> None:
    found: list[int] = [outbox.pause_ms(attempt) // 1000 for attempt in range(1, 12)]
    assert found == [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]
