"""Asking customers' web services: addresses with a call's values in them, limits, answers (F34)."""

from engine.scenarios.web_service.client import WebServiceClient

__all__ = ["WebServiceClient"]
