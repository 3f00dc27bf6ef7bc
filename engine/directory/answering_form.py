"""Whether a form is filled in as it should be, said field by field. Pure."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from engine.directory.answering_model import FormFieldModel
from engine.directory.findings import one_of
from engine.directory.numbers import is_e164, normalise

LONGEST = 5000
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_GREATEST = Decimal(10) ** 15


class WrongForm(ValueError):
    """`fields` says by field what is wrong; the message says it all."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {wrong}" for name, wrong in fields.items()))
        self.fields = dict(fields)


def checked(
    form: Mapping[str, FormFieldModel], values: Mapping[str, object], country: str
) -> dict[str, str | int | float]:
    """What is kept, in the form's order: numbers as such, telephone numbers in E.164; what is empty is left
    out. `country`: what numbers without a country code mean. Raises `WrongForm`.
    """
    wrong = {
        name: f"the form has no such field, expected {one_of(form, name)}"
        for name in values
        if name not in form
    }
    kept: dict[str, str | int | float] = {}
    for name, field in form.items():
        value = values.get(name)
        if isinstance(value, str):
            value = value.strip()
        if value is None or value == "":
            if field.required:
                wrong[name] = f"nothing is written in {field.label!r}, which is required"
            continue
        try:
            kept[name] = _read(field, value, country)
        except ValueError as error:
            wrong[name] = str(error)
    if wrong:
        raise WrongForm(wrong)
    return kept


def _read(field: FormFieldModel, value: object, country: str) -> str | int | float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{value!r} is neither text nor number")
    text = str(value)
    if len(text) > LONGEST:
        raise ValueError(f"it has {len(text)} characters, expected {LONGEST} at most")
    match field.kind:
        case "number":
            return _number(text)
        case "choice":
            if text not in field.choices:
                raise ValueError(f"{text!r} is no choice, expected {one_of(field.choices, text)}")
        case "phone":
            number = normalise(text, country)
            if not is_e164(number):
                raise ValueError(f"{text!r} is no telephone number, expected one such as +79031234567")
            return number
        case "email":
            if not _EMAIL.fullmatch(text) or len(text) > 254:
                raise ValueError(f"{text!r} is no e-mail address, expected one such as anna@example.org")
        case "text":
            pass
    return text


def _number(text: str) -> int | float:
    try:
        number = Decimal(text.replace(" ", "").replace("\u00a0", "").replace(",", "."))
        if not number.is_finite() or abs(number) >= _GREATEST:
            raise InvalidOperation
    except InvalidOperation:
        raise ValueError(f"{text!r} is no number, expected one such as 12 or 12,5") from None
    return int(number) if number == number.to_integral_value() else float(number)
