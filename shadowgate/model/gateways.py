"""What the Gateway API says besides rules: where routes are attached, who may refer to whom, and what came of it.

Source: ``gateway.networking.k8s.io`` v1.  Translation fills in the API's defaults; whether a reference holds, a
listener takes a route and what an object's conditions are is decided in ``config``, where all objects are known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from attrs import field, frozen

from shadowgate.errors import NOWHERE, Position
from shadowgate.model.use import PluginUse

GATEWAY_GROUP = "gateway.networking.k8s.io"


@frozen
class ObjectKey:
    """Which object: API group, kind, namespace (empty for those that have none) and name."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@frozen
class Reference:
    """An object that another one names (``backendRef``), with its namespace filled in; ``port`` is a Service's."""

    key: ObjectKey
    port: int | None = None
    position: Position = field(default=NOWHERE, eq=False)


@frozen
class ParentReference:
    """Where a Route wants to be attached (``parentRefs[]``): a Gateway, one listener of it, or a Service."""

    key: ObjectKey
    section: str = ""
    port: int | None = None
    position: Position = field(default=NOWHERE, eq=False)


@frozen
class Condition:
    """One condition of an object, in the API's words; ``holds`` is its status, None for Unknown."""

    type: str
    holds: bool | None
    reason: str
    message: str = ""


@frozen
class LabelRequirement:
    """``matchExpressions[]`` of a label selector."""

    key: str
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    values: tuple[str, ...] = ()


@frozen
class LabelSelector:
    """Labels that something must carry; all of it holds, and an empty one selects everything."""

    labels: Mapping[str, str] = field(factory=dict)
    requirements: tuple[LabelRequirement, ...] = ()


@frozen
class GatewayListener:
    """One of ``Gateway.spec.listeners[]``.

    ``kinds`` are the ``(group, kind)`` of routes that it takes; ``admits`` and ``selector`` are the namespaces that
    they come from.  ``conditions`` are those that its own text already settles (an unsupported protocol, a bad
    certificate reference); one of type Accepted that does not hold keeps it closed.
    """

    name: str
    port: int
    protocol: str
    hostname: str = ""
    kinds: tuple[tuple[str, str], ...] = ((GATEWAY_GROUP, "HTTPRoute"),)
    admits: Literal["All", "Same", "Selector", "None"] = "Same"
    selector: LabelSelector | None = None
    conditions: tuple[Condition, ...] = ()
    position: Position = field(default=NOWHERE, eq=False)


@frozen
class Gateway:
    """A Gateway of the Gateway API; Istio's are translated to :class:`Listener` at once.

    ``is_default`` makes it a parent of all routes that ask for the default ones (``defaultScope``).
    """

    name: str
    namespace: str
    class_name: str
    listeners: tuple[GatewayListener, ...]
    conditions: tuple[Condition, ...] = ()
    created: str = ""
    generation: int | None = None
    position: Position = field(default=NOWHERE, eq=False)
    is_default: bool = False


@frozen
class GatewayClass:
    """A class of Gateways and whose they are (``spec.controllerName``)."""

    name: str
    controller: str
    generation: int | None = None
    position: Position = field(default=NOWHERE, eq=False)


@frozen
class Namespace:
    """A namespace with its labels, for listeners that admit routes by them."""

    name: str
    labels: Mapping[str, str]
    position: Position = field(default=NOWHERE, eq=False)


@frozen
class Grantee:
    """Whose references are allowed (``ReferenceGrant.spec.from[]``)."""

    group: str
    kind: str
    namespace: str


@frozen
class GrantTarget:
    """What may be referred to (``ReferenceGrant.spec.to[]``); an empty name is every object of the kind."""

    group: str
    kind: str
    name: str = ""


@frozen
class ReferenceGrant:
    """References into ``namespace`` that one of ``sources`` may make to one of ``targets``."""

    name: str
    namespace: str
    sources: tuple[Grantee, ...]
    targets: tuple[GrantTarget, ...]
    position: Position = field(default=NOWHERE, eq=False)


@frozen
class FilterDefinition:
    """A use of a filter plugin under a name, for rules to refer to (``Filter`` of ``shadowgate.io``)."""

    name: str
    namespace: str
    use: PluginUse
    position: Position = field(default=NOWHERE, eq=False)


@frozen
class ParentStatus:
    """What became of one parent reference (``status.parents[]``)."""

    parent: ParentReference
    conditions: tuple[Condition, ...]


@frozen
class ListenerStatus:
    """What became of one listener (``status.listeners[]``)."""

    name: str
    kinds: tuple[tuple[str, str], ...]
    attached_routes: int
    conditions: tuple[Condition, ...]


@frozen
class Status:
    """What became of one object, as its ``status`` would say."""

    key: ObjectKey
    generation: int | None = None
    conditions: tuple[Condition, ...] = ()
    parents: tuple[ParentStatus, ...] = ()
    listeners: tuple[ListenerStatus, ...] = ()
