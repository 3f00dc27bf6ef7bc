"""Events: recordings of talks, and messages that callers speak."""

from engine.journal.base import JournalEvent


class RecordingStarted(JournalEvent, frozen=True, tag="recording.started"):
    """Two raw files, in step with each other: the recording's left side and its right one."""

    leg: str  # the recorded channel
    caller_file: str  # paths below the switch's recording folder; left
    operator_file: str  # right
    left: str = ""  # whose leg is heard on which side
    right: str = ""
    encrypt: bool = False  # the finished file


class RecordingStopped(JournalEvent, frozen=True, tag="recording.stopped"):
    leg: str


class RecordingPaused(JournalEvent, frozen=True, tag="recording.paused"):
    """From here on both sides are silent in the files. `by`: an extension, or who asked for the operation."""

    leg: str  # the recorded channel
    by: str = ""


class RecordingResumed(JournalEvent, frozen=True, tag="recording.resumed"):
    leg: str
    by: str = ""


class RecordingAnnounced(JournalEvent, frozen=True, tag="recording.announced"):
    """This leg's person was told that the talk will be recorded."""

    leg: str


class MessageStarted(JournalEvent, frozen=True, tag="message.started"):
    """The switch records what the caller says into `file` (without `.wav`), for a mailbox.

    Where nobody tells how it ended, it is a message if it lasted for `shortest_ms`.
    """

    mailbox: str  # "": nobody's, a comment on a mark
    file: str
    shortest_ms: int
    encrypt: bool = False  # the kept file


class MessageLeft(JournalEvent, frozen=True, tag="message.left"):
    """The caller left a voice message; `file` as in `message.started`."""

    mailbox: str
    file: str = ""


class MessageDropped(JournalEvent, frozen=True, tag="message.dropped"):
    """Nothing was said, or too little to be a message."""

    file: str


class MessageHeard(JournalEvent, frozen=True, tag="message.heard"):
    """The caller listened to a voice message in his mailbox."""

    message: str


class MessageDeleted(JournalEvent, frozen=True, tag="message.deleted"):
    """He deleted it by a key. `by`: his extension."""

    message: str
    by: str = ""


class GreetingChanged(JournalEvent, frozen=True, tag="greeting.changed"):
    """A user recorded a greeting of his own for his mailbox, or went back to the usual one."""

    mailbox: str
    own: bool


RecordingEvent = (
    RecordingStarted
    | RecordingStopped
    | RecordingPaused
    | RecordingResumed
    | RecordingAnnounced
    | MessageStarted
    | MessageLeft
    | MessageDropped
    | MessageHeard
    | MessageDeleted
    | GreetingChanged
)
