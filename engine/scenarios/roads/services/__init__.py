"""`@service/NAME/ARGUMENT`: what a user reaches by a service code of `directory/codes.py`, one module each.

NAME is the code's own, ARGUMENT what was dialled behind it. Such a step asks `call.party_user` who dials: the
road is taken for nobody else, so that a caller from outside who is sent to a code reaches nothing.
"""

from collections.abc import Callable, Mapping

from engine.directory.numbering import Dialled
from engine.scenarios.model import MAILBOX, SERVICE, StepModel
from engine.scenarios.roads.services.listen import ListenRoad

Service = Callable[[str], StepModel]

SERVICES: Mapping[str, Service] = {
    "listen": lambda extension: ListenRoad(mode="listen", user=extension),
    "whisper": lambda extension: ListenRoad(mode="whisper", user=extension),
    "join": lambda extension: ListenRoad(mode="join", user=extension),
}


def find_service(path: str) -> StepModel | None:
    """The step of `NAME/ARGUMENT`; None where there is no such service."""
    name, _, argument = path.partition("/")
    service = SERVICES.get(name)
    return service(argument) if service else None


def road_of(destination: Dialled, user: str) -> str:
    """The road of a service code that this user has dialled; "" for all else, and for who is no user."""
    if destination.kind != "service" or not user:
        return ""
    if destination.value == "mailbox":
        return f"{MAILBOX}/{user}"
    if destination.value not in SERVICES:
        return ""
    return f"{SERVICE}/{destination.value}/{destination.argument}"
