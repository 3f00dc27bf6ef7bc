"""People join, leave, pause and unplug in any order while callers come: nobody is rung who is not there."""

import asyncio
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from engine.calls.attendance import NotDone
from engine.queues.members import MemberKey
from tests.calls.cell import DESK, SECOND, THIRD
from tests.queues.office import Office
from tests.virtual_time import run

PHONES = {"101": DESK, "102": SECOND, "103": THIRD}
WHO = st.sampled_from(sorted(PHONES))
SECONDS = st.sampled_from([0.0, 0.02, 0.5, 1.0, 3.0, 7.0])
ACT = st.one_of(
    st.tuples(st.just("call")),
    st.tuples(st.just("call")),
    st.tuples(st.sampled_from(["join", "leave", "pause", "resume", "gone", "back", "quiet", "noise"]), WHO),
    st.tuples(st.just("kill")),
)
EVENING = st.lists(st.tuples(SECONDS, ACT), min_size=3, max_size=16)
BEHAVIOUR = st.sampled_from(["answers", "no_answer", "rejects"])


@dataclass
class Watch:
    """Who could be rung at each look, by what was said and seen alone; and who was offered since."""

    office: Office
    offered: dict[str, object] = field(default_factory=dict)
    there: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(PHONES, True))
    wrong: list[str] = field(default_factory=list)

    def look(self, *, restarted: bool = False) -> bool:
        """False, so that it can go along with waiting for something. After a restart those who ring already
        are offered anew.
        """
        assert self.office.engine is not None
        for extension in PHONES:
            member = self.office.engine.queues.roster.members.get(MemberKey("romashka", extension))
            offered = member.offered_to if member is not None else None
            can = self._can(extension)
            new = offered is not None and offered is not self.offered.get(extension) and not restarted
            # What was said since the last look may have come just after the offer.
            if new and not (can or self.there[extension]):
                self.wrong.append(f"{extension} was offered, though {self.office.so(extension)}")
            self.offered[extension], self.there[extension] = offered, can
        return False

    def _can(self, extension: str) -> bool:
        so = self.office.so(extension)
        states = {state for state, _, _ in so}
        # A wrap-up that is over may be noted a moment later.
        person = self.office.book.of(MemberKey("romashka", extension))
        rests = person.wrap_up(self.office.clock.wall_ms() + 2) is not None
        joined = ("joined", "sales", "") in so
        return joined and not rests and not states & {"paused", "offline", "do_not_disturb"}


async def act(office: Office, what: str, who: str = "") -> None:
    tenant = office.files.directory.tenants["romashka"]
    match what:
        case "call":
            office.call()
        case "kill":
            await office.kill_engine()
            await office.start_engine()
        case "gone" | "back":
            office.telephones.told(PHONES[who], there=what == "back")
        case "quiet" | "noise":
            await office.user_settings.set_do_not_disturb("romashka", who, on=what == "quiet", by=who)
        case _:
            try:
                if what == "pause":
                    office.staff.pause(tenant, who, "", "", by=who)
                else:
                    getattr(office.staff, what)(tenant, who, "", by=who)
            except NotDone:
                pass


@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to make one smaller takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(EVENING, st.lists(BEHAVIOUR, min_size=3, max_size=3), st.sampled_from(["all", "longest_idle"]))
def test_nobody_is_rung_who_is_not_there_and_whoever_is_there_serves(
    evening: list[tuple[float, tuple[str, ...]]], behaviours: list[str], strategy: str
) -> None:
    async def scene() -> None:
        sales = {
            "members": sorted(PHONES),
            "strategy": strategy,
            "ring_timeout": "3s",
            "wrap_up": "4s",
            "max_wait": "10m",
            "pause_after_misses": 2,
        }
        async with Office(sales=sales) as office:
            for endpoint, behaviour in zip(PHONES.values(), behaviours, strict=True):
                phone = office.switch.phone(endpoint)
                if behaviour == "answers":
                    phone.answers(1).hangs_up(2)
                else:
                    getattr(phone, behaviour)()
            watch = Watch(office)
            loop = asyncio.get_running_loop()
            for seconds, (what, *who) in evening:
                until = loop.time() + seconds
                while True:
                    watch.look()
                    if loop.time() >= until:
                        break
                    await asyncio.sleep(0.01)
                before = {name: office.so(name) for name in PHONES}
                await act(office, what, *who)
                if what == "kill":
                    watch.look(restarted=True)
                    kept = {("joined", "sales", ""), ("left", "sales", ""), ("paused", "", "")}
                    for name in PHONES:
                        assert office.so(name) & kept == before[name] & kept, "as before the kill"
            # Whoever waits is served as soon as somebody who answers is there and ready.
            answering = [name for name, one in zip(PHONES, behaviours, strict=True) if one == "answers"]
            for name in answering:
                for what in ("back", "noise", "join", "resume"):
                    await act(office, what, name)
            if answering:
                await office.until(lambda: watch.look() or all(one.gone for one in office.callers), 300)
            assert watch.wrong == []
            await office.leave()

    run(scene())
