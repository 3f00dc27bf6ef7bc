"""`@message/EXTENSION`: a user called a colleague, reached nobody, and leaves him a message (F19)."""

from typing import ClassVar

from engine.scenarios.model import UNREACHED
from engine.scenarios.steps.voicemail import VoicemailStep

MESSAGE_PROMPTS = ("leave-message",)


class MessageRoad(VoicemailStep):
    """As for callers from the city, with the colleague's own greeting where he has one."""

    error_road: ClassVar[str] = UNREACHED
