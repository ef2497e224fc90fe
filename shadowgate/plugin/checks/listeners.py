"""SG07: ports and Gateways, which routes are served at them, delegation, and who the clients are."""

from __future__ import annotations

from typing import Final

from shadowgate.plugin.checks import Check

CANNOT_LISTEN: Final = Check(
    "SG0701",
    "A port cannot be bound.",
    "Another program has it, it needs privileges, or the endpoint is not written as Twisted's server endpoints "
    "are. The configuration in service stays as it is.",
)
UNKNOWN_GATEWAY: Final = Check(
    "SG0702",
    "There is no such Gateway.",
    "A VirtualService names a Gateway that the configuration does not have; its rules are not served there. Check "
    "name and namespace (`namespace/name`; without one, the VirtualService's own), or add the Gateway.",
)
NOT_OPENED: Final = Check(
    "SG0703",
    "A Gateway has no port that is open.",
    "None of its servers is served, so that neither are the rules that are bound to it.",
)
HOSTS_APART: Final = Check(
    "SG0704",
    "A Gateway serves none of the hosts of a route.",
    "Rules are served for the hosts that the route and a server of the Gateway have in common, and only if the "
    "server lets in routes of this namespace. Compare `hosts` on both sides.",
)
SHARED_HOST: Final = Check(
    "SG0705",
    "Two objects have rules for the same host in the mesh.",
    "In a mesh only one of them would hold. Here both do, as they would at a Gateway: the older one first, then "
    "by namespace and name, and rules that match everything last. Write them into one object to have an order of "
    "your own.",
)
ELSEWHERE: Final = Check(
    "SG0706",
    "A match is for gateways or ports at which its rules are not served.",
    "`match[].gateways` and `match[].port` choose among the places that `gateways` of the VirtualService names; they "
    "add none. Write the Gateway there as well, or the port as a server of it has it.",
)
DELEGATE_UNKNOWN: Final = Check(
    "SG0711",
    "A rule delegates to nobody.",
    "There is no VirtualService of this name that has no hosts, so that the rule has no effect.",
)
DELEGATE_UNUSED: Final = Check(
    "SG0712",
    "Nobody delegates to a VirtualService without hosts.",
    "Its rules are used where a rule of another VirtualService names it under `delegate`.",
)
DELEGATE_CONFLICT: Final = Check(
    "SG0713",
    "A delegate's rule is for other requests than the rule that delegates.",
    "Each of its matches must lie within one of the delegating rule's: the same text or a longer prefix, and no "
    "regex on either side. The rule is left out.",
)
NO_LABELLED_CLIENTS: Final = Check(
    "SG0714",
    "No client has labels.",
    "`sourceLabels` asks for the labels of clients, and no native document gives labels to networks under "
    "`clients`. The match never holds.",
)
CLIENT_TWICE: Final = Check(
    "SG0715",
    "A network of clients is labelled twice.",
    "The labels of a client are those of the narrowest network that it is in. Write all labels of a network together.",
)
