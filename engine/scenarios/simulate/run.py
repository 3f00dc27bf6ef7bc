"""Running a scenario in a simulation, from the call's first event to its record."""

import logging

from engine import logs
from engine.calls.errors import CallOver
from engine.directory.directory import Tenant
from engine.journal.events import CallStarted
from engine.records.derive import derive_call
from engine.scenarios.model import Scenario
from engine.scenarios.runner import run_scenario
from engine.scenarios.simulate.call import CutShort, SimulatedCall
from engine.scenarios.simulate.journey import Journey
from engine.scenarios.simulate.setting import Setting
from engine.scenarios.simulate.sound import Sound
from engine.scenarios.simulate.virtual_loop import NothingHappens, VirtualLoop, run_virtually

__all__ = ["Setting", "simulate"]


def simulate(
    tenant: Tenant,
    scenario: Scenario,
    setting: Setting,
    sound: Sound | None = None,
    loop: VirtualLoop | None = None,
) -> Journey:
    """One call's whole way, in a few milliseconds. The same setting gives the same way every time.

    `loop` is reused by those who simulate many calls. Not to be called where an event loop is running.
    """
    calls: list[SimulatedCall] = []

    async def run() -> str:
        call = SimulatedCall(
            tenant, _started(tenant, scenario, setting), setting, sound or Sound(scenario.folder)
        )
        calls.append(call)
        try:
            await run_scenario(call, scenario)
        except CutShort as error:
            return str(error)
        except CallOver:
            return ""
        finally:
            call.finish()

    with logs.quiet(logging.CRITICAL):
        try:
            cut = run_virtually(run(), loop)
        except NothingHappens as error:
            cut = f"step {calls[0].step}: {error}"
    return _journey(calls[0], cut)


def _journey(call: SimulatedCall, cut: str) -> Journey:
    record = derive_call(call.story.entries)
    assert record is not None, "a call that has ended has a record"
    return Journey(call.story.taken, call.variables, record, call.caller.left, cut)


def _started(tenant: Tenant, scenario: Scenario, setting: Setting) -> CallStarted:
    colleague = tenant.users.get(setting.caller)
    return CallStarted(
        direction="in",
        tenant=tenant.name,
        number=setting.number,
        callee=setting.number,
        caller=setting.caller,
        caller_name=colleague.name if colleague else tenant.name_of(setting.caller),
        channel="simulation",
        scenario=scenario.name,
        scenario_version=scenario.version,
        meter_from=tenant.tariff.meter_from,
        kopecks_per_minute=tenant.tariff.per_minute,
        free_wait=tenant.tariff.free_wait,
    )
