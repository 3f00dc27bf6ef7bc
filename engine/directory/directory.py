"""The live set of tenants: who a number belongs to, who can be rung. It is replaced, never changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType

from engine.directory.emergency import EVERYWHERE, emergency_numbers
from engine.directory.listening_model import ListeningModel
from engine.directory.model import (
    CallerModel,
    ClientModel,
    GroupModel,
    MemberModel,
    QueueModel,
    TariffModel,
    TenantModel,
    VoicemailModel,
)
from engine.directory.numbers import normalise
from engine.directory.outgoing_model import Destination, LimitsModel, NamesModel, OutgoingModel
from engine.directory.parking_model import ParkingModel
from engine.directory.recording_model import RecordingModel, RecordingRule
from engine.directory.schedules import Schedule
from engine.directory.schedules.calendar import NO_CORRECTIONS, Corrections


@dataclass(frozen=True)
class User:
    """A person with an extension and one SIP account a device."""

    tenant: str
    extension: str
    name: str
    email: str = ""
    mobile: str = ""
    devices: tuple[str, ...] = ("desk",)
    schedule: str = ""
    recording: bool | RecordingRule | None = None
    number: str = ""  # shown when he calls outside; empty: the tenant's
    calls: tuple[Destination, ...] | None = None  # what he may call; None: what the tenant permits
    may_listen: bool | tuple[str, ...] = False  # to all, or to these extensions and groups

    def accounts(self) -> list[str]:
        """SIP user names: `romashka-101-desk`."""
        return [f"{self.tenant}-{self.extension}-{device}" for device in self.devices]

    def endpoints(self) -> list[str]:
        """What the switch rings: `PJSIP/romashka-101-desk`."""
        return [f"PJSIP/{account}" for account in self.accounts()]


@dataclass(frozen=True)
class Group:
    """People who ring together; `timeout` in seconds, and `ring_times` of those who have their own."""

    name: str
    members: tuple[str, ...]
    ring: str
    timeout: float
    extension: str = ""
    ring_times: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class NumberEntry:
    """A city number: whose it is and what it runs."""

    number: str
    tenant: str
    scenario: str
    title: str = ""
    recording: bool | RecordingRule | None = None


@dataclass(frozen=True)
class Tenant:
    """One customer company as its file says."""

    name: str
    title: str
    timezone: str
    language: str
    country: str
    numbers: Mapping[str, NumberEntry]
    users: Mapping[str, User]
    groups: Mapping[str, Group]
    queues: Mapping[str, QueueModel]
    schedules: Mapping[str, Schedule]
    desk: str
    outgoing: OutgoingModel | None
    tariff: TariffModel
    phone_book: Mapping[str, str]
    clients: Mapping[str, ClientModel]
    recording: RecordingModel
    caller_groups: Mapping[str, str] = field(default_factory=dict)
    voicemail: VoicemailModel = field(default_factory=VoicemailModel)
    music: str = ""  # the name of shared hold music
    listening: ListeningModel = field(default_factory=ListeningModel)
    parking: ParkingModel | None = None
    emergency: Mapping[str, str] = field(default_factory=dict)  # what is sent, by what is dialled
    blocked: tuple[str, ...] = ()  # numbers, or beginnings with a `*` behind them
    block_withheld: bool = False
    limits: LimitsModel = field(default_factory=LimitsModel)
    names: NamesModel | None = None

    @cached_property
    def group_extensions(self) -> Mapping[str, str]:
        """Names of groups by the extension that reaches them."""
        return {group.extension: name for name, group in self.groups.items() if group.extension}

    @cached_property
    def queue_extensions(self) -> Mapping[str, str]:
        """Names of queues by the extension that reaches them."""
        return {queue.extension: name for name, queue in self.queues.items() if queue.extension}

    @cached_property
    def extensions_of_endpoints(self) -> Mapping[str, str]:
        """Whose telephone it is, by what the switch calls it: `PJSIP/romashka-101-desk`."""
        return {
            endpoint: extension for extension, user in self.users.items() for endpoint in user.endpoints()
        }

    def desk_users(self) -> list[str]:
        """Extensions that ring when all else fails: the tenant's `desk`, else its first user."""
        if self.desk in self.users:
            return [self.desk]
        return list(self.users)[:1]

    def may_listen(self, listener: str, extension: str) -> bool:
        """Whether one user may listen to another's talks."""
        user = self.users.get(listener)
        if user is None or extension not in self.users or listener == extension:
            return False
        if isinstance(user.may_listen, bool):
            return user.may_listen
        groups = [self.groups[name].members for name in user.may_listen if name in self.groups]
        return extension in user.may_listen or any(extension in members for members in groups)

    @cached_property
    def parking_places(self) -> tuple[str, ...]:
        """The extensions of all places for parked calls; none where there is no parking."""
        return tuple(self.parking.places) if self.parking else ()

    def name_of(self, number: str) -> str:
        """What the phone book and the clients know a caller by; empty for a stranger."""
        return self.phone_book.get(number, "")

    def group_of(self, number: str) -> str:
        """The group that the phone book or the clients put a caller in; empty for none."""
        return self.caller_groups.get(number, "")

    def schedule_of(self, extension: str) -> Schedule | None:
        """A user's own hours; None for one who has none, and is always there."""
        user = self.users.get(extension)
        return self.schedules.get(user.schedule) if user and user.schedule else None

    def on_duty(self, extension: str, at: int) -> bool:
        """Whether a user's own hours let him be rung at that instant, UTC milliseconds."""
        schedule = self.schedule_of(extension)
        return schedule is None or schedule.is_open(at)

    def with_holidays(self, corrections: Mapping[str, Corrections]) -> "Tenant":
        """The same with its schedules' holidays corrected. `corrections` by country."""
        schedules = {
            name: replace(one, corrections=corrections.get(one.model.holidays, NO_CORRECTIONS))
            for name, one in self.schedules.items()
        }
        return self if schedules == self.schedules else replace(self, schedules=MappingProxyType(schedules))

    def normalise(self, number: str) -> str:
        """A number as this tenant's people write it → E.164."""
        return normalise(number, self.country)


