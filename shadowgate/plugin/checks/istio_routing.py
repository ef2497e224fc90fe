"""SG01: Istio's VirtualService and Gateway."""

from __future__ import annotations

from typing import Final

from shadowgate.plugin.checks import Check

# Objects

API_VERSION: Final = Check(
    "SG0100",
    "Istio has no such version of its API.",
    "Write `networking.istio.io/v1`; `v1beta1` and `v1alpha3` mean the same.",
)
NAME: Final = Check(
    "SG0101",
    "An object has no name.",
    "Every object of Istio has `metadata.name`; others refer to it by that.",
)
NO_RULES: Final = Check(
    "SG0102",
    "A VirtualService has no rules.",
    "Give it at least one item under `http`.",
)
NO_HOSTS: Final = Check(
    "SG0103",
    "A VirtualService is for no hosts, and nobody delegates to it.",
    "Write the names that its rules are for. Only one that others delegate to has no hosts, and then no "
    "`gateways`, `tls` and `tcp` either.",
)
HOST: Final = Check(
    "SG0104",
    "This is not a host that rules can be for.",
    'Write a name without scheme and port, `"*."` before a name, or `"*"`. A short name means a service of the '
    "object's own namespace.",
)
HOST_NEEDS_GATEWAY: Final = Check(
    "SG0105",
    "A host that is no name is used in the mesh.",
    'Rules for `"*"` and for IP addresses need `gateways` without `mesh`: in a mesh, which is what holds where '
    "nothing is written, rules are for names.",
)
HOSTS_OVERLAP: Final = Check(
    "SG0106",
    "Two hosts of one VirtualService overlap.",
    "Remove the one that the other covers; their rules are the same.",
)
GATEWAY_NAME: Final = Check(
    "SG0107",
    "This is not the name of a Gateway.",
    "Write `name` for a Gateway of the same namespace, `namespace/name` for another one, or `mesh`.",
)
NOT_SERVED: Final = Check(
    "SG0108",
    "Something that Istio has is not served.",
    "As a warning, the rest of the object does what it says. As an error, to go on without it would send requests "
    "somewhere that nobody asked for.",
)
NO_EFFECT: Final = Check(
    "SG0109",
    "Something is read that means nothing outside a mesh.",
    "Nothing is to be done: it says which proxies of a mesh an object is for, and a gateway serves all that it is "
    "given.",
)
EXPORT_TO: Final = Check(
    "SG0110",
    "exportTo does not name namespaces.",
    "Write namespaces by name, `.` for the object's own or `*` for all; `*` stands alone.",
)

# Rules

NO_ACTION: Final = Check(
    "SG0111",
    "A rule does not say what becomes of its requests.",
    "Give it `route`, `redirect`, `directResponse` or `delegate`.",
)
ACTIONS_EXCLUDE: Final = Check(
    "SG0112",
    "A rule has actions that exclude each other.",
    "A rule forwards (`route`), redirects, answers (`directResponse`) or delegates. `fault` and `rewrite` are for "
    "rules that forward.",
)
DELEGATE: Final = Check(
    "SG0113",
    "Delegation cannot work like this.",
    "A rule delegates by name to a VirtualService that has no hosts; that one's rules cannot delegate any further.",
)
MIRRORS_EXCLUDE: Final = Check(
    "SG0114",
    "mirror and mirrors stand side by side.",
    "Write all of them into `mirrors`, each with its own percentage.",
)
DEPRECATED: Final = Check(
    "SG0115",
    "A field has been replaced by a newer one.",
    "It still means what it meant; write the newer one.",
)
PERCENTAGE: Final = Check(
    "SG0116",
    "This is not a percentage.",
    "A percentage lies between 0 and 100; that of a fault is 0 or at least 0.0001.",
)
PERCENTAGE_IN_VAIN: Final = Check(
    "SG0117",
    "A percentage has nothing that it could govern.",
    "`mirrorPercentage` and `mirrorPercent` are for `mirror`; each item of `mirrors` has a percentage of its own.",
)
DESTINATION: Final = Check(
    "SG0118",
    "This is not a destination.",
    "A destination is one host by its name, without port and wildcard; the port stands in `port.number`, 1 to "
    "65535, and a subset's name is a DNS label.",
)
WEIGHT: Final = Check(
    "SG0119",
    "Weights do not share out the requests.",
    "A weight is a whole number from 0 up; of several destinations at least one has more than 0. They need not "
    "make 100.",
)
DURATION: Final = Check(
    "SG0120",
    "A duration is too short or too fine.",
    "A duration is at least 1ms and a whole number of milliseconds; `corsPolicy.maxAge` is a whole number of seconds.",
)

# Matches

STRING_MATCH: Final = Check(
    "SG0121",
    "A condition on a text does not say what it must be.",
    "Write exactly one of `exact`, `prefix` and `regex`. An empty prefix would hold for every value; to ask only "
    "that a header or parameter is there, write `{}`.",
)
REGEX: Final = Check(
    "SG0122",
    "This is not a regular expression of RE2.",
    "Istio's expressions are RE2's: no look-around, no back-references, at most 1024 characters, and the whole "
    "value must match.",
)
HEADER_NAME: Final = Check(
    "SG0123",
    "This is not the name of a header.",
    "Names have letters, digits and hyphens. Method, scheme and host have keys of their own in a match.",
)
PORT: Final = Check(
    "SG0124",
    "This is not a port.",
    "A port is a number from 1 to 65535.",
)
LABELS: Final = Check(
    "SG0125",
    "These are not labels as Kubernetes has them.",
    "A label's name has at most 63 letters, digits, `-`, `_` and `.`, after an optional DNS name and `/`; so has "
    "its value, which may be empty.",
)
SOURCE_UNKNOWN: Final = Check(
    "SG0126",
    "Nobody knows where a request comes from in this way.",
    "Outside a mesh a client has no namespace and no token that was checked: a match that asks for it never "
    "holds. `sourceLabels` can be used: give labels to networks of clients under `clients` of a native document.",
)

