"""The ``path-rewrite`` filter: another path upstream, the same query."""

from __future__ import annotations

import re
from typing import Any, Final

from attrs import Attribute, field, frozen
from zope.interface import implementer

from shadowgate.bundled.paths import Rewrite, path_text, replace_prefix, replace_segments, whole_path
from shadowgate.http.head import RequestHead
from shadowgate.plugin.interfaces import IFilter
from shadowgate.plugin.regex import compile_regex
from shadowgate.plugin.values import Environment, FilterHooks

# A group of a regex, or a backslash.
_GROUP: Final = re.compile(r"\\([0-9])|\\(\\)", re.ASCII)


def _compiles(_instance: Any, _attribute: Attribute[str | None], value: str | None) -> None:
    if value is not None:
        compile_regex(value)


@implementer(IFilter)
@frozen(kw_only=True)
class PathRewrite:
    """Replaces the whole path, or what one of ``prefix``, ``segments`` and ``regex`` finds in it.

    A path in which nothing is found stays as it is.  Matching and replacing see the bytes of the path, undecoded.
    """

    replacement: str = field(
        validator=path_text,
        metadata={"doc": "What stands there afterwards; with regex, \\1 to \\9 are its groups and \\0 all of it."},
    )
    prefix: str | None = field(
        default=None,
        validator=whole_path,
        metadata={"doc": "The beginning to replace, as plain text (Istio rewrite.uri below a prefix match)."},
    )
    segments: str | None = field(
        default=None,
        validator=whole_path,
        metadata={"doc": "The leading path elements to replace (Gateway API ReplacePrefixMatch)."},
    )
    regex: str | None = field(
        default=None,
        validator=_compiles,
        metadata={"doc": "An RE2 expression; every part of the path that it matches is replaced."},
    )
    ignore_case: bool = field(
        default=False, metadata={"doc": "Whether the prefix or the segments are found in any case."}
    )

    def __attrs_post_init__(self) -> None:
        given = [name for name in ("prefix", "segments", "regex") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"give at most one of prefix, segments and regex; there is {' and '.join(given)}")
        if self.regex is not None:
            _pieces(self.replacement, compile_regex(self.regex).groups)
        elif self.segments is None and not self.replacement.startswith("/"):
            raise ValueError('replacement begins with "/"')

    def compile(self, env: Environment) -> FilterHooks:
        rewrite = self._rewrite()

        def on_request(head: RequestHead) -> None:
            path = head.path
            if path == b"*":  # OPTIONS * asks about the server and has no path (RFC 9112 section 3.2.4)
                return
            changed = rewrite(path)
            if changed != path:
                head.retarget(changed + head.target[len(path) :])

        return FilterHooks(on_request=on_request, pure=True)

    def _rewrite(self) -> Rewrite:
        if self.regex is not None:
            return _by_regex(self.regex, self.replacement)
        if self.segments is not None:
            return replace_segments(self.segments, self.replacement, ignore_case=self.ignore_case)
        if self.prefix is not None:
            return replace_prefix(self.prefix, self.replacement, ignore_case=self.ignore_case)
        replacement = self.replacement.encode()
        return lambda path: replacement


def _by_regex(pattern: str, replacement: str) -> Rewrite:
    compiled = compile_regex(pattern)
    pieces = _pieces(replacement, compiled.groups)

    def expand(match: Any) -> bytes:
        return b"".join([piece if type(piece) is bytes else match.group(piece) or b"" for piece in pieces])

    def rewrite(path: bytes) -> bytes:
        changed: bytes = compiled.sub(expand, path)
        return changed if changed.startswith(b"/") else b"/" + changed

    return rewrite


def _pieces(replacement: str, groups: int) -> tuple[bytes | int, ...]:
    r"""Return the replacement as text and group numbers: RE2's own syntax, where ``\0`` is all that was matched."""
    pieces: list[bytes | int] = []
    end = 0
    for found in _GROUP.finditer(replacement):
        pieces.append(_literal(replacement[end : found.start()]))
        end = found.end()
        if found[2]:
            pieces.append(b"\\")
        elif int(found[1]) > groups:
            raise ValueError(f"replacement asks for \\{found[1]}, but the regex has {groups} groups")
        else:
            pieces.append(int(found[1]))
    pieces.append(_literal(replacement[end:]))
    return tuple(piece for piece in pieces if piece != b"")


def _literal(text: str) -> bytes:
    if "\\" in text:
        raise ValueError("a backslash in replacement is followed by a group's digit, or by another backslash")
    return text.encode()
