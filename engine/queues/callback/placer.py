"""What the desk asks of whoever places calls."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from engine.calls.callbacks import Briefing
    from engine.calls.leg import Target
    from engine.directory.directory import Tenant


class Placer(Protocol):
    """Calls for orders."""

    @property
    def ready(self) -> bool:
        """Whether calls can be placed now."""

    def place(
        self, tenant: Tenant, order_id: str, call_id: str, briefing: Briefing, targets: Sequence[Target]
    ) -> None:
        """Begin the call; its end is told by the journal. `targets` are the telephones of the operators.

        Raises `ValueError` where nobody can be rung.
        """

    def cancel(self, call_id: str) -> None:
        """End it, unless they talk already."""

    def talks(self, call_id: str) -> bool:
        """Whether they talk."""

    def lives(self, call_id: str) -> bool:
        """Whether this call runs, be it adopted."""

    def waits_for_operator(self, call_id: str) -> bool:
        """Whether no operator has taken it yet, so that its place in the queue is still needed."""

    def rings(self, call_id: str) -> Collection[str]:
        """The SIP endpoints of all that this call has rung, and that have not hung up."""

    def on_the_line(self, tenant: str, number: str) -> bool:
        """Whether this number has called the tenant, and its call still lives."""
