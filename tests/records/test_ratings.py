"""F38: marks by operator, queue and period, against a slow reference; `vats rating`."""

import asyncio
import json
import os
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from engine.cli.rating import rating
from engine.records.periods import Period
from engine.records.ratings import By, Wanted, ratings, report
from engine.settings import load_settings
from engine.store.database import Database
from engine.store.migrate import upgrade
from engine.store.tables import survey_answer

MOSCOW = ZoneInfo("Europe/Moscow")
START = round(datetime(2026, 11, 23, 23, 30, tzinfo=MOSCOW).timestamp() * 1000)
HOUR = 3_600_000


def row(number: int, mark: int, hours: int = 0, **values: object) -> dict[str, object]:
    return {
        "call_id": f"c{number}", "visit": "1", "question": "overall", "tenant": "romashka", "mark": mark,
        "operator": "101", "answered_at": START + hours * HOUR, "queue": "sales", "comment": None, **values,
    }  # fmt: skip


rows_ = st.lists(
    st.builds(
        lambda mark, hours, operator, queue, question, comment: row(
            0, mark, hours, operator=operator, queue=queue, question=question, comment=comment
        ),
        st.integers(1, 5),
        st.integers(0, 60 * 24),
        st.sampled_from(["101", "102", None]),
        st.sampled_from(["sales", None]),
        st.sampled_from(["overall", "speed"]),
        st.sampled_from(["m1", "m2", None]),
    ),
    max_size=15,
)


@settings(deadline=None)
@given(rows_, st.sampled_from(["operator", "queue", "question"]), st.sampled_from(["day", "month", "all"]))
def test_each_mark_is_in_exactly_one_line(found: list[dict[str, object]], by: By, period: Period) -> None:
    lines = report(found, lambda _: MOSCOW, by, period)  # type: ignore[arg-type]
    seen = 0
    for line in lines:
        sum_of = count = low = 0
        comments = set()
        for one in found:
            day = datetime.fromtimestamp(int(str(one["answered_at"])) / 1000, MOSCOW)
            shown = {"day": f"{day:%Y-%m-%d}", "month": f"{day:%Y-%m}-01", "all": "all"}[period]
            who = "" if by == "question" else one[by] or ""
            if (shown, one["question"], who) == line[:3]:
                count += 1
                mark = int(str(one["mark"]))
                sum_of += mark
                low += mark in (1, 2)
                comments.add(one["comment"])
        assert (line.marks, line.low, sum(line.counts)) == (count, low, count)
        assert abs(line.average * count - sum_of) < 1e-9
        assert line.comments == len(comments - {None})
        seen += count
    assert seen == len(found)


async def test_the_list_and_its_filters(database: Database) -> None:
    rows = [
        row(1, 5),
        row(2, 2, 1, comment="m"),
        row(3, 4, 2, operator="102", queue=None),
        row(4, 1, 3, tenant="x"),
    ]
    await database.transaction(lambda one: one.execute(insert(survey_answer), rows))

    async def found(**wanted: object) -> list[int]:
        async with database.read() as connection:
            listed = await ratings(connection, Wanted(**wanted))  # type: ignore[arg-type]
        return [one["mark"] for one in listed]

    assert await found() == [5, 2, 4, 1]
    assert await found(tenant="romashka", operator="101") == [5, 2]
    assert await found(queue="sales", highest=2, tenant="romashka") == [2]
    assert await found(since=START + HOUR, until=START + 3 * HOUR) == [2, 4]
    assert await found(question="speed") == []


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config" / "tenants").mkdir(parents=True)
    (tmp_path / "config" / "vats.yaml").write_text("{}\n")
    (tmp_path / "config" / "tenants" / "romashka.yaml").write_text(
        'tenant: romashka\ntitle: R\ntimezone: Europe/Moscow\nusers: {"101": {name: A}}\n'
    )
    monkeypatch.setenv("VATS_CONFIG", str(tmp_path / "config" / "vats.yaml"))
    monkeypatch.setenv("VATS_HOME", str(tmp_path / "var"))
    monkeypatch.delenv("VATS_DATABASE_URL", raising=False)
    (tmp_path / "var").mkdir()

    async def prepare() -> None:
        database = Database(load_settings(os.environ).database_url)
        await upgrade(database)
        rows = [row(1, 5), row(2, 2, 1, comment="m"), row(3, 4, 2, operator="102")]
        await database.transaction(lambda one: one.execute(insert(survey_answer), rows))
        await database.close()

    asyncio.run(prepare())

    def run(*arguments: str) -> list[dict[str, object]]:
        done = CliRunner().invoke(rating, [*arguments, "--json"])
        assert done.exit_code == 0, done.output
        return [json.loads(line) for line in done.output.splitlines()]

    assert [(one["mark"], one["comment"]) for one in run("list", "--up-to", "4")] == [(2, "m"), (4, None)]
    lines = run("report", "--tenant", "romashka", "--per", "day")
    # Midnight is the tenant's own.
    assert [(one["period"], one["operator"], one["marks"], one["average"], one["low"]) for one in lines] == [
        ("2026-11-23", "101", 1, 5.0, 0),
        ("2026-11-24", "101", 1, 2.0, 1),
        ("2026-11-24", "102", 1, 4.0, 0),
    ]
    (since,) = run("report", "--tenant", "romashka", "--since", "2026-11-24T01:00", "--by", "queue")
    assert (since["queue"], since["marks"]) == ("sales", 1)
    table = CliRunner().invoke(rating, ["report", "--by", "question"]).output
    assert "overall" in table
    assert "0 1 0 1 1" in table
