"""`input`: the caller keys in a number, which is read back, confirmed and checked (F34)."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field, model_validator

from engine.directory.fields import Seconds
from engine.directory.prompt_model import Prompt, SayPrompt
from engine.records.tickets import is_ticket
from engine.scenarios.entry import Entry
from engine.scenarios.model import DESK, Exit, Remark, Spoken, StepModel, StepName
from engine.scenarios.steps.input_checks import (
    Check,
    ClientsCheck,
    ListCheck,
    TicketsCheck,
    WebServiceCheck,
)
from engine.scenarios.steps.set_variable import VariableName
from engine.scenarios.variables import Variable

if TYPE_CHECKING:
    from engine.directory.directory import Tenant
    from engine.scenarios.conversation import Conversation

Outcome = Literal["valid", "timeout", "invalid", "not_found", "again"]
_RIGHT, _AGAIN = "1", "2"
_QUESTIONS = 3  # how often he is asked whether it is right


class InputStep(StepModel):
    """Read digits into a variable. `*` takes back what was keyed so far, `#` ends it; a pause does too.

    A number that is refused, not confirmed or not keyed at all is asked for again, `attempts` times in all;
    the count is kept when the engine is restarted meanwhile.
    """

    asks: ClassVar[bool] = True

    type: Literal["input"] = "input"
    prompt: Prompt = Field(description="what is to be keyed in")
    variable: VariableName = Field(
        description="the variable that gets the digits as text; also those that were refused"
    )
    min_digits: int = Field(default=1, ge=1, le=40, description="fewer are refused")
    max_digits: int = Field(
        default=20,
        ge=1,
        le=40,
        description="more are refused; when so many are keyed, the end key may take another second",
    )
    terminator: Literal["#", "*", ""] = Field(
        default="#", description='the key that ends the number; "": none, it ends with its last digit'
    )
    clear: Literal["*", "#", ""] | None = Field(
        default=None,
        description="the key that takes back what was keyed so far; left out: `*`, unless that is the "
        'terminator; "": none',
    )
    timeout: Seconds = Field(default=5.0, description="how long to wait for the first digit after the prompt")
    between_digits: Seconds = Field(default=3.0, description="the pause that ends the number")
    barge_in: bool = Field(
        default=True, description="a digit stops the prompt; no: digits keyed during the prompt do not count"
    )
    attempts: int = Field(default=3, ge=1, le=10, description="how often the number is asked for in all")
    read_back: Literal[False, "digits", "number", "phone", "money", "ticket"] = Field(
        default=False, description="read the number back to the caller, in this way"
    )
    confirm: bool = Field(default=False, description="ask the caller whether it is right: 1 yes, 2 again")
    check: Check | None = Field(
        default=None,
        description="what the number is held against: `{list: […]}`, `{pattern: …}`, `{clients: contract}`, "
        "`{tickets: number}` or `{url: https://…}`; left out: nothing",
    )
    secret: bool = Field(
        default=False,
        description="a PIN or card number: the digits are kept out of journal, records and logs; a restart "
        "of the engine forgets them",
    )
    no_input: Prompt = Field(
        default="no-digits", description="said before asking again when nothing was keyed"
    )
    invalid: Prompt = Field(
        default="not-understood", description="said before asking again after a wrong form"
    )
    not_found: Prompt = Field(
        default="not-found", description="said before asking again when the check fails"
    )
    entered: Prompt = Field(default="you-entered", description="said before the number that is read back")
    confirmation: Prompt = Field(default="is-it-right", description="asks whether it is right")
    wrong_key: Prompt = Field(
        default="wrong-key", description="said before asking so again after another key"
    )
    next: StepName | None = Field(
        default=None, description="the step after a number that is right; left out: the call ends"
    )
    on_timeout: StepName | None = Field(
        default=None,
        description="step taken when the last attempt brought nothing; left out: the tenant's desk rings",
    )
    on_invalid: StepName | None = Field(
        default=None,
        description="step taken when the last attempt brought no right number; left out: as `on_timeout`",
    )

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.min_digits > self.max_digits:
            raise ValueError(
                f"min_digits is {self.min_digits} and max_digits {self.max_digits}, expected no fewer"
            )
        if self.terminator and self.clear == self.terminator:
            raise ValueError(f"{self.clear} both ends and takes back, expected another key for one of them")
        if self.secret and self.read_back:
            raise ValueError("a secret is read back for all to hear, expected read_back: false")
        if isinstance(self.check, ListCheck):
            for one in self.check.list:
                if not self.min_digits <= len(one) <= self.max_digits:
                    wanted = f"{self.min_digits} to {self.max_digits} digits"
                    raise ValueError(f"{one} on the list can never be keyed in, expected {wanted}")
        return self

    @property
    def clear_key(self) -> str:
        return ("" if self.terminator == "*" else "*") if self.clear is None else self.clear

    @property
    def said_back(self) -> tuple[Prompt, ...]:
        if not self.read_back:
            return ()
        return (self.entered, SayPrompt(say=self.read_back, value=f"{{{self.variable}}}"))

    def exits(self) -> list[Exit]:
        silent = self.on_timeout or DESK
        return [
            Exit("next", self.next, ("next",)),
            Exit("on_invalid", self.on_invalid or silent, ("on_invalid",)),
            Exit("on_timeout", silent, ("on_timeout",)),
        ]

    def prompts(self) -> Iterable[Spoken]:
        names = ["prompt", "no_input", "invalid"]
        names += ["not_found"] if self.check is not None else []
        names += ["confirmation", "wrong_key"] if self.confirm else []
        names += ["entered"] if self.read_back else []
        for name in names:
            yield Spoken(getattr(self, name), (name,) if name in self.model_fields_set else ())
        for prompt in self.said_back[1:]:
            yield Spoken(prompt)
        if isinstance(self.check, WebServiceCheck) and self.check.wait_prompt is not None:
            yield Spoken(self.check.wait_prompt, ("check", "wait_prompt"))

    def templates(self) -> Iterable[tuple[str, tuple[str | int, ...]]]:
        if isinstance(self.check, WebServiceCheck):
            for text, path in self.check.asked_templates():
                yield text, ("check", *path)

    def sets(self) -> Iterable[Variable]:
        yield Variable(self.variable, "digits", "what the caller keyed in")
        if self.check is not None:
            yield from self.check.sets()

    def caller_acted(self, exit_name: str) -> bool:
        return exit_name != "on_timeout"

    def remarks(self, tenant: Tenant | None) -> Iterable[Remark]:
        if isinstance(self.check, WebServiceCheck):
            yield from self.check.asking_remarks(("check",))
        if not isinstance(self.check, ClientsCheck) or tenant is None:
            return
        path = ("check", "clients")
        numbers = [number for one in tenant.file_clients.by_key.values() if (number := one.contract_digits)]
        if not numbers:
            message = "no client in the tenant's file has a contract number: only imported ones are found"
            yield Remark(path, message, "`contract` at `clients` in the tenant's file", "no-contracts")
        for number in numbers:
            if not self.min_digits <= len(number) <= self.max_digits:
                wanted = f"min_digits and max_digits with room for {len(number)}"
                yield Remark(path, f"the contract {number} can never be keyed in", wanted, "no-contracts")

    async def run(self, call: Conversation) -> str:
        with call.secret_digits() if self.secret else nullcontext():
            return await self._run(call)

    async def _run(self, call: Conversation) -> str:
        before: tuple[Prompt, ...] = ()
        while True:
            outcome = await self._attempt(call, (*before, self.prompt))
            if outcome == "valid":
                return "next"
            call.forget_digits()
            if call.attempt() >= self.attempts:
                self._forget(call)
                return "on_timeout" if outcome == "timeout" else "on_invalid"
            call.next_attempt()
            told = {"timeout": self.no_input, "invalid": self.invalid, "not_found": self.not_found}
            before = (told[outcome],) if outcome in told else ()

    async def _attempt(self, call: Conversation, prompts: tuple[Prompt, ...]) -> Outcome:
        entry = await self._keyed(call, prompts)
        if entry.value is None:
            return "timeout" if entry.empty and not entry.ended else "invalid"
        if not self.terminator:
            call.forget_digits()  # one digit too many is no answer to what comes next
        call.set_variable(self.variable, entry.value, secret=self.secret)
        if isinstance(self.check, TicketsCheck) and not is_ticket(entry.value):
            return "invalid"
        key = f"{call.step_id}.{call.attempt()}"
        # A web service is asked last: what the caller takes back is nobody's business.
        later = isinstance(self.check, WebServiceCheck)
        if self.check is not None and not later and not await self.check.passes(call, self.variable, key):
            return "not_found"
        confirmed = await self._confirmed(call)
        if confirmed != "valid":
            return confirmed
        if self.check is not None and later and not await self.check.passes(call, self.variable, key):
            return "not_found"
        return "valid"

    async def _keyed(self, call: Conversation, prompts: tuple[Prompt, ...]) -> Entry:
        entry = Entry(self.min_digits, self.max_digits, self.terminator, self.clear_key)
        key = await call.play(*prompts, barge_in=self.barge_in)
        if not self.barge_in:
            call.forget_digits()
        key = key or await call.read_digit(self.timeout)
        while key is not None and not entry.press(key):
            key = await call.read_digit(entry.patience(self.timeout, self.between_digits))
        return entry

    async def _confirmed(self, call: Conversation) -> Outcome:
        if not self.confirm:
            if self.read_back:
                await call.play(*self.said_back)
            return "valid"
        question: tuple[Prompt, ...] = (*self.said_back, self.confirmation)
        key: str | None = None
        for _ in range(_QUESTIONS):
            # The key that ends a number may come late, or twice: it is no answer.
            told = () if key in (None, self.terminator) else (self.wrong_key,)
            key = await call.play(*told, *question, barge_in=True) or await call.read_digit(self.timeout)
            if key == _RIGHT:
                return "valid"
            if key == _AGAIN:
                return "again"
        return "timeout" if key is None else "invalid"

    def _forget(self, call: Conversation) -> None:
        """Nothing of an earlier caller who was identified in this call may stand for this one."""
        if isinstance(self.check, ClientsCheck):
            self.check.forget(call)
        if self.check is not None and not isinstance(self.check, TicketsCheck):
            for variable in self.check.sets():
                if call.variables.get(variable.name) not in (None, ""):
                    call.set_variable(variable.name, None)
