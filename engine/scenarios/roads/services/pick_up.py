"""`**101`, `**600`, `*8`: a user takes a call that rings for a colleague, a group, or any of his groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from engine.scenarios.roads.services.service import ServiceStep

if TYPE_CHECKING:
    from engine.directory.directory import Tenant
    from engine.scenarios.conversation import Conversation

NOTHING = "nothing-to-pick-up"
BUSY = 17  # Q.850


class PickUp(ServiceStep):
    """`extension` of a user or a group; empty: whoever is in a group with him."""

    completes: ClassVar[bool] = False  # it is answered if he takes a call

    type: Literal["pick_up"] = "pick_up"
    extension: str = ""

    async def run(self, call: Conversation) -> str:
        tenant, user = call.tenant, call.party_user
        users = _of(tenant, self.extension) if self.extension else _colleagues(tenant, user)
        if not await call.pick_up(users - {user}):
            await call.turn_away(BUSY, NOTHING)
        return "done"


def _of(tenant: Tenant, extension: str) -> set[str]:
    if extension in tenant.group_extensions:
        return set(tenant.groups[tenant.group_extensions[extension]].members)
    return {extension} & set(tenant.users)


def _colleagues(tenant: Tenant, user: str) -> set[str]:
    groups = [group.members for group in tenant.groups.values() if user in group.members]
    return {member for members in groups for member in members}
