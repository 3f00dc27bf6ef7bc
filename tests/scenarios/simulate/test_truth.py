"""The simulator must not lie: a call takes the same way in it and on the (scripted) switch (F43)."""

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.scenarios.simulate.outside import Answer
from engine.scenarios.steps import STEP_TYPES
from tests.scenarios.on_switch import NUMBER
from tests.scenarios.simulate.both import OUTSIDE, STRANGER, Deed, World, on_switch, simulated

TENANT = f"""\
tenant: acme
title: Acme
numbers: {{"{NUMBER}": {{scenario: main}}}}
users:
  "101": {{name: Anna}}
  "102": {{name: Bob}}
  "103": {{name: Eve, devices: [desk, web], schedule: nights}}
groups:
  sales: {{members: ["101", "102"]}}
  row: {{members: ["102", "103"], ring: sequence, timeout: 10s}}
  luck: {{members: ["101", "102"], ring: random, timeout: 10s}}
queues:
  help: {{members: ["101", "102"], strategy: sequence, max_wait: 40s, ring_timeout: 6s, wrap_up: 5s,
    announce: {{position: 17s}}, callback: true}}
schedules:
  office: {{hours: {{mon-fri: "09:00-18:00"}}}}
  nights: {{hours: {{mon-fri: "20:00-24:00"}}}}
clients:
  vektor: {{name: Мария Кац, contract: "123", plan: vip}}
outgoing: {{trunk: city, number: "{NUMBER}"}}
"""

# Every type of step, reached by one key or by nobody's answer.
EVERYTHING = """\
start: first
steps:
  first: {type: set, variables: {place: 3, text: "from {caller.number}"}, next: hello}
  hello: {type: play, prompt: [welcome, {text: A firm}], next: hours}
  hours: {type: schedule, schedule: office, open: menu, closed: bye}
  menu:
    type: menu
    prompt: [choose, more]
    timeout: 4s
    attempts: 2
    extensions: true
    keys: {1: group, 2: row, 3: help, 4: outside, 5: number, 6: web, 7: ask, 8: english, 9: leave, "*": lot}
    on_timeout: anna
    on_invalid: wrong
    on_no_answer: away
    after: rate
  group: {type: ring, group: sales, timeout: 12s, on_no_answer: again, on_busy: wrong, after: rate}
  row: {type: ring, group: row, on_no_answer: again, on_unavailable: leave}
  lot: {type: ring, group: luck, on_no_answer: leave, after: rate}
  anna: {type: ring, user: "101", timeout: 8s, on_no_answer: leave}
  help: {type: queue, queue: help, prompt: wait, keys: {0: leave}, on_timeout: leave, on_callback: back,
    after: rate}
  outside: {type: dial, number: "+79161234567", timeout: 9s, on_no_answer: again, on_busy: sorry, after: rate}
  number: {type: say, say: digits, value: "{place}", next: who}
  who:
    type: switch
    cases: [{when: {caller: "+7903*"}, then: again}]
    default: contract
  web:
    type: request
    url: https://crm.example/order
    variables: {status: text}
    wait_prompt: moment
    answers: {found: contract, missing: sorry}
    next: again
    on_error: wrong
  contract:
    type: input
    prompt: contract
    variable: contract
    max_digits: 4
    timeout: 4s
    between_digits: 2s
    attempts: 2
    read_back: digits
    confirm: true
    check: {clients: contract}
    next: back
    on_invalid: sorry
    on_timeout: anna
  ask: {type: callback, ask: true, attempts: 2, timeout: 4s, next: note, on_refused: sorry}
  back: {type: callback, next: note}
  note: {type: ticket, subject: "{place}", task: 4, next: again}
  english: {type: language, language: en, next: again}
  again: {type: goto, step: menu}
  leave: {type: voicemail, mailbox: "102", silence: 4s, max_length: 20s, task: 2, next: bye, on_empty: sorry}
  rate:
    type: survey
    questions: [{name: overall, prompt: overall}, {name: speed, prompt: speed, best: 3}]
    timeout: 3s
    comment: {below: 3, longest: 20s}
    next: bye
  wrong: {type: hangup, prompt: wrong}
  away: {type: hangup, prompt: away}
  sorry: {type: hangup, cause: 17}
  bye: {type: hangup, prompt: goodbye}
"""


