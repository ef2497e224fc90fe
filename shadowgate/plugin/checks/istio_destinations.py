"""SG02: Istio's DestinationRule, ServiceEntry and WorkloadEntry."""

from __future__ import annotations

from typing import Final

from shadowgate.plugin.checks import Check

# DestinationRule: which host, which subsets, where it holds

RULE_HOST: Final = Check(
    "SG0201",
    "The host of a DestinationRule is no host name.",
    'Write a name without scheme and port, a wildcard such as `*.example.com`, an IP address or `"*"`. A short name '
    "means a service of the rule's own namespace.",
)
SUBSET_NAME: Final = Check(
    "SG0202",
    "The name of a subset is no DNS label.",
    "Use lower-case letters, digits and hyphens, at most 63 of them, beginning and ending with a letter or digit.",
)
SUBSET_TWICE: Final = Check(
    "SG0203",
    "A subset is said twice in one DestinationRule.",
    "Give each subset a name of its own, or write both sets of labels into one.",
)
RULE_NOT_LOOKED_AT: Final = Check(
    "SG0207",
    "A DestinationRule is not looked at.",
    "Rules are looked for in the gateway's namespace (`default`), then in the service's, then in `istio-system`; the "
    "first of them that has a rule for the host decides, with its most specific host. Move the rule into one of them.",
)
NOT_EXPORTED: Final = Check(
    "SG0209",
    "Something is not exported to the gateway's namespace.",
    "What `exportTo` keeps from the namespace `default`, where the gateway is, is not used here. Add `default` or "
    "leave `exportTo` out.",
)
WORKLOADS_OF_RULE: Final = Check(
    "SG0210",
    "workloadSelector of a DestinationRule is not looked at.",
    "A mesh uses such a rule for some of its workloads alone. A gateway outside it is none of them and uses the rule "
    "in any case.",
)

# Traffic policies

EMPTY_POLICY: Final = Check(
    "SG0220",
    "A traffic policy says nothing.",
    "Leave it out, or give it at least one block such as `loadBalancer`.",
)
PORT_OF_POLICY: Final = Check(
    "SG0221",
    "An item of portLevelSettings has no port of its own.",
    "Each item needs `port.number`, and each port one item at most.",
)
PORT_UNKNOWN: Final = Check(
    "SG0222",
    "portLevelSettings names a port that the host does not have.",
    "Use the number of one of the service's ports (not a target port); nothing else comes of the item.",
)
TLS_TO_ENDPOINTS: Final = Check(
    "SG0223",
    "TLS to endpoints is not served.",
    "Requests that were meant to be encrypted are not sent in the clear: the configuration is refused. Take the block "
    "out where the endpoints speak plain HTTP, too.",
)
TLS_OF_MESH: Final = Check(
    "SG0224",
    "Requests to endpoints go without TLS.",
    "A mesh's own certificates mean nothing outside it: with `ISTIO_MUTUAL`, as with `DISABLE`, requests go out as "
    "plain HTTP.",
)
TLS_FIELDS: Final = Check(
    "SG0225",
    "The fields of tls do not fit its mode.",
    "`MUTUAL` needs `clientCertificate` and `privateKey`, or `credentialName` alone; `ISTIO_MUTUAL` has none of them.",
)
NO_TUNNEL: Final = Check(
    "SG0226",
    "Tunnels and PROXY protocol to endpoints are not served.",
    "Without them the endpoints would not understand what they are sent, so the configuration is refused.",
)

# loadBalancer

ONE_BALANCER: Final = Check(
    "SG0231",
    "A load balancer is said in two ways.",
    "`simple` and `consistentHash` exclude each other.",
)
HASH_KEY: Final = Check(
    "SG0232",
    "consistentHash needs exactly one key.",
    "Give one of `httpHeaderName`, `httpCookie`, `useSourceIp: true` and `httpQueryParameterName`.",
)
HASH_COOKIE: Final = Check(
    "SG0233",
    "The cookie of consistentHash cannot be set or read.",
    "Its name is a token (letters, digits, hyphens); path and attributes have no `;` and no control characters.",
)
HASH_TABLE: Final = Check(
    "SG0234",
    "The table of consistentHash is said in two ways or has an impossible size.",
    "Give `ringHash` or `maglev`. A ring has 1 to 8,388,608 places; a maglev table has a prime number of places below "
    "5,000,011.",
)
WARMUP: Final = Check(
    "SG0236",
    "warmup is incomplete or out of range.",
    "It needs a `duration`; `minimumPercent` lies between 0 and 100, `aggression` is 1 or more.",
)
WARMUP_BALANCER: Final = Check(
    "SG0237",
    "warmup has no effect with this balancer.",
    "Only LEAST_REQUEST and ROUND_ROBIN let an endpoint begin with a smaller share.",
)
LOCALITY_NAME: Final = Check(
    "SG0238",
    "This is no locality.",
    "Write `region`, `region/zone` or `region/zone/subzone` without empty parts; where a pattern may stand, `*` may be "
    "the last part.",
)
LOCALITY_SHARES: Final = Check(
    "SG0239",
    "The shares of localityLbSetting.distribute do not add up.",
    "The weights of one `to` are from 1 to 100 and make 100 together; no locality lies within another one beside it.",
)
LOCALITY_FAILOVER: Final = Check(
    "SG0240",
    "localityLbSetting.failover does not name two regions.",
    "`from` and `to` are different regions, without zones and wildcards.",
)
LOCALITY_WAYS: Final = Check(
    "SG0241",
    "Parts of localityLbSetting exclude each other.",
    "Use `distribute` or `failover`; with `failover`, `failoverPriority` has no topology labels.",
)
FAILOVER_BLIND: Final = Check(
    "SG0242",
    "Failover needs outlierDetection.",
    "Only ejection tells that the near endpoints are gone. Add `outlierDetection` beside it.",
)

