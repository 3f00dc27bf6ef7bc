"""Operations of what users set for themselves: do not disturb, and where their calls go."""

from collections.abc import Callable, Mapping
from typing import Any, get_args

from engine.directory.directory import Directory, Tenant
from engine.directory.findings import one_of
from engine.directory.forwarding import MESSAGES, wrong_forward
from engine.directory.named import tenant_of_user
from engine.directory.numbering import resolve
from engine.directory.user_settings import (
    NO_ANSWER_S,
    Condition,
    Forward,
    Personal,
    UserSettings,
)
from engine.operations import Handler
from engine.records.query import iso

LONGEST_S = 120.0


class NotSet(Exception):
    """The setting is as it was; the message says why."""


def user_operations(settings: UserSettings, directory: Callable[[], Directory]) -> Mapping[str, Handler]:
    """`user.settings`, `user.set_do_not_disturb`, `user.set_forward`. An error's text is the answer's."""

    async def show(tenant: str, extension: str) -> dict[str, object]:
        tenant_of_user(directory(), tenant, extension)
        changes = [
            {"at": iso(one.at), "by": one.by, "setting": one.setting, "value": one.value}
            for one in settings.changes(tenant, extension)
        ]
        return {**_described(settings.of(tenant, extension)), "changes": changes}

    async def set_do_not_disturb(tenant: str, extension: str, on: bool, by: str = "") -> dict[str, object]:
        tenant_of_user(directory(), tenant, extension)
        return _described(await settings.set_do_not_disturb(tenant, extension, on, by=by))

    async def set_forward(
        tenant: str,
        extension: str,
        condition: str,
        to: str = "",
        seconds: float = NO_ANSWER_S,
        confirm: bool = True,
        by: str = "",
    ) -> dict[str, object]:
        """`condition` may be `all` where `to` is empty: then nothing is forwarded any more."""
        owner = tenant_of_user(directory(), tenant, extension)
        if condition == "all" and not to:
            return _described(await settings.forward_nothing(tenant, extension, by=by))
        checked = _condition(condition)
        forward = _forward(owner, settings, extension, to, seconds, confirm) if to else None
        return _described(await settings.set_forward(tenant, extension, checked, forward, by=by))

    return {
        "user.settings": show,
        "user.set_do_not_disturb": set_do_not_disturb,
        "user.set_forward": set_forward,
    }


def _condition(text: str) -> Condition:
    known = get_args(Condition)
    if text not in known:
        raise NotSet(f"unknown condition {text}, expected {one_of(known, text)}")
    return text  # type: ignore[return-value]


def _forward(
    tenant: Tenant, settings: UserSettings, extension: str, to: str, seconds: float, confirm: bool
) -> Forward:
    wrong = wrong_forward(tenant, lambda one: settings.of(tenant.name, one), extension, to)
    if wrong is not None:
        raise NotSet(f"calls of {extension} cannot be forwarded to {to}: {MESSAGES[wrong]}")
    if not 1 <= seconds <= LONGEST_S:
        raise NotSet(f"calls cannot be forwarded after {seconds:g} s, expected 1 to {LONGEST_S:g} s")
    return Forward(resolve(tenant, to).value, seconds, confirm)


def _described(personal: Personal) -> dict[str, Any]:
    return {
        "do_not_disturb": personal.do_not_disturb,
        "forward": {
            condition: {"to": forward.to, "seconds": forward.seconds, "confirm": forward.confirm}
            for condition, forward in personal.forwards.items()
        },
    }
