"""A tenant with clients of his own file, for tests."""

from pathlib import Path

import yaml

from engine.directory.directory import Tenant
from engine.directory.model import TenantModel
from engine.directory.tenant_file import tenant_of

NUMBER = "+74951234567"
MARIA = "+79035554433"
IVAN = "+79031112233"
FILE = {
    "tenant": "acme",
    "title": "Acme",
    "numbers": {NUMBER: {"scenario": "main"}},
    "users": {
        "101": {"name": "Анна Иванова", "substitute": "102"},
        "102": {"name": "Пётр Смирнов"},
        "103": {"name": "Олег Петров"},
    },
    "plans": {"vip": {"priority": 1, "skills": {"english": 2}}, "base": {}},
    "clients": {
        "vektor": {
            "name": "Мария Кац",
            "company": "ООО «Вектор»",
            "numbers": [MARIA],
            "contract": "ДГ-104233",
            "plan": "vip",
            "specialist": "101",
        }
    },
}


def company(**changes: object) -> Tenant:
    return tenant_of(TenantModel.model_validate({**FILE, **changes}))


def written(folder: Path, **changes: object) -> Path:
    """The same as a file, below a settings file; the folder of both."""
    tenants = folder / "config" / "tenants"
    tenants.mkdir(parents=True)
    (tenants / "acme.yaml").write_text(yaml.safe_dump({**FILE, **changes}, allow_unicode=True))
    scenarios = folder / "ivr_scenarios" / "acme"
    scenarios.mkdir(parents=True)
    (scenarios / "main.yaml").write_text("scenario: main\nstart: bye\nsteps:\n  bye: {type: hangup}\n")
    (folder / "config" / "vats.yaml").write_text("cell: cell1\n")
    return folder
