"""One certificate authority for the whole module: making one takes a while."""

import pytest
import trustme


@pytest.fixture(scope="session")
def ca() -> trustme.CA:
    return trustme.CA()
