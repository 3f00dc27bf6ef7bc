"""Secretaries log in to customers' queues and out of them, in all, of one customer, in one (F20)."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calls.attendance import NotDone
from engine.directory.directory import Directory, Tenant
from engine.directory.model import TenantModel
from engine.directory.tenant_file import tenant_of
from engine.queues.attendance import LiveAttendance
from engine.queues.members import MemberKey
from engine.queues.presence_book import PresenceBook
from engine.queues.view import describe
from tests.calls.cell import Cell
from tests.fake_switch import Caller
from tests.queues.answering_pool import ANNA, NUMBERS, PULT, VERA, Companies
from tests.queues.hall import events
from tests.queues.office import Office
from tests.virtual_time import run

KEY = MemberKey("pult", "201")
CODES = {"71": "romashka", "72": "zdorovie/main"}


def pult(**pool: object) -> TenantModel:
    said = PULT.model_dump(exclude_unset=True)
    more = {"pauses": {"reasons": {1: "обед"}}, "queues": {"own": {"members": ["201"], "extension": "600"}}}
    return TenantModel.model_validate(said | more | {"pool": said["pool"] | {"codes": CODES} | pool})


class Pult(Office):
    """Both customers and the pool, whose people dial codes; callers come by `call(NUMBERS[…])`."""

    def __init__(self, **pool: object) -> None:
        super().__init__()
        Cell.__init__(self, None, Companies())  # type: ignore[arg-type]
        self.callers: list[Caller] = []
        self.set_pool(**pool)

    def set_pool(self, **pool: object) -> None:
        given = self.files.directory.given or self.files.directory.tenants
        self.files.directory = Directory.of([*given.values(), tenant_of(pult(**pool))])

    @property
    def owner(self) -> Tenant:
        return self.files.directory.tenants["pult"]

    def said(self) -> set[tuple[str, str]]:
        return {(key.state, key.queue) for key in self.book.of(KEY).stretches}

    def states(self) -> dict[str, tuple[str, str]]:
        """Hers by customer."""
        assert self.engine is not None
        views = describe(self.engine.queues, self.clock.wall_ms(), lambda _: ("", ""))
        return {
            view.tenant: (one.state, one.reason)
            for view in views
            for one in view.members
            if one.extension == "pult/201"
        }


def test_f20_codes_log_her_in_and_out_of_all_of_one_customer_and_of_one_queue() -> None:
    async def scene() -> None:
        async with Pult() as pult:
            there, out = ("available", ""), ("offline", "logged out")
            assert pult.said() == {("joined", "own"), ("joined", "*/*")}, "as the files say"
            assert pult.states() == {"romashka": there, "zdorovie": there}
            assert await pult.dial("*4671", VERA) == ["member-left"]
            assert pult.states() == {"romashka": out, "zdorovie": there}
            waiting = pult.call(NUMBERS["romashka"])
            await asyncio.sleep(5)
            assert (pult.switch.phone(VERA).invited, pult.switch.phone(ANNA).invited) == (0, 0)
            await pult.until(lambda: pult.switch.phone(ANNA).invited, 12)  # the customer's own desk
            waiting.hang_up()
            assert await pult.dial("*4571", VERA) == ["member-joined"]
            assert pult.states() == {"romashka": there, "zdorovie": there}
            assert await pult.dial("*4672", VERA) == ["member-left"]
            assert pult.states()["zdorovie"] == out
            assert await pult.dial("*46", VERA) == ["member-left"]
            assert pult.said() == {("left", "own"), ("left", "*/*")}
            assert pult.states() == {"romashka": out, "zdorovie": out}
            assert await pult.dial("*4572", VERA) == ["member-joined"], "one of them alone"
            assert pult.states() == {"romashka": out, "zdorovie": there}
            assert await pult.dial("*45", VERA) == ["member-joined"]
            assert pult.states() == {"romashka": there, "zdorovie": there}
            assert await pult.dial("*4579", VERA) == ["member-unknown-queue"]
            assert await pult.dial("*46600", VERA) == ["member-left"], "a queue of her own tenant's"
            assert pult.said() == {("left", "own"), ("joined", "*/*")}
            assert await pult.dial("*471", VERA) == ["member-paused", "text='обед'"]
            assert set(pult.states().values()) == {("paused", "обед")}
            assert await pult.dial("*48", VERA) == ["member-ready"]
            assert set(pult.states().values()) == {there}
            with pytest.raises(NotDone, match="202 may not serve the queue romashka/main: see `pool`"):
                pult.staff.join(pult.owner, "202", "romashka/main", by="202")
            with pytest.raises(NotDone, match=r"unknown queue romashka/sales, expected one of"):
                pult.staff.join(pult.owner, "201", "romashka/sales", by="201")
            await pult.leave()

    run(scene())


def test_f20_with_login_nobody_serves_before() -> None:
    async def scene() -> None:
        async with Pult(login=True) as pult:
            vera = pult.switch.phone(VERA).answers(1).hangs_up(3)
            assert set(pult.states().values()) == {("offline", "logged out")}
            caller = pult.call(NUMBERS["zdorovie"])
            await asyncio.sleep(3)
            assert vera.invited == 0
            assert await pult.dial("*45", VERA) == ["member-joined"]
            assert await pult.talks(caller) < 3
            await pult.leave()

    run(scene())


def test_f20_what_she_said_outlives_the_engine_and_files_have_their_say() -> None:
    async def scene() -> None:
        async with Pult() as pult:
            pult.staff.leave(pult.owner, "201", "romashka/*", by="201")
            before = pult.said()
            assert before == {("joined", "own"), ("joined", "*/*"), ("left", "romashka/main")}
            await pult.kill_engine()
            await pult.start_engine()
            assert pult.said() == before
            # The customer no longer asks for the pool: there is nothing that she could have left.
            given = dict(pult.files.directory.given)
            own = given["romashka"].queues["main"].model_copy(update={"pool": None, "members": ["201"]})
            given["romashka"] = tenant_of(
                TenantModel.model_validate(
                    {"tenant": "romashka", "title": "Р", "users": {"201": {"name": "А"}}}
                    | {"queues": {"main": own.model_dump(exclude_unset=True)}}
                )
            )
            pult.files.directory = Directory.of(given.values())
            pult.keeper.look()
            await asyncio.sleep(0.1)
            assert pult.said() == {("joined", "own"), ("joined", "*/*")}
            pult.set_pool(login=True)
            pult.keeper.look()
            await asyncio.sleep(0.1)
            assert pult.said() == {("joined", "own")}, "the file no longer logs her in"
            pult.set_pool(members=["202"])
            pult.keeper.look()
            await asyncio.sleep(0.1)
            assert pult.said() == {("joined", "own")}
            streams = [entries for name, entries in pult.journal().items() if "-presence-pult-201-" in name]
            open_ones = [one for one in streams if type(events(one)[-1]).__name__ != "PresenceEnded"]
            assert len(open_ones) == 1

    run(scene())


def test_f20_without_a_telephone_she_is_offline_and_the_customer_s_rule_takes_the_call() -> None:
    async def scene() -> None:
        async with Pult() as pult:
            pult.telephones.told(VERA, there=False)
            assert set(pult.states().values()) == {("offline", "no telephone")}
            caller = pult.call(NUMBERS["romashka"])
            await pult.until(lambda: pult.switch.phone(ANNA).invited, 12)
            assert pult.switch.phone(VERA).invited == 0
            caller.hang_up()
            await pult.leave()

    run(scene())


ACT = st.tuples(
    st.sampled_from(["join", "leave"]),
    st.sampled_from(["", "romashka/*", "romashka/main", "zdorovie/main", "zdorovie/*", "*/*", "own"]),
)


@given(st.lists(ACT, max_size=12), st.booleans())
def test_f20_any_order_of_logins_against_sets(acts: list[tuple[str, str]], login: bool) -> None:
    directory = Directory.of([*Companies().directory.given.values(), tenant_of(pult(login=login))])
    book = PresenceBook("cell1", lambda: 0)
    attendance = LiveAttendance(book, lambda: directory)
    list(attendance.file_changed("pult"))
    owner, person = directory.tenants["pult"], book.of(KEY)
    customers = {"romashka/main", "zdorovie/main"}
    serves = {"own"} | (set() if login else customers)
    meant = {
        "": {"own", *customers}, "*/*": customers, "romashka/*": {"romashka/main"},
        "zdorovie/*": {"zdorovie/main"},
    }  # fmt: skip
    for what, queue in acts:
        names = meant.get(queue, {queue})
        try:
            getattr(attendance, what)(owner, "201", queue, by="201")
            serves = serves | names if what == "join" else serves - names
        except NotDone:
            assert what == "leave"
            assert not serves & names, "only who does not serve it cannot leave it"
        by_file = {"own": True} | dict.fromkeys(customers, not login)
        assert {one for one in by_file if person.serves(one, by_file=by_file[one])} == serves
        list(attendance.file_changed("pult"))
        assert {one for one in by_file if person.serves(one, by_file=by_file[one])} == serves
