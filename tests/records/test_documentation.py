"""The page for billing departments says what the views are."""

from engine.records.documentation import PAGE, page


def test_the_page_is_made_from_the_views() -> None:
    assert PAGE.read_text() == page(), "run `python -m engine.records.documentation`"
