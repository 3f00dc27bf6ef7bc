"""Asking customers' web services: addresses, signature, limits, answers (F34)."""

from engine.scenarios.web_service.client import WebServiceClient

__all__ = ["WebServiceClient"]
