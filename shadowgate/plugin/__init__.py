"""The plugin author's whole world.

Everything that a plugin may import from ShadowGate is here, in :mod:`shadowgate.http` (heads and headers),
:mod:`shadowgate.model` (for dialects) and :mod:`shadowgate.errors`.  The names below are a versioned contract:
see :data:`API_VERSION`.
"""

from shadowgate.http.head import RequestHead, ResponseHead
from shadowgate.http.headers import Headers
from shadowgate.plugin.declaration import API_VERSION, IDeclaration, Plugin
from shadowgate.plugin.documents import Document, Mapping, Node, Report, Scalar, Sequence
from shadowgate.plugin.interfaces import (
    IBalancer,
    IDialect,
    IFilter,
    IMatcher,
    IMirrorObserver,
    IMirrorPolicy,
    ISource,
)
from shadowgate.plugin.schema import ByteSize, Duration, OneOrMany, OptionDoc, describe, read
from shadowgate.plugin.values import (
    BodyTransform,
    Candidate,
    Environment,
    ExchangeRecord,
    FilterHooks,
    Metrics,
    MirrorResult,
    Reply,
    SourceHandle,
)

__all__ = [
    "API_VERSION",
    "BodyTransform",
    "ByteSize",
    "Candidate",
    "Document",
    "Duration",
    "Environment",
    "ExchangeRecord",
    "FilterHooks",
    "Headers",
    "IBalancer",
    "IDeclaration",
    "IDialect",
    "IFilter",
    "IMatcher",
    "IMirrorObserver",
    "IMirrorPolicy",
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
    "Scalar",
    "Sequence",
    "SourceHandle",
    "describe",
    "read",
]
