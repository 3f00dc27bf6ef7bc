"""The pages: `/healthz` and `/metrics`."""

from datetime import UTC, datetime

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from engine.web.metrics import own_metrics
from engine.web.probes import Health, Probes


def create_application(probes: Probes) -> FastAPI:
    """`probes` stays its owner's; the application only asks."""
    application = FastAPI(title="vats", docs_url=None, redoc_url=None, openapi_url=None)

    @application.get("/healthz")
    async def healthz() -> JSONResponse:
        """200 when calls are served (`well`, or `degraded` with reasons), 503 when they are not (`ill`)."""
        health = await probes.health()
        return JSONResponse(_as_json(health), status_code=503 if health.ill else 200)

    @application.get("/metrics")
    async def metrics() -> Response:
        """The engine's own metrics, when it answers, and what can be seen from outside."""
        health = await probes.health()
        engine = await probes.engine_metrics() if health.engine.well else ""
        return Response(engine + own_metrics(health), media_type=CONTENT_TYPE_LATEST)

    return application


def _as_json(health: Health) -> dict[str, object]:
    at = datetime.fromtimestamp(health.at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return {
        "status": health.status,
        "at": at.replace("+00:00", "Z"),
        "reasons": health.reasons,
        "probes": {
            probe.name: {
                "well": probe.well,
                "took_ms": round(probe.took_s * 1000, 1),
                **({"cause": probe.cause} if probe.cause else {}),
                **probe.details,
            }
            for probe in health.probes
        },
    }
