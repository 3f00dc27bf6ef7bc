"""What services of dialled codes share: the call ends after them, and no desk answers where one fails."""

from typing import ClassVar

from engine.scenarios.model import UNREACHED, Exit, StepModel


class ServiceStep(StepModel):
    """A user has dialled a code; who he is says `call.party_user`."""

    error_road: ClassVar[str] = UNREACHED
    completes: ClassVar[bool] = True

    def exits(self) -> list[Exit]:
        return [Exit("done", None)]
