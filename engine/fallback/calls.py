"""The calls that Asterisk's Dial carries while the engine is away: whom they ring, and their journal."""

import asyncio
from collections import deque
from collections.abc import Iterable

import msgspec
import structlog

from engine.clock import Clock
from engine.directory.fallback_targets import FallbackTarget, TargetFile, emergency_key
from engine.directory.numbers import normalise
from engine.fallback.dialled import DialledCall, Timed
from engine.fallback.engine_journal import EngineJournal, open_legs, started
from engine.journal.base import Direction
from engine.journal.events import CallEnded, CallStarted, Entry, FallbackTook
from engine.journal.spool import Spool
from engine.settings import Settings
from engine.switch.cel import CelEvent, EventLog
from engine.switch.cel_files import log_files
from engine.switch.channel_ids import call_of, is_leg

RING_S = 30
UNKNOWN_NUMBER = 1  # Q.850: unallocated number
UNAVAILABLE = 41  # Q.850: temporary failure
_POLL_S = 0.05
_BACKLOG = 256 * 1024  # bytes of the event log read from before the first call came

_log = structlog.get_logger(__name__)


class Stage(msgspec.Struct, frozen=True):
    """A dial string, and for how many seconds it is rung."""

    dial: str
    seconds: int


class Plan(msgspec.Struct, frozen=True):
    """What the AGI process does with a call. With neither stages nor cause the dialplan goes on by itself."""

    stages: list[Stage] = []
    cause: int = 0  # Q.850, to hang up with at once
    caller_id: str = ""  # shown in place of the caller's own


