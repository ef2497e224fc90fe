"""Fields of the Gateway API that are read and have no effect yet: marks for the reference, as metadata of the fields.

Whoever reads such a field tells its writer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_MARK: Final = "shadowgate_unserved"

NOT_SERVED: Mapping[str, Any] = {_MARK: "warning"}
"""Requests go where they should, but something that was asked for is not done."""

FAILS: Mapping[str, Any] = {_MARK: "failure"}
"""Requests of the rule, or of the backend, are answered with 500."""

WITHOUT_EFFECT: Mapping[str, Any] = {_MARK: "info"}
"""It means nothing to a gateway's requests."""
