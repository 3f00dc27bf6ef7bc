"""Who is tried first for callers who are known: their own specialist, whom they talked with last."""

from typing import Literal

from pydantic import Field

from engine.directory.fields import FileModel, Seconds

FIRST_WAIT_S = 30.0


class SpecialistModel(FileModel):
    """Known clients wait for their own specialist first."""

    wait: Seconds = Field(
        FIRST_WAIT_S, description="so long for him alone (or his substitute); then for anybody of the queue"
    )


class SamePersonModel(FileModel):
    """Callers wait first for whoever talked with them last."""

    within: Seconds = Field(
        3 * 86_400.0, le=30 * 86_400.0, description="a talk of so long ago counts; 30d at most"
    )
    wait: Seconds = Field(FIRST_WAIT_S, description="so long for that person alone; then for anybody")


class RingBackModel(FileModel):
    """Callers from outside whose talk was cut off by the network, not by hanging up, are rung back, once; so
    are those whom a callback had reached.
    """

    first: Literal["operator", "caller"] = Field(
        "operator", description="who is rung first: whoever talked with the caller, or the caller"
    )
    wait: Seconds = Field(25.0, description="how long each of them is rung")
