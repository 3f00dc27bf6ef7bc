"""Two hundred callers and twenty operators for two minutes, reckoned by what went over the wire (F15).

The engine is killed in the middle. Callers come by a Poisson process, talk lognormally, and a part of them
gives up; some operators do not take a call. One in ten asks to be rung back instead of waiting (F36).
"""

import asyncio
import json
import os
import random
import signal
import time
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from engine.bench.queueing.facts import Offer, Visit, doubled, skipped
from engine.bench.queueing.hall import Hall
from engine.bench.queueing.plan import Guest, guests, with_callbacks
from engine.demo.sipp import register
from tests.instance import asterisk_root
from tests.live.people import verified
from tests.live.site import CITY_NUMBER, Site, eventually, running_site
from tests.ports import free_port

pytestmark = [pytest.mark.switch, pytest.mark.load, pytest.mark.timeout(500)]

CALLERS, OPERATORS = 200, 20
RATE = 2.0
TALK_S, PATIENCE_S = 12.0, 40.0
# Members that are tried in vain ring for so long.
RING_S = 2
# One caller in eight is a client of priority 1, which is worth two minutes of waiting beside the usual 3.
VIPS = {f"+7906{number:07}" for number in range(1, CALLERS + 1, 8)}
VIP_BONUS_S = 120.0
WITHIN_S = 10.0
# So many would ask to be rung back; a part of them is served before. One in ten does.
WOULD_ASK, TRIES, RETRY_S, HOME_RING_S = 0.25, 3, 4, 3
FALLBACK_TRIES_S = 45
RESULTS = {"answers": "talked", "busy": "busy", "lets_ring": "no_answer"}
EXTENSIONS = [str(201 + index) for index in range(OPERATORS)]

TENANT = f"""\
tenant: romashka
title: ООО «Ромашка»
numbers: {{"{CITY_NUMBER}": {{scenario: main}}}}
users: {{{", ".join(f'"{one}": {{name: Оператор {one}}}' for one in EXTENSIONS)}}}
queues:
  sales:
    members: [{", ".join(f'"{one}"' for one in EXTENSIONS)}]
    ring_timeout: {RING_S}s
    max_wait: 10m
    pause_after_misses: 0
    announce: {{position: 10s}}
    callback: {{hours: "00:00-23:59", attempts: {TRIES}, retry: {RETRY_S}s, ring: {HOME_RING_S}s}}
outgoing: {{trunk: city, number: "{CITY_NUMBER}"}}
clients: {{vip: {{name: Вип, priority: 1, numbers: [{", ".join(f'"{one}"' for one in sorted(VIPS))}]}}}}
recording: {{enabled: false}}
"""
SCENARIO = """\
scenario: main
start: sales
steps:
  sales: {type: queue, queue: sales, on_timeout: bye, on_callback: order}
  order: {type: callback, next: bye}
  bye: {type: hangup}
"""


