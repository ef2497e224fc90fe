"""Which names credentials stand under: their values are shown to nobody, in no report and no view."""

from __future__ import annotations

import re
from typing import Final

HIDDEN: Final = "[redacted]"

_CREDENTIAL: Final = re.compile(
    r"(?:proxy-)?authorization|.*[-_.]key|(?:.*[-_.])?(?:apikey|bearer|credentials?|jwt|pass(?:phrase|wd|word)|secret|token)",
    re.IGNORECASE,
)
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
"""Where a word begins in ``apiToken``, as options are written."""
_BETWEEN: Final = re.compile(r"[.\[\]: ]+")


def is_credential(name: str) -> bool:
    """Return whether the value of this key, header or parameter is a secret."""
    return _CREDENTIAL.fullmatch(_HUMP.sub("-", name)) is not None


def leads_to_credential(path: str) -> bool:
    """Return whether a problem's path (``spec.http[0].headers.request.set.authorization``) ends in or below one."""
    return any(map(is_credential, _BETWEEN.split(path)))
