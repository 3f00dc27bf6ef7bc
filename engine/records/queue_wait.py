"""What a caller waited in queues, by his call's events."""

from collections.abc import Sequence

from engine.journal.events import Entry, FallbackTook, StepFailed, StepLeft, TalkStarted
from engine.journal.queue_events import QueueEntered
from engine.records.intervals import between


def wait_in_queue(ordered: Sequence[Entry], queue: Entry, end: Entry) -> int:
    """Milliseconds from entering the queue to a talk, or to leaving it: by another step, the fallback or the
    end.
    """
    return between(queue, _wait_end(ordered, queue, end)).milliseconds


def free_wait_ms(ordered: Sequence[Entry], start: Entry, end: Entry) -> int:
    """What he waited in all queues between these two, where that is not metered."""
    waits = 0
    for entered in ordered:
        if isinstance(entered.event, QueueEntered):
            first = entered if entered.at >= start.at else start
            last = _wait_end(ordered, entered, end)
            last = last if last.at <= end.at else end
            if first.at < last.at:
                waits += between(first, last).milliseconds
    return waits


def _wait_end(ordered: Sequence[Entry], queue: Entry, end: Entry) -> Entry:
    after = ordered[ordered.index(queue) + 1 :]
    over = (TalkStarted, StepLeft, StepFailed, FallbackTook)
    return next((entry for entry in after if isinstance(entry.event, over)), end)
