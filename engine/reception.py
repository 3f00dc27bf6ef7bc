"""Who is calling, whose number it is, and what happens to the call: what the directory and the scenarios
answer to the switchboard's questions.
"""

from functools import partial

import msgspec
import structlog

from engine.calls.call import Call
from engine.calls.calling_back import go_on_ringing
from engine.calls.click import channel_of, give_up, is_placed
from engine.calls.customers import customer_dialled
from engine.calls.errors import Redirected
from engine.calls.exchange import Exchange
from engine.calls.lifecycle import Runner
from engine.calls.lines import Lines
from engine.calls.live_conversation import LiveConversation
from engine.calls.names import find_name
from engine.calls.switchboard import Arrival
from engine.directory.clients import Clients
from engine.directory.codes import IN_COMPANY
from engine.directory.directory import Directory, Tenant, User
from engine.directory.first_model import RingBackModel
from engine.directory.model import TenantModel
from engine.directory.names import known_name
from engine.directory.numbering import resolve
from engine.directory.numbers import normalise
from engine.directory.routes import is_blocked
from engine.directory.tenant_file import tenant_of
from engine.journal.base import Direction
from engine.journal.events import CallStarted
from engine.scenarios.library import Library
from engine.scenarios.model import CALLBACK, DIALLED, RESUMED, SERVICE, Scenario
from engine.scenarios.runner import run_scenario
from engine.switch.ari.events import ChannelData
from engine.switch.trunks import INSIDE

log = structlog.get_logger(__name__)

# Q.850: no such number, SIP 404; busy, 486; rejected, 403.
UNALLOCATED, BUSY, REJECTED = 1, 17, 21
ROUTING_ERROR = 25
# So many city numbers of the platform may send a call on, one after another.
MOST_HOPS = 4
# Stands in where a number belongs to no tenant, so that the refusal is a call like any other.
NOBODY = tenant_of(TenantModel(tenant="nobody", title="no tenant"))


