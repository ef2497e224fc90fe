"""What a plugin's own tests need: messages, surroundings, components read from YAML, and contracts to inherit.

Public and versioned like :mod:`shadowgate.plugin`.  Nothing in the package imports it; it needs no test framework.
"""

from shadowgate.testing.contracts import (
    BalancerContract,
    FilterContract,
    GeneratorContract,
    MatcherContract,
    MirrorObserverContract,
    MirrorPolicyContract,
    RetryPolicyContract,
)
from shadowgate.testing.messages import exchange_record, mirror_result, request, response
from shadowgate.testing.options import compile_component, from_yaml
from shadowgate.testing.surroundings import FakeCandidate, MemoryMetrics, candidates, environment

__all__ = [
    "BalancerContract",
    "FakeCandidate",
    "FilterContract",
    "GeneratorContract",
    "MatcherContract",
    "MemoryMetrics",
    "MirrorObserverContract",
    "MirrorPolicyContract",
    "RetryPolicyContract",
    "candidates",
    "compile_component",
    "environment",
    "exchange_record",
    "from_yaml",
    "mirror_result",
    "request",
    "response",
]
