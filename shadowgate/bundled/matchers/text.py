"""A condition on one text, and the options by which a matcher asks for it.

Istio's StringMatch and its presence: exactly one of ``exact``, ``prefix``, ``regex`` and, where a value can be
missing, ``present``.  A regex matches the whole value.  What is tested are bytes as they came; which bytes those are
is the matcher's business.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import Attribute, field, frozen

from shadowgate.plugin.regex import compile_regex

Test = Callable[[bytes], bool]


def _not_empty(_instance: Any, _attribute: Attribute[str | None], value: str | None) -> None:
    if value == "":
        raise ValueError("an empty prefix holds for every value; leave it out, or use present")


def _compiles(_instance: Any, _attribute: Attribute[str | None], value: str | None) -> None:
    if value is not None:
        compile_regex(value)


@frozen(kw_only=True)
class TextOptions:
    """The alternatives for a value that is always there."""

    exact: str | None = field(default=None, metadata={"doc": "The whole value."})
    prefix: str | None = field(default=None, validator=_not_empty, metadata={"doc": "How the value begins."})
    regex: str | None = field(
        default=None, validator=_compiles, metadata={"doc": "An RE2 expression that matches the whole value."}
    )
    ignore_case: bool = field(default=False, metadata={"doc": "Whether upper and lower case are alike."})

    def __attrs_post_init__(self) -> None:
        alternatives = self.alternatives()
        given = [name for name, value in alternatives.items() if value is not None]
        if len(given) != 1:
            *names, last = alternatives
            found = " and ".join(given) if given else "none of them"
            raise ValueError(f"give exactly one of {', '.join(names)} and {last}; there is {found}")

    def alternatives(self) -> dict[str, Any]:
        """Return the options of which exactly one is given."""
        return {"exact": self.exact, "prefix": self.prefix, "regex": self.regex}

    @property
    def literal(self) -> bytes | None:
        """The one value that holds byte for byte, where there is one: a comparison is cheaper than a call."""
        return None if self.exact is None or self.ignore_case else self.exact.encode()

    def test(self) -> Test:
        """Return the condition that the options ask for; case is folded for ASCII letters, and by RE2 in a regex."""
        if self.regex is not None:
            fullmatch = compile_regex(self.regex, ignore_case=self.ignore_case).fullmatch
            return lambda value: fullmatch(value) is not None
        if self.prefix is not None:
            start = self.prefix.encode()
            if self.ignore_case:
                start = start.lower()
                return lambda value: value.lower().startswith(start)
            return lambda value: value.startswith(start)
        whole = (self.exact or "").encode()
        if self.ignore_case:
            whole = whole.lower()
            return lambda value: value.lower() == whole
        return whole.__eq__


@frozen(kw_only=True)
class PresenceOptions(TextOptions):
    """The alternatives for a value that can be missing."""

    present: bool | None = field(
        default=None, metadata={"doc": "True: it is there, whatever its value; false: it is not there."}
    )

    def alternatives(self) -> dict[str, Any]:
        return {**super().alternatives(), "present": self.present}
