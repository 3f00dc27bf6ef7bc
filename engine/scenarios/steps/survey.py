"""`survey`: the caller gives marks by keys (F38)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from engine.calls.errors import StepError
from engine.directory.fields import FileModel, Seconds
from engine.directory.prompt_model import Prompt
from engine.journal.client_events import SurveyAnswered, SurveyCommentAsked
from engine.scenarios.model import Exit, Spoken, StepModel, StepName
from engine.scenarios.variables import Variable

if TYPE_CHECKING:
    from engine.scenarios.conversation import Conversation

QuestionName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]

# The visit of the step, how many questions were put (one more: and the comment), `low` after a low mark.
_PLACE = "survey.place"
LOW_BELOW = 3
_SHORTEST_COMMENT_S = 1.0
_END = "#"  # what many key behind a number


class Question(FileModel):
    """One question, answered by one key."""

    name: QuestionName = Field(
        description="what the mark is called in reports; that of `overall` is the call's `rating`"
    )
    prompt: Prompt = Field(description="the question")
    best: int = Field(default=5, ge=2, le=9, description="the highest mark; the lowest is 1")


class Comment(FileModel):
    """What a caller who gave a low mark is asked to say in his own words, after the questions."""

    below: int = Field(default=LOW_BELOW, ge=2, le=9, description="marks lower than this are low")
    longest: Seconds = Field(default=60.0, description="the comment is cut off after this")
    silence: Seconds = Field(default=4.0, description="so long a silence ends it, as `#` does")
    prompt: Prompt = Field(default="comment-on-mark", description="asks for it; a tone follows")


class SurveyStep(StepModel):
    """Ask for marks. A caller who gives none goes on all the same; of one who hangs up, those given stay."""

    type: Literal["survey"] = "survey"
    questions: list[Question] = Field(min_length=1, max_length=10, description="asked in this order")
    timeout: Seconds = Field(default=5.0, description="how long to wait for a key after a question")
    attempts: int = Field(default=2, ge=1, le=5, description="how often a question is asked in all")
    wrong_key: Prompt = Field(default="wrong-mark", description="said before repeating after a wrong key")
    thanks: Prompt | None = Field(default="thanks-for-rating", description="said at the end; null: nothing")
    comment: Comment | None = Field(
        default=None, description="ask for a spoken comment after a low mark; left out: none is asked for"
    )
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
        if self.comment is not None:
            said = "comment" in given and "prompt" in self.comment.model_fields_set
            yield Spoken(self.comment.prompt, ("comment", "prompt") if said else ())
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
        begun, low = _begun(call, visit)
        given = begun > 0
        for index, question in enumerate(self.questions):
            if index < begun:
                continue
            mark = await self._mark(call, question)
            if mark is not None:
                given, is_low = True, mark < self._low_below
                low = low or is_low
                call.journal(SurveyAnswered(question.name, mark, visit, is_low))
                call.set_variable(f"rating.{question.name}", mark)
            call.set_variable(_PLACE, _place(visit, index + 1, low))
        if self.comment is not None and low and begun <= len(self.questions):
            await self._ask_for_comment(call, self.comment, visit)
            call.set_variable(_PLACE, _place(visit, len(self.questions) + 1, low))
        if given and self.thanks is not None:
            await call.play(self.thanks)
        call.forget_digits()  # keyed once too often, they are no choice in a menu that comes next
        return "next"

    @property
    def _low_below(self) -> int:
        return self.comment.below if self.comment is not None else LOW_BELOW

    async def _ask_for_comment(self, call: Conversation, comment: Comment, visit: str) -> None:
        if not call.recording_message:
            await call.play(comment.prompt)
            call.forget_digits()
            call.journal(SurveyCommentAsked(visit))
        try:
            await call.record_message(
                "",
                beep=True,
                longest_s=comment.longest,
                silence_s=comment.silence,
                shortest_s=_SHORTEST_COMMENT_S,
            )
        except StepError as error:
            call.log.error("survey.comment_not_recorded", cause=str(error))

    async def _mark(self, call: Conversation, question: Question) -> int | None:
        prompts: tuple[Prompt, ...] = (question.prompt,)
        tried, ended = 0, False
        while tried < self.attempts:
            digit = await call.play(*prompts, barge_in=True) or await call.read_digit(self.timeout)
            if digit == _END and not ended:
                ended = True  # by habit, behind the mark before: he has not heard the question
                continue
            tried += 1
            if digit is not None and digit.isdigit() and 1 <= int(digit) <= question.best:
                return int(digit)
            prompts = (question.prompt,) if digit is None else (self.wrong_key, question.prompt)
        return None


def _place(visit: str, put: int, low: bool) -> str:
    return f"{visit} {put}{' low' if low else ''}"


def _begun(call: Conversation, visit: str) -> tuple[int, bool]:
    """How many questions were put in this visit before a recovery, which are not put again, and whether a
    mark was low.
    """
    known = str(call.variables.get(_PLACE) or "").split()
    return (int(known[1]), known[-1] == "low") if known[:1] == [visit] else (0, False)
