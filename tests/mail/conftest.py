from tests.recordings.conftest import settings  # noqa: F401
from tests.signed_requests.conftest import ca  # noqa: F401
