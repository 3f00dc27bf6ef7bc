"""Tasks in the database, for whoever works with them: commands and operations."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Concatenate, NamedTuple, ParamSpec

from sqlalchemy import Connection

from engine.clock import Clock
from engine.directory.deadlines import service_of
from engine.directory.directory import Directory
from engine.directory.findings import one_of
from engine.directory.numbers import is_e164
from engine.directory.task_model import SEVERITIES
from engine.records.tasks import acts
from engine.records.tasks.history import Act, acts_of
from engine.records.tasks.listing import Listed, list_tasks, listed
from engine.records.tasks.mailing import put_letters
from engine.records.tasks.model import NewTask, Task, TaskProblem, find_task, tasks_where
from engine.records.tasks.opening import open_task
from engine.records.tasks.severity import severity_of
from engine.store.database import Database
from engine.store.service_tables import task

P = ParamSpec("P")


class Story(NamedTuple):
    """A task with what was done about it."""

    listed: Listed
    acts: Sequence[Act]


class TaskStore:
    """All methods raise `TaskProblem` where nothing was changed, and pass database errors through. `by` is an
    extension of the tenant's or a login name.
    """

    def __init__(self, database: Database, directory: Callable[[], Directory], clock: Clock) -> None:
        self._database = database
        self._directory = directory
        self._clock = clock

    async def listing(
        self,
        *,
        tenant: str | None = None,
        severity: int | None = None,
        taken_by: str | None = None,
        level: int | None = None,
        with_done: bool = False,
        limit: int = 100,
    ) -> list[Listed]:
        """What is due next first; see `list_tasks`."""
        work = partial(
            list_tasks,
            directory=self._directory(),
            now=self._clock.wall_ms(),
            tenant=tenant,
            severity=severity,
            taken_by=taken_by,
            level=level,
            with_done=with_done,
            limit=limit,
        )
        return await self._database.transaction(work, read_only=True)

    async def story(self, tenant: str, number: int) -> Story:
        """One task and its history."""

        def work(connection: Connection) -> Story:
            found = find_task(connection, tenant, number)
            shown = listed(found, self._directory(), self._clock.wall_ms())
            return Story(shown, acts_of(connection, tenant, number))

        return await self._database.transaction(work, read_only=True)

    async def open(
        self,
        tenant: str,
        severity: int | None,
        by: str,
        *,
        caller: str = "",
        caller_name: str = "",
        subject: str = "",
        key: str = "",
    ) -> Task:
        """A task from elsewhere. The same `key` again gives the task that there is of it. Without a severity
        it has that of its caller's plan or priority, else 3.
        """
        company = self._directory().tenant(tenant)
        if company is None:
            known = one_of(self._directory().tenants, tenant)
            raise TaskProblem(f"unknown tenant {tenant}, expected {known}")
        if severity is not None and severity not in SEVERITIES:
            raise TaskProblem(f"unknown severity {severity}, expected 1 (the most urgent) to 5")
        number = company.normalise(caller) if caller else ""
        if caller and not is_e164(number):
            raise TaskProblem(f"{caller!r} is no telephone number, expected one such as +79031112233")
        if not (number or subject):
            raise TaskProblem("a task needs a number to ring, or a subject, or both")
        now = self._clock.wall_ms()

        def work(connection: Connection) -> Task:
            source = f"key:{key}" if key else _next_source(connection, tenant, now)
            urgent = severity_of(connection, company, number) if severity is None else severity
            new = NewTask(
                source, "other", urgent, now, number, caller_name or company.name_of(number), subject
            )
            open_task(connection, tenant, company, new, by=by)
            (made,) = tasks_where(connection, task.c.tenant == tenant, task.c.source == source)
            return made

        return await self._database.transaction(work)

    async def take(self, tenant: str, number: int, by: str, *, anyway: bool = False, note: str = "") -> Task:
        return await self._act(acts.take, tenant, number, by, self._now(), anyway=anyway, note=note)

    async def answer(self, tenant: str, number: int, by: str, *, note: str = "") -> Task:
        return await self._act(acts.answer, tenant, number, by, self._now(), note=note)

    async def step(self, tenant: str, number: int, by: str, *, note: str = "") -> Task:
        return await self._act(acts.step, tenant, number, by, self._now(), note=note)

    async def done(self, tenant: str, number: int, by: str, *, note: str = "") -> Task:
        return await self._act(acts.done, tenant, number, by, self._now(), note=note)

    async def note(self, tenant: str, number: int, by: str, note: str) -> Task:
        if not note.strip():
            raise TaskProblem("there is nothing in the note")
        return await self._act(acts.add_note, tenant, number, by, self._now(), note)

    async def note_call_back(self, tenant: str, number: int, by: str, order: str) -> Task:
        return await self._act(acts.note_call_back, tenant, number, by, self._now(), order)

    async def escalate(self, tenant: str, number: int, by: str, *, note: str = "") -> Task:
        """To the second level of the tenant's `service.escalate`."""
        company = self._directory().tenant(tenant)
        rule = service_of(company).escalate if company else None
        if rule is None:
            raise TaskProblem(f"the file of {tenant} has no `service.escalate`: there is no second level")
        assert company is not None
        members, now = list(rule.members), self._now()

        def work(connection: Connection) -> Task:
            raised = acts.escalate(connection, tenant, number, by, now, members, note=note)
            deadline = raised.open_deadline or "next_step"
            others = [member for member in members if member != by]
            put_letters(connection, company, raised, "escalation", deadline, others, now)
            return raised

        return await self._database.transaction(work)

    async def opened_between(
        self, since: int | None, until: int | None, *, tenant: str | None = None
    ) -> list[Task]:
        """For reports; UTC milliseconds, `until` excluded."""
        conditions = []
        if tenant is not None:
            conditions.append(task.c.tenant == tenant)
        if since is not None:
            conditions.append(task.c.opened_at >= since)
        if until is not None:
            conditions.append(task.c.opened_at < until)
        return await self._database.transaction(
            lambda connection: tasks_where(connection, *conditions), read_only=True
        )

    def _now(self) -> int:
        return self._clock.wall_ms()

    async def _act(
        self, work: Callable[Concatenate[Connection, P], Task], *args: P.args, **kwargs: P.kwargs
    ) -> Task:
        return await self._database.transaction(lambda connection: work(connection, *args, **kwargs))


def _next_source(connection: Connection, tenant: str, now: int) -> str:
    """A name that no other task of the tenant's has."""
    known = {one.source for one in tasks_where(connection, task.c.tenant == tenant, task.c.opened_at == now)}
    return next(name for index in range(len(known) + 1) if (name := f"by-hand:{now}.{index}") not in known)
