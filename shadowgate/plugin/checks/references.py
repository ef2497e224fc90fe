"""SG05: what several objects amount to together: names that nobody gave, things said twice, rules in vain."""

from __future__ import annotations

from typing import Final

from shadowgate.plugin.checks import Check

UNKNOWN_LISTENER: Final = Check(
    "SG0501",
    "There is no such listener.",
    "A route is bound to a listener that the configuration does not have. Check the spelling, or add the listener.",
)
UNKNOWN_HOST: Final = Check(
    "SG0502",
    "Nothing is known of the host of a destination.",
    "No Service, ServiceEntry or cluster has this name. Until there is one, its share of the requests is answered "
    "503, and a mirror copies nothing. Short names in Istio's and Kubernetes' objects mean a service of the "
    "object's own namespace.",
)
UNKNOWN_PORT: Final = Check(
    "SG0503",
    "The host has no such port.",
    "Destinations name the port of the service and not that of its pods. Choose one of those in `expected`. "
    "Clusters of the native form have no ports to choose from: their endpoints have one each.",
)
PORT_NOT_CHOSEN: Final = Check(
    "SG0504",
    "The host has several ports, and the destination names none.",
    "The first one is taken. A mesh would take the port that the client dialled, which means nothing at a "
    "gateway; write the port to make the choice your own.",
)
UNKNOWN_SUBSET: Final = Check(
    "SG0505",
    "The host has no such subset.",
    "Subsets are given by a DestinationRule, or under `subsets` of a cluster. Until there is one, its share of "
    "the requests is answered 503, and a mirror copies nothing.",
)
EMPTY_SUBSET: Final = Check(
    "SG0506",
    "No endpoint has the labels of the subset.",
    "A subset has the endpoints that carry all of its labels. Compare them with the labels of the pods or endpoints.",
)
NO_ENDPOINTS: Final = Check(
    "SG0507",
    "A host has no endpoints.",
    "Requests to it are answered 503. Check that the selector of the Service fits the labels of its pods, and "
    "that their EndpointSlices or Pods are part of the configuration.",
)
SAID_TWICE: Final = Check(
    "SG0508",
    "Two objects have one name.",
    "Which of them is meant would be a guess. Rename or remove one; the message says where the first stands.",
)
NAME_TAKEN: Final = Check(
    "SG0509",
    "A service is not found under one of its names.",
    "Its short name already means something else, so that only its longer names lead to it. Routes that use the "
    "short name go to the other one.",
)
LOOSE_ENDPOINTS: Final = Check(
    "SG0510",
    "Endpoints belong to no service, or to none of its ports.",
    "An EndpointSlice or Endpoints object serves the Service that it names, at the ports that have the same names "
    "there. Add the Service, or make the names agree.",
)
POLICY_WITHOUT_HOST: Final = Check(
    "SG0511",
    "A DestinationRule is for a host that nobody knows.",
    "Its subsets and policies have no effect. Check `spec.host`: a short name means a service of the rule's own "
    "namespace.",
)
POLICY_TWICE: Final = Check(
    "SG0512",
    "A host has the same subset, or a traffic policy, from two rules.",
    "Rules on one host are merged, the first one deciding; what this one says is passed over. Put it in one place.",
)
FIRST_PORT: Final = Check(
    "SG0513",
    "Requests for a service of several ports go to the first.",
    "No route takes requests for this name, so they go where the service is, as in a mesh. Write a route to "
    "choose another port.",
)
GIVES_WAY: Final = Check(
    "SG0514",
    "A host is declared twice, and one declaration knows its endpoints.",
    "Nothing is to be done: a Service without pods gives way to a ServiceEntry that says where the host is.",
)
UNREACHABLE: Final = Check(
    "SG0515",
    "A rule, or one of its matches, can never hold.",
    "The first rule that matches decides, and everything that this one matches is already taken by one above: a "
    "rule without matches, a shorter prefix, fewer conditions. Move the narrower rule up, or remove it.",
)
DUPLICATE: Final = Check(
    "SG0516",
    "Two matches are the same.",
    "The first rule that matches decides, so that the second match never does. Remove it, or tell them apart.",
)
MIRROR_TO_PRIMARY: Final = Check(
    "SG0517",
    "A mirror sends the copy to where the request itself goes.",
    "The same endpoints see these requests twice, with all that they change. Choose another subset or host for "
    "the mirror, or remove it.",
)
LOOP: Final = Check(
    "SG0518",
    "Requests come back to the gateway.",
    "An endpoint of this destination is one of the gateway's own ports. Unless another rule takes the request "
    "there, it goes round until a timeout ends it; a mirror multiplies it. Write the address of the service "
    "itself.",
)
ROUNDED_AWAY: Final = Check(
    "SG0519",
    "A percentage is so small that it is 0.",
    "Shares are told apart in steps of 0.0001 per cent (Envoy's millionths), and what is finer is cut off. Write "
    "0.0001 or more, or remove what never happens.",
)
WEIGHT_IN_VAIN: Final = Check(
    "SG0520",
    "A weight gives a destination no share, or makes no difference.",
    "Shares are weight / sum of weights. A destination of weight 0 beside others gets nothing; where all of them "
    "have 0, the first one gets everything. Write the weights that are meant.",
)
NO_SUCH_PATH: Final = Check(
    "SG0521",
    "No request has such a path.",
    "Paths are compared as they are sent: they begin with `/`, end before the `?` of the query, and hold visible ASCII "
    "alone, everything else percent-encoded. A match for another path never holds.",
)
DOUBLE_SLASH: Final = Check(
    "SG0522",
    "A rewritten path gets two slashes.",
    "The replacement takes the place of the prefix as text: with `/` for `/api`, `/api/users` becomes `//users`, which "
    "many servers do not know. Match `/api/` and, by itself, `/api`.",
)
