"""How urgent a task is by who its caller is: by his plan and his priority, as the tenant's `service` says."""

from sqlalchemy import Connection

from engine.directory.deadlines import service_of
from engine.directory.directory import Tenant
from engine.journal.events import VariableSet
from engine.journal.writer import load_entries
from engine.records.clients import client_by_number

# Of a task that nobody has said a severity of.
USUAL = 3


def severity_of(
    connection: Connection, tenant: Tenant, caller: str, usual: int = USUAL, call_id: str = ""
) -> int:
    """`usual` for a stranger (E.164 or ""), and where nothing is said of the client; of plan and priority the
    more urgent one. Who has keyed his contract in, in the call `call_id`, is its client, whatever number he
    called from. Database errors pass through.
    """
    service = service_of(tenant)
    if not (service.severity_by_plan or service.severity_by_priority):
        return usual
    plan, priority = _identified(connection, call_id) or _by_number(connection, tenant, caller)
    said = (service.severity_by_plan.get(plan), service.severity_by_priority.get(priority))
    return min((one for one in said if one is not None), default=usual)


def _by_number(connection: Connection, tenant: Tenant, caller: str) -> tuple[str, int]:
    """Plan and priority; "" and 0 where there is none."""
    found = tenant.file_clients.by_number.get(caller)
    if found is None and caller:
        found = client_by_number(connection, tenant.name, caller)
    if found is None:
        return "", 0
    client = tenant.file_clients.by_key.get(found.key, found)
    plan = tenant.plans.get(client.plan)
    return client.plan, client.priority or (plan.priority if plan else None) or 0


def _identified(connection: Connection, call_id: str) -> tuple[str, int] | None:
    """The same of the client whom the call knew in the end; None where it knew none."""
    entries = load_entries(connection, [call_id]).get(call_id, []) if call_id else []
    known = {one.event.name: one.event.value for one in entries if isinstance(one.event, VariableSet)}
    if not known.get("client.name"):
        return None
    priority = known.get("client.priority")
    return str(known.get("client.plan") or ""), priority if isinstance(priority, int) else 0
