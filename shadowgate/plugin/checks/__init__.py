"""The kinds of problems, each with a code that keeps its meaning for ever.

A code is never given to another kind and never renumbered; one that is no longer reported stays, marked so.  A kind is
what a user would look up, not one sentence of the program: several sentences may share a code.  Each block of codes has
a module here, and the reference page of all of them is made from these modules:

====  ======================  =====================================================
SG00  ``reading``             files, YAML and values
SG01  ``istio_routing``       Istio's VirtualService and Gateway
SG02  ``istio_destinations``  Istio's DestinationRule, ServiceEntry and WorkloadEntry
SG03  ``kubernetes``          objects of the Kubernetes API
SG04  ``native``              the native form
SG05  ``references``          what several objects amount to together
SG06  ``plugins``             plugins and their options
SG07  ``listeners``           ports and Gateways, and which routes are served at them
SG08  ``gateway_api``         the Kubernetes Gateway API
SG09  ``variants``            variants of an application, and Iter8's
SG10  ``objects``             objects applied to a running gateway, and their store
====  ======================  =====================================================
"""

from __future__ import annotations

from attrs import frozen


@frozen
class Check:
    """One kind of problem.  ``title`` is a short sentence; ``text`` says what to do about it."""

    code: str
    title: str
    text: str


class Unfit(ValueError):
    """What a validator raises to say which check a value has failed; ``sentence`` is for the writer of the value."""

    def __init__(self, check: Check, sentence: str) -> None:
        super().__init__(sentence)
        self.check = check
