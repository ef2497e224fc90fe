"""Why a request about objects is refused, in the words of the Kubernetes API (``Status.reason``)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from shadowgate.errors import Problem


class Reason(Enum):
    """The reasons, each with the status of its answer."""

    BAD_REQUEST = ("BadRequest", 400)
    FORBIDDEN = ("Forbidden", 403)
    NOT_FOUND = ("NotFound", 404)
    ALREADY_EXISTS = ("AlreadyExists", 409)
    TOO_LARGE = ("RequestEntityTooLarge", 413)
    INVALID = ("Invalid", 422)
    TOO_MANY = ("TooManyRequests", 429)
    NOT_STORED = ("InternalError", 500)
    UNAVAILABLE = ("ServiceUnavailable", 503)

    def __init__(self, word: str, status: int) -> None:
        self.word = word
        self.status = status


class Refused(Exception):
    """Nothing is changed, unless ``message`` says otherwise; ``problems`` are all that keep it from being done."""

    def __init__(self, reason: Reason, message: str, problems: Iterable[Problem] = ()) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.problems = tuple(problems)
