"""What people who serve queues say of themselves: the protocol between their codes and the queues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from engine.directory.directory import Tenant

Why = Literal["unknown_queue", "not_allowed", "no_queue", "unknown_reason", "no_wrap_up"]


class NotDone(Exception):
    """Nothing has changed; the message says why, for people, and `why` for programs."""

    def __init__(self, why: Why, message: str) -> None:
        super().__init__(message)
        self.why = why


class Attendance(Protocol):
    """`queue` is a queue's name, empty: all that concern him; `by` is who asks. All raise `NotDone`."""

    def join(self, tenant: Tenant, extension: str, queue: str, *, by: str) -> list[str]:
        """He serves these queues from now on; without a name those that the tenant's file puts him in."""

    def leave(self, tenant: Tenant, extension: str, queue: str, *, by: str) -> list[str]:
        """He serves these queues no more, until he joins again."""

    def pause(self, tenant: Tenant, extension: str, reason: str, queue: str, *, by: str) -> str:
        """He is rung for nobody until he is ready. `reason` is a number or text of the tenant's file, empty:
        the first of them; the text is returned.
        """

    def is_paused(self, tenant: Tenant, extension: str) -> bool:
        """Whether he has paused in all queues."""

    def resume(self, tenant: Tenant, extension: str, queue: str, *, by: str) -> None:
        """No pause keeps him any longer; nor, without a name of a queue, his wrap-up."""


class NoAttendance:
    """Where no queues were set up."""

    def join(self, tenant: Tenant, extension: str, queue: str, *, by: str) -> list[str]:
        raise _nothing()

    def leave(self, tenant: Tenant, extension: str, queue: str, *, by: str) -> list[str]:
        raise _nothing()

    def pause(self, tenant: Tenant, extension: str, reason: str, queue: str, *, by: str) -> str:
        raise _nothing()

    def is_paused(self, tenant: Tenant, extension: str) -> bool:
        return False

    def resume(self, tenant: Tenant, extension: str, queue: str, *, by: str) -> None:
        raise _nothing()


def _nothing() -> NotDone:
    return NotDone("no_queue", "there is nothing that keeps queues")