def test_every_type_of_step_is_compared() -> None:
    used = {line.partition("type: ")[2].split(",")[0].strip("}") for line in EVERYTHING.splitlines()}
    assert set(STEP_TYPES) <= used


def same(world: World, steps: str = EVERYTHING) -> list[str]:
    """The way that both took."""
    seen, _ = simulated(steps, TENANT, world)
    assert seen == on_switch(steps, TENANT, world)
    return list(seen.way)


def keys(text: str, begin: float = 2.2, gap: float = 0.4) -> tuple[Deed, ...]:
    return tuple(Deed(round(begin + index * gap, 2), key) for index, key in enumerate(text))


ANSWERS = {"web": Answer(variables={"status": "sent"}, next="found")}
LATE = {"web": Answer(next="missing", after=2.6)}


@pytest.mark.parametrize(
    ("world", "way"),
    [
        (World(), "anna after"),
        (World(people={"101": "no_answer"}), "leave next"),
        (World(people={"101": "busy"}, message=0.0), "leave on_empty"),
        (World(deeds=keys("1#")), "group after"),
        (World(deeds=keys("1#"), people={"101": "busy", "102": "unavailable"}), "group on_busy"),
        (World(deeds=keys("1#"), people={"101": "unavailable", "102": "no_answer"}), "group on_no_answer"),
        (World(deeds=keys("1#"), hangs_up="caller"), "menu key 1"),
        (World(deeds=keys("2"), people={"102": "no_answer"}), "row on_no_answer"),
        (World(deeds=keys("2"), people={"102": "unavailable", "103": "unavailable"}), "row on_unavailable"),
        (World(deeds=keys("*")), "lot after"),
        (World(deeds=keys("*"), people={"101": "busy", "102": "busy"}), "lot on_busy"),
        (World(deeds=keys("102")), "menu/102 after"),
        (World(deeds=keys("103"), people={"103": "busy"}), "menu/103 on_unavailable"),
        (World(deeds=keys("109")), "menu on_timeout"),
        (World(deeds=keys("00", gap=3.8)), "menu on_invalid"),
        (World(deeds=keys("3")), "help after"),
        (World(deeds=keys("3"), people={"101": "no_answer"}), "help after"),
        (World(deeds=keys("3"), people={"101": "no_answer", "102": "busy"}), "help on_timeout"),
        (World(deeds=keys("3"), people={"101": "unavailable", "102": "unavailable"}), "help on_unavailable"),
        (World(deeds=(*keys("3"), Deed(8.0, "0")), people={"101": "no_answer"}), "help key 0"),
        (World(deeds=(*keys("3"), Deed(8.0, "*")), people={"101": "no_answer"}), "help on_callback"),
        (World(deeds=keys("4")), "outside after"),
        (World(deeds=keys("4"), people={OUTSIDE: "busy"}), "outside on_busy"),
        (World(deeds=keys("5")), "number next"),
        (World(deeds=keys("6"), answers=ANSWERS), "web answer found"),
        (World(deeds=keys("6")), "web !"),
        (World(deeds=(*keys("6"), Deed(4.4, "1")), answers=LATE), "web answer missing"),
        (World(deeds=keys("6"), answers={"web": Answer(next="found", after=9)}), "web !"),
        (World(deeds=keys("8")), "english next"),
        (World(deeds=keys("9")), "leave next"),
        (
            World(deeds=(*keys("5"), Deed(8.3, "1"), Deed(8.5, "2"), Deed(8.9, "3"), Deed(9.2, "#"))),
            "number next",
        ),
        (World(deeds=(*keys("3"), Deed(4.7, "h"))), "menu key 3"),
        (World(deeds=(Deed(0.5, "h"),)), "first next"),
        (World(caller="+74959998877", deeds=keys("5")), "contract on_timeout"),
        (
            World(
                caller="+74959998877",
                deeds=(*keys("5"), *keys("123#", 4.5), Deed(9.6, "1")),
            ),
            "contract next",
        ),
        (World(deeds=(*keys("7"), Deed(5.9, "1"))), "ask next"),
        (World(deeds=(*keys("1#"), Deed(15.2, "5"), Deed(16.4, "9"))), "rate next"),
        (World(deeds=(*keys("1#"), Deed(15.2, "2"), Deed(16.4, "3"))), "rate next"),
        (World(deeds=(*keys("1#"), Deed(15.2, "2"), Deed(16.4, "3"), Deed(22.0, "#"))), "rate next"),
        (World(deeds=(*keys("1#"), Deed(15.2, "2"), Deed(16.4, "3"), Deed(22.0, "h"))), "group after"),
        (World(deeds=(*keys("7"), Deed(5.9, "2"), *keys("89161112233#", 9.0), Deed(15.1, "1"))), "ask next"),
    ],
)
def test_f43_the_same_call_on_the_switch_and_in_the_simulator(world: World, way: str) -> None:
    assert way in same(world)


