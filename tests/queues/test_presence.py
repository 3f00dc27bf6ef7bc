"""Presence: a pure machine that is never in two minds, and a book that finds it again (F15)."""

from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.clock import SystemClock
from engine.journal.events import Entry, Event
from engine.journal.presence_events import PresenceBegan, PresenceEnded, PresenceExtended
from engine.queues.members import MemberKey, QueueKey
from engine.queues.presence import Began, Ended, Key, Presence
from engine.queues.presence_book import PresenceBook
from engine.records.presence import stretch_of

ANNA = MemberKey("romashka", "101")
QUEUES = ("sales", "office")


class Paper:
    """What a book writes, and what of it is open."""

    def __init__(self) -> None:
        self.streams: dict[str, list[Entry]] = defaultdict(list)

    def append(self, stream: str, event: Event, at: int | None) -> None:
        entries = self.streams[stream]
        assert not entries or not isinstance(entries[-1].event, PresenceEnded), "it had ended"
        assert isinstance(event, PresenceBegan) == (not entries), "a stream begins once"
        entries.append(Entry(stream, len(entries) + 1, at or 0, 0, "", event))

    def open(self) -> dict[str, list[Entry]]:
        return {
            name: entries
            for name, entries in self.streams.items()
            if not isinstance(entries[-1].event, PresenceEnded)
        }


ACTS = st.one_of(
    st.tuples(st.just("join"), st.sampled_from(QUEUES)),
    st.tuples(st.just("leave"), st.sampled_from(QUEUES), st.booleans()),
    st.tuples(st.just("pause"), st.sampled_from(["обед", "обучение", ""]), st.sampled_from(["", *QUEUES])),
    st.tuples(st.just("resume"), st.sampled_from(["", *QUEUES])),
    st.tuples(st.just("rest"), st.sampled_from(QUEUES), st.integers(0, 20)),
    st.tuples(st.just("rest_until"), st.integers(-5, 30)),
    st.tuples(st.just("over")),
    st.tuples(st.just("set"), st.sampled_from(["offline", "do_not_disturb", "off_duty"]), st.booleans()),
    st.tuples(st.just("files"), st.sets(st.sampled_from(QUEUES)), st.sets(st.sampled_from(QUEUES))),
    st.tuples(st.just("restart")),
)


class Truth:
    """The same in the plainest words: what is so, as a set."""

    def __init__(self) -> None:
        self.so: dict[tuple[str, str], tuple[str, int]] = {}  # (reason or who said so, until)

    def drop(self, state: str, queue: str) -> None:
        self.so.pop((state, queue), None)

    def act(self, now: int, what: str, *more: object) -> None:
        match (what, *more):
            case ("join", str(queue)):
                self.drop("left", queue)
                self.so.setdefault(("joined", queue), ("101", 0))
            case ("leave", str(queue), bool(by_file)):
                self.drop("joined", queue)
                self.drop("paused", queue)
                if by_file:
                    self.so.setdefault(("left", queue), ("101", 0))
            case ("pause", str(reason), str(queue)):
                for other in [] if queue else QUEUES:
                    if self.so.get(("paused", ""), (None,))[0] != reason:
                        self.drop("paused", other)
                self.so["paused", queue] = (reason, 0)
            case ("resume", str(queue)):
                for one in [queue] if queue else ["", *QUEUES]:
                    self.drop("paused", one)
            case ("rest", str(queue), int(seconds)) if seconds:
                self.so["wrap_up", queue] = ("talk", now + seconds)
            case ("rest_until", int(seconds)):
                for queue in QUEUES:
                    if ("wrap_up", queue) in self.so:
                        self.so["wrap_up", queue] = ("talk", now + seconds)
                        if seconds <= 0:
                            self.drop("wrap_up", queue)
            case ("over",):
                for queue in QUEUES:
                    if self.so.get(("wrap_up", queue), ("", now + 1))[1] <= now:
                        self.drop("wrap_up", queue)
            case ("set", str(state), bool(on)):
                if on:
                    self.so.setdefault((state, ""), ("x", 0))
                else:
                    self.drop(state, "")
            case ("files", set(member), set(joinable)):
                there = member | joinable
                for queue in QUEUES:
                    if queue not in there:
                        for state in ("joined", "left", "paused"):
                            self.drop(state, queue)
                    if queue not in member:
                        self.drop("left", queue)
                        if self.so.get(("joined", queue), ("",))[0] == "file":
                            self.drop("joined", queue)
                    elif ("left", queue) not in self.so:
                        self.so.setdefault(("joined", queue), ("file", 0))


