"""The figures of queues against an obvious and slow reckoning, second by second (F15)."""

from hypothesis import given
from hypothesis import strategies as st

from engine.journal.presence_events import PresenceState
from engine.records.queues.figures import member_figures, queue_figures
from engine.records.queues.staffing import Stretch, secretary_staffing, staffing
from engine.records.queues.visits import Offer, Outcome, Visit

OUTCOMES: tuple[Outcome, ...] = ("talked", "abandoned", "timeout", "callback", "key", "failed")
STATES: tuple[PresenceState, ...] = (
    "joined", "left", "paused", "wrap_up", "offline", "do_not_disturb", "off_duty",
)  # fmt: skip
PERIOD_S = 60


def visit(wait_s: float, outcome: Outcome, talk_s: float = 0.0) -> Visit:
    talked = outcome == "talked"
    return Visit(
        "c", 1, "romashka", "sales", "+7", 0, round(wait_s * 1000), round(wait_s * 1000), outcome,
        "101" if talked else "", round(talk_s * 1000) if talked else 0,
    )  # fmt: skip


visits = st.builds(
    visit,
    st.integers(0, 600).map(lambda tenths: tenths / 10),
    st.sampled_from(OUTCOMES),
    st.integers(0, 3000).map(lambda tenths: tenths / 10),
)


def test_f15_a_morning_in_figures() -> None:
    found = queue_figures(
        [
            visit(10, "talked", 60),
            visit(30, "talked", 120),
            visit(3, "abandoned"),
            visit(40, "abandoned"),
            visit(300, "timeout"),
        ],
        within_s=20,
    )
    assert (found.entered, found.talked, found.abandoned, found.short, found.elsewhere) == (5, 2, 2, 1, 1)
    assert found.service_level == 1 / 4, "one of four: the short one is left out"
    assert (found.wait_talked_s, found.wait_abandoned_s, found.wait_longest_s) == (20, 21.5, 300)
    assert (found.talk_s, found.talk_mean_s) == (180, 90)
    nothing = queue_figures([], within_s=20)
    assert (nothing.service_level, nothing.wait_mean_s, nothing.wait_longest_s) == (None, None, 0)


@given(st.lists(visits), st.sampled_from([0.0, 5.0, 20.0]))
def test_f15_figures_are_what_counting_gives(found: list[Visit], within_s: float) -> None:
    told = queue_figures(found, within_s)
    answered_soon = counted = 0
    longest = talked_for = 0.0
    for one in found:
        too_short = one.outcome == "abandoned" and one.wait_ms < 5000
        if not too_short:
            counted += 1
        if one.outcome == "talked" and one.wait_ms <= within_s * 1000:
            answered_soon += 1
        longest = max(longest, one.wait_ms / 1000)
        talked_for += one.talk_ms / 1000
    assert told.within == answered_soon
    assert told.service_level == (answered_soon / counted if counted else None)
    assert told.wait_longest_s == longest
    assert abs(told.talk_s - talked_for) < 1e-6
    failed = sum(one.outcome == "failed" for one in found)
    assert told.talked + told.abandoned + told.elsewhere + failed == told.entered


stretches = st.builds(
    lambda state, queue, start, length: Stretch(state, queue, start * 1000, (start + length) * 1000),
    st.sampled_from(STATES),
    st.sampled_from(["", "sales", "support"]),
    st.integers(-20, PERIOD_S + 10),
    st.integers(0, 50),
)


@given(st.lists(stretches, max_size=8), st.booleans(), st.sampled_from(["", "sales"]))
def test_f15_who_was_there_second_by_second(found: list[Stretch], by_file: bool, queue: str) -> None:
    told = staffing(found, (0, PERIOD_S * 1000), queue, by_file=by_file)
    there = paused = wrap_up = 0
    for second in range(PERIOD_S):
        now = [one for one in found if one.start <= second * 1000 < one.end]
        # What is said of another queue does not matter for this one; of one queue, not for all of them.
        whole = [one for one in now if one.queue in ("", queue)]
        of_interest = whole if queue else now
        present = by_file or any(one.state == "joined" for one in of_interest)
        away = any(one.state in ("left", "paused", "offline", "do_not_disturb", "off_duty") for one in whole)
        there += present and not away
        paused += any(one.state == "paused" for one in whole)
        wrap_up += any(one.state == "wrap_up" for one in of_interest)
    assert told == (there * 1000, paused * 1000, wrap_up * 1000)


of_customers = st.builds(
    lambda state, queue, start, length: Stretch(state, queue, start * 1000, (start + length) * 1000),
    st.sampled_from(STATES),
    st.sampled_from(["", "own", "romashka/main", "romashka/back", "zdorovie/main", "*/*"]),
    st.integers(-20, PERIOD_S + 10),
    st.integers(0, 50),
)


@given(
    st.lists(of_customers, max_size=10),
    st.sampled_from([["romashka/main"], ["romashka/main", "romashka/back"], ["zdorovie/main"], []]),
)
def test_f20_a_secretary_s_time_for_a_customer_second_by_second(
    found: list[Stretch], queues: list[str]
) -> None:
    told = secretary_staffing(found, (0, PERIOD_S * 1000), queues)
    there = paused = wrap_up = 0
    for second in range(PERIOD_S):
        now = {(one.state, one.queue) for one in found if one.start <= second * 1000 < one.end}
        away = {("paused", ""), ("offline", ""), ("do_not_disturb", ""), ("off_duty", "")} & now
        serves = [
            queue
            for queue in queues
            if {("joined", queue), ("joined", "*/*")} & now and not {("left", queue), ("paused", queue)} & now
        ]
        there += bool(serves) and not away
        paused += ("paused", "") in now or (len(queues) == 1 and ("paused", queues[0]) in now)
        wrap_up += any(("wrap_up", queue) in now for queue in queues)
    assert told == (there * 1000, paused * 1000, wrap_up * 1000)


def test_f15_a_member_in_figures() -> None:
    offers = [
        Offer("c1", 1, 1, "romashka", "sales", "101", 0, 5000, "answered"),
        Offer("c2", 1, 1, "romashka", "sales", "101", 0, 15_000, "no_answer"),
        Offer("c3", 1, 1, "romashka", "sales", "101", 0, 2000, "cancelled"),
    ]
    found = member_figures(offers, [visit(5, "talked", 90)], 30_000, there_ms=240_000, paused_ms=60_000)
    assert (found.offers, found.taken, found.missed, found.ring_s) == (3, 1, 1, 22)
    assert (found.talks, found.talk_s, found.wrap_up_s, found.paused_s) == (1, 90, 30, 60)
    assert found.occupancy == 0.5
    assert member_figures([], [], 0, 0, 0).occupancy is None
