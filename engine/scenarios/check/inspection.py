"""What every check looks at: the file, whose it is, and the roads between its steps."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from engine.directory.directory import Tenant
from engine.directory.findings import Finding, Severity
from engine.scenarios.loader import ScenarioFile
from engine.scenarios.model import Exit, StepModel

Path_ = tuple[str | int, ...]


class Road(NamedTuple):
    """From one step of the file to another. `acted`: the caller did something to get there."""

    target: str
    exit: str
    acted: bool
    path: Path_


@dataclass(frozen=True)
class Inspection:
    """One scenario file being checked; `tenant` None: whose it is is not known."""

    file: ScenarioFile
    tenant: Tenant | None
    exits: Mapping[str, list[Exit]] = field(default_factory=dict)

    @classmethod
    def of(cls, file: ScenarioFile, tenant: Tenant | None) -> "Inspection":
        return cls(file, tenant, {name: step.exits() for name, step in file.steps.items()})

    @property
    def steps(self) -> Mapping[str, StepModel]:
        """The steps that are right by themselves."""
        return self.file.steps

    @property
    def names(self) -> list[str]:
        """The names of all steps, those included that are wrong."""
        written = self.file.document.data.get("steps")
        return [str(name) for name in written] if isinstance(written, dict) else []

    @property
    def start(self) -> str:
        return str(self.file.document.data.get("start"))

    @property
    def whole(self) -> bool:
        """Whether all steps could be read, so that what is not there is missing indeed."""
        return len(self.steps) == len(self.names)

    @property
    def language(self) -> str:
        """That of the prompts."""
        own = self.file.document.data.get("language")
        return str(own or (self.tenant.language if self.tenant else "ru"))

    @cached_property
    def roads(self) -> dict[str, list[Road]]:
        """By step, the ways to other steps of the file, the error road last."""
        return {name: list(self._roads(name, step)) for name, step in self.steps.items()}

    @cached_property
    def reached(self) -> dict[str, None]:
        """The steps that a call can come to, in the order of the roads from the start."""
        reached: dict[str, None] = {}
        ahead = [self.start]
        while ahead:
            name = ahead.pop()
            if name in self.steps and name not in reached:
                reached[name] = None
                ahead += [road.target for road in self.roads[name]]
        return reached

    def finding(
        self,
        step: str,
        path: Path_,
        message: str,
        expected: str = "",
        *,
        code: str,
        severity: Severity = "error",
        key: bool = False,
    ) -> Finding:
        """About something in a step; `path` is within the step, empty for the step itself."""
        return self.file.document.finding(
            ("steps", step, *path), message, expected, severity=severity, key=key, code=code
        )

    def _roads(self, name: str, step: StepModel) -> Iterator[Road]:
        for one in self.exits[name]:
            if one.target is not None and one.target in self.steps:
                yield Road(one.target, one.name, step.caller_acted(one.name), one.path)
        if step.on_error in self.steps and step.on_error is not None:
            yield Road(step.on_error, "on_error", False, ("on_error",))
