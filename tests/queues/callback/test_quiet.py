"""Nobody is rung at night, by the clock of his own region (F36)."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.queues.callback.quiet import is_allowed, next_allowed, zone_of

HOURS = (time(9), time(21))
MOMENTS = st.integers(
    int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()), int(datetime(2027, 6, 1, tzinfo=UTC).timestamp())
)
ZONES = ["Europe/Moscow", "Asia/Vladivostok", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]


@pytest.mark.parametrize(
    ("number", "zone"),
    [
        ("+74951234567", "Europe/Moscow"),
        ("+73832001234", "Asia/Novosibirsk"),
        ("+74232001234", "Asia/Vladivostok"),
        ("+79161234567", "Europe/Moscow"),  # a mobile may be anywhere: the tenant's own
        ("+491711234567", "Europe/Berlin"),
        ("+14155551234", "America/Los_Angeles"),
        ("+88312345678", "Europe/Moscow"),  # of no country
        ("withheld", "Europe/Moscow"),
    ],
)
def test_f36_the_zone_of_a_number(number: str, zone: str) -> None:
    assert zone_of(number, "Europe/Moscow") == zone


@settings(max_examples=300, deadline=None)
@given(
    at=MOMENTS,
    zone=st.sampled_from(ZONES),
    begin=st.integers(0, 22 * 60),
    length=st.integers(30, 600),
)
def test_f36_the_next_moment_is_allowed_and_none_before_it_is(
    at: int, zone: str, begin: int, length: int
) -> None:
    end = min(begin + length, 23 * 60 + 59)
    hours = (time(begin // 60, begin % 60), time(end // 60, end % 60))
    now = at * 1000
    found = next_allowed(now, zone, hours)
    assert found >= now
    assert is_allowed(found, zone, hours)
    repeated = datetime.fromtimestamp(found / 1000, ZoneInfo(zone)).fold
    assert repeated == 0 or found == now
    # Within the hour that the clocks show twice, the second one may be passed over.
    for moment in range(now, found, 600_000):
        local = datetime.fromtimestamp(moment / 1000, ZoneInfo(zone))
        assert not is_allowed(moment, zone, hours) or local.fold == 1


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-23T08:59", "2026-11-23T09:00"),
        ("2026-11-23T09:00", "2026-11-23T09:00"),
        ("2026-11-23T20:59", "2026-11-23T20:59"),
        ("2026-11-23T21:00", "2026-11-24T09:00"),
    ],
)
def test_f36_the_edges(now: str, expected: str) -> None:
    moscow = ZoneInfo("Europe/Moscow")
    at, then = (
        int(datetime.fromisoformat(text).replace(tzinfo=moscow).timestamp() * 1000)
        for text in (now, expected)
    )
    assert next_allowed(at, "Europe/Moscow", HOURS) == then
