"""The races of transfer and ringing (F06): order of events -> who is connected, what the record says."""

from itertools import permutations

import pytest

from tests.calls.transfers import Race, play, talks_of

BLIND = "1 anna keys ##102"
CONSULT = "1 anna keys *2102"
TOGETHER = f"{CONSULT}; 3 petr answers"
REFER = "1 anna refers 102"
ASKS = "2 anna dials 102; 3 petr answers"

RACES: dict[str, Race] = {
    # -- blind, by code ------------------------------------------------------------------------------------
    "blind: the target rings": Race(BLIND, "", "caller petr", "caller-anna"),
    "blind: the target answers": Race(
        f"{BLIND}; 3 petr answers", "caller-petr", "", "caller-anna caller-petr"
    ),
    "blind: the target is busy": Race(f"{BLIND}; 3 petr busy", "", "anna caller", "caller-anna"),
    "blind: busy, and the transferrer takes it back": Race(
        f"{BLIND}; 3 petr busy; 5 anna answers", "anna-caller", "", "caller-anna caller-anna"
    ),
    "blind: no answer, and back": Race(
        f"{BLIND}; 35 anna answers", "anna-caller", "", "caller-anna caller-anna"
    ),
    "blind: no answer, nobody takes it back, the desk": Race(
        f"{BLIND}; 70 anna answers", "anna-caller", "", "caller-anna caller-anna"
    ),
    "blind: the target answers in the moment of its last ring": Race(
        f"{BLIND}; 31.8 petr answers; 40 anna answers", "caller-petr", "", "caller-anna caller-petr"
    ),
    "blind: the caller leaves while it rings": Race(f"{BLIND}; 3 caller hangs", "", "", "caller-anna"),
    "blind: the caller leaves, the target answers": Race(
        f"{BLIND}; 3 caller hangs; 3 petr answers", "", "", "caller-anna"
    ),
    "blind: the target answers, the caller leaves": Race(
        f"{BLIND}; 3 petr answers; 3 caller hangs", "", "", "caller-anna"
    ),
    "blind: the target answers and leaves": Race(
        f"{BLIND}; 3 petr answers; 3.5 petr hangs", "", "", "caller-anna caller-petr"
    ),
    "blind: the transferrer hangs up before the number": Race(
        "1 anna keys ##; 2 anna hangs", "", "anna caller", "caller-anna"
    ),
    "blind: he hangs up in the middle of the number, and takes it back": Race(
        "1 anna keys ##10; 2.2 anna hangs; 4 anna answers", "anna-caller", "", "caller-anna caller-anna"
    ),
    "blind: he hangs up right behind the number": Race(
        "1 anna keys ##102; 1.85 anna hangs; 4 petr answers", "caller-petr", "", "caller-anna caller-petr"
    ),
    "blind: there is no such number": Race(
        "1 anna keys ##199#", "anna-caller", "", "caller-anna caller-anna"
    ),
    "blind: thought better of": Race("1 anna keys ##1*", "anna-caller", "", "caller-anna caller-anna"),
    "blind: nothing keyed": Race(
        "1 anna keys ##; 12 anna keys 1", "anna-caller", "", "caller-anna caller-anna"
    ),
    "blind: the caller leaves while the number is keyed": Race(
        "1 anna keys ##10; 2 caller hangs", "", "", "caller-anna"
    ),
    "blind: both leave while the number is keyed": Race(
        "1 anna keys ##10; 2 caller hangs; 2 anna hangs", "", "", "caller-anna"
    ),
    # -- attended, by code ---------------------------------------------------------------------------------
    "attended: the target rings": Race(CONSULT, "", "anna caller petr", "caller-anna"),
    "attended: the target answers": Race(TOGETHER, "anna-petr", "caller", "caller-anna anna+petr"),
    "attended: handed over by hanging up": Race(
        f"{TOGETHER}; 5 anna hangs", "caller-petr", "", "caller-anna anna+petr caller-petr"
    ),
    "attended: handed over by code": Race(
        f"{TOGETHER}; 5 anna keys *1", "caller-petr", "", "caller-anna anna+petr caller-petr"
    ),
    "attended: the transferrer leaves while it rings": Race(
        f"{CONSULT}; 3 anna hangs", "", "caller petr", "caller-anna"
    ),
    "attended: he leaves while it rings, and the target answers": Race(
        f"{CONSULT}; 3 anna hangs; 4 petr answers", "caller-petr", "", "caller-anna caller-petr"
    ),
    "attended: he leaves while it rings, and the target is busy": Race(
        f"{CONSULT}; 3 anna hangs; 4 petr busy; 6 anna answers", "anna-caller", "", "caller-anna caller-anna"
    ),
    "attended: he leaves in the moment of the answer": Race(
        f"{CONSULT}; 3 anna hangs; 3 petr answers", "caller-petr", "", "caller-anna caller-petr"
    ),
    "attended: the answer in the moment in which he leaves": Race(
        f"{CONSULT}; 3 petr answers; 3 anna hangs", "caller-petr", "", "caller-anna caller-petr"
    ),
    "attended: handed over by code while it rings": Race(
        f"{CONSULT}; 3 anna keys *1; 5 petr answers", "caller-petr", "", "caller-anna caller-petr"
    ),
    "attended: the target is busy": Race(
        f"{CONSULT}; 3 petr busy", "anna-caller", "", "caller-anna caller-anna"
    ),
    "attended: the target does not answer": Race(
        f"{CONSULT}; 35 olga hangs", "anna-caller", "", "caller-anna caller-anna"
    ),
    "attended: the target leaves": Race(
        f"{TOGETHER}; 5 petr hangs", "anna-caller", "", "caller-anna anna+petr caller-anna"
    ),
    "attended: given up while it rings": Race(
        f"{CONSULT}; 3 anna keys *0", "anna-caller", "", "caller-anna caller-anna"
    ),
    "attended: given up": Race(
        f"{TOGETHER}; 5 anna keys *0", "anna-caller", "", "caller-anna anna+petr caller-anna"
    ),
    "attended: given up in the moment of the answer": Race(
        f"{CONSULT}; 3 anna keys *0; 3.2 petr answers", "anna-caller", "", "caller-anna caller-anna"
    ),
    "attended: swapped": Race(
        f"{TOGETHER}; 5 anna keys *3", "anna-caller", "petr", "caller-anna anna+petr caller-anna"
    ),
    "attended: swapped twice": Race(
        f"{TOGETHER}; 5 anna keys *3; 7 anna keys *3",
        "anna-petr",
        "caller",
        "caller-anna anna+petr caller-anna anna+petr",
    ),
    "attended: swapped and handed over": Race(
        f"{TOGETHER}; 5 anna keys *3; 7 anna hangs",
        "caller-petr",
        "",
        "caller-anna anna+petr caller-anna caller-petr",
    ),
    "attended: swapped and given up": Race(
        f"{TOGETHER}; 5 anna keys *3; 7 anna keys *0", "anna-caller", "", "caller-anna anna+petr caller-anna"
    ),
    "attended: swapped, the target leaves": Race(
        f"{TOGETHER}; 5 anna keys *3; 7 petr hangs", "anna-caller", "", "caller-anna anna+petr caller-anna"
    ),
    "attended: swapped, the caller leaves": Race(
        f"{TOGETHER}; 5 anna keys *3; 7 caller hangs",
        "anna-petr",
        "",
        "caller-anna anna+petr caller-anna anna-petr",
    ),
    "attended: the caller leaves while it rings": Race(f"{CONSULT}; 3 caller hangs", "", "", "caller-anna"),
    "attended: the caller leaves, the two talk on": Race(
        f"{TOGETHER}; 5 caller hangs", "anna-petr", "", "caller-anna anna+petr anna-petr"
    ),
    "attended: caller and transferrer leave": Race(
        f"{TOGETHER}; 5 caller hangs; 5 anna hangs", "", "", "caller-anna anna+petr"
    ),
    "attended: transferrer and caller leave": Race(
        f"{TOGETHER}; 5 anna hangs; 5 caller hangs", "", "", "caller-anna anna+petr"
    ),
    "attended: caller and target leave": Race(
        f"{TOGETHER}; 5 caller hangs; 5 petr hangs", "", "", "caller-anna anna+petr"
    ),
    "attended: transferrer and target leave": Race(
        f"{TOGETHER}; 5 anna hangs; 5 petr hangs", "", "anna caller", "caller-anna anna+petr"
    ),
    "attended: target and transferrer leave": Race(
        f"{TOGETHER}; 5 petr hangs; 5 anna hangs", "", "anna caller", "caller-anna anna+petr"
    ),
    "attended: all leave": Race(
        f"{TOGETHER}; 5 petr hangs; 5 anna hangs; 5 caller hangs", "", "", "caller-anna anna+petr"
    ),
    # -- by the phone's own key ------------------------------------------------------------------------------
    "refer: the target rings": Race(REFER, "", "anna caller petr", "caller-anna", (202, 100)),
    "refer: the target answers": Race(
        f"{REFER}; 3 petr answers", "caller-petr", "", "caller-anna caller-petr", (202, 100, 200)
    ),
    "refer: the target is busy": Race(
        f"{REFER}; 3 petr busy", "anna-caller", "", "caller-anna caller-anna", (202, 100, 503)
    ),
    "refer: nobody answers": Race(
        f"{REFER}; 33 olga hangs", "anna-caller", "", "caller-anna caller-anna", (202, 100, 503)
    ),
    "refer: the caller leaves while it rings": Race(f"{REFER}; 3 caller hangs", "", "", "caller-anna"),
    "refer: the phone hangs up while it rings": Race(
        f"{REFER}; 3 anna hangs; 5 petr answers", "caller-petr", "", "caller-anna caller-petr"
    ),
    "refer: the phone hangs up, the target is busy": Race(
        f"{REFER}; 3 anna hangs; 5 petr busy; 7 anna answers", "anna-caller", "", "caller-anna caller-anna"
    ),
    "refer: the phone hangs up and the target answers": Race(
        f"{REFER}; 3 anna hangs; 3 petr answers", "caller-petr", "", "caller-anna caller-petr"
    ),
    "refer: a phone that says BYE at once": Race(
        "1 anna refers 102 accepted; 3 petr answers", "caller-petr", "", "caller-anna caller-petr"
    ),
    "refer: it says BYE at once, the target is busy": Race(
        "1 anna refers 102 accepted; 3 petr busy; 5 anna answers",
        "anna-caller",
        "",
        "caller-anna caller-anna",
    ),
    "refer: a phone that never says BYE": Race(
        "1 anna refers 102 never; 3 petr answers; 5 olga hangs", "caller-petr", "", "caller-anna caller-petr"
    ),
    "refer: there is no such number": Race(
        "1 anna refers 999", "anna-caller", "", "caller-anna", (202, 100, 603)
    ),
    "refer: the caller may not": Race("1 caller refers 102", "anna-caller", "", "caller-anna"),
    "refer: a second one while the first rings": Race(
        f"{REFER}; 2 anna refers 103; 3 petr answers; 6 olga hangs",
        "caller-petr",
        "",
        "caller-anna caller-petr",
    ),
    "refer: while somebody waits to be asked further": Race(
        f"{TOGETHER}; 5 anna keys *3; 7 anna refers 103",
        "anna-caller",
        "petr",
        "caller-anna anna+petr caller-anna",
        (202, 100, 603),
    ),
    "refer: both at once, and the first one fails": Race(
        "1 petr refers 102; 1 anna refers 103", "anna-petr", "", None, (202, 100, 603), starts="petr anna"
    ),
    # -- with Replaces: the phone's two calls become one -----------------------------------------------------
    "merge: two talks": Race(
        f"{ASKS}; 5 anna merges", "caller-petr", "", "caller-anna anna-petr caller-petr"
    ),
    "merge: the target still rings": Race(
        "2 anna dials 102; 4 anna merges; 6 petr answers",
        "caller-petr",
        "",
        "caller-anna caller-petr",
    ),
    "merge: the target leaves in that moment, and is rung": Race(
        f"{ASKS}; 5 petr hangs; 5 anna merges", "", "anna caller petr", "caller-anna anna-petr"
    ),
    "merge: the target leaves right behind it": Race(
        f"{ASKS}; 5 anna merges; 5 petr hangs", "", "anna caller petr", "caller-anna anna-petr"
    ),
    "merge: the caller leaves in that moment": Race(
        f"{ASKS}; 5 caller hangs; 5 anna merges", "anna-petr", "", "caller-anna anna-petr"
    ),
    "merge: the caller leaves right behind it": Race(
        f"{ASKS}; 5 anna merges; 5 caller hangs", "anna-petr", "", "caller-anna anna-petr"
    ),
    "merge: the phone hangs up right behind it": Race(
        f"{ASKS}; 5 anna merges; 5 anna hangs", "caller-petr", "", "caller-anna anna-petr caller-petr"
    ),
    # -- one after another, and among colleagues ------------------------------------------------------------
    "twice: blind and blind": Race(
        f"{BLIND}; 3 petr answers; 5 petr keys ##103; 8 olga answers",
        "caller-olga",
        "",
        "caller-anna caller-petr caller-olga",
    ),
    "twice: the second fails and comes back to the second": Race(
        f"{BLIND}; 3 petr answers; 5 petr keys ##103; 8 olga busy; 9 petr answers",
        "caller-petr",
        "",
        "caller-anna caller-petr caller-petr",
    ),
    "twice: attended and blind": Race(
        f"{TOGETHER}; 5 anna hangs; 7 petr keys ##103; 10 olga answers",
        "caller-olga",
        "",
        "caller-anna anna+petr caller-petr caller-olga",
    ),
    "colleagues: the caller passes the other on": Race(
        "1 anna keys ##103; 4 olga answers", "olga-petr", "", "anna-petr petr-olga", starts="anna petr"
    ),
    "colleagues: he passes him on, and it comes back": Race(
        "1 anna keys ##103; 4 olga busy; 6 anna answers",
        "anna-petr",
        "",
        "anna-petr petr-anna",
        starts="anna petr",
    ),
    "colleagues: the one who was called passes the caller on": Race(
        "1 petr keys ##103; 4 olga answers", "anna-olga", "", "anna-petr anna-olga", starts="anna petr"
    ),
    "colleagues: the caller asks first": Race(
        "1 anna keys *2103; 4 olga answers; 6 anna hangs",
        "olga-petr",
        "",
        "anna-petr anna+olga petr-olga",
        starts="anna petr",
    ),
    "colleagues: the caller asks, the other leaves": Race(
        "1 anna keys *2103; 4 olga answers; 6 petr hangs",
        "anna-olga",
        "",
        "anna-petr anna+olga anna-olga",
        starts="anna petr",
    ),
    "colleagues: the caller asks and comes back": Race(
        "1 anna keys *2103; 4 olga answers; 6 anna keys *0; 9 anna keys 5",
        "anna-petr",
        "",
        "anna-petr anna+olga petr-anna",
        starts="anna petr",
    ),
}


@pytest.mark.parametrize("name", RACES)
def test_race(name: str) -> None:
    race = RACES[name]
    records = play(race)
    if race.talks is not None:
        assert talks_of(records) == race.talks
    assert len(records) == 1 or "merges" in race.acts or "dials" in race.acts


# Until the three hang up, and until when of the talk that takes.
STAGES = {
    "while it rings": (CONSULT, 3.0),
    "while the two talk": (TOGETHER, 5.0),
    "swapped": (f"{TOGETHER}; 5 anna keys *3", 7.0),
    "handed over": (f"{TOGETHER}; 5 anna keys *1", 7.0),
    "by REFER, while it rings": (REFER, 3.0),
}


@pytest.mark.parametrize("gap", [0.0, 0.0004, 1.0])
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("order", [" ".join(order) for order in permutations(("caller", "anna", "petr"))])
def test_every_order_of_the_three_hanging_up(order: str, stage: str, gap: float) -> None:
    """Whoever is left hears somebody or something after each, and in the end nobody is left."""
    acts, at = STAGES[stage]
    leaves = "".join(f"; {at + number * gap} {who} hangs" for number, who in enumerate(order.split()))
    (record,) = play(Race(acts + leaves, None, None, None))
    assert record.disposition == "answered"
