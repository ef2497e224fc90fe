"""The plugin author's whole world.

Everything that a plugin may import from ShadowGate is here, in :mod:`shadowgate.http` (heads and headers),
:mod:`shadowgate.model` (for dialects) and :mod:`shadowgate.errors`.  The names below are a versioned contract:
see :data:`API_VERSION`.
"""

from shadowgate.http.head import RequestHead, ResponseHead
from shadowgate.http.headers import Headers
from shadowgate.plugin.checks import Check, Unfit
from shadowgate.plugin.declaration import API_VERSION, IDeclaration, Plugin
from shadowgate.plugin.documents import Document, Mapping, Node, Report, Scalar, Sequence
from shadowgate.plugin.interfaces import (
    IBalancer,
    IBalancerHooks,
    IBindingBalancer,
    IDialect,
    IFilter,
    IGenerator,
    IMatcher,
    IMirrorObserver,
    IMirrorPolicy,
    IRetryPolicy,
    ISource,
)
from shadowgate.plugin.records import ExchangeRecord, MirrorResult
from shadowgate.plugin.schema import ByteSize, Duration, OneOrMany, OptionDoc, describe, read
from shadowgate.plugin.values import (
    Attempt,
    BodyTransform,
    Candidate,
    Environment,
    FilterHooks,
    Metrics,
    Reply,
    Retries,
    SourceHandle,
)

__all__ = [
    "API_VERSION",
    "Attempt",
    "BodyTransform",
    "ByteSize",
    "Candidate",
    "Check",
    "Document",
    "Duration",
    "Environment",
    "ExchangeRecord",
    "FilterHooks",
    "Headers",
    "IBalancer",
    "IBalancerHooks",
    "IBindingBalancer",
    "IDeclaration",
    "IDialect",
    "IFilter",
    "IGenerator",
    "IMatcher",
    "IMirrorObserver",
    "IMirrorPolicy",
    "IRetryPolicy",
    "ISource",
    "Mapping",
    "Metrics",
    "MirrorResult",
    "Node",
    "OneOrMany",
    "OptionDoc",
    "Plugin",
    "Reply",
    "Report",
    "RequestHead",
    "ResponseHead",
    "Retries",
    "Scalar",
    "Sequence",
    "SourceHandle",
    "Unfit",
    "describe",
    "read",
]
