"""Rules of recording (F01): the most specific decides, and a person's `false` goes before all."""

from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.directory.directory import Tenant
from engine.directory.model import TenantModel
from engine.directory.tenant_file import tenant_of
from engine.recordings.policy import Talk, announcement, announcement_ahead, announcements, is_recorded

NUMBER, QUEUE = "+74951234567", "sales"
SAYS: tuple[bool | None, ...] = (True, False, None)


def tenant(first: Any, second: Any, queue: Any, number: Any, whole: dict[str, Any]) -> Tenant:
    """Each level's `recording` as it is written; None: left out."""
    file = {
        "tenant": "romashka",
        "title": "Ромашка",
        "users": {"101": {"name": "Анна", "recording": first}, "102": {"name": "Пётр", "recording": second}},
        "queues": {QUEUE: {"members": ["101"], "recording": queue}},
        "numbers": {NUMBER: {"scenario": "main", "recording": number}},
        "recording": whole,
    }
    return tenant_of(TenantModel.model_validate(file))


def test_every_combination_of_rules_for_a_call_from_outside() -> None:
    for user, queue, number, enabled, internal in product(SAYS, SAYS, SAYS, (True, False), (True, False)):
        made = tenant(user, None, queue, number, {"enabled": enabled, "internal": internal})
        said = [one for one in (user, queue, number, enabled) if one is not None]
        assert is_recorded(made, Talk(NUMBER, QUEUE, ("101",))) is said[0], (user, queue, number, enabled)
        # Without the queue, without the number, to an outside number: what is left decides.
        assert is_recorded(made, Talk(NUMBER, "", ("101",))) is next(
            one for one in (user, number, enabled) if one is not None
        )
        assert is_recorded(made, Talk(NUMBER)) is (enabled if number is None else number)
        assert is_recorded(made, Talk()) is enabled


def test_every_combination_of_rules_between_colleagues() -> None:
    for first, second, enabled, internal in product(SAYS, SAYS, (True, False), (True, False)):
        made = tenant(first, second, None, None, {"enabled": enabled, "internal": internal})
        both = Talk(users=("101", "102"), internal=True)
        if False in (first, second):
            wanted = False
        elif True in (first, second):
            wanted = True
        else:
            wanted = enabled and internal
        assert is_recorded(made, both) is wanted, (first, second, enabled, internal)
        assert is_recorded(made, Talk(users=("102", "101"), internal=True)) is wanted, "in either order"


def test_the_long_form_says_the_same_and_may_leave_it_open() -> None:
    assert is_recorded(tenant({"enabled": False}, None, None, None, {}), Talk(users=("101",))) is False
    open_ = tenant({"announce": "recorded"}, None, None, {"enabled": False}, {})
    assert is_recorded(open_, Talk(NUMBER, "", ("101",))) is False
    assert is_recorded(open_, Talk("+74950000000", "none", ("999",))) is True, "who is unknown has no rules"


_RULE = (
    st.none()
    | st.booleans()
    | st.fixed_dictionaries(
        {},
        optional={
            "enabled": st.booleans(),
            "announce": st.sampled_from(["first", "second", False]),
        },
    )
)
_WHOLE = st.fixed_dictionaries(
    {}, optional={"enabled": st.booleans(), "announce": st.sampled_from(["whole"])}
)


@given(_RULE, _RULE, _RULE, _RULE, _WHOLE, st.booleans(), st.booleans())
def test_whoever_hears_it_is_recorded_and_whoever_should_does(
    first: Any, second: Any, queue: Any, number: Any, whole: Any, with_queue: bool, with_number: bool
) -> None:
    made = tenant(first, second, queue, number, whole)
    talk = Talk(NUMBER if with_number else "", QUEUE if with_queue else "", ("101",))
    said = announcement(made, talk)
    levels = [first, *([queue] if with_queue else []), *([number] if with_number else []), whole]
    written = [one["announce"] for one in levels if isinstance(one, dict) and "announce" in one]
    if is_recorded(made, talk):
        assert said == (written[0] or None if written else None)
    else:
        assert said is None
    assert announcement(made, Talk(users=("101", "102"), internal=True)) is None, "never among colleagues"
    ahead = announcement_ahead(made, talk.number, talk.queue, ["101", "102"])
    other = announcement(made, Talk(talk.number, talk.queue, ("102",)))
    assert ahead == (said if said is not None else other), "before anybody is known to answer"
    if said is not None:
        assert said in [prompt for _, prompt in announcements(made)], "it is made ahead"


def test_where_announcements_are_written() -> None:
    made = tenant({"announce": "a"}, False, {"announce": "b"}, {"announce": False}, {"announce": "c"})
    assert announcements(made) == [
        (("recording", "announce"), "c"),
        (("users", "101", "recording", "announce"), "a"),
        (("queues", QUEUE, "recording", "announce"), "b"),
    ]
