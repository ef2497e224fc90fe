"""What became of the objects of the Gateway API, as their ``status`` would say it.

Made of what ``gateways``, ``attachment`` and ``backends`` have found out; nothing is decided here but how much of a
route is left when single rules of it are wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from attrs import evolve

from shadowgate.config import conditions as words
from shadowgate.config.attachment import Attachments
from shadowgate.config.conditions import bad, first_bad, good
from shadowgate.config.gateways import CONTROLLER, Gateways, PlacedListener
from shadowgate.config.places import Answer
from shadowgate.model import (
    GATEWAY_GROUP,
    Condition,
    Gateway,
    ListenerStatus,
    ObjectKey,
    ParentStatus,
    Route,
    Rule,
    Status,
)

Plain = dict[str, Any]

_TROUBLE: Final = (words.CONFLICTED, words.PARTIALLY_INVALID)
"""Types that are as they should be when they do not hold."""


def make_statuses(gateways: Gateways, attachments: Attachments) -> tuple[Status, ...]:
    """Return the status of each object that is ours: classes, Gateways, then routes."""
    return (
        *(
            Status(ObjectKey(GATEWAY_GROUP, "GatewayClass", "", each.name), each.generation, (good(words.ACCEPTED),))
            for each in gateways.classes
        ),
        *(_gateway(each, gateways, attachments) for each in gateways.gateways.values()),
        *(_route(route, answers) for route, answers in attachments.answers if answers),
    )


# Gateways


def _gateway(gateway: Gateway, gateways: Gateways, attachments: Attachments) -> Status:
    listeners = gateways.listeners[gateway.namespace, gateway.name]
    shown = tuple(
        ListenerStatus(each.listener.name, each.kinds, attachments.attached.get(each.key, 0), each.conditions)
        for each in listeners
    )
    key = ObjectKey(GATEWAY_GROUP, "Gateway", gateway.namespace, gateway.name)
    return Status(key, gateway.generation, tuple(_gateway_conditions(gateway, listeners)), listeners=shown)


def _gateway_conditions(gateway: Gateway, listeners: Iterable[PlacedListener]) -> Iterator[Condition]:
    said = {each.type: each for each in gateway.conditions}
    refused = {each.listener.name: wrong for each in listeners if (wrong := first_bad(each.conditions, words.ACCEPTED))}
    message = "; ".join(f"{name}: {wrong.message}" for name, wrong in refused.items())
    usable = len(refused) < len(gateway.listeners)
    if words.ACCEPTED in said:
        yield said.pop(words.ACCEPTED)
    elif refused:
        yield Condition(words.ACCEPTED, usable, words.LISTENERS_NOT_VALID, message)
    else:
        yield good(words.ACCEPTED)
    if words.PROGRAMMED in said:
        yield said.pop(words.PROGRAMMED)
    elif any(each.is_open for each in listeners):
        yield good(words.PROGRAMMED)
    else:
        yield bad(words.PROGRAMMED, words.INVALID, "no listener is opened")
    yield from said.values()
    if gateway.is_default:
        yield good(words.DEFAULT_GATEWAY, "the Gateway has the default scope All")


# Routes


def _route(route: Route, answers: Iterable[Answer]) -> Status:
    parents = tuple(ParentStatus(each.parent, tuple(_route_conditions(route, each))) for each in answers)
    key = ObjectKey(GATEWAY_GROUP, route.kind, route.namespace, route.name)
    return Status(key, route.generation, parents=parents)


def _route_conditions(route: Route, answer: Answer) -> Iterator[Condition]:
    refused = {
        index: wrong for index, rule in enumerate(route.rules) if (wrong := first_bad(rule.conditions, words.ACCEPTED))
    }
    first = next(iter(refused.values()), None)
    none_left = first is not None and len(refused) == len(route.rules)
    yield first if answer.accepted.holds and none_left and first is not None else answer.accepted
    yield _references(route.rules)
    if first is not None and not none_left:
        # The specification wants the message to begin with these words; the rules answer 500 and are not skipped.
        which = ", ".join(route.rules[index].name or str(index) for index in refused)
        why = "; ".join(dict.fromkeys(wrong.message for wrong in refused.values()))
        message = f"Dropped Rule(s) {which}: {why}"
        yield Condition(words.PARTIALLY_INVALID, True, words.UNSUPPORTED_VALUE, message)


def _references(rules: Iterable[Rule]) -> Condition:
    """Return one condition for all references; its reason is the first one's, as a route has only one for all."""
    found = [
        each for rule in rules for each in rule.conditions if each.type == words.RESOLVED_REFS and each.holds is False
    ]
    if not found:
        return good(words.RESOLVED_REFS)
    return evolve(found[0], message="; ".join(dict.fromkeys(each.message for each in found)))


# The API's own form


def status_of(status: Status) -> Plain:
    """Return an object's ``status``, in the form and with the spelling of the API."""
    generation = status.generation
    if status.key.kind == "Gateway":
        return {
            "conditions": _conditions(status.conditions, generation),
            "listeners": [
                {
                    "name": each.name,
                    "supportedKinds": [{"group": group, "kind": kind} for group, kind in each.kinds],
                    "attachedRoutes": each.attached_routes,
                    "conditions": _conditions(each.conditions, generation),
                }
                for each in status.listeners
            ],
        }
    if status.parents:
        return {
            "parents": [
                {
                    "parentRef": _parent_ref(each),
                    "controllerName": CONTROLLER,
                    "conditions": _conditions(each.conditions, generation),
                }
                for each in status.parents
            ]
        }
    return {"conditions": _conditions(status.conditions, generation)}


def _parent_ref(status: ParentStatus) -> Plain:
    parent = status.parent
    key = parent.key
    shown: Plain = {"group": key.group, "kind": key.kind, "namespace": key.namespace, "name": key.name}
    if parent.section:
        shown["sectionName"] = parent.section
    if parent.port is not None:
        shown["port"] = parent.port
    return shown


def _conditions(conditions: Iterable[Condition], generation: int | None) -> list[Plain]:
    shown = {True: "True", False: "False", None: "Unknown"}
    observed = {} if generation is None else {"observedGeneration": generation}
    return [
        {
            "type": each.type,
            "status": shown[each.holds],
            "reason": each.reason,
            "message": each.message,
            **observed,
        }
        for each in conditions
    ]


# In words


def status_lines(statuses: Iterable[Status]) -> Iterator[str]:
    """Yield the statuses for people: one line for each object, one below it for each listener or parent."""
    for status in statuses:
        yield f"{status.key}: {_in_words(status.conditions)}" if status.conditions else f"{status.key}:"
        for listener in status.listeners:
            routes = "1 route" if listener.attached_routes == 1 else f"{listener.attached_routes} routes"
            yield f"  listener {listener.name}: {_in_words(listener.conditions)}; {routes}"
        for each in status.parents:
            parent = each.parent
            place = "".join(
                [f", {parent.section}" if parent.section else "", f", port {parent.port}" if parent.port else ""]
            )
            yield f"  {parent.key}{place}: {_in_words(each.conditions)}"


def _in_words(conditions: Iterable[Condition]) -> str:
    """Return the types that hold by their names, with reasons where those say more; the others as not holding."""
    said = []
    for each in conditions:
        if each.type in _TROUBLE and not each.holds:
            continue
        reason = "" if each.reason == each.type else f" ({each.reason})"
        said.append(f"{'' if each.holds else 'not ' if each.holds is False else 'perhaps '}{each.type}{reason}")
    return ", ".join(said)
