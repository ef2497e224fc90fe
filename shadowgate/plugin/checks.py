"""The kinds of problems, each with a code that keeps its meaning for ever.

A code is never given to another kind and never renumbered; one that is no longer reported stays here, marked so.  The
reference page of all codes is made from this module.  Blocks: 00 reading YAML and values, 01 Istio routing, 02 Istio
destinations and services, 03 Kubernetes, 04 the native form, 05 references between objects, 06 plugins, 07 listeners.
"""

from __future__ import annotations

from attrs import frozen


@frozen
class Check:
    """One kind of problem.  ``title`` is a short sentence; ``text`` says what to do about it."""

    code: str
    title: str
    text: str
