from tests.recordings.conftest import settings  # noqa: F401
from tests.web_service.conftest import ca  # noqa: F401
