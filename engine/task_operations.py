"""Operations on tasks with deadlines, by the engine's socket: `task.list`, `task.show`, `task.open`,
`task.take`, `task.answer`, `task.step`, `task.done`, `task.escalate`, `task.note`, `task.call_back`.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from engine.calls.callbacks import Callbacks, OrderWish
from engine.calls.first_choice import WantsOf
from engine.directory.directory import Directory, Tenant
from engine.directory.findings import one_of
from engine.operations import Handler
from engine.records.query import iso
from engine.records.tasks.listing import waits_since
from engine.records.tasks.model import Task, TaskProblem
from engine.records.tasks.store import TaskStore
from engine.records.tasks.telling import as_dict, listed_as_dict, story_as_dict


def task_operations(
    store: TaskStore, callbacks: Callbacks, directory: Callable[[], Directory], wants: WantsOf
) -> Mapping[str, Handler]:
    """The handlers, by operation. A `TaskProblem`, `NotOrdered` or database error is the answer's error.

    `wants` tells what a number brings into a queue.
    """

    async def listing(
        tenant: str,
        severity: int | None = None,
        taken_by: str | None = None,
        level: int | None = None,
        with_done: bool = False,
        limit: int = 100,
    ) -> list[dict[str, Any]]:
        found = await store.listing(
            tenant=tenant, severity=severity, taken_by=taken_by, level=level, with_done=with_done, limit=limit
        )
        return [listed_as_dict(one) for one in found]

    async def show(tenant: str, task: int) -> dict[str, Any]:
        return story_as_dict(await store.story(tenant, task))

    async def open_(
        tenant: str,
        by: str,
        severity: int | None = None,
        caller: str = "",
        caller_name: str = "",
        subject: str = "",
        key: str = "",
    ) -> dict[str, Any]:
        return as_dict(
            await store.open(
                tenant, severity, by, caller=caller, caller_name=caller_name, subject=subject, key=key
            )
        )

    async def take(tenant: str, task: int, by: str, anyway: bool = False, note: str = "") -> dict[str, Any]:
        return as_dict(await store.take(tenant, task, by, anyway=anyway, note=note))

    async def answer(tenant: str, task: int, by: str, note: str = "") -> dict[str, Any]:
        return as_dict(await store.answer(tenant, task, by, note=note))

    async def step(tenant: str, task: int, by: str, note: str = "") -> dict[str, Any]:
        return as_dict(await store.step(tenant, task, by, note=note))

    async def done(tenant: str, task: int, by: str, note: str = "") -> dict[str, Any]:
        return as_dict(await store.done(tenant, task, by, note=note))

    async def escalate(tenant: str, task: int, by: str, note: str = "") -> dict[str, Any]:
        return as_dict(await store.escalate(tenant, task, by, note=note))

    async def call_back(tenant: str, task: int, by: str, queue: str = "", user: str = "") -> dict[str, Any]:
        """Have the task's caller rung back by whoever is free in `queue`, before callers who come within the
        last hour before the deadline, or by `user`.
        """
        company = directory().tenant(tenant)
        if company is None:
            raise TaskProblem(f"unknown tenant {tenant}, expected {one_of(directory().tenants, tenant)}")
        found = (await store.story(tenant, task)).listed.task
        _may_be_rung(company, found, queue, user)
        ordered = callbacks.order(
            company,
            OrderWish(
                found.caller,
                queue,
                name=found.caller_name,
                topic=found.subject,
                since=waits_since(found),
                source="automatic",
                from_call=found.call_id,
                user=user,
                # Its deadline says when its turn is, not the client's priority.
                wants=replace(wants(company, found.caller, queue, 0), priority=None),
                key=f"task {task} {found.level} {queue or user}",
            ),
        )
        await store.note_call_back(tenant, task, by, ordered.id)
        not_before = iso(ordered.not_before) if ordered.not_before else None
        return {
            **as_dict(found),
            "callback": ordered.id,
            "position": ordered.position,
            "not_before": not_before,
        }

    async def add_note(tenant: str, task: int, by: str, note: str) -> dict[str, Any]:
        return as_dict(await store.note(tenant, task, by, note))

    return {
        "task.list": listing,
        "task.show": show,
        "task.open": open_,
        "task.take": take,
        "task.answer": answer,
        "task.step": step,
        "task.done": done,
        "task.escalate": escalate,
        "task.note": add_note,
        "task.call_back": call_back,
    }


def _may_be_rung(company: Tenant, found: Task, queue: str, user: str) -> None:
    if found.done_at is not None:
        raise TaskProblem(f"task {found.number} of {company.name} is done")
    if not found.caller:
        raise TaskProblem(f"task {found.number} of {company.name} has no number to ring")
    if bool(queue) == bool(user):
        raise TaskProblem("expected either a queue or a user to ring the caller back")
    if queue and queue not in company.queues:
        raise TaskProblem(f"unknown queue {queue}, expected {one_of(company.queues, queue)}")
    if user and user not in company.users:
        raise TaskProblem(f"unknown user {user}, expected {one_of(company.users, user)}")
