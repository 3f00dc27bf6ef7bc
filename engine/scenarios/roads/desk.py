"""`@desk`: when all else has failed, somebody is rung at any hour."""

from engine.directory.directory import Tenant
from engine.scenarios.model import StepModel
from engine.scenarios.steps.hangup import SorryStep
from engine.scenarios.steps.ring import DeskStep

DESK_SECONDS = 60.0


def desk(tenant: Tenant) -> StepModel:
    """The tenant's desk rings; where there is nobody, the caller is told."""
    users = tenant.desk_users()
    return DeskStep(users=users, timeout=DESK_SECONDS) if users else SorryStep(prompt="try-later")
