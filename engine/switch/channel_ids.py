"""Ids of the channels that we make: they name the call that a channel belongs to.

Asterisk lets whoever makes a channel choose its id (`channelId`); its own it gives numbers.
"""

# In the ids of calls that we placed ourselves: `CELL-SECONDS.click.N`.
PLACED_MARK = ".click."
_LEG_MARK = ".leg."


def leg_prefix(call_id: str) -> str:
    """What the ids of all legs of this call begin with."""
    return f"{call_id}{_LEG_MARK}"


def leg_id(call_id: str, name: int | str) -> str:
    """The id of a leg of this call."""
    return f"{leg_prefix(call_id)}{name}"


def is_leg(channel_id: str) -> bool:
    """Whether we have made it for a call that was there before."""
    return _LEG_MARK in channel_id


def is_leg_of(channel_id: str, call_id: str) -> bool:
    """Whether we have made it for this call."""
    return channel_id.startswith(leg_prefix(call_id))


def call_of(channel_id: str) -> str:
    """The call for which we have made it; its own id where it is no leg."""
    return channel_id.partition(_LEG_MARK)[0]
