"""Tenant files → `Directory`, with every mistake named by file, line and column."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from engine.directory.callback_check import check_callbacks
from engine.directory.client_check import check_clients
from engine.directory.directory import Directory, Tenant
from engine.directory.document import Document, read_document
from engine.directory.findings import Finding, errors, one_of
from engine.directory.model import MemberModel, TenantModel
from engine.directory.pause_check import check_pauses
from engine.directory.pool_check import check_pool, check_pools
from engine.directory.prompts import builtin
from engine.directory.queue_check import check_queues
from engine.directory.schedules.check import check_schedules
from engine.directory.schedules.files import HolidayFiles, holidays_folder, load_holidays
from engine.directory.task_check import check_service
from engine.directory.telephony_check import check_telephony
from engine.directory.tenant_file import tenant_of


@dataclass(frozen=True)
class TenantFile:
    """A tenant file that was read: its text's places, what is wrong with it, and the tenant if nothing is."""

    document: Document
    findings: tuple[Finding, ...]
    tenant: Tenant | None


def load_tenant(
    file: Path,
    trunks: Collection[str] | None = None,
    content: bytes | None = None,
    holidays: HolidayFiles | None = None,
) -> TenantFile:
    """Read one tenant file. `trunks`: names of the configured trunks; None leaves them unchecked.

    `content` is what the file holds, `holidays` the corrections of holidays, where they have been read
    already.
    """
    document = read_document(file, content)
    findings = list(document.findings)
    if not isinstance(document.data, dict):
        return TenantFile(document, tuple(findings), None)
    try:
        model = TenantModel.model_validate(document.data)
    except ValidationError as error:
        findings += document.explain(error, model=TenantModel)
        return TenantFile(document, tuple(sorted(findings)), None)
    findings += document.without_allowed(_cross_check(model, document, file, trunks))
    if holidays is None:
        holidays = load_holidays(holidays_folder(file.parent))
    tenant = None if errors(findings) else tenant_of(model).with_holidays(holidays.corrections)
    return TenantFile(document, tuple(sorted(findings)), tenant)


def tenant_files(folder: Path) -> list[Path]:
    """The tenant files of a folder, in order."""
    return sorted(path for path in folder.glob("*.yaml") if path.is_file() and not path.name.startswith("."))


def misnamed(folder: Path) -> list[Finding]:
    """Files that nobody reads because their names end in another way."""
    return [
        Finding(
            str(path),
            1,
            1,
            "warning",
            "the file is not read",
            f"a name that ends in .yaml: {path.stem}.yaml",
            "misnamed-file",
        )
        for path in sorted(folder.glob("*.yml"))
    ]


def load_directory(
    folder: Path,
    trunks: Collection[str] | None = None,
    load: Callable[[Path, Collection[str] | None], TenantFile] | None = None,
    holidays: HolidayFiles | None = None,
) -> tuple[Directory, list[Finding], list[TenantFile]]:
    """Read all tenant files of a folder. Tenants with errors are left out of the directory.

    `load` reads one file, `holidays` are the files beside the folder; a caller that reads often may remember
    what has not changed.
    """
    if holidays is None:
        holidays = load_holidays(holidays_folder(folder))
    load = load or partial(load_tenant, holidays=holidays)
    files = [load(path, trunks) for path in tenant_files(folder)]
    findings = [finding for file in files for finding in file.findings]
    findings += misnamed(folder)
    shared = _shared_numbers(files)
    findings += shared
    wrong = {finding.file for finding in shared}
    findings += check_pools((file.tenant, file.document) for file in files)
    good = (file.tenant for file in files if file.tenant and file.document.file not in wrong)
    findings += [*holidays.findings, *misnamed(holidays_folder(folder))]
    return Directory.of(good), sorted(findings), files


def _cross_check(
    model: TenantModel, document: Document, file: Path, trunks: Collection[str] | None
) -> Iterable[Finding]:
    if model.tenant != file.stem:
        message = f"tenant is {model.tenant} in a file named {file.name}"
        yield document.finding(("tenant",), message, f"tenant: {file.stem}", code="other-name")
    if model.language not in builtin.TEXTS:
        message, known = f"nothing can be said in the language {model.language}", one_of(builtin.TEXTS)
        yield document.finding(("language",), message, known, code="unknown-language")
    if not model.users:
        yield document.finding(("users",), "the tenant has no users", "at least one", key=True)
    for kind, lists in (
        ("groups", {name: group.extensions for name, group in model.groups.items()}),
        ("queues", {name: queue.extensions for name, queue in model.queues.items()}),
    ):
        for name, members in lists.items():
            for index, extension in enumerate(members):
                if extension not in model.users:
                    yield document.finding(
                        (kind, name, "members", index),
                        f"unknown user {extension} in {kind[:-1]} {name}",
                        one_of(model.users, extension),
                        code="unknown-user",
                    )
                elif extension in members[:index]:
                    path, message = (kind, name, "members", index), f"user {extension} is listed twice"
                    yield document.finding(path, message, "each once", code="given-twice")
    yield from _never_rung(model, document)
    yield from _single_users(model, document)
    schedules = {extension: user.schedule for extension, user in model.users.items()}
    yield from check_schedules(model.schedules, schedules, document)
    yield from check_telephony(model, document, trunks)
    yield from check_service(model, document)
    yield from check_queues(model, document)
    yield from check_pool(model, document)
    yield from check_pauses(model, document)
    yield from check_callbacks(model, document)
    yield from check_clients(model, document)


def _never_rung(model: TenantModel, document: Document) -> Iterable[Finding]:
    """Groups in which one after another rings, and whose time is over before the last one's turn."""
    for name, group in model.groups.items():
        own = [one.ring for one in group.members if isinstance(one, MemberModel)]
        shared = len(own) < len(group.members)
        needed = sum(own) if shared else sum(own) - max(own)
        if group.ring != "all" and needed >= group.timeout:
            yield document.finding(
                ("groups", name, "members"),
                f"members' own times take all {group.timeout:g} s of group {name}: somebody is never rung",
                "a longer `timeout` of the group, or shorter times",
                severity="warning",
                code="never-rung",
            )


def _single_users(model: TenantModel, document: Document) -> Iterable[Finding]:
    if model.desk is not None and model.desk not in model.users:
        known = one_of(model.users, model.desk)
        yield document.finding(("desk",), f"unknown user {model.desk}", known, code="unknown-user")
    for extension, user in model.users.items():
        if len(set(user.devices)) != len(user.devices):
            path, message = ("users", extension, "devices"), "a device is listed twice"
            yield document.finding(path, message, "each once", code="given-twice")


def _shared_numbers(files: Iterable[TenantFile]) -> list[Finding]:
    """A city number belongs to one tenant; whoever comes later in the order of files is told."""
    owners: dict[str, str] = {}
    found = []
    for file in files:
        for number in file.tenant.numbers if file.tenant else ():
            owner = owners.setdefault(number, file.document.file)
            if owner != file.document.file:
                path, message = ("numbers", number), f"number {number} belongs to {owner} too"
                found.append(
                    file.document.finding(path, message, "one tenant", key=True, code="shared-number")
                )
    return found
