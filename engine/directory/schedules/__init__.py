"""When a company works: weekly hours, holidays, single dates, periods, in its own time zone (F16)."""

from engine.directory.schedules.schedule import DayPlan, Schedule
from engine.directory.schedules.state import Reason, ScheduleState

__all__ = ["DayPlan", "Reason", "Schedule", "ScheduleState"]
