"""`survey`: the caller gives marks by keys (F38)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from engine.directory.fields import FileModel, Seconds
from engine.directory.prompt_model import Prompt
from engine.journal.events import SurveyAnswered
from engine.scenarios.model import Exit, Spoken, StepModel, StepName
from engine.scenarios.variables import Variable

if TYPE_CHECKING:
    from engine.scenarios.conversation import Conversation

QuestionName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]

_PLACE = "survey.place"  # the visit of the step, and how many of its questions were put


class Question(FileModel):
    """One question, answered by one key."""

    name: QuestionName = Field(
        description="what the mark is called in reports; that of `overall` is the call's `rating`"
    )
    prompt: Prompt = Field(description="the question")
    best: int = Field(default=5, ge=2, le=9, description="the highest mark; the lowest is 1")


class SurveyStep(StepModel):
    """Ask for marks. A caller who gives none goes on all the same; of one who hangs up, those given stay."""

    type: Literal["survey"] = "survey"
    questions: list[Question] = Field(min_length=1, max_length=10, description="asked in this order")
    timeout: Seconds = Field(default=5.0, description="how long to wait for a key after a question")
    attempts: int = Field(default=2, ge=1, le=5, description="how often a question is asked in all")
    wrong_key: Prompt = Field(default="wrong-mark", description="said before repeating after a wrong key")
    thanks: Prompt | None = Field(default="thanks-for-rating", description="said at the end; null: nothing")
    next: StepName | None = Field(default=None, description="the step after it; left out: the call ends")

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        for name, count in Counter(question.name for question in self.questions).items():
            if count > 1:
                raise ValueError(f"two questions are called {name}, expected a name of its own for each")
        return self

    def exits(self) -> list[Exit]:
        return [Exit("next", self.next, ("next",))]

    def prompts(self) -> Iterable[Spoken]:
        given = self.model_fields_set
        for index, question in enumerate(self.questions):
            yield Spoken(question.prompt, ("questions", index, "prompt"))
        yield Spoken(self.wrong_key, ("wrong_key",) if "wrong_key" in given else ())
        if self.thanks is not None:
            yield Spoken(self.thanks, ("thanks",) if "thanks" in given else ())

    def sets(self) -> Iterable[Variable]:
        return [
            Variable(f"rating.{question.name}", "number", f"the mark for {question.name}")
            for question in self.questions
        ]

    async def run(self, call: Conversation) -> str:
        # The same after a recovery, another when the call comes here again.
        visit = call.step_id.rpartition(".")[2]
        begun, given = _begun(call, visit), False
        for index, question in enumerate(self.questions):
            if index < begun:
                given = True
                continue
            mark = await self._mark(call, question)
            if mark is not None:
                given = True
                call.journal(SurveyAnswered(question.name, mark, visit))
                call.set_variable(f"rating.{question.name}", mark)
            call.set_variable(_PLACE, f"{visit} {index + 1}")
        if given and self.thanks is not None:
            await call.play(self.thanks)
        return "next"

    async def _mark(self, call: Conversation, question: Question) -> int | None:
        prompts: tuple[Prompt, ...] = (question.prompt,)
        for _ in range(self.attempts):
            digit = await call.play(*prompts, barge_in=True) or await call.read_digit(self.timeout)
            if digit is not None and digit.isdigit() and 1 <= int(digit) <= question.best:
                return int(digit)
            prompts = (question.prompt,) if digit is None else (self.wrong_key, question.prompt)
        return None


def _begun(call: Conversation, visit: str) -> int:
    """How many questions were put in this visit before a recovery: they are not put again."""
    known, _, number = str(call.variables.get(_PLACE) or "").rpartition(" ")
    return int(number) if known == visit else 0
