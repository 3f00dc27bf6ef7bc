"""`answering` of a tenant's file: what a secretary sees when she answers for it, and what she fills in."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from engine.directory.fields import FileModel, Name

Line = Annotated[str, Field(min_length=1, max_length=500)]
Paragraphs = Annotated[str, Field(max_length=5000)]
EMail = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]
FieldKind = Literal["text", "number", "choice", "phone", "email"]


class QuestionModel(FileModel):
    """What callers often ask."""

    question: Line
    answer: Paragraphs = Field(min_length=1)


class LinkModel(FileModel):
    """A page that helps to answer."""

    title: Line
    url: str = Field(pattern=r"^https://[^\s/]+(/\S*)?$", max_length=2000, description="https only")


class CardFileModel(FileModel):
    """A document that helps to answer: a price list, a map."""

    title: Line
    file: str = Field(
        # Of the tenant's folder `files` itself: nothing leads out of it.
        pattern=r"^[^./\\\x00-\x1f][^/\\\x00-\x1f]*$",
        max_length=200,
        description="its name in the folder `files` beside the tenant's scenarios; at most 25 MB",
    )


class FormFieldModel(FileModel):
    """One line of the form."""

    label: Line = Field(description="what the secretary sees beside it")
    kind: FieldKind = Field("text", description="what may be written there")
    required: bool = Field(False, description="the form cannot be kept without it")
    choices: list[Line] = Field(default_factory=list, description="of the kind `choice`: what to choose from")

    @model_validator(mode="after")
    def _choices(self) -> "FormFieldModel":
        if self.kind == "choice" and not self.choices:
            raise ValueError("a field of the kind choice has no `choices`, expected at least one")
        if self.kind != "choice" and self.choices:
            raise ValueError(f"a field of the kind {self.kind} has `choices`, expected `kind: choice`")
        return self

    @field_validator("choices")
    @classmethod
    def _each_once(cls, value: list[str]) -> list[str]:
        if len(set(value)) != len(value):
            raise ValueError("a choice is given twice, expected each once")
        return value


class AnsweringModel(FileModel):
    """What whoever answers for this tenant is shown from the first ring on."""

    greeting: Paragraphs = Field("", description="what to say first")
    instructions: Paragraphs = Field("", description="what to do and what not")
    questions: list[QuestionModel] = Field(
        default_factory=list, description="frequent questions, with answers"
    )
    links: list[LinkModel] = Field(default_factory=list, description="pages that help")
    files: list[CardFileModel] = Field(default_factory=list, description="documents that help")
    form: dict[Name, FormFieldModel] = Field(
        default_factory=dict, description="what is written down of a call, field by field"
    )
    mail: list[EMail] = Field(default_factory=list, description="filled forms are sent to these addresses")

    @field_validator("files")
    @classmethod
    def _each_file_once(cls, value: list[CardFileModel]) -> list[CardFileModel]:
        if len({one.file for one in value}) != len(value):
            raise ValueError("a file is given twice, expected each once")
        return value
