"""Steps that are in no file, one module each: `@NAME`, or `@NAME/ARGUMENT`.

A road is a step like any other: it is journalled, found again after a restart, and fails by its error road.
"""

from collections.abc import Callable, Mapping

from engine.directory.directory import Tenant
from engine.scenarios.model import StepModel
from engine.scenarios.roads.callback import CallbackRoad
from engine.scenarios.roads.desk import desk
from engine.scenarios.roads.dialled import DialledRoad, UnreachedRoad
from engine.scenarios.roads.mailbox import MailboxRoad
from engine.scenarios.roads.message import MessageRoad
from engine.scenarios.roads.park import ParkRoad
from engine.scenarios.roads.resumed import resumed
from engine.scenarios.roads.returned import ReturnRoad
from engine.scenarios.roads.services import find_service
from engine.scenarios.steps.hangup import SorryStep

Road = Callable[[Tenant, str], StepModel | None]

ROADS: Mapping[str, Road] = {
    "@desk": lambda tenant, _: desk(tenant),
    "@sorry": lambda _, __: SorryStep(prompt="unavailable"),
    "@apology": lambda _, __: SorryStep(prompt="try-later"),
    "@dialled": lambda _, dialled: DialledRoad(dialled=dialled),
    "@unreached": lambda _, __: UnreachedRoad(),
    "@park": lambda _, place: ParkRoad(place=place),
    "@return": lambda _, extension: ReturnRoad(user=extension),
    "@mailbox": lambda _, extension: MailboxRoad(mailbox=extension),
    "@message": lambda _, extension: MessageRoad(mailbox=extension),
    "@callback": lambda _, order: CallbackRoad(order=order),
    "@resumed": lambda _, argument: resumed(argument),
    "@service": lambda _, path: find_service(path),
}


def find_road(tenant: Tenant, name: str) -> StepModel | None:
    """The step of this name; None where there is no such road."""
    kind, _, argument = name.partition("/")
    road = ROADS.get(kind)
    return road(tenant, argument) if road else None