class Reception:
    """`node` is the cell's name, written to every record. `lines` knows how much is going on,
    `clients` whom the database knows, `exchange` the calls that live.
    """

    def __init__(
        self,
        library: Library,
        node: str,
        lines: Lines | None = None,
        clients: Clients | None = None,
        exchange: Exchange | None = None,
    ) -> None:
        self._library = library
        self._node = node
        self._lines = lines or Lines()
        self._clients = Clients() if clients is None else clients  # an empty one is filled later
        self._exchange = exchange or Exchange()

    @property
    def _directory(self) -> Directory:
        return self._library.directory

    def tenant(self, name: str) -> Tenant | None:
        """As he is now."""
        return self._directory.tenant(name)

    def arrival(self, channel: ChannelData, arguments: list[str]) -> Arrival:
        """`arguments` as the dialplan gives them: in NUMBER TRUNK, or user NUMBER ENDPOINT."""
        # The caller chooses what he dials, commas too: the first and the last argument are the dialplan's.
        kind, origin = arguments[0] if arguments else "in", arguments[-1] if len(arguments) > 2 else ""
        dialled = ",".join(arguments[1:-1])
        if kind == "user":
            user = self._directory.user_of_endpoint(origin)
            if user is not None:
                return self._from_user(channel, dialled, user)
        return self._from_trunk(channel, dialled, origin)

    def arguments_of(self, channel: ChannelData) -> list[str]:
        if channel.dialplan.context == "from-user":
            # PJSIP/romashka-101-desk-00000001 without its running number is the endpoint.
            return ["user", channel.dialplan.exten, channel.name.rsplit("-", 1)[0].removeprefix("PJSIP/")]
        return ["in", channel.dialplan.exten, ""]

    def _from_trunk(self, channel: ChannelData, dialled: str, trunk: str) -> Arrival:
        """`trunk` as the dialplan gives it: `vats.inside/2` where it comes from the platform itself."""
        number = normalise(dialled)
        entry = self._directory.number(number)
        trunk, _, hops = trunk.partition("/")
        if entry is None:
            log.info("call.refused", call_id=channel.id, number=dialled, cause="the number is nobody's")
            return self._refusal(channel, dialled, "in", trunk=trunk)
        tenant = self._directory.tenants[entry.tenant]
        caller = tenant.normalise(channel.caller.number)
        if int(hops or 0) > MOST_HOPS:
            log.warning("call.refused", call_id=channel.id, number=dialled, cause="it goes round in a circle")
            return self._refusal(
                channel, dialled, "in", tenant=tenant, caller=caller, trunk=trunk, cause=ROUTING_ERROR
            )
        if trunk != INSIDE and caller and self._lines.comes_back(caller):
            log.warning(
                "call.refused", call_id=channel.id, number=dialled,
                cause="a telephone outside that we ring forwards its calls to this number",
            )  # fmt: skip
            return self._refusal(
                channel, dialled, "in", tenant=tenant, caller=caller, trunk=trunk, cause=BUSY
            )
        if is_blocked(tenant, caller):
            log.info("call.refused", call_id=channel.id, caller=caller, cause="the tenant has blocked him")
            return self._refusal(
                channel, dialled, "in", tenant=tenant, caller=caller, trunk=trunk, cause=REJECTED
            )
        return self._to_scenario(
            tenant, channel, entry.number, entry.scenario, caller, trunk=trunk, hops=int(hops or 0)
        )

    def _from_user(self, channel: ChannelData, dialled: str, user: User) -> Arrival:
        """A city number of the company's own is reached as from outside; all else is the road `@dialled`."""
        tenant, extension = self._directory.tenants[user.tenant], user.extension
        endpoint = channel.name.rsplit("-", 1)[0]
        within = customer_dialled(self._directory, self._exchange, user, endpoint, dialled)
        picks_up = ""
        if within is not None:
            tenant, extension, dialled, picks_up = within
        number = tenant.normalise(dialled)
        entry = self._directory.number(number)
        destination = resolve(tenant, dialled)
        if entry is not None and entry.tenant == tenant.name and destination.kind == "number":
            return self._to_scenario(
                tenant, channel, number, entry.scenario, extension, caller_name=user.name
            )
        if destination.kind == "unknown" or destination.value == IN_COMPANY:  # a code that leads nowhere
            log.info("call.refused", call_id=channel.id, number=dialled, cause="no such extension or number")
            return self._refusal(channel, dialled, "out", tenant=tenant, caller=extension)
        outside = destination.kind in ("outside", "emergency")
        started = self._started(
            tenant,
            channel,
            "out" if outside else "internal",
            caller=extension,
            caller_name=user.name,
            callee=destination.value if outside else dialled,
        )
        if destination.kind != "emergency" and self._full(tenant, channel):
            return Arrival(tenant, started, lambda _: _engaged)
        step = f"{SERVICE}/pick_up_from/{picks_up}" if picks_up else f"{DIALLED}/{dialled}"
        return Arrival(tenant, started, partial(_run, None), step)

    def _to_scenario(
        self,
        tenant: Tenant,
        channel: ChannelData,
        number: str,
        name: str,
        caller: str,
        *,
        caller_name: str = "",
        trunk: str = "",
        hops: int = 0,
    ) -> Arrival:
        scenario = self._library.find(tenant.name, name)
        if scenario is None:
            # Checked when the files were read; a file that went since then must not cost the caller his call.
            log.error("scenario.missing", call_id=channel.id, tenant=tenant.name, scenario=name)
        started = self._started(
            tenant,
            channel,
            "in",
            number=number,
            callee=number,
            caller=caller,
            caller_name=caller_name or self._name_of(tenant, caller),
            trunk=trunk,
            scenario=scenario,
            hops=hops,
        )
        if self._full(tenant, channel):
            return Arrival(tenant, started, lambda _: _engaged)
        return Arrival(tenant, started, partial(_run, scenario))

    def _full(self, tenant: Tenant, channel: ChannelData) -> bool:
        full = self._lines.tenant_full(tenant)
        if full:
            log.warning("call.too_many", call_id=channel.id, tenant=tenant.name, cause="`limits.calls`")
        return full

    def _name_of(self, tenant: Tenant, caller: str) -> str:
        if name := known_name(tenant, caller):
            return name
        client = self._clients.find(tenant, caller)
        return client.name if client else ""

    def resumption(self, started: CallStarted, step: str) -> Arrival:
        """The same for a call that was running: on the version it began with, from the step it was in."""
        tenant = self._directory.tenant(started.tenant)
        if tenant is None:
            log.error("tenant.missing", tenant=started.tenant)
            return Arrival(NOBODY, started, lambda _: _refuse)
        if started.scenario:
            scenario = self._library.version(started.scenario_version) or self._library.find(
                tenant.name, started.scenario
            )
            return Arrival(tenant, started, partial(_run, scenario), step)
        if started.continues and not step:
            return Arrival(tenant, started, lambda at: _run(None, at) if at else _go_on_resuming)
        if started.callback and not step:
            return Arrival(tenant, started, lambda at: _run(None, at) if at else _go_on_ringing_back)
        if is_placed(started) and not step:
            return Arrival(tenant, started, lambda at: _run(None, at) if at else _go_on_placed)
        return Arrival(tenant, started, partial(_run, None), step or f"{DIALLED}/{started.callee}")

    def placement(self, tenant: Tenant, user: User, dialled: str) -> Arrival:
        """A call that we place for a user, as if he had dialled that."""
        destination = resolve(tenant, dialled)
        outside = destination.kind in ("outside", "emergency")
        started = self._started(
            tenant,
            ChannelData("", channel_of(user.endpoints()[0]), "Down"),
            "out" if outside else "internal",
            caller=user.extension,
            caller_name=user.name,
            callee=destination.value if outside else dialled,
        )
        return Arrival(tenant, started, partial(_run, None), f"{DIALLED}/{dialled}")

    def ringing_back(
        self, tenant: Tenant, order: str, queue: str, endpoint: str, caller: str, name: str, number: str
    ) -> Arrival:
        """A call that we place for an order to ring `number` back. At `endpoint` it rings first; `caller` is
        the operator's extension, or the own number that he who is rung first sees.
        """
        channel = ChannelData("", channel_of(endpoint), "Down")
        started = self._started(tenant, channel, "out", caller=caller, caller_name=name, callee=number)
        started = msgspec.structs.replace(started, callback=order, queue=queue)
        return Arrival(tenant, started, partial(_run, None), f"{CALLBACK}/{order}")

    def resuming(
        self, tenant: Tenant, cut_off: str, endpoint: str, caller: str, name: str, number: str, operator: str
    ) -> Arrival:
        """A call that we place to connect `number` and the user `operator` again, who talked in the call
        `cut_off`. At `endpoint` it rings first, for `caller` with this `name`.
        """
        channel = ChannelData("", channel_of(endpoint), "Down")
        started = self._started(tenant, channel, "out", caller=caller, caller_name=name, callee=number)
        started = msgspec.structs.replace(started, continues=cut_off, resumes_with=operator)
        return Arrival(tenant, started, partial(_run, None), f"{RESUMED}/{operator}/{number}")

    def _refusal(
        self,
        channel: ChannelData,
        dialled: str,
        direction: Direction,
        *,
        tenant: Tenant | None = None,
        caller: str = "",
        trunk: str = "",
        cause: int = UNALLOCATED,
    ) -> Arrival:
        started = self._started(
            tenant,
            channel,
            direction,
            number=normalise(dialled) if direction == "in" else "",
            callee=dialled,
            caller=caller or normalise(channel.caller.number),
            trunk=trunk,
        )
        return Arrival(tenant or NOBODY, started, lambda _: partial(_refuse, cause=cause))

    def _started(
        self,
        tenant: Tenant | None,
        channel: ChannelData,
        direction: Direction,
        *,
        caller: str,
        callee: str,
        number: str = "",
        caller_name: str = "",
        trunk: str = "",
        scenario: Scenario | None = None,
        hops: int = 0,
    ) -> CallStarted:
        return CallStarted(
            direction=direction,
            tenant=tenant.name if tenant else "",
            number=number,
            caller=caller,
            channel=channel.name,
            caller_name=caller_name,
            callee=callee,
            trunk=trunk,
            scenario=scenario.name if scenario else "",
            scenario_version=scenario.version if scenario else "",
            node=self._node,
            meter_from=tenant.tariff.meter_from if tenant else "operator",
            kopecks_per_minute=tenant.tariff.per_minute if tenant else 0,
            free_wait=tenant.tariff.free_wait if tenant else False,
            hops=hops,
        )


