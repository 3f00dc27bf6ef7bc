"""Tasks as commands and operations tell of them: keys and texts of their own, times as others have them."""

from typing import Any

from engine.records.query import iso
from engine.records.tasks.listing import Listed
from engine.records.tasks.model import Task
from engine.records.tasks.store import Story


def as_dict(one: Task) -> dict[str, Any]:
    """All columns, `task` for the number, times as `2026-11-23T10:00:00.123Z`."""
    values = {
        name: iso(value) if name.endswith(("_at", "_by")) and isinstance(value, int) else value
        for name, value in one._asdict().items()
    }
    return {"tenant": values.pop("tenant"), "task": values.pop("number"), **values}


def listed_as_dict(found: Listed) -> dict[str, Any]:
    """With what is to be done next (`deadline`, `due_at`, `left_s`: working seconds, below 0: late)."""
    due = found.task.due_at
    return {
        **as_dict(found.task),
        "deadline": found.deadline,
        "due_at": None if due is None else iso(due),
        "left_s": None if found.left_ms is None else round(found.left_ms / 1000),
    }


def story_as_dict(found: Story) -> dict[str, Any]:
    """With its history, `acts`."""
    history = [{**act._asdict(), "at": iso(act.at)} for act in found.acts]
    return {**listed_as_dict(found.listed), "acts": history}


def duration(milliseconds: int) -> str:
    """`2h 05m`, `-12m`, `40s`: two units at most."""
    seconds = abs(milliseconds) // 1000
    hours, minutes = seconds // 3600, seconds // 60 % 60
    text = f"{hours}h {minutes:02d}m" if hours else f"{minutes}m" if minutes else f"{seconds}s"
    return f"-{text}" if milliseconds <= -1000 else text