# Header operations

HEADER_VALUE: Final = Check(
    "SG0127",
    "This cannot be the value of a header.",
    "A value stands on one line and has no control characters.",
)
HOST_HEADER: Final = Check(
    "SG0128",
    "Host cannot be changed here.",
    "`Host` and `:authority` can be given to requests with `set` or `add`. They cannot be removed, and answers "
    "have none.",
)
AUTHORITY_TWICE: Final = Check(
    "SG0129",
    "The host of the forwarded request is said twice.",
    "Use `rewrite.authority` or a header operation on `Host`, once.",
)

# Actions

REWRITE: Final = Check(
    "SG0131",
    "A rewrite does not say what to rewrite.",
    "Give it `authority`, and `uri` or `uriRegexRewrite` (with both `match` and `rewrite`), or only one of them.",
)
REDIRECT: Final = Check(
    "SG0132",
    "A redirect cannot be made like this.",
    "Give it at least one of `uri`, `prefixRewrite`, `authority`, `port`, `derivePort` and `scheme` (http or "
    "https). `redirectCode` lies between 300 and 399; `uri` and `prefixRewrite` exclude each other, and so do "
    "`port` and `derivePort`.",
)
REDIRECT_PREFIX: Final = Check(
    "SG0133",
    "prefixRewrite has no prefix to replace.",
    "Every match of the rule that has a `uri` must match it by `prefix`.",
)
DIRECT_RESPONSE: Final = Check(
    "SG0134",
    "A direct response cannot be given like this.",
    "`status` lies between 200 and 600; `body` is `string` or `bytes` (base64) and has at most 1 MB.",
)
LARGE_BODY: Final = Check(
    "SG0135",
    "The body of a direct response is large.",
    "It is kept in memory with the configuration. Above 100 kB, let a server answer.",
)
RETRIES: Final = Check(
    "SG0136",
    "Retries cannot be done like this.",
    "`attempts` is 0 or more; 0 switches retries off and allows no other field. `retryOn` is a list, separated by "
    "commas, of Envoy's conditions and of status codes.",
)
FAULT: Final = Check(
    "SG0137",
    "A fault cannot be injected like this.",
    "A fault has a `delay` with `fixedDelay`, an `abort` with `httpStatus` (200 to 600) or `grpcStatus` (a name "
    "such as UNAVAILABLE), or both.",
)
FAULT_IN_VAIN: Final = Check(
    "SG0138",
    "A fault meets no request.",
    "Without `percentage` it is injected into none, and an abort without a status does nothing.",
)
CORS: Final = Check(
    "SG0139",
    "A CORS policy cannot be kept like this.",
    "`allowOrigins` are conditions with `exact`, `prefix` or `regex`; methods and headers are tokens, or `*`.",
)
UNFOLLOWED: Final = Check(
    "SG0140",
    "Clients do not follow a redirect with this code.",
    "It is answered as it is written, with `Location`. Istio has no action for codes other than 301, 302, 303, 307 and "
    "308.",
)
UNSENT_BODY: Final = Check(
    "SG0141",
    "An answer of this status has no body.",
    "The answer goes out without it: 204, 205 and 304 have none (RFC 9110).",
)

# Gateway

NO_SERVERS: Final = Check(
    "SG0151",
    "A Gateway has no servers.",
    "Give it at least one item under `servers`.",
)
SERVER_HOST: Final = Check(
    "SG0152",
    "The hosts of a server are missing or no hosts.",
    'Write names, `"*."` before a name or `"*"`, each with the namespace whose rules may use it before it if need '
    "be: `shop/*.example.com`, `./web.example.com`, `*/api.example.com`.",
)
SERVER_PORT: Final = Check(
    "SG0153",
    "The port of a server is not complete.",
    "It has a `number` from 1 to 65535, a `name` that no other server of the Gateway has, and a `protocol`: HTTP, "
    "HTTPS, HTTP2, GRPC, GRPC-WEB, TLS, TCP, MONGO, MYSQL or REDIS.",
)
SERVER_BIND: Final = Check(
    "SG0154",
    "A server cannot be bound like this.",
    "`bind` is an IP address, or `unix:///path` with port number 0.",
)
SERVER_TLS: Final = Check(
    "SG0155",
    "The TLS settings of a server do not fit its port or its mode.",
    "HTTPS and TLS need `tls`; HTTP may have `httpsRedirect` in it and nothing else. SIMPLE needs a certificate "
    "and its key, by files or by `credentialName`; MUTUAL also what clients are checked against; ISTIO_MUTUAL has "
    "none of them.",
)
SERVER_NOT_SERVED: Final = Check(
    "SG0156",
    "A server is not opened.",
    "Only plain HTTP is served. What has TLS is not opened as plain HTTP in its place; other protocols are not spoken.",
)
COMMAND_OPERATOR: Final = Check(
    "SG0157",
    "A header's value looks like one that Envoy would compute.",
    "Command operators such as `%REQ(x)%` are not substituted here: the text is sent as it stands. Write the value "
    "itself, or a filter plugin that computes it.",
)
