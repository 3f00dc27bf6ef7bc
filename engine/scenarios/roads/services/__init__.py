"""`@service/NAME/ARGUMENT`: what a user reaches by a service code of `directory/codes.py`, one module each.

NAME is the code's own, ARGUMENT what was dialled behind it. Such a step asks `call.party_user` who dials: the
road is taken for nobody else, so that a caller from outside who is sent to a code reaches nothing.
"""

from collections.abc import Callable, Mapping
from functools import partial

from engine.directory.numbering import Dialled
from engine.directory.prompt_model import Prompt
from engine.directory.user_settings import CONDITIONS, Condition
from engine.scenarios.model import MAILBOX, SERVICE, StepModel
from engine.scenarios.roads.services import listen
from engine.scenarios.roads.services.do_not_disturb import OFF, ON, DoNotDisturb
from engine.scenarios.roads.services.forwarding import (
    FORWARD_PROMPTS,
    ForwardNoLonger,
    SetForward,
    TellForwards,
)
from engine.scenarios.roads.services.listen import ListenRoad
from engine.scenarios.roads.services.pick_up import NOTHING, PickUp
from engine.scenarios.roads.services.queue_member import (
    MEMBER_PROMPTS,
    JoinQueue,
    LeaveQueue,
    PauseMember,
    ReadyMember,
    TogglePause,
)

Service = Callable[[str], StepModel]


def _forward(condition: Condition, to: str) -> StepModel:
    return SetForward(condition=condition, to=to)


def _forward_off(condition: Condition, _: str) -> StepModel:
    return ForwardNoLonger(condition=condition)


SERVICES: Mapping[str, Service] = {
    "listen": lambda extension: ListenRoad(mode="listen", user=extension),
    "whisper": lambda extension: ListenRoad(mode="whisper", user=extension),
    "join": lambda extension: ListenRoad(mode="join", user=extension),
    **{f"forward_{one}": partial(_forward, one) for one in CONDITIONS},
    **{f"forward_{one}_off": partial(_forward_off, one) for one in CONDITIONS},
    "forward_none": lambda _: ForwardNoLonger(),
    "forward_tell": lambda _: TellForwards(),
    "do_not_disturb": lambda _: DoNotDisturb(on=True),
    "do_not_disturb_off": lambda _: DoNotDisturb(on=False),
    "pick_up": lambda _: PickUp(),
    "queue_join": lambda extension: JoinQueue(extension=extension),
    "queue_leave": lambda extension: LeaveQueue(extension=extension),
    "queue_pause": lambda reason: PauseMember(reason=reason),
    "queue_ready": lambda _: ReadyMember(),
    "pause_toggle": lambda extension: TogglePause(user=extension),
    "pick_up_from": lambda extension: PickUp(extension=extension),
}


# All that is said, to be made before anybody dials.
SERVICE_PROMPTS: tuple[Prompt, ...] = (
    *FORWARD_PROMPTS,
    ON,
    OFF,
    NOTHING,
    *listen.PROMPTS,
    *MEMBER_PROMPTS,
)


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
