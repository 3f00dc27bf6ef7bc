"""A form's values: what is kept, and what is wrong, field by field (F20)."""

import pytest

from engine.directory.answering_form import WrongForm, checked
from engine.directory.answering_model import AnsweringModel

FORM = AnsweringModel.model_validate(
    {
        "form": {
            "topic": {"label": "Тема", "kind": "choice", "choices": ["Заказ", "Жалоба"], "required": True},
            "message": {"label": "Сообщение"},
            "number": {"label": "Перезвонить", "kind": "phone"},
            "mail": {"label": "Почта", "kind": "email"},
            "pieces": {"label": "Штук", "kind": "number"},
        }
    }
).form


def test_values_are_kept_as_what_they_are() -> None:
    given = {
        "pieces": "1 200,5",
        "number": "8 903 111-22-33",
        "topic": "Заказ",
        "mail": "  ",
        "message": " Перезвоните\nпосле обеда ",
    }
    assert checked(FORM, given, "RU") == {
        "topic": "Заказ",
        "message": "Перезвоните\nпосле обеда",
        "number": "+79031112233",
        "pieces": 1200.5,
    }
    assert checked(FORM, {"topic": "Жалоба", "pieces": 3}, "RU")["pieces"] == 3


def test_each_field_says_what_is_wrong() -> None:
    given = {
        "topic": "Закас",
        "number": "завтра",
        "mail": "anna@",
        "pieces": "много",
        "messag": "x",
        "message": "x" * 5001,
    }
    with pytest.raises(WrongForm) as error:
        checked(FORM, given, "RU")
    assert error.value.fields == {
        "messag": "the form has no such field, expected one of mail, message, number, pieces, topic (did you "
        "mean message?)",
        "topic": "'Закас' is no choice, expected one of Жалоба, Заказ (did you mean Заказ?)",
        "message": "it has 5001 characters, expected 5000 at most",
        "number": "'завтра' is no telephone number, expected one such as +79031234567",
        "mail": "'anna@' is no e-mail address, expected one such as anna@example.org",
        "pieces": "'много' is no number, expected one such as 12 or 12,5",
    }


@pytest.mark.parametrize("value", ["nan", "inf", "1e40", True, ["1"]])
def test_no_number(value: object) -> None:
    with pytest.raises(WrongForm, match="pieces"):
        checked(FORM, {"topic": "Заказ", "pieces": value}, "RU")


def test_what_is_required() -> None:
    with pytest.raises(WrongForm, match="topic: nothing is written in 'Тема', which is required"):
        checked(FORM, {"topic": " "}, "RU")
