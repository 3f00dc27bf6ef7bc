"""`*45` to `*49`: somebody who serves queues joins, leaves, pauses, is ready again; he hears what is so."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Literal

from engine.calls.attendance import NotDone, Why
from engine.calls.errors import StepError
from engine.directory.prompt_model import Prompt, TextPrompt
from engine.directory.prompts import PromptMissing
from engine.scenarios.roads.services.service import ServiceStep

if TYPE_CHECKING:
    from engine.scenarios.conversation import Conversation

JOINED, LEFT, PAUSED, READY = "member-joined", "member-left", "member-paused", "member-ready"
NOT_ALLOWED = "member-not-allowed"
_WRONG: dict[Why, str] = {
    "unknown_queue": "member-unknown-queue",
    "not_allowed": NOT_ALLOWED,
    "no_queue": "member-no-queue",
    "unknown_reason": "member-unknown-reason",
}
MEMBER_PROMPTS: tuple[Prompt, ...] = (JOINED, LEFT, PAUSED, READY, *_WRONG.values())


class _MemberStep(ServiceStep, ABC):
    async def run(self, call: Conversation) -> str:
        try:
            said = self.do(call)
        except NotDone as error:
            call.log.info("queue_member.refused", user=call.party_user, cause=str(error))
            said = (_WRONG.get(error.why, "member-no-queue"),)
        try:
            await call.play(*said)
        except (PromptMissing, StepError):  # a reason that cannot be spoken
            await call.play(said[0])
        return "done"

    @abstractmethod
    def do(self, call: Conversation) -> tuple[Prompt, ...]:
        """What he hears of it. Raises `NotDone`."""


class JoinQueue(_MemberStep):
    """`extension` of a queue or a code of the pool; empty: all that he is a member of."""

    type: Literal["queue_join"] = "queue_join"
    extension: str = ""

    def do(self, call: Conversation) -> tuple[Prompt, ...]:
        user, queue = call.party_user, _queue(call, self.extension)
        call.outside.attendance.join(call.tenant, user, queue, by=user)
        return (JOINED,)


class LeaveQueue(_MemberStep):
    """`extension` of a queue or a code of the pool; empty: all that he serves."""

    type: Literal["queue_leave"] = "queue_leave"
    extension: str = ""

    def do(self, call: Conversation) -> tuple[Prompt, ...]:
        user, queue = call.party_user, _queue(call, self.extension)
        call.outside.attendance.leave(call.tenant, user, queue, by=user)
        return (LEFT,)


class PauseMember(_MemberStep):
    """In all queues. `reason`: its number, empty: the first."""

    type: Literal["queue_pause"] = "queue_pause"
    reason: str = ""

    def do(self, call: Conversation) -> tuple[Prompt, ...]:
        return _pause(call, self.reason)


class ReadyMember(_MemberStep):
    type: Literal["queue_ready"] = "queue_ready"

    def do(self, call: Conversation) -> tuple[Prompt, ...]:
        call.outside.attendance.resume(call.tenant, call.party_user, "", by=call.party_user)
        return (READY,)


class TogglePause(_MemberStep):
    """For the key with a lamp: what a colleague's key shows is not for him to change."""

    type: Literal["pause_toggle"] = "pause_toggle"
    user: str

    def do(self, call: Conversation) -> tuple[Prompt, ...]:
        if self.user != call.party_user:
            return (NOT_ALLOWED,)
        if call.outside.attendance.is_paused(call.tenant, self.user):
            call.outside.attendance.resume(call.tenant, self.user, "", by=self.user)
            return (READY,)
        return _pause(call, "")


def _pause(call: Conversation, reason: str) -> tuple[Prompt, ...]:
    user = call.party_user
    text = call.outside.attendance.pause(call.tenant, user, reason, "", by=user)
    return (PAUSED, TextPrompt(text=text)) if text else (PAUSED,)


def _queue(call: Conversation, extension: str) -> str:
    """The queue's name, or that of a customer's queues, "" where none was dialled. Raises `NotDone`."""
    if not extension:
        return ""
    pool = call.tenant.pool
    queue = call.tenant.queue_extensions.get(extension) or (pool.queue_of_code(extension) if pool else "")
    if not queue:
        raise NotDone("unknown_queue", f"no queue has the extension {extension}")
    return queue
