"""Events: what is known of callers, and what they tell us of ourselves."""

from typing import Literal

from engine.journal.base import JournalEvent


class TicketOpened(JournalEvent, frozen=True, tag="ticket.opened"):
    """The call got a ticket number."""

    ticket: str
    subject: str = ""


class TicketUsed(JournalEvent, frozen=True, tag="ticket.used"):
    """The caller has entered the number of a ticket that there is: the call is about it."""

    ticket: str


class TicketSent(JournalEvent, frozen=True, tag="ticket.sent"):
    """The number of the call's ticket is to be sent to somebody, as this text."""

    ticket: str
    via: Literal["sms", "email"]
    to: str
    text: str
    subject: str = ""  # of a mail


class SurveyAnswered(JournalEvent, frozen=True, tag="survey.answered"):
    """The caller gave a mark. `visit` tells one survey of a call from the next."""

    question: str
    mark: int
    visit: str = ""
    low: bool = False  # so low that somebody is told of it


class SurveyCommentAsked(JournalEvent, frozen=True, tag="survey.comment_asked"):
    """After a low mark he was asked to say what was wrong: the next message of the call is his answer."""

    visit: str


class TaskWanted(JournalEvent, frozen=True, tag="task.wanted"):
    """The ticket, or where it is empty the next message of the call, is to become a task of this severity."""

    severity: int
    ticket: str = ""


ClientEvent = TicketOpened | TicketUsed | TicketSent | SurveyAnswered | SurveyCommentAsked | TaskWanted