async def test_f15_two_hundred_callers_and_twenty_operators(tmp_path: Path) -> None:
    tenants, scenarios = tmp_path / "tenants", tmp_path / "scenarios"
    tenants.mkdir()
    (tenants / "romashka.yaml").write_text(TENANT)
    (scenarios / "romashka").mkdir(parents=True)
    (scenarios / "romashka" / "main.yaml").write_text(SCENARIO)
    dice = random.Random(20261122)
    coming = guests(
        (f"+7906{number:07}" for number in count(1)),
        CALLERS,
        RATE,
        dice,
        talk_mean_s=TALK_S,
        patience_mean_s=PATIENCE_S,
        missed_share=0.1,
    )
    killed_s = coming[CALLERS // 2].arrives_s
    coming = with_callbacks(coming, WOULD_ASK, dice, tries=TRIES, uncertain_s=(killed_s - 3, killed_s + 20))
    # Nobody is at the trunk's other end before the evening begins.
    asterisk = {"root": str(asterisk_root()), "qualify": 0}
    async with running_site(tmp_path, "up", tenants=tenants, scenarios=scenarios, asterisk=asterisk) as site:
        visits, away = await _evening(site, coming, tmp_path)
        records = await site.wait_rows(lambda row: row["direction"] == "in", CALLERS, timeout=60)
        rows = {row["caller"]: row for row in records}
        _all_right(coming, visits, rows, away)
        await _rung_back(site, coming, visits, rows, away)
        # Who came while the engine was away was in no queue, or came just as it was there again.
        in_queue = [visit for number, visit in visits.items() if rows[number]["queue"] == "sales"]
        assert len(in_queue) >= sum(visit.invited not in away for visit in visits.values())
        _reported(site, in_queue, away)
        verified(site)


async def _evening(site: Site, coming: list[Guest], folder: Path) -> tuple[Mapping[str, Visit], range]:
    """What was seen, and when the engine was away (nanoseconds of the wall clock)."""
    switch = ("127.0.0.1", site.settings.ports.sip)
    port = free_port()
    users = {f"romashka-{one}-desk": site.password(one) for one in EXTENSIONS}
    await register(users, switch, ("127.0.0.1", port), folder / "register")
    with Hall(coming, CITY_NUMBER, switch, site.trunk_port, port) as hall:
        await asyncio.sleep(coming[CALLERS // 2].arrives_s)
        pid = await site.wait_ready()
        killed_at = time.time_ns()
        os.kill(pid, signal.SIGKILL)
        while await site.wait_ready() == pid:
            await asyncio.sleep(0.05)
        away = range(killed_at, time.time_ns())
        all_gone = await asyncio.to_thread(hall.wait, 240)
        waiting = {number: visit for number, visit in hall.visits.items() if not visit.has_gone}
        assert all_gone, (waiting, [row for row in site.rows("cdr_callback") if row["number"] in waiting])
    assert hall.strangers == []
    return hall.visits, away


def _all_right(
    coming: list[Guest], visits: Mapping[str, Visit], rows: Mapping[str, dict[str, Any]], away: range
) -> None:
    complaints = {
        number: told
        for number, visit in visits.items()
        if (told := visit.complaint()) and not _fallback_gave_up(visit, away)
    }
    assert complaints == {}, [(number, visits[number]) for number in complaints]
    # Who came while the engine was away was put through by the fallback, which knows of no queue; and so was
    # whoever waited alone for ten seconds of that.
    by_fallback = {
        number
        for number, visit in visits.items()
        if visit.invited in away or any(offer.rang in away for offer in visit.offers)
    }
    queued = {number: visit for number, visit in visits.items() if number not in by_fallback}
    assert len(queued) > 0.7 * CALLERS, f"the engine was away for {len(away) / 1e9:.0f} s"
    assert doubled(queued.values()) == []
    passed_over = [
        one
        for one in skipped(queued, dict.fromkeys(VIPS, VIP_BONUS_S), RETRY_S)
        if not _tried_meanwhile(visits[one.waiting], away)
    ]
    assert passed_over == [], [(str(one), visits[one.waiting], visits[one.served]) for one in passed_over]
    gave_up = [number for number, visit in visits.items() if visit.gave_up]
    assert len(gave_up) > 5, "an evening in which some lose patience"
    assert max(visit.longest_quiet_ns for visit in visits.values()) < 15e9, "something to hear every 15 s"
    for guest in coming:
        visit, row = visits[guest.number], rows[guest.number]
        if visit.to_be_rung_back:
            assert row["disposition"] == "callback", row
        elif visit.served is not None:
            assert (row["disposition"], row["operator"]) == (
                "answered",
                _extension(visit.served),
            ), row
            assert len(visit.offers) >= 1 + guest.missed_offers
        elif _fallback_gave_up(visit, away):
            assert row["disposition"] in ("missed", "busy"), row
        else:
            assert row["disposition"] == "missed", row
        if guest.number in by_fallback:
            continue
        assert visit.wait_s is not None
        ends = visit.asked if visit.to_be_rung_back else [visit.served.answered] if visit.served else []
        if any(end is not None and end in away for end in ends):
            # His waiting ended when the engine was back: it put them together, or heard his key at last.
            assert visit.wait_s - 0.5 < row["wait_s"] < visit.wait_s + len(away) / 1e9 + 1, row
            continue
        assert row["wait_s"] == pytest.approx(visit.wait_s, abs=0.5), row


async def _rung_back(
    site: Site,
    coming: list[Guest],
    visits: Mapping[str, Visit],
    rows: Mapping[str, dict[str, Any]],
    away: range,
) -> None:
    """Each order has one end, and what is written of it is what the telephones saw."""
    asked = {number for number, visit in visits.items() if visit.to_be_rung_back}
    assert len(asked) >= 0.05 * CALLERS
    assert any(visit.rung_back[0].answered is None for visit in map(visits.__getitem__, asked))
    await eventually(
        lambda: len([one for one in site.rows("callback") if one["state"] == "closed"]) >= len(asked),
        30,
        "all orders are closed",
    )
    done = site.vats("callback", "list", "--all", "--limit", "1000", "--json")
    orders = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted(order["number"] for order in orders) == sorted(asked)
    placed = sorted(site.rows("cdr_callback"), key=lambda row: row["attempt"])
    made = {row["call_id"]: row for row in site.rows() if row["direction"] == "out"}
    assert {row["call_id"] for row in placed} == set(made), "each try is a call, and each call a try"
    plans = {guest.number: guest.callback for guest in coming}
    for order in orders:
        number, visit = order["number"], visits[order["number"]]
        plan = plans[number]
        assert plan is not None
        reached = visit.served is not None
        assert (order["state"], order["reason"]) == ("closed", "talked" if reached else "not_reached"), order
        tries = [row for row in placed if row["callback"] == order["callback"]]
        seen = [RESULTS[plan.answers[index]] for index in range(len(visit.rung_back))]
        assert [row["result"] for row in tries if row["result"] in RESULTS.values()] == seen, (order, visit)
        assert seen == [RESULTS[each] for each in plan.answers], (
            "rung until he answered, or for the last time"
        )
        assert order["attempts"] == len(seen)
        assert {row["ordered_in"] for row in tries} == {rows[number]["call_id"]}
        # The operators' telephones saw the same tries.
        answered = [offer for offer in visit.offers if _to_ring_back(visit, offer) and offer.answered]
        assert [row["operator"] for row in tries if row["result"] in RESULTS.values()] == [
            _extension(offer) for offer in answered
        ]
        for row in tries:
            record = made[row["call_id"]]
            assert (record["caller"], record["callee"]) == (row["operator"] or record["caller"], number)
            assert (record["disposition"] == "answered") == (row["result"] == "talked"), record
        if visit.served is not None and visit.rung_back[-1].answered is not None:
            record = made[tries[-1]["call_id"]]
            last = visit.rung_back[-1]
            assert last.answered is not None
            assert last.ended is not None
            if last.answered not in away:
                assert record["talk_s"] == pytest.approx((last.ended - last.answered) / 1e9, abs=1.0), record


def _fallback_gave_up(visit: Visit, away: range) -> bool:
    """He came while the engine was away, and in so long a time nobody was free just when he was tried."""
    if visit.invited is None or visit.answered is None or visit.invited not in away:
        return False
    return visit.answered - visit.invited > FALLBACK_TRIES_S * 1e9


def _tried_meanwhile(visit: Visit, away: range) -> bool:
    """He was not reached while the engine was away: the pause begins when it hears of that."""
    return any(offer.in_vain and offer.ended in away for offer in visit.offers)


def _extension(offer: Offer) -> str:
    return offer.operator.split("-")[1]


def _to_ring_back(visit: Visit, offer: Offer) -> bool:
    return visit.to_be_rung_back and visit.left is not None and offer.rang > visit.left


def _reported(site: Site, queued: list[Visit], away: range) -> None:
    """What `vats report queues` says is what the telephones saw. A queue's row is about waits on the line, so
    who was rung back has left it for that; a member's is about all that he did.
    """
    served = {id(visit) for visit in queued if visit.served is not None and not visit.to_be_rung_back}
    [told] = _report(site, "queue")
    assert told["queue"] == "sales"
    assert told["entered"] == len(queued)
    rung_back = sum(visit.to_be_rung_back for visit in queued)
    assert told["talked"] + told["elsewhere"] == len(served) + rung_back
    assert told["elsewhere"] >= rung_back
    assert told["abandoned"] == sum(visit.gave_up for visit in queued)
    waits = [visit.wait_s for visit in queued if id(visit) in served and visit.wait_s is not None]
    undecided = sum(abs(wait - WITHIN_S) < 0.5 for wait in waits) + sum(
        visit.served is not None and visit.served.answered in away for visit in queued
    )
    assert abs(told["within"] - sum(wait <= WITHIN_S for wait in waits)) <= undecided
    members = _report(site, "member")
    # The queue's own work is its members' together.
    assert told["wrap_up_s"] == pytest.approx(sum(one["wrap_up_s"] for one in members), abs=2)
    worked = sum(one["talk_s"] + one["wrap_up_s"] for one in members)
    assert told["occupancy"] == pytest.approx(worked / sum(one["there_s"] for one in members), rel=0.03)
    for member in members:
        mine = [
            (visit, offer)
            for visit in queued
            for offer in visit.offers
            if _extension(offer) == member["member"] and offer.answered and offer.ended
        ]
        assert member["taken"] == len(mine), member
        late = sum(offer.answered in away for _, offer in mine) * len(away) / 1e9
        talked = sum(_talk_s(visit, offer) for visit, offer in mine)
        assert abs(member["talk_s"] - talked) < 1 + 0.1 * len(mine) + late, member


def _talk_s(visit: Visit, offer: Offer) -> float:
    """Of one who is rung back: while his own telephone was answered."""
    assert offer.answered is not None
    assert offer.ended is not None
    if not _to_ring_back(visit, offer):
        return (offer.ended - offer.answered) / 1e9
    return sum(
        (one.ended - one.answered) / 1e9
        for one in visit.rung_back
        if one.answered and one.ended and offer.answered <= one.answered <= offer.ended
    )


def _report(site: Site, by: str) -> list[dict[str, Any]]:
    done = site.vats(
        "report", "queues", "--tenant", "romashka", "--by", by, "--within", f"{WITHIN_S:g}s", "--json"
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]
