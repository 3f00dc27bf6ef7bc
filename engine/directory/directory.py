"""The live set of tenants: who a number belongs to, who can be rung. It is replaced, never changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType

from engine.directory.answering_model import AnsweringModel
from engine.directory.callback_model import BookingModel
from engine.directory.client_model import ClientModel, PlanModel
from engine.directory.clients import FileClients
from engine.directory.first_model import RingBackModel
from engine.directory.heavy_model import HeavyUsersModel
from engine.directory.listening_model import ListeningModel
from engine.directory.model import TariffModel, VoicemailModel
from engine.directory.notice_model import NoticeModel
from engine.directory.numbers import normalise
from engine.directory.outgoing_model import Destination, LimitsModel, NamesModel, OutgoingModel
from engine.directory.parking_model import ParkingModel
from engine.directory.pause_model import PausesModel
from engine.directory.pool_model import PoolModel
from engine.directory.pools import linked
from engine.directory.queue_model import QueueModel
from engine.directory.recording_model import RecordingModel, RecordingRule, rule_of
from engine.directory.schedules import Schedule
from engine.directory.schedules.calendar import NO_CORRECTIONS, Corrections
from engine.directory.task_model import ServiceModel


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
    skills: Mapping[str, int] = field(default_factory=dict, hash=False)
    substitute: str = ""  # takes his clients outside of his hours
    call_waiting: bool = True  # a second call rings while he is in one

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
    booking: BookingModel | None = None
    emergency: Mapping[str, str] = field(default_factory=dict)  # what is sent, by what is dialled
    blocked: tuple[str, ...] = ()  # numbers, or beginnings with a `*` behind them
    block_withheld: bool = False
    limits: LimitsModel = field(default_factory=LimitsModel)
    names: NamesModel | None = None
    service: ServiceModel | None = None
    pauses: PausesModel = field(default_factory=PausesModel)
    notices: Mapping[str, NoticeModel] = field(default_factory=dict)  # by the receiver's name
    plans: Mapping[str, PlanModel] = field(default_factory=dict)
    ring_back: RingBackModel | None = None
    heavy_users: Mapping[str, HeavyUsersModel] = field(default_factory=dict)
    client_groups: tuple[str, ...] = ()  # that imported clients may be in
    pool: PoolModel | None = None
    answering: AnsweringModel | None = None
    # People of other tenants who serve its queues, as its own calls name them: `pult/201`.
    secretaries: Mapping[str, User] = field(default_factory=lambda: MappingProxyType({}))
    # Queues of other tenants that its pool serves: `romashka/main`.
    served: tuple[str, ...] = ()

    @cached_property
    def file_clients(self) -> FileClients:
        """The file's `clients`, found by number and contract."""
        return FileClients(self.clients)

    @cached_property
    def announces(self) -> bool:
        """Whether anybody is told that he is recorded."""
        rules = [entry.recording for entry in self.numbers.values()]
        rules += [user.recording for user in self.users.values()]
        rules += [queue.recording for queue in self.queues.values()]
        said = (self.recording.announce, *(rule_of(rule).announce for rule in rules))
        return any(prompt is not None and prompt is not False for prompt in said)

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

    def person(self, name: str) -> User | None:
        """A user by his extension, or a secretary who serves this tenant: `pult/201`."""
        return self.users.get(name) or self.secretaries.get(name)

    def secretaries_of(self, queue: str) -> Mapping[str, User]:
        """Those who serve this queue."""
        pool = self.queues[queue].pool
        if pool is None:
            return {}
        return {name: user for name, user in self.secretaries.items() if user.tenant == pool.tenant}

    def pool_members(self) -> list[str]:
        """Extensions of those who serve other tenants."""
        if self.pool is None:
            return []
        return [one for one in self.pool.members or self.users if one in self.users]

    def ring_together(self, extension: str, of: str = "") -> set[str]:
        """Whose calls this user takes by a pickup code: of a group or a user with the extension `of`, also of
        a secretary, `pult/202`; without it of all who are in a group with him.
        """
        if of in self.group_extensions:
            return set(self.groups[self.group_extensions[of]].members)
        if of:
            return {of} if self.person(of) else set()
        groups = [group.members for group in self.groups.values() if extension in group.members]
        return {member for members in groups for member in members}

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

    def may_join(self, extension: str, queue: str) -> bool:
        """Whether this user may serve this queue, if he wants to: the file names him, or lets him join."""
        model = self.queues.get(queue)
        if model is None or extension not in self.users:
            return False
        if isinstance(model.may_join, bool):
            return model.may_join or extension in model.extensions
        groups = [self.groups[name].members for name in model.may_join if name in self.groups]
        named = [model.may_join, *groups, model.extensions]
        return any(extension in extensions for extensions in named)

    def who_may_serve(self) -> set[str]:
        """Extensions of all who are members of a queue, or may join one."""
        everybody = any(queue.may_join is True for queue in self.queues.values())
        listed = {one for queue in self.queues.values() for one in queue.extensions} | {*self.pool_members()}
        for queue in self.queues.values():
            for name in queue.may_join if isinstance(queue.may_join, list) else ():
                listed.update(self.groups[name].members if name in self.groups else [name])
        return set(self.users) if everybody else listed & set(self.users)

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

    def stand_in(self, extension: str, at: int, substitute: str = "") -> str:
        """Who takes a person's calls at that instant (UTC ms): himself, else his substitute and so on; "" for
        nobody. `substitute` goes before his own.
        """
        asked: list[str] = []
        while extension in self.users and extension not in asked:
            if self.on_duty(extension, at):
                return extension
            asked.append(extension)
            extension, substitute = substitute or self.users[extension].substitute, ""
        return ""

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
    # As they were read, before secretaries were joined to them; to see whether anything has changed.
    given: Mapping[str, Tenant] = field(default_factory=dict, repr=False, compare=False)
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
        given = {tenant.name: tenant for tenant in tenants}
        return cls(MappingProxyType(linked(given.values())), given)

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
