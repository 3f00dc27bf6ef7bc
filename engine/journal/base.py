"""What all events of the journal share, and the words that they use."""

from typing import Literal

import msgspec

Direction = Literal["in", "out", "internal"]


Role = Literal["caller", "operator", "target", "transferrer", "transferee"]


EndedBy = Literal["caller", "operator", "engine", "network"]


Source = Literal["engine", "switch"]


LegResult = Literal[
    "answered", "no_answer", "busy", "unavailable", "cancelled", "answered_elsewhere", "failed"
]


MeterFrom = Literal["answer", "operator"]


Value = str | int | float | bool | None


class JournalEvent(msgspec.Struct, frozen=True, tag_field="kind", omit_defaults=True, gc=False):
    """What all events share: the field `kind` names the event in the spool.

    Events hold no containers, so they need no garbage collection; thousands of them are alive at once.
    """


class StreamBegan(JournalEvent, frozen=True):
    """The first event of a stream that is no call; each subject has a type of its own that inherits this."""


class StreamEnded(JournalEvent, frozen=True):
    """The last event of such a stream: from then on it is carried no further, as a call after `CallEnded`."""
