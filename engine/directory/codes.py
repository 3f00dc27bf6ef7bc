"""Every code that people dial, and every one that they key while they talk: the one place.

Service codes are dialled as a call of their own. Codes keyed in talk begin with `*` or `#`; keys that are no
code are passed on to the other side.
"""

# ruff: noqa: E501 - tables
from dataclasses import dataclass
from typing import Literal

# `queue` and `reason` may be left out. `company` is its code, `*`, and an extension there.
Argument = Literal["", "number", "extension", "slot", "queue", "reason", "company"]
IN_COMPANY = "in_company"


@dataclass(frozen=True)
class ServiceCode:
    """`*97`, or with something behind it: `*21*NUMBER#`. `name` is what the engine calls it."""

    name: str
    code: str
    argument: Argument
    english: str
    russian: str
    ends_with_hash: bool = False  # `#` behind the argument; it may be left out


@dataclass(frozen=True)
class TalkCode:
    """Keyed while talking. One with a number takes digits after it, until `#` or a pause."""

    name: str
    code: str
    takes_number: bool
    english: str
    russian: str


SERVICE_CODES = (
    ServiceCode(
        "forward_always", "*21*", "number", "forward all calls", "переадресовать все звонки", True
    ),
    ServiceCode("forward_always_off", "#21#", "", "no longer forward all calls", "не переадресовывать все"),
    ServiceCode(
        "forward_busy", "*67*", "number", "forward when busy", "переадресовать, когда занято", True
    ),
    ServiceCode("forward_busy_off", "#67#", "", "not when busy", "не переадресовывать, когда занято"),
    ServiceCode(
        "forward_no_answer", "*61*", "number", "forward when nobody answers",
        "переадресовать, если не отвечаю", True,
    ),
    ServiceCode(
        "forward_no_answer_off", "#61#", "", "not when nobody answers", "не переадресовывать без ответа"
    ),
    ServiceCode(
        "forward_unreachable", "*62*", "number", "forward when no phone can be reached",
        "переадресовать, если телефон недоступен", True,
    ),
    ServiceCode(
        "forward_unreachable_off", "#62#", "", "not when unreachable", "не переадресовывать, если недоступен"
    ),
    ServiceCode("forward_none", "##002#", "", "cancel all forwarding", "отменить всю переадресацию"),
    ServiceCode("forward_tell", "*#21#", "", "hear what is forwarded", "услышать, что переадресовано"),
    ServiceCode("do_not_disturb", "*78", "", "do not disturb", "не беспокоить"),
    ServiceCode("do_not_disturb_off", "*79", "", "may be disturbed again", "снова принимать звонки"),
    ServiceCode(
        "pick_up_from", "**", "extension", "take the call that rings at a colleague or a group",
        "взять звонок, который звонит у коллеги или группы",
    ),
    ServiceCode("pick_up", "*8", "", "take any call that rings in my groups", "взять звонок своей группы"),
    ServiceCode("mailbox", "*97", "", "hear my voice messages", "прослушать свои голосовые сообщения"),
    ServiceCode(
        "queue_join", "*45", "queue", "log in to my queues, or to the one with this extension",
        "войти в свои очереди или в очередь с этим номером",
    ),
    ServiceCode(
        "queue_leave", "*46", "queue", "log out of all queues, or of the one with this extension",
        "выйти из всех очередей или из очереди с этим номером",
    ),
    ServiceCode(
        "queue_pause", "*47", "reason", "pause, with the number of a reason", "пауза, с номером причины"
    ),
    ServiceCode(
        "queue_ready", "*48", "", "ready for the next caller: end pause and wrap-up",
        "готов принять следующий звонок: закончить паузу и обработку",
    ),
    ServiceCode(
        "pause_toggle", "*49", "extension", "pause, or end the pause: for a key with a lamp, with my own extension",
        "пауза или её конец: для кнопки с лампой, со своим внутренним номером",
    ),
    ServiceCode(
        IN_COMPANY, "*44", "company",
        "secretaries: reach an extension or a parked call in the company with this code of the pool",
        "секретари: внутренний номер или место парковки в компании с этим кодом",
    ),
    ServiceCode("listen", "*90", "extension", "listen to a talk", "слушать разговор"),
    ServiceCode(
        "whisper", "*91", "extension", "speak to the colleague alone", "подсказывать коллеге (клиент не слышит)"
    ),
    ServiceCode("join", "*92", "extension", "join a talk", "войти в разговор"),
    ServiceCode(
        "own_number", "*5", "number", "call with another of the company's numbers shown: *5K and the number",
        "позвонить, показав другой номер компании: *5K и номер",
    ),
)  # fmt: skip

TALK_CODES = (
    TalkCode("transfer", "##", True, "blind transfer to a number", "перевести вслепую на номер"),
    TalkCode("consult", "*2", True, "call somebody first, then transfer", "сначала поговорить, потом перевести"),
    TalkCode("complete", "*1", False, "connect the two, as hanging up does", "соединить (или положить трубку)"),
    TalkCode("swap", "*3", False, "change between the two", "переключиться между собеседниками"),
    TalkCode("cancel", "*0", False, "give up the consultation", "отказаться от перевода и вернуться"),
    TalkCode("park", "*7", False, "park the call", "поставить вызов на парковку"),
    TalkCode("recording", "*5", False, "pause or resume the recording", "приостановить или продолжить запись"),
)  # fmt: skip


def code_of(name: str) -> str:
    """What is dialled for this service."""
    return next(one.code for one in SERVICE_CODES if one.name == name)
