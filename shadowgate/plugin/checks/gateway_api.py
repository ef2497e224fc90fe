"""SG08: the Kubernetes Gateway API."""

from __future__ import annotations

from typing import Final

from shadowgate.plugin.checks import Check

# What is written: SG0801 to SG0849

API_VERSION: Final = Check(
    "SG0801",
    "The Gateway API does not serve this kind in this version.",
    "Write `apiVersion: gateway.networking.k8s.io/v1`; `v1beta1` is read as well, and so is `v1alpha2`, which servers "
    "of today no longer have.",
)
NAME: Final = Check(
    "SG0802",
    "The object has no name.",
    "Every object has `metadata.name`; routes, Gateways and Filters are referred to by it.",
)
TOO_MANY: Final = Check(
    "SG0803",
    "There are more or fewer items than the API takes.",
    "The API bounds its lists, and servers refuse objects beyond that: 16 rules in an HTTPRoute, 64 matches in a rule "
    "and 128 in all rules together, 16 filters, 16 backendRefs, 16 hostnames. Divide the object into several.",
)
FORM: Final = Check(
    "SG0804",
    "This does not have the form that the API asks for.",
    "The sentence says which form it is: names of hosts, sections, kinds, headers and namespaces each have one, as "
    "servers check it. Hostnames are never IP addresses, and only a whole first label is a wildcard.",
)
PATH: Final = Check(
    "SG0805",
    "This cannot be compared with a path.",
    "`Exact` and `PathPrefix` begin with a slash and have no empty or dot segments, no `%2f`, `#` or `?`; they are "
    "compared as the path comes, so percent-encode what a path percent-encodes.",
)
REPEATED: Final = Check(
    "SG0806",
    "Something is said twice that can be said once.",
    "Names of rules, headers, parameters and listeners differ within their lists, and so do the references of a route "
    "to one parent, by `sectionName` or `port`.",
)
FILTER: Final = Check(
    "SG0807",
    "A filter does not have the settings that belong to its type.",
    "`type: RequestMirror` goes with `requestMirror`, `type: URLRewrite` with `urlRewrite` and so on, and with none "
    "else.",
)
FILTERS_EXCLUDE: Final = Check(
    "SG0808",
    "These filters, or a filter and what stands beside it, exclude each other.",
    "Only RequestMirror and ExtensionRef may stand more than once in a list. A RequestRedirect answers, so that no "
    "URLRewrite and no backendRefs go with it.",
)
FILTER_UNKNOWN: Final = Check(
    "SG0809",
    "A filter's type is not one that is served.",
    "A filter is never skipped, as it may be what protects the backend: requests of the rule are answered with 500, "
    "and the route's condition says `UnsupportedValue`. The other rules are served.",
)
PREFIX_REPLACED: Final = Check(
    "SG0810",
    "There is no one prefix that could be replaced.",
    "`ReplacePrefixMatch` replaces what the rule's match found, so that the rule has exactly one match, of type "
    "`PathPrefix`. Make a rule for each prefix.",
)
DURATION: Final = Check(
    "SG0811",
    "This is not a duration.",
    "The API writes whole numbers with `h`, `m`, `s` or `ms`, up to five digits each and four of them: `10s`, "
    "`1m30s`, `500ms`. `0s` switches a timeout off.",
)
TIMEOUTS: Final = Check(
    "SG0812",
    "An attempt may take longer than the whole request.",
    "`timeouts.backendRequest` bounds one attempt, `timeouts.request` all of them; make the first the shorter one.",
)
RETRY: Final = Check(
    "SG0813",
    "Retries cannot be like this.",
    "`attempts` counts the retries, from 1; `codes` are statuses from 400 to 599, each said once.",
)
SESSION: Final = Check(
    "SG0814",
    "Session persistence does not have what belongs to its type.",
    "`type: Cookie` goes with `cookie`, `type: Header` with `header`; a `Permanent` cookie needs `absoluteTimeout`. "
    "The `sessionName` and `idleTimeout` of older versions are `cookie.name` or `header.name`, and nothing.",
)
SHARE: Final = Check(
    "SG0815",
    "The share of a mirror cannot be like this.",
    "`percent` is 0 to 100, or `fraction` has a numerator from 0 up to its denominator; write one of them, or neither "
    "to copy everything.",
)
BACKEND: Final = Check(
    "SG0816",
    "This is not a reference to a backend.",
    "A reference to a Service names its port, which is the Service's own and not that of its endpoints; a weight is 0 "
    "to 1000000.",
)
CORS: Final = Check(
    "SG0817",
    "This does not belong into a CORS filter.",
    "Origins are `*`, or `http://` or `https://` before a host that may have wildcards to the left; methods and "
    "headers are names; `*` stands alone in its list; `maxAge` is 1 or more.",
)
LISTENER: Final = Check(
    "SG0818",
    "A listener does not have what belongs to its protocol.",
    "HTTP, TCP and UDP have no `tls`, HTTPS and TLS have it; TCP and UDP have no hostname; port, protocol and hostname "
    "together tell a Gateway's listeners apart, and so do their names.",
)
LISTENER_NOT_SERVED: Final = Check(
    "SG0819",
    "A listener is not opened.",
    "Only HTTP is served yet. TLS is never served in the clear instead: the port stays closed, and the listener's "
    "condition says `UnsupportedProtocol`.",
)
ROUTE_KINDS: Final = Check(
    "SG0820",
    "A listener names kinds of routes that are not served.",
    "HTTPRoute is what a listener for HTTP takes here; the listener's condition says `InvalidRouteKinds`.",
)
SELECTOR: Final = Check(
    "SG0821",
    "This does not select namespaces.",
    "`from: Selector` goes with `selector`, which has `matchLabels` or `matchExpressions`; `In` and `NotIn` have "
    "values, `Exists` and `DoesNotExist` have none.",
)
NOT_SERVED: Final = Check(
    "SG0822",
    "This part of the Gateway API is not served yet.",
    "Nothing is to be done; requests that only such an object or field would serve are not.",
)
NO_EFFECT: Final = Check(
    "SG0823",
    "This means nothing here.",
    "It is for whoever sets machines, addresses and other gateways up; requests are served the same without it.",
)
NO_PARENT: Final = Check(
    "SG0824",
    "A route is attached to nothing.",
    "Name the Gateway in `spec.parentRefs`, or take those with `defaultScope: All` by `useDefaultGateways: All`; "
    "without a parent no request comes to an HTTPRoute.",
)
NO_BACKEND: Final = Check(
    "SG0825",
    "A rule sends its requests nowhere.",
    "Without `backendRefs`, or where all weights are 0, requests are answered with 500, unless a filter such as "
    "RequestRedirect answers.",
)
ANNOTATION: Final = Check(
    "SG0826",
    "An annotation cannot be used like this.",
    "`shadowgate.io/mirror-suffix` holds what is put behind the host of copies, such as `-shadow`: letters, digits and "
    "hyphens, or nothing.",
)
HEADER: Final = Check(
    "SG0827",
    "A filter cannot change this header.",
    "What delimits bodies and manages connections is the gateway's own business, and a request keeps a Host; a value "
    "stands on one line.",
)
REGEX: Final = Check(
    "SG0828",
    "This is not a regular expression.",
    "Expressions are RE2's, as in other gateways, and match the whole value or path.",
)
EXTENSION_REF: Final = Check(
    "SG0829",
    "An ExtensionRef leads to no filter.",
    "It names a `Filter` of `shadowgate.io/v1` in the route's namespace. Such a filter is never skipped: requests are "
    "answered with 500 until it can be found.",
)
DEPRECATED: Final = Check(
    "SG0830",
    "There is another way to write this by now.",
    "It works; the sentence says what the API of today has in its place.",
)

