"""A talk between three colleagues and the city, passed on in every way: written as a table, played on the
scripted switch.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from engine.records.model import CallRecord
from tests.calls.cell import DESK, NUMBER, SECOND, THIRD, Cell
from tests.calls.promises import check
from tests.fake_switch import Caller, Delays
from tests.virtual_time import run

PEOPLE = {"anna": DESK, "petr": SECOND, "olga": THIRD}
EXTENSIONS = {"101": "anna", "102": "petr", "103": "olga"}
KEY_EVERY_S = 0.2
SETTLE_S = 1.5


@dataclass(frozen=True)
class Race:
    """`acts` are `SECONDS WHO WHAT`, one after another with `;`, counted from the talk's begin. `talking`:
    who talks with whom a moment after the last of them; `waiting`: who hears music or a ringing tone then;
    everybody else has gone. `talks` as the record has them.
    """

    acts: str
    talking: str | None = ""  # None: either of two may be, whichever the switch sees first
    waiting: str | None = ""
    talks: str | None = ""
    told: tuple[int, ...] | None = None  # what Anna's phone was told of its REFER
    starts: str = "caller anna"  # who talks at the beginning, who called first


class Scene:
    """Everybody of a running race, by name."""

    def __init__(self, cell: Cell, starts: str) -> None:
        self.cell = cell
        self.first, self.second = starts.split()
        self.caller: Caller | None = None

    async def begin(self) -> None:
        """The two talk, as found by what they hear."""
        switch, second = self.cell.switch, PEOPLE[self.second]
        for endpoint in PEOPLE.values():
            switch.phone(endpoint).no_answer()
        switch.phone(second).answers(0.5)
        if self.first == "caller":
            self.caller = caller = switch.incoming(NUMBER)
            extension = next(number for number, name in EXTENSIONS.items() if name == self.second)
            switch.after(2.5, lambda: caller.press(extension, KEY_EVERY_S))
        else:
            extension = next(number for number, name in EXTENSIONS.items() if name == self.second)
            self.caller = caller = switch.from_user(PEOPLE[self.first], extension)
        for _ in range(300):
            if self.cell.switch.phone(second).lines and caller.talks_with(switch.phone(second).line):
                break
            await asyncio.sleep(0.05)
        else:
            raise AssertionError(f"they never talked: {caller}")
        switch.phone(second).no_answer()

    def line(self, name: str) -> Caller:
        """His end of the last call; `anna2` is her second one."""
        if name == "caller":
            assert self.caller is not None
            return self.caller
        lines = self.cell.switch.phone(PEOPLE[name.rstrip("2")]).lines
        if name.endswith("2"):
            return lines[-1]
        living = [line for line in lines if not line.gone]
        return (living or lines)[0]

    def act(self, who: str, what: str) -> None:
        """Do it now; one who has gone, or was never there, does nothing."""
        verb, _, argument = what.partition(" ")
        if verb == "dials":
            extension = argument
            self.cell.switch.from_user(PEOPLE[who], extension)
            return
        if who != "caller" and not self.cell.switch.phone(PEOPLE[who.rstrip("2")]).lines:
            return
        line = self.line(who)
        if line.gone or (verb in ("answers", "busy") and not line.channel.endpoint):
            return  # whoever calls himself has nothing to answer
        acts: dict[str, Callable[[], None]] = {
            "keys": lambda: line.press(argument, KEY_EVERY_S),
            "answers": line.answer,
            "busy": line.refuse,
            "holds": line.hold,
            "unholds": line.unhold,
            "hangs": line.hang_up,
            "refers": lambda: line.refer(*argument.split()),
            "merges": lambda: line.refer_replacing(self.line(f"{who}2"), hangs_up_on=argument or "success"),
        }
        acts[verb]()

    def living(self) -> dict[str, Caller]:
        found: dict[str, Caller] = {}
        if self.caller is not None and not self.caller.gone and self.first == "caller":
            found["caller"] = self.caller
        for name, endpoint in PEOPLE.items():
            lines = [line for line in self.cell.switch.phone(endpoint).lines if not line.gone]
            for index, line in enumerate(lines):
                found[name if index == 0 else f"{name}{index + 1}"] = line
        return found

    def talking(self) -> str:
        """`a-b` for all who hear each other and nobody else, in alphabetical order."""
        living = sorted(self.living().items())
        pairs = [
            f"{one}-{other}"
            for index, (one, line) in enumerate(living)
            for other, line2 in living[index + 1 :]
            if line.talks_with(line2)
        ]
        return " ".join(pairs)

    def waiting(self) -> str:
        """Who hears music, a tone or a prompt, or whose phone rings."""
        names = [
            name
            for name, line in sorted(self.living().items())
            if line.hears in ("music", "ringing", "ringback", "prompt")
            or (line.channel.state in ("Ring", "Ringing", "Down"))
        ]
        return " ".join(names)

    def silent(self) -> list[str]:
        """Who has been answered, and hears nothing though he and whoever he talks with hold nobody."""
        up = {name: line for name, line in self.living().items() if line.channel.state == "Up"}
        if any(line.channel.holding for line in up.values()):
            return []
        return [name for name, line in up.items() if line.hears == "silence"]


def play(race: Race, delays: Delays | None = None) -> list[CallRecord]:
    """Play it, look who talks with whom, end everything, and check what always holds."""

    async def main() -> list[CallRecord]:
        async with Cell(delays) as cell:
            scene = Scene(cell, race.starts)
            await scene.begin()
            last = 0.0
            for written in filter(None, (act.strip() for act in race.acts.split(";"))):
                seconds, who, what = written.split(" ", 2)
                last = float(seconds)
                cell.switch.after(last, partial(scene.act, who, what))
                last += KEY_EVERY_S * len(what.partition("keys ")[2])
            await asyncio.sleep(last + SETTLE_S)
            hears = cell.switch.who_hears_whom()
            assert scene.silent() == [], f"in silence: {hears}"
            if race.talking is not None:
                assert scene.talking() == race.talking, f"talking: {scene.talking()} {hears}"
            if race.waiting is not None:
                assert scene.waiting() == race.waiting, f"waiting: {hears}"
            if race.told is not None:
                assert tuple(cell.switch.phone(DESK).lines[0].told) == race.told
            for line in scene.living().values():
                line.hang_up()
            await asyncio.sleep(200)
            for line in scene.living().values():
                line.hang_up()
            await asyncio.sleep(20)
            return check(cell, silence_s=11.5)

    return run(main())


def talks_of(records: list[CallRecord]) -> str:
    """`a-b` a talk, `a+b` a consultation, in order, all calls of the race."""
    found = sorted((talk for record in records for talk in record.talks), key=lambda talk: talk.started_at)
    marks = {"talk": "-", "consultation": "+"}
    return " ".join(f"{_name(talk.one)}{marks[talk.kind]}{_name(talk.other)}" for talk in found)


def _name(number: str) -> str:
    return EXTENSIONS.get(number, "caller")