@dataclass(frozen=True)
class Directory:
    """All tenants."""

    tenants: Mapping[str, Tenant] = field(default_factory=lambda: MappingProxyType({}))
    _numbers: Mapping[str, NumberEntry] = field(init=False, repr=False, compare=False)
    _endpoints: Mapping[str, User] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        numbers = {
            entry.number: entry for tenant in self.tenants.values() for entry in tenant.numbers.values()
        }
        endpoints = {
            account: user
            for tenant in self.tenants.values()
            for user in tenant.users.values()
            for account in user.accounts()
        }
        object.__setattr__(self, "_numbers", MappingProxyType(numbers))
        object.__setattr__(self, "_endpoints", MappingProxyType(endpoints))

    @classmethod
    def of(cls, tenants: Iterable[Tenant]) -> "Directory":
        return cls(MappingProxyType({tenant.name: tenant for tenant in tenants}))

    def number(self, e164: str) -> NumberEntry | None:
        """Whose city number this is; None for nobody's."""
        return self._numbers.get(e164)

    def numbers(self) -> list[NumberEntry]:
        """Every city number, in order."""
        return sorted(self._numbers.values(), key=lambda entry: entry.number)

    def tenant(self, name: str) -> Tenant | None:
        return self.tenants.get(name)

    def user_of_endpoint(self, account: str) -> User | None:
        """The person whose SIP account this is: `romashka-101-desk`, with or without `PJSIP/`."""
        return self._endpoints.get(account.removeprefix("PJSIP/"))

    def users(self) -> list[User]:
        """Everybody, tenant by tenant, in the files' order."""
        return [user for tenant in self.tenants.values() for user in tenant.users.values()]


def _group(name: str, model: GroupModel) -> Group:
    own = {one.user: one.ring for one in model.members if isinstance(one, MemberModel)}
    return Group(name, tuple(model.extensions), model.ring, model.timeout, model.extension or "", own)


def tenant_of(model: TenantModel) -> Tenant:
    """The live tenant of a file that was read."""
    name = model.tenant
    clients = [(number, client) for client in model.clients.values() for number in client.numbers]
    entries = {
        number: CallerModel(name=entry) if isinstance(entry, str) else entry
        for number, entry in model.phone_book.items()
    }
    names = {number: client.name for number, client in clients}
    groups = {number: client.group for number, client in clients if client.group}
    return Tenant(
        name=name,
        title=model.title,
        timezone=model.timezone,
        language=model.language,
        country=model.country,
        numbers=MappingProxyType(
            {
                number: NumberEntry(number, name, entry.scenario, entry.title, entry.recording)
                for number, entry in model.numbers.items()
            }
        ),
        users=MappingProxyType(
            {
                extension: User(
                    name,
                    extension,
                    user.name,
                    user.email,
                    user.mobile or "",
                    tuple(user.devices),
                    user.schedule or "",
                    user.recording,
                    user.number or "",
                    None if user.calls is None else tuple(user.calls),
                    user.may_listen if isinstance(user.may_listen, bool) else tuple(user.may_listen),
                )
                for extension, user in model.users.items()
            }
        ),
        groups=MappingProxyType({group: _group(group, entry) for group, entry in model.groups.items()}),
        queues=MappingProxyType(dict(model.queues)),
        schedules=MappingProxyType(
            {
                schedule: Schedule(schedule, entry, entry.timezone or model.timezone)
                for schedule, entry in model.schedules.items()
            }
        ),
        desk=model.desk or "",
        outgoing=model.outgoing,
        tariff=model.tariff,
        phone_book=MappingProxyType(names | {number: entry.name for number, entry in entries.items()}),
        clients=MappingProxyType(dict(model.clients)),
        recording=model.recording,
        caller_groups=MappingProxyType(
            groups | {number: entry.group for number, entry in entries.items() if entry.group}
        ),
        voicemail=model.voicemail,
        music=model.music or "",
        listening=model.listening,
        parking=model.parking,
        emergency=MappingProxyType(_emergency(model)),
        blocked=tuple(model.blocked),
        block_withheld=model.block_withheld,
        limits=model.limits,
        names=model.names,
    )


def _emergency(model: TenantModel) -> dict[str, str]:
    """Those that the file names, else the country's; an extension of the tenant goes before all but 112."""
    known = emergency_numbers(model.country)
    wanted = known if model.emergency is None else [EVERYWHERE, *model.emergency]
    groups, queues = model.groups.values(), model.queues.values()
    taken = {*model.users, *(group.extension for group in groups), *(queue.extension for queue in queues)}
    return {text: known.get(text, text) for text in wanted if text == EVERYWHERE or text not in taken}
