"""Seconds that are charged, and what they cost. Whole numbers only.

Rounding: a call's milliseconds are rounded up to whole seconds once; its kopecks are
`seconds * kopecks_per_minute / 60`, rounded to the nearest kopeck, half a kopeck upwards, once a call.
"""

from collections.abc import Sequence
from typing import NamedTuple

from engine.journal.events import Entry
from engine.records.derive import derive_call
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


def derive_charge(entries: Sequence[Entry], record: CallRecord | None = None) -> Charge | None:
    """What a call costs by its events; None while it has not ended. `record` saves deriving it again.

    The tariff of the call's start holds to its end; `metered_ms` runs from the tariff's `meter_from` (our
    answer, or the first talk with a person) to the end of the call.
    """
    found = record or derive_call(entries)
    return charge_of(found) if found else None


def charge_of(record: CallRecord) -> Charge:
    seconds = billable_seconds(record.metered_ms)
    return Charge(seconds, price(seconds, record.kopecks_per_minute))
