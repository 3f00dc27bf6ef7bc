"""Events: who was there to serve queues, and who was not. Each stretch of time is a stream of its own."""

from typing import Literal

from engine.journal.base import JournalEvent, StreamBegan, StreamEnded

# `left`: somebody whom the tenant's file makes a member serves the queue no more, until he joins again.
PresenceState = Literal["joined", "left", "paused", "wrap_up", "offline", "do_not_disturb", "off_duty"]


class PresenceBegan(StreamBegan, frozen=True, tag="presence.began"):
    """From now on this is so of somebody, in all queues where `queue` is empty.

    `by` is who said so: an extension, who asked for the operation, `file`, `telephone`, `hours`, `misses` or
    `talk`. A `wrap_up` names the call that it follows.
    """

    tenant: str
    extension: str
    state: PresenceState
    queue: str = ""
    reason: str = ""
    by: str = ""
    until: int = 0  # UTC ms: when a wrap-up ends; 0: open
    call: str = ""


class PresenceExtended(JournalEvent, frozen=True, tag="presence.extended"):
    """A wrap-up ends later, or sooner, UTC ms."""

    until: int
    by: str = ""


class PresenceEnded(StreamEnded, frozen=True, tag="presence.ended"):
    """It is so no more. `by` as in `PresenceBegan`, or `time`."""

    by: str = ""


PresenceEvent = PresenceBegan | PresenceExtended | PresenceEnded