# What objects amount to together: SG0850 to SG0899

NO_CLASS: Final = Check(
    "SG0850",
    "There is no GatewayClass for a Gateway.",
    "Whose Gateway it is would be said by its class. Where none is given, as in plain files, the Gateway is taken for "
    "this gateway's own; add the GatewayClass with `controllerName: shadowgate.io/gateway-controller` to say so.",
)
NOT_OURS: Final = Check(
    "SG0851",
    "A Gateway belongs to another controller.",
    "Its GatewayClass names another `controllerName`; neither its listeners nor the routes attached to it are served "
    "here.",
)
LISTENERS_CONFLICT: Final = Check(
    "SG0852",
    "Listeners of one port exclude each other.",
    "Listeners of one port differ in their hostnames and are all for HTTP or all for TLS. Within a Gateway none of "
    "those that exclude each other is opened; of several Gateways the older one keeps the hostname.",
)
NOT_ATTACHED: Final = Check(
    "SG0860",
    "A route is not attached to a parent that it names.",
    "The route's condition Accepted has the reason: no such Gateway, listener, Service or port "
    "(`NoMatchingParent`), listeners that do not take routes of this kind or namespace (`NotAllowedByListeners`), or "
    "no hostname in common (`NoMatchingListenerHostname`).",
)
NO_OPEN_LISTENER: Final = Check(
    "SG0861",
    "A route is attached to listeners that are not served.",
    "The route is accepted, and no request comes to it by this parent, because none of the listeners is open. Their "
    "conditions say why.",
)
OVERSHADOWED: Final = Check(
    "SG0862",
    "A narrower listener takes all requests for hostnames of a route.",
    "Only the most specific listener of a port serves a request, whatever routes it has. Attach the route to that "
    "listener, or name other hosts.",
)
BAD_BACKEND: Final = Check(
    "SG0870",
    "A backend cannot be used.",
    "Its share of the requests is answered with 500. The route's condition ResolvedRefs has the reason: a kind that is "
    "not served (`InvalidKind`), no such Service or port (`BackendNotFound`), another namespace without a "
    "ReferenceGrant (`RefNotPermitted`), a protocol that is not spoken (`UnsupportedProtocol`).",
)
BAD_MIRROR: Final = Check(
    "SG0871",
    "A mirror's backend cannot be used.",
    "Nothing is copied there, and the requests themselves are served as without the mirror. The reasons are those of "
    "SG0870.",
)
BOTH_DIALECTS: Final = Check(
    "SG0880",
    "A host has rules in both dialects.",
    "Rules of HTTPRoutes are ranked by how specific they are, those of a VirtualService stand in their order. Where "
    "both are for one host and place, the older object's come first, HTTPRoutes together, and rules that match "
    "everything last. Write them in one dialect to have one order.",
)
