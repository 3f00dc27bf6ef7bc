from tests.signed_requests.conftest import ca  # noqa: F401