class FallbackCalls:
    """Journals into the fallback's own spool, by the switch's own times."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        spool: Spool,
        targets: TargetFile,
        engine_journal: EngineJournal,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._spool = spool
        self._targets = targets
        self._engine_journal = engine_journal
        self._log = EventLog(settings.event_log)
        self._recent: deque[CelEvent] = deque(maxlen=1000)
        self._calls: dict[str, DialledCall] = {}
        self._seen: dict[str, int] = {}  # when each was last among the switch's channels, UTC milliseconds
        self._missing: set[str] = set()
        self._began = asyncio.Event()

    @property
    def open(self) -> list[str]:
        """Ids of the calls that are being followed."""
        return list(self._calls)

    def recover(self, spooled: dict[str, list[Entry]]) -> None:
        """Go on with the calls that were open when the last fallback process ended."""
        for call_id, entries in spooled.items():
            if not any(isinstance(entry.event, CallStarted | FallbackTook) for entry in entries):
                continue
            carried = self._engine_journal.open_calls().get(call_id, [])
            begun = started([*carried, *entries])
            call = DialledCall(
                call_id,
                begun.tenant if begun else "",
                refused=begun is not None and not begun.tenant,
                engine_legs=open_legs(carried),
                told=entries,
            )
            self._calls[call_id] = call
            self._seen[call_id] = max(entry.at for entry in entries)
        if self._calls:
            self._log = EventLog(self._settings.event_log)
            self._began.set()

    async def begins(
        self,
        call_id: str,
        number: str,
        caller: str,
        caller_name: str,
        channel: str,
        trunk: str,
        started_at: int | None,
    ) -> Plan:
        """A call has come to the fallback context. `started_at`: the switch's UTC milliseconds, where known.

        Returns when the call is durably in the journal.
        """
        number = normalise(number)
        carried = self._engine_journal.open_calls().get(call_id, [])
        begun = started([*carried, *self._spool.events(call_id)])
        if begun is not None and begun.number:
            number = begun.number
        tenant = begun.tenant if begun else ""
        try:
            target = self._emergency(channel, number, trunk) or self._targets.find(number)
        except LookupError as error:
            _log.error("fallback.no_targets", call_id=call_id, error=str(error))
            target, plan = None, Plan()
        else:
            plan = self._plan(target, trunk)
        if target is not None:
            tenant = tenant or target.tenant
        tenant = tenant or self._tenant_of(channel)
        refused = plan.cause != 0 and begun is None
        if begun is None:
            self._journal_start(
                call_id,
                number,
                caller,
                caller_name,
                channel,
                trunk,
                tenant,
                started_at,
                refused,
                outside=bool(plan.caller_id),
            )
        if call_id not in self._calls:
            self._follow(DialledCall(call_id, tenant, refused=refused, engine_legs=open_legs(carried)))
        if not refused:
            self._spool.append(call_id, FallbackTook(plan.stages[0].dial if plan.stages else ""))
        await self._spool.sync()
        _log.info("fallback.took", call_id=call_id, number=number, tenant=tenant, carried=bool(carried))
        return plan

    async def run(self) -> None:
        """Follow the switch's event log while there are calls, until cancelled."""
        while True:
            await self._began.wait()
            self._read()
            now = self._clock.wall_ms()
            for call in list(self._calls.values()):
                self._tell(call, call.tick(now))
            if not self._calls:
                self._began.clear()
            await asyncio.sleep(_POLL_S)

    def reconcile(self, living: Iterable[str]) -> None:
        """End the calls that are not among the switch's channels and whose end it has not logged: it died.

        To be called every few seconds; a call is lost when it was missing twice.
        """
        living = set(living)
        self._read()
        now = self._clock.wall_ms()
        for call in list(self._calls.values()):
            if call.call_id in living:
                self._seen[call.call_id] = now
                self._missing.discard(call.call_id)
            elif call.call_id not in self._missing:
                self._missing.add(call.call_id)
            else:
                _log.warning("fallback.call_lost", call_id=call.call_id)
                self._tell(call, call.lost(self._seen.get(call.call_id, now)))

    def _plan(self, target: FallbackTarget | None, trunk: str) -> Plan:
        if target is None:
            return Plan(cause=UNKNOWN_NUMBER if trunk else UNAVAILABLE)
        stages = [Stage(dial, RING_S) for dial in (target.dial, *target.then) if dial]
        return Plan(stages, caller_id=target.caller_id)

    def _emergency(self, channel: str, number: str, trunk: str) -> FallbackTarget | None:
        """Who helps, where a user's device has dialled for help. Raises `LookupError`."""
        tenant = "" if trunk else self._tenant_of(channel)
        return self._targets.find(emergency_key(tenant, number)) if tenant else None

    def _tenant_of(self, channel: str) -> str:
        """The tenant whose device this channel is; "" for a trunk's."""
        account = channel.partition("/")[2]
        fitting = [name for name in self._targets.tenants() if account.startswith(f"{name}-")]
        return max(fitting, key=len, default="")

    def _journal_start(
        self,
        call_id: str,
        number: str,
        caller: str,
        caller_name: str,
        channel: str,
        trunk: str,
        tenant: str,
        started_at: int | None,
        refused: bool,
        outside: bool,
    ) -> None:
        ours = not trunk and self._tenant_of(channel) != ""
        owner = "" if refused and not ours else tenant
        tariff = self._targets.tariff(owner)
        direction: Direction = (
            "in" if not ours else "out" if outside or number.startswith("+") else "internal"
        )
        begin = CallStarted(
            direction,
            owner,
            number,
            normalise(caller),
            channel,
            caller_name=caller_name,
            callee=number,
            trunk=trunk,
            node=self._settings.cell,
            meter_from=tariff.meter_from,
            kopecks_per_minute=tariff.kopecks_per_minute,
        )
        self._spool.append(call_id, begin, started_at)

    def _follow(self, call: DialledCall) -> None:
        if not self._calls:
            self._recent.clear()
            self._begin_shortly_before_the_end()
        self._calls[call.call_id] = call
        # What the log said of it already: of a call that an engine carried, only the ends of its legs.
        for event in self._recent:
            if _call_of(event) == call.call_id and event.kind == "HANGUP":
                self._tell(call, call.apply(event))
        self._began.set()

    def _read(self) -> None:
        try:
            while events := self._log.read():
                for event in events:
                    self._recent.append(event)
                    call = self._calls.get(_call_of(event)) or self._calls.get(event.linked_id)
                    if call is not None:
                        self._tell(call, call.apply(event))
        except OSError as error:
            _log.error("fallback.event_log_unreadable", path=str(self._log.path), error=str(error))

    def _begin_shortly_before_the_end(self) -> None:
        self._log = EventLog(self._settings.event_log)
        left = _BACKLOG
        for path in reversed(log_files(self._log.path)):
            try:
                status = path.stat()
            except OSError:
                continue
            self._log.inode, self._log.offset = status.st_ino, max(0, status.st_size - left)
            left -= status.st_size
            if left <= 0:
                return

    def _tell(self, call: DialledCall, events: list[Timed]) -> None:
        for event, at in events:
            self._spool.append(call.call_id, event, at)
            if isinstance(event, CallEnded):
                _log.info("fallback.call_ended", call_id=call.call_id, ended_by=event.ended_by)
        if call.over:
            self._calls.pop(call.call_id, None)
            self._seen.pop(call.call_id, None)
            self._missing.discard(call.call_id)


def _call_of(event: CelEvent) -> str:
    """The call that a channel belongs to: ids that the engine chose begin with it."""
    return call_of(event.unique_id) if is_leg(event.unique_id) else event.linked_id
