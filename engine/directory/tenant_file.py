"""The live tenant of a file that was read."""

from types import MappingProxyType

from engine.directory.client_model import CallerModel
from engine.directory.directory import Group, NumberEntry, Tenant, User
from engine.directory.emergency import EVERYWHERE, emergency_numbers
from engine.directory.model import GroupModel, MemberModel, TenantModel
from engine.directory.schedules import Schedule


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
                    user.skills,
                    user.substitute or "",
                    user.call_waiting,
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
        booking=model.booking,
        emergency=MappingProxyType(_emergency(model)),
        blocked=tuple(model.blocked),
        block_withheld=model.block_withheld,
        limits=model.limits,
        names=model.names,
        service=model.service,
        pauses=model.pauses,
        notices=MappingProxyType(dict(model.notices)),
        plans=MappingProxyType(dict(model.plans)),
        client_groups=tuple(model.client_groups),
        ring_back=model.ring_back,
        heavy_users=MappingProxyType(dict(model.heavy_users)),
        pool=model.pool,
        answering=model.answering,
    )


def _emergency(model: TenantModel) -> dict[str, str]:
    """Those that the file names, else the country's; an extension of the tenant goes before all but 112."""
    known = emergency_numbers(model.country)
    wanted = known if model.emergency is None else [EVERYWHERE, *model.emergency]
    groups, queues = model.groups.values(), model.queues.values()
    parking = (model.parking.extension, *model.parking.places) if model.parking else ()
    taken = {
        *model.users,
        *(group.extension for group in groups),
        *(queue.extension for queue in queues),
        *parking,
    }
    return {text: known.get(text, text) for text in wanted if text == EVERYWHERE or text not in taken}
