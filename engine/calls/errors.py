"""What ends a step or a call early."""


class CallOver(BaseException):
    """The call is over; it unwinds the call's task. Not an `Exception`, so that no step swallows it."""


class CallerGone(CallOver):
    """The caller's channel has ended."""


class HungUp(CallOver):
    """We end the call; `Call.hang_up` raises it."""


class Redirected(BaseException):
    """The call goes elsewhere, by somebody's wish: its runner enters `step`. It unwinds the step that it was
    in, and is no `Exception`, so that no step takes it for a mistake.
    """

    def __init__(self, step: str) -> None:
        super().__init__(step)
        self.step = step


class StepError(Exception):
    """A step cannot do its work; the message says why. It takes the step's error road."""


class PromptFailed(StepError):
    """The switch could not play a prompt."""
