"""Seconds that are charged, and what they cost. Whole numbers only.

Rounding: a call's milliseconds are rounded up to whole seconds once; its kopecks are
`seconds * kopecks_per_minute / 60`, rounded to the nearest kopeck, half a kopeck upwards, once a call.
"""

from typing import NamedTuple

from engine.records.model import CallRecord

ERROR_CALL_MS = 10_000


class Charge(NamedTuple):
    billable_s: int
    kopecks: int


def billable_seconds(milliseconds: int) -> int:
    """A call under 10,000 ms is an error call and costs nothing; any other is rounded up to whole seconds."""
    if milliseconds < ERROR_CALL_MS:
        return 0
    return -(-milliseconds // 1000)


def price(seconds: int, kopecks_per_minute: int) -> int:
    """Kopecks for whole seconds, to the nearest kopeck, a half upwards."""
    return (seconds * kopecks_per_minute * 2 + 60) // 120


def charge_of(record: CallRecord) -> Charge:
    """What a call costs. The tariff of its start holds to its end; `metered_ms` runs from the tariff's
    `meter_from` (our answer, or the first talk with a person) to the end of the call; with `free_wait` what
    he waits in queues meanwhile is left out.
    """
    seconds = billable_seconds(record.metered_ms)
    return Charge(seconds, price(seconds, record.kopecks_per_minute))
