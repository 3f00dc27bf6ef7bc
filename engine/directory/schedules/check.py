"""What of schedules contradicts itself or names what does not exist, beyond what each value shows alone."""

from collections.abc import Iterator, Mapping

from engine.directory.document import Document
from engine.directory.findings import Finding, one_of
from engine.directory.schedules.model import ScheduleModel


def check_schedules(
    schedules: Mapping[str, ScheduleModel], of_users: Mapping[str, str | None], document: Document
) -> Iterator[Finding]:
    """Findings of a tenant's file. `of_users`: the schedule that each user names, by extension."""
    for name, schedule in schedules.items():
        for entry, weekday, earlier in schedule.repeated_days():
            yield document.finding(
                ("schedules", name, "hours", entry),
                f"schedule {name} has {weekday} in {entry} and in {earlier}",
                "every day once",
                key=True,
                code="given-twice",
            )
    for extension, named in of_users.items():
        if named is not None and named not in schedules:
            yield document.finding(
                ("users", extension, "schedule"),
                f"unknown schedule {named} of user {extension}",
                one_of(schedules, named),
                code="unknown-schedule",
            )
