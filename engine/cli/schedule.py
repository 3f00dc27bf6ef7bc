"""`vats schedule`: is it open, why, and until when; a week or a month at a glance."""

import json
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import click

from engine.cli.tenants import directory_of, tenant_named
from engine.clock import SystemClock
from engine.directory.directory import Directory, Tenant
from engine.directory.findings import one_of
from engine.directory.schedules import Schedule, ScheduleState
from engine.directory.schedules.calendar import known_until
from engine.directory.schedules.model import DAYS, YEARS
from engine.settings import load_settings


@click.group()
def schedule() -> None:
    """Working hours: what a schedule says of a moment, a week, a month."""


@schedule.command("list")
@click.argument("tenant", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_schedules(tenant: str | None, as_json: bool) -> None:
    """All schedules and whether they are open now, or those of one TENANT."""
    directory = directory_of(load_settings())
    if tenant is not None:
        tenant_named(directory, tenant)
    now = SystemClock().wall_ms()
    for one in directory.tenants.values():
        for named in one.schedules.values() if tenant in (None, one.name) else ():
            state = named.state(now)
            users = [user.extension for user in one.users.values() if user.schedule == named.name]
            if as_json:
                row = {"tenant": one.name, "schedule": named.name, "timezone": named.timezone, "users": users}
                click.echo(json.dumps(row | _as_dict(named, state), ensure_ascii=False))
                continue
            hours = "; ".join(f"{days} {times}" for days, times in named.hours.items()) or "always closed"
            word = "open" if state.open else "closed"
            own = f"  (hours of {', '.join(users)})" if users else ""
            click.echo(f"{one.name}  {named.name}  {word} now  {named.timezone}  {hours}{own}")


@schedule.command()
@click.argument("name")
@click.option("--tenant", help="Whose schedule it is; needed where several tenants have one of that name.")
@click.option(
    "--at", "moment", metavar="TIME", help="2026-12-31T14:59 by the schedule's own clock. Default: now."
)
@click.option("--week", is_flag=True, help="The seven days of that week.")
@click.option("--month", is_flag=True, help="All days of that month.")
@click.option("--language", type=click.Choice(["en", "ru"]), default="en", help="Of the reasons.")
@click.option("--json", "as_json", is_flag=True, help="JSON: one object, or one a day.")
def show(
    name: str,
    tenant: str | None,
    moment: str | None,
    week: bool,
    month: bool,
    language: str,
    as_json: bool,
) -> None:
    """Whether schedule NAME is open at a moment, why, and until when.

    The exit code is 0 for open and closed alike, 1 when there is no such schedule.
    """
    if week and month:
        raise click.UsageError("--week and --month exclude each other")
    asked = _find(directory_of(load_settings()), name, tenant)
    at = SystemClock().wall_ms() if moment is None else _instant(moment, asked)
    if week or month:
        today = asked.local(at).date()
        for day in _week(today) if week else _month(today):
            _show_day(asked, day, language, as_json)
        if not as_json:
            _show_periods(asked)
        _warn_of_unknown_days(asked, today)
        return
    state = asked.state(at)
    if as_json:
        click.echo(json.dumps(_as_dict(asked, state) | {"at": _iso(asked, at)}, ensure_ascii=False))
        return
    click.echo(
        f"{'open' if state.open else 'closed'} on {asked.local(at):%a %Y-%m-%d %H:%M} {asked.timezone}"
    )
    click.echo(f"because: {state.why.words(language)}")
    until = (
        f"{asked.local(state.until):%a %Y-%m-%d %H:%M}" if state.until is not None else "no end is in sight"
    )
    click.echo(f"until:   {until}")
    if state.periods:
        click.echo(f"periods: {', '.join(state.periods)}")
    _warn_of_unknown_days(asked, asked.local(at).date())


def _find(directory: Directory, name: str, tenant: str | None) -> Schedule:
    if tenant is not None:
        tenant_named(directory, tenant)
    asked: list[Tenant] = [one for one in directory.tenants.values() if tenant in (None, one.name)]
    having = [one for one in asked if name in one.schedules]
    if len(having) == 1:
        return having[0].schedules[name]
    if having:
        names = ", ".join(one.name for one in having)
        raise click.ClickException(f"several tenants have a schedule {name}: {names}; say which by --tenant")
    known = {schedule for one in asked for schedule in one.schedules}
    nobody = f"tenant {tenant} has no schedule" if tenant else "no tenant has a schedule"
    raise click.ClickException(f"{nobody} {name}, expected {one_of(known, name)}")


def _instant(text: str, asked: Schedule) -> int:
    """UTC milliseconds of a local time, or of one with its own offset."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"{text} is no time, expected one such as 2026-12-31T14:59", param_hint="--at"
        ) from None
    if moment.year not in YEARS:
        raise click.BadParameter(
            f"{text} is out of reach, expected a time of the years {YEARS[0]} to {YEARS[-1]}",
            param_hint="--at",
        )
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(asked.timezone))
    return int(moment.timestamp() * 1000)


def _week(day: date) -> list[date]:
    monday = day - timedelta(day.weekday())
    return [monday + timedelta(index) for index in range(7)]


def _month(day: date) -> list[date]:
    first = day.replace(day=1)
    days = [first + timedelta(index) for index in range(31)]
    return [one for one in days if one.month == first.month]


def _show_day(asked: Schedule, day: date, language: str, as_json: bool) -> None:
    plan = asked.plan(day)
    if as_json:
        row = {"day": day.isoformat(), "hours": plan.hours or "closed", "why": plan.reason.as_dict()}
        click.echo(json.dumps(row, ensure_ascii=False))
        return
    weekly = plan.reason.kind == "hours"
    why = "" if weekly else f"   {plan.reason.words(language)}"
    click.echo(f"{DAYS[day.weekday()]} {day}  {plan.hours or 'closed'}{why}".rstrip())


def _show_periods(asked: Schedule) -> None:
    for name, period in asked.model.periods.items():
        dates = f"{period.from_ or '…'} to {period.to or '…'}" if period.from_ or period.to else ""
        said = ", ".join(part for part in (dates, period.days, period.hours) if part)
        click.echo(f"period {name}: {said}")


def _warn_of_unknown_days(asked: Schedule, day: date) -> None:
    country = asked.model.holidays
    known = known_until(country) if country else None
    if known is not None and day.year > known and not any(one.year == day.year for one in asked.corrections):
        click.echo(
            f"note: the moved days of {day.year} are not known, those of {country} end with {known}; "
            f"they can be written into config/holidays/{country}.yaml",
            err=True,
        )


def _as_dict(asked: Schedule, state: ScheduleState) -> dict[str, object]:
    return {
        "open": state.open,
        "why": state.why.as_dict(),
        "until": None if state.until is None else _iso(asked, state.until),
        "periods": list(state.periods),
    }


def _iso(asked: Schedule, at: int) -> str:
    return asked.local(at).isoformat(timespec="seconds")
