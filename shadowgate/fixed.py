"""Attrs values that are made by the hundred thousand: places, document nodes, uses of plugins.

``attrs.frozen`` writes every field past a lock of its own, which more than doubles what an instance costs.  Of a
``fixed`` class the type checker knows the same as of a frozen one and refuses an assignment; at run time nothing
watches.  Equality, hash and repr are those of a frozen class.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from attrs import frozen as fixed
else:
    from attrs import define, setters

    def fixed(cls: Any = None, *, eq: bool = True, **how: Any) -> Any:
        """Decorate a class, as ``attrs.frozen`` does."""
        how |= {"eq": eq, "unsafe_hash": True if eq else None}
        # No hooks for assignments that nobody makes: with them, the constructor is as slow as a frozen one's.  And
        # pickled by the interpreter itself, which takes half the time that attrs' own two methods take.
        return define(cls, on_setattr=setters.NO_OP, weakref_slot=False, getstate_setstate=False, **how)


__all__ = ["fixed"]
