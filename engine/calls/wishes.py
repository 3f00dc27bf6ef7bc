"""What those who talk, or an operation, want done with the call. The talk takes them one after another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from engine.calls.leg import Leg

Via = Literal["code", "refer", "operation"]


@dataclass(frozen=True)
class TransferTo:
    """Blind transfer. `to` is as dialled; None where he is still to key it in."""

    by: Leg
    to: str | None
    via: Via


@dataclass(frozen=True)
class ConsultWith:
    """Attended transfer: first talk with the target."""

    by: Leg
    to: str | None
    via: Via


@dataclass(frozen=True)
class MergeWith:
    """REFER with Replaces: the one whom `by` talks with is to talk with whoever `replaced`, the same phone's
    channel in another call, talks with.
    """

    by: Leg
    replaced: str


@dataclass(frozen=True)
class Act:
    """One of the codes that act on a consultation: complete, swap, cancel."""

    by: Leg
    name: Literal["complete", "swap", "cancel"]


@dataclass(frozen=True)
class Park:
    by: Leg
    via: Via


@dataclass(frozen=True)
class SwitchRecording:
    """Pause the recording, or go on with it."""

    by: Leg


Wish = TransferTo | ConsultWith | MergeWith | Act | Park | SwitchRecording


def wish_of_code(name: str, by: Leg) -> Wish:
    """The wish that a talk code stands for. Raises `KeyError` for a name that is no code's."""
    match name:
        case "transfer":
            return TransferTo(by, None, "code")
        case "consult":
            return ConsultWith(by, None, "code")
        case "complete" | "swap" | "cancel":
            return Act(by, name)
        case "park":
            return Park(by, "code")
        case "recording":
            return SwitchRecording(by)
        case _:
            raise KeyError(name)