@settings(max_examples=300, deadline=None)
@given(st.lists(ACTS, max_size=40))
def test_whatever_is_said_in_any_order_is_so_and_is_found_again(acts: list[tuple[object, ...]]) -> None:
    paper, truth, now = Paper(), Truth(), 1_000_000
    book = PresenceBook("cell1", SystemClock().wall_ms, paper.append)
    for act in acts:
        now += 1  # one second would be as good
        what, *more = act
        anna = book.to_change(ANNA)
        truth.act(now, str(what), *more)
        match act:
            case ("join", str(queue)):
                book.note(ANNA, anna.join(queue, now, "101"))
            case ("leave", str(queue), bool(by_file)):
                book.note(ANNA, anna.leave(queue, now, "101", by_file=by_file))
            case ("pause", str(reason), str(queue)):
                book.note(ANNA, anna.pause_for(reason, now, "101", queue))
            case ("resume", str(queue)):
                book.note(ANNA, anna.resume("101", queue))
            case ("rest", str(queue), int(seconds)):
                book.note(ANNA, anna.rest(queue, "call", now, now + seconds))
            case ("rest_until", int(seconds)):
                book.note(ANNA, anna.rest_until(now + seconds, now, "101"))
            case ("over",):
                for end, changes in anna.rests_over(now):
                    book.note(ANNA, changes, end)
            case ("set", str(state), bool(on)):
                book.note(ANNA, anna.set(state, on, now, "x"))  # type: ignore[arg-type]
            case ("files", set(member), set(joinable)):
                book.note(ANNA, anna.keep_queues(member, member | joinable, now))
            case ("restart",):
                book = PresenceBook("cell1", SystemClock().wall_ms, paper.append)
                book.restore(paper.open())
        so = book.of(ANNA).stretches
        found = {
            (key.state, key.queue): (one.reason if key.state == "paused" else one.by, one.until)
            for key, one in so.items()
        }
        assert found == truth.so
        joined = {queue for queue in QUEUES if "101" in book.joined(QueueKey("romashka", queue))}
        assert joined == {queue for state, queue in truth.so if state == "joined"}
        assert len(paper.open()) == len(so), "one open stream for each thing that is so"
        assert bool(list(book.resting())) == any(state == "wrap_up" for state, _ in truth.so)
        for key in so:
            assert not (key.state == "joined" and Key("left", key.queue) in so)
    rows = [stretch_of(entries) for entries in paper.streams.values()]
    assert all(row is not None and (row["ended_at"] or now) >= row["started_at"] for row in rows)  # type: ignore[operator]


def test_who_serves_what_and_what_keeps_him() -> None:
    anna = Presence()
    assert anna.serves("sales", by_file=True)
    assert not anna.serves("sales", by_file=False)
    assert anna.leave("sales", 5, "101", by_file=True)
    assert not anna.serves("sales", by_file=True)
    assert [type(one) for one in anna.join("sales", 6, "101")] == [Ended, Began]
    anna.pause_for("обучение", 7, "102", "sales")
    assert (anna.pause("sales") is not None, anna.pause("office")) == (True, None)
    anna.pause_for("обед", 8, "101")
    pause = anna.pause("office")
    assert pause is not None
    assert (pause.reason, pause.by, pause.since) == ("обед", "101", 8)
    assert [key.queue for key in anna.stretches if key.state == "paused"] == [""]


def test_a_wrap_up_ends_at_its_own_time_however_late_it_is_noted() -> None:
    paper, now = Paper(), 1000
    book = PresenceBook("cell1", lambda: now, paper.append)
    book.note(ANNA, book.to_change(ANNA).rest("sales", "cell1-1.0", now, 11_000))
    book.note(ANNA, book.to_change(ANNA).rest_until(21_000, now, "vats (root)"))
    for end, changes in book.to_change(ANNA).rests_over(60_000):
        book.note(ANNA, changes, end)
    [(name, entries)] = paper.streams.items()
    assert name == "cell1-presence-romashka-101-1000"
    assert [type(entry.event) for entry in entries] == [PresenceBegan, PresenceExtended, PresenceEnded]
    row = stretch_of(entries)
    assert row is not None
    assert (row["state"], row["queue"], row["call_id"]) == ("wrap_up", "sales", "cell1-1.0")
    assert (row["started_at"], row["ended_at"], row["ended_by"]) == (1000, 21_000, "time")


def test_two_things_of_one_millisecond_are_two_streams() -> None:
    paper, clock = Paper(), SystemClock()
    book = PresenceBook("cell1", clock.wall_ms, paper.append)
    anna = book.to_change(ANNA)
    for _ in range(3):
        book.note(ANNA, [*anna.join("sales", 5, "101"), *anna.leave("sales", 5, "101", by_file=True)])
    assert len(paper.streams) == 6
