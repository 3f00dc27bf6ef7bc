"""Events: calls passed on, parked, joined and listened to."""

from typing import Literal

from engine.journal.base import JournalEvent


class PartyChanged(JournalEvent, frozen=True, tag="party.changed"):
    """The call goes on for this leg: whoever it was for has passed it on, or left two talking.

    `gone`: he has hung up, and what is metered ends here.
    """

    leg: str
    gone: bool = False


TransferKind = Literal["blind", "attended"]


class TransferStarted(JournalEvent, frozen=True, tag="transfer.started"):
    """Somebody passes the call on. `leg` is the transferrer's, "" for one asked for by an operation."""

    leg: str
    user: str  # the transferrer's extension, to whom the call comes back where it fails
    to: str  # as dialled
    way: TransferKind = "blind"
    from_step: str = ""  # what follows the talk is decided by this step


class TransferEnded(JournalEvent, frozen=True, tag="transfer.ended"):
    """`leg`: with whom the call goes on."""

    result: Literal["completed", "failed", "cancelled"]
    leg: str = ""


class ConsultationStarted(JournalEvent, frozen=True, tag="consultation.started"):
    """Transferrer and target talk in a bridge of their own, the party waits."""

    leg: str  # the transferrer's
    target: str
    bridge: str


class ConsultationEnded(JournalEvent, frozen=True, tag="consultation.ended"):
    target: str


class LegMoved(JournalEvent, frozen=True, tag="leg.moved"):
    """This leg goes on in another call, which it was joined with."""

    leg: str
    to_call: str


class CallJoined(JournalEvent, frozen=True, tag="call.joined"):
    """The caller has taken another call: he goes on as a leg of that one too, which tells how he talked."""

    call: str


class Parked(JournalEvent, frozen=True, tag="parked"):
    """The party waits in this place of the tenant's. `by`: the extension of whoever parked it."""

    slot: str
    by: str = ""


class Unparked(JournalEvent, frozen=True, tag="unparked"):
    """He no longer waits there. `by`: the extension of whoever took the call, "" where nobody did."""

    slot: str
    by: str = ""


ListeningMode = Literal["listen", "whisper", "join"]


class ListeningStarted(JournalEvent, frozen=True, tag="listening.started"):
    """In the listener's call: he hears the talk of `user` in the call `to_call` from now on."""

    user: str
    mode: ListeningMode
    to_call: str


class ListeningEnded(JournalEvent, frozen=True, tag="listening.ended"):
    """The end of the last one, also where another mode follows."""


class ListenerCame(JournalEvent, frozen=True, tag="listener.came"):
    """In the call that is listened to. `by`: the listener's extension, in the call `from_call`; in another
    tenant's call `pult/203`.
    """

    by: str
    user: str
    mode: ListeningMode
    from_call: str


class ListenerLeft(JournalEvent, frozen=True, tag="listener.left"):
    by: str
    from_call: str


TransferEvent = (
    PartyChanged
    | TransferStarted
    | TransferEnded
    | ConsultationStarted
    | ConsultationEnded
    | LegMoved
    | CallJoined
    | Parked
    | Unparked
    | ListeningStarted
    | ListeningEnded
    | ListenerCame
    | ListenerLeft
)