OUTCOMES = st.sampled_from(["answers", "no_answer", "busy", "unavailable"])


@st.composite
def worlds(draw: st.DrawFn) -> World:
    gaps = draw(st.lists(st.integers(1, 90), max_size=8))
    pressed = draw(st.lists(st.sampled_from("123456789*#01"), min_size=len(gaps), max_size=len(gaps)))
    deeds, at = [], 0.0
    for gap, key in zip(gaps, pressed, strict=True):
        at = round(at + gap / 10, 1)
        deeds.append(Deed(at, key))
    if draw(st.booleans()):
        deeds.append(Deed(round(at + draw(st.integers(1, 400)) / 10, 1), "h"))
    return World(
        deeds=tuple(deeds),
        people=draw(st.dictionaries(st.sampled_from(["101", "102", "103", OUTSIDE]), OUTCOMES)),
        hangs_up=draw(st.sampled_from(["operator", "caller"])),
        message=draw(st.sampled_from([0.0, 1.0, 10.0])),
        answers=draw(st.sampled_from([{}, ANSWERS, LATE, {"web": Answer(next="missing")}])),
        lengths=draw(st.sampled_from([{}, {"sound:choose": 6.0}, {"sound:more": 3.0, "sound:wait": 9.0}])),
        caller=draw(st.sampled_from([STRANGER, "+74959998877"])),
        answers_after=draw(st.sampled_from([1.3, 3.3])),
    )


def _moved(world: World, *by: float) -> World:
    """With its deeds a little earlier or later."""
    deeds = [
        replace(deed, at=round(max(0.05, deed.at + by[index % len(by)]), 2))
        for index, deed in enumerate(world.deeds)
    ]
    return replace(world, deeds=tuple(deeds))


@settings(max_examples=60, deadline=None)
@given(worlds())
def test_f43_whatever_is_keyed_and_whoever_answers(world: World) -> None:
    seen, _ = simulated(EVERYTHING, TENANT, world)
    # Where a tenth of a second decides (the real switch takes some milliseconds), nothing can be said.
    for stretch, by in ((1.0, (0.09,)), (1.0, (-0.09,)), (1.01, (0.09, -0.09)), (0.99, (-0.09, 0.09))):
        moved, _ = simulated(EVERYTHING, TENANT, _moved(world, *by), stretch)
        assume((moved.way, moved.heard) == (seen.way, seen.heard))
    assert seen == on_switch(EVERYTHING, TENANT, world)
