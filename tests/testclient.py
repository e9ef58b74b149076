"""Starlette's test client, without its notice that it will want another httpx."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a UserWarning of their own
    from starlette.testclient import TestClient

__all__ = ["TestClient"]