# connectionPool, outlierDetection

OUT_OF_RANGE: Final = Check(
    "SG0251",
    "A number is out of range.",
    "Counts are whole numbers from 0 to 4,294,967,295, percentages lie between 0 and 100.",
)
EMPTY_POOL: Final = Check(
    "SG0252",
    "connectionPool says nothing.",
    "Give it `tcp` or `http`, or leave it out.",
)
HTTP2_ONLY: Final = Check(
    "SG0253",
    "This is for HTTP/2, which endpoints are not spoken to in.",
    "Requests to endpoints go as HTTP/1.1.",
)
HTTP2_TWO_WAYS: Final = Check(
    "SG0254",
    "h2UpgradePolicy and useClientProtocol exclude each other.",
    "A connection cannot be upgraded and stay what the client's is.",
)
LOCAL_ORIGIN: Final = Check(
    "SG0255",
    "consecutiveLocalOriginFailures counts nothing.",
    "It takes effect only with `splitExternalLocalOriginErrors: true`.",
)

# ServiceEntry, WorkloadEntry

SERVICE_HOST: Final = Check(
    "SG0260",
    "The hosts of a ServiceEntry are missing or no host names.",
    'Write names without port; `"*."` may stand before a name. With resolution DNS and no endpoints the host itself is '
    "looked up, so it can have no wildcard; `_http._tcp.name` is looked up as a service record.",
)
SERVICE_PORTS: Final = Check(
    "SG0261",
    "The ports of a ServiceEntry are missing, or not told apart.",
    "Each port needs a number and a name of its own; a name is a DNS label.",
)
SERVICE_PROTOCOL: Final = Check(
    "SG0262",
    "This is no protocol that a port can have.",
    "Use one of HTTP, HTTPS, HTTP2, GRPC, GRPC-WEB, TCP, TLS, MONGO, MYSQL, REDIS and UDP.",
)
PROTOCOL_NOT_SPOKEN: Final = Check(
    "SG0263",
    "A port's protocol is not spoken.",
    "Requests go to endpoints as HTTP/1.1 in the clear, whatever the port's protocol is said to be.",
)
NO_ENDPOINTS_SAID: Final = Check(
    "SG0264",
    "A ServiceEntry does not say where its hosts are.",
    "With resolution NONE a mesh forwards to where the client was going anyway, which a gateway cannot know. Use DNS, "
    "or STATIC with endpoints.",
)
DYNAMIC_DNS: Final = Check(
    "SG0265",
    "Resolution DYNAMIC_DNS is not served.",
    "It looks up whichever name a client asks for, which would make the gateway an open proxy. Name the hosts and use "
    "resolution DNS.",
)
ENDPOINT_ADDRESS: Final = Check(
    "SG0266",
    "An endpoint's address cannot be used.",
    "Write an IP address, with resolution DNS also a host name, or with STATIC `unix:///path`; never a port with it.",
)
ENDPOINT_PORTS: Final = Check(
    "SG0267",
    "The ports of an endpoint do not fit.",
    "Its keys are names of the ServiceEntry's ports. A Unix socket has no ports and serves one port alone.",
)
ENDPOINTS_OR_SELECTOR: Final = Check(
    "SG0268",
    "Where a ServiceEntry's endpoints come from is contradictory.",
    "Give `endpoints` or a `workloadSelector` with labels; endpoints need resolution STATIC or DNS; DNS_ROUND_ROBIN "
    "has one at most.",
)
SERVICE_RECORDS: Final = Check(
    "SG0269",
    "Names of service records stand beside other addresses.",
    "Names such as `_http._tcp.example.com` are looked up as service records, all endpoints of a host or none.",
)
SERVICE_ADDRESS: Final = Check(
    "SG0270",
    "This is no address of a service.",
    "Write IP addresses; networks such as `10.0.0.0/8` are for resolution NONE and STATIC.",
)