def _run(scenario: Scenario | None, start: str) -> Runner:
    """`start` is empty for the scenario's own beginning."""

    async def run(call: Call) -> None:
        if not start:
            find_name(call)
        if scenario and scenario.texts_of_calls:
            language = scenario.language or call.language
            texts = scenario.texts_of_calls
            call.services.prompts.expect(call.tenant.name, language, texts, call.variables)
        if scenario:
            call.takes = scenario.takes
        await run_scenario(LiveConversation(call), scenario, start=start or None)

    return run


async def _go_on_placed(call: Call) -> None:
    """After a restart, where the user's phones were still ringing, or he had just answered."""
    await give_up(call)
    raise Redirected(f"{DIALLED}/{call.started.callee}")


async def _go_on_ringing_back(call: Call) -> None:
    """After a restart, where whoever is rung first had not answered, or had just done so."""
    order = call.started.callback
    briefing = call.outside.callbacks.briefing(order)
    if briefing is None:
        await give_up(call)
    else:
        first = call.started.rings_caller_first
        await go_on_ringing(call, briefing.ring_s if first else briefing.operator_ring_s)
    raise Redirected(f"{CALLBACK}/{order}")


async def _go_on_resuming(call: Call) -> None:
    """The same for a talk that was cut off."""
    settings = call.tenant.ring_back or RingBackModel()
    await go_on_ringing(call, settings.wait)
    raise Redirected(f"{RESUMED}/{call.started.resumes_with}/{call.started.callee}")


async def _refuse(call: Call, cause: int = UNALLOCATED) -> None:
    await call.refuse(cause)


async def _engaged(call: Call) -> None:
    await call.hang_up(BUSY)
