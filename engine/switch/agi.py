"""One call as AGI hands it to us. pyst2 speaks the protocol.

pyst2's `AGI` installs a signal handler, so it can only be used in a process's main thread: a process a call.
"""

import io
from contextlib import suppress
from typing import TextIO

from asterisk.agi import AGI, AGIAppError, AGIException, AGIHangup

from engine.switch.errors import Gone, Refused


class _Silence(io.TextIOBase):
    """pyst2 tells its standard error every line of the protocol."""

    def write(self, text: str, /) -> int:
        return len(text)


class AgiCall:
    """Blocking. Methods raise `Gone` when Asterisk has closed the connection, `Refused` when it says no."""

    def __init__(self, reader: TextIO, writer: TextIO) -> None:
        """Reads what Asterisk says about the call."""
        self._agi = AGI(stdin=reader, stdout=writer, stderr=_Silence())
        self._environment: dict[str, str] = self._agi.env
        # Else a hangup is told in the middle of the protocol, by a line that pyst2 cannot read.
        self.set_variable("AGISIGHUP", "no")

    @property
    def unique_id(self) -> str:
        return self._environment.get("agi_uniqueid", "")

    @property
    def channel(self) -> str:
        return self._environment.get("agi_channel", "")

    @property
    def caller(self) -> str:
        return _known(self._environment.get("agi_callerid", ""))

    @property
    def caller_name(self) -> str:
        return _known(self._environment.get("agi_calleridname", ""))

    @property
    def arguments(self) -> list[str]:
        """The arguments that the dialplan gave after the address."""
        found: list[str] = []
        while (name := f"agi_arg_{len(found) + 1}") in self._environment:
            found.append(self._environment[name])
        return found

    def variable(self, name: str) -> str:
        """A variable's or function's value, also after the hangup; "" where it is not set."""
        with _translated(f"GET VARIABLE {name}"):
            return str(self._agi.get_variable(name))

    def set_variable(self, name: str, value: str) -> None:
        with _translated(f"SET VARIABLE {name}"):
            self._agi.set_variable(name, value)

    def dial(self, targets: str, seconds: int, options: str = "") -> str:
        """Ring, let them talk, and return when both is over: `DIALSTATUS` (ANSWER, BUSY, NOANSWER, CANCEL,
        CHANUNAVAIL, CONGESTION). `targets` is a dial string such as `PJSIP/a&PJSIP/b`.
        """
        # -1 says no more than that the channel is to hang up; the status tells why.
        with _translated(f"EXEC Dial {targets}"), suppress(AGIAppError):
            self._agi.appexec("Dial", f"{targets},{seconds},{options}")
        return self.variable("DIALSTATUS")

    def wait(self, seconds: int) -> bool:
        """Ringing, or music for a caller who has been answered; False where he has hung up meanwhile."""
        waits_with = "StartMusicOnHold" if self.variable("CHANNEL(state)") == "Up" else "Ringing"
        with _translated("EXEC Wait"):
            try:
                self._agi.appexec(waits_with)
                return str(self._agi.appexec("Wait", str(seconds))) == "0"
            except AGIAppError:
                return False

    def hang_up(self, cause: int) -> None:
        """`cause` is Q.850."""
        with _translated(f"EXEC Hangup {cause}"), suppress(AGIAppError):
            self._agi.appexec("Hangup", str(cause))


class _translated:  # noqa: N801  (reads as a word where it is used)
    """pyst2's errors as ours."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        # ValueError is what pyst2 makes of a connection that has ended.
        if isinstance(error, AGIHangup | OSError | ValueError):
            raise Gone(f"{self._what}: the connection to Asterisk has ended") from error
        if isinstance(error, AGIException):
            raise Refused(f"{self._what}: {error}") from error


def _known(text: str) -> str:
    return "" if text in ("unknown", "(N/A)") else text
