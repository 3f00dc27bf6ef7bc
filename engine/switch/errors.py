"""What can go wrong between us and the switch."""


class SwitchError(Exception):
    """Base of all errors of the switch. The message says what was asked and what came back."""


class Gone(SwitchError):
    """The channel, bridge or playback is no longer there (404, or 409 of one just hung up): normal."""


class Refused(SwitchError):
    """The switch understood and said no (other 4xx)."""


class SwitchFailed(SwitchError):
    """The switch met an error of its own (5xx)."""


class SwitchAway(SwitchError):
    """No connection, or no answer within the time limit. Whether it was done is not known."""
