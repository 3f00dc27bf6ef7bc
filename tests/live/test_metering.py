"""Seconds that cost money, by the switch's own milliseconds (F25)."""

import asyncio
import math
from typing import Any

import pytest

from tests.live.site import CITY_NUMBER, Site
from tests.phones import Phone

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]


async def talk_for(site: Site, city: Phone, operator: Phone, caller: str, seconds: float) -> dict[str, Any]:
    call = await city.call(CITY_NUMBER, caller=caller)
    await call.wait_state("answered")
    extension = operator.username.split("-")[1]
    await call.digits(extension)
    offered = await operator.wait_incoming()
    await offered.answer()
    live = await site.wait_call(caller=caller, state="talking")
    await asyncio.sleep(seconds - live["talk_s"])
    await call.hangup()
    return await site.record_of(caller)


async def test_f25_short_calls_cost_nothing_and_others_by_started_second(site: Site) -> None:
    city = await site.city()
    phones = [await site.phone(extension) for extension in ("101", "102", "103")]
    lengths = {"+79040000099": 9.2, "+79040000101": 10.05, "+79040000120": 12.0}
    # The talks begin one after another, so that each phone gets its own caller, and run side by side.
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(talk_for(site, city, phone, caller, seconds))
            for phone, (caller, seconds) in zip(phones, lengths.items(), strict=True)
        ]
    records = [task.result() for task in tasks]
    short, just_over, twelve = records
    assert 8.9 < short["talk_s"] < 10
    assert (short["billable_s"], short["cost_kopecks"]) == (0, 0)
    assert 10 < just_over["talk_s"] <= 11
    assert just_over["billable_s"] == 11
    assert twelve["billable_s"] == math.ceil(twelve["talk_s"])
    assert twelve["billable_s"] in (12, 13)
    for record in records[1:]:
        # 1.50 roubles a minute, to the second.
        assert record["cost_kopecks"] == math.ceil(record["billable_s"] * 150 / 60)
    assert site.differences() == []
