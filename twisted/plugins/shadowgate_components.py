"""Declares the components that come with ShadowGate, as any other distribution declares its own."""

from shadowgate.plugin.declaration import Plugin
from shadowgate.plugin.interfaces import (
    IBalancer,
    IDialect,
    IFilter,
    IGenerator,
    IMatcher,
    IMirrorPolicy,
    IRetryPolicy,
    ISource,
)

_BUNDLED = "shadowgate.bundled"

authority = Plugin("authority", IMatcher, f"{_BUNDLED}.matchers.authority.Authority")
cookie = Plugin("cookie", IMatcher, f"{_BUNDLED}.matchers.cookie.Cookie")
header = Plugin("header", IMatcher, f"{_BUNDLED}.matchers.header.Header")
method = Plugin("method", IMatcher, f"{_BUNDLED}.matchers.method.Method")
port = Plugin("port", IMatcher, f"{_BUNDLED}.matchers.port.Port")
query = Plugin("query", IMatcher, f"{_BUNDLED}.matchers.query.Query")
scheme = Plugin("scheme", IMatcher, f"{_BUNDLED}.matchers.scheme.Scheme")
source = Plugin("source", IMatcher, f"{_BUNDLED}.matchers.source.Source")
source_labels = Plugin("source-labels", IMatcher, f"{_BUNDLED}.matchers.source_labels.SourceLabels")

hash_balancer = Plugin("hash", IBalancer, f"{_BUNDLED}.balancers.hash.Hash")
least_request = Plugin("least-request", IBalancer, f"{_BUNDLED}.balancers.least_request.LeastRequest")
maglev = Plugin("maglev", IBalancer, f"{_BUNDLED}.balancers.maglev.Maglev")
passthrough = Plugin("passthrough", IBalancer, f"{_BUNDLED}.balancers.passthrough.Passthrough")
random_balancer = Plugin("random", IBalancer, f"{_BUNDLED}.balancers.random.Random")
ring_hash = Plugin("ring-hash", IBalancer, f"{_BUNDLED}.balancers.ring_hash.RingHash")
round_robin = Plugin("round-robin", IBalancer, f"{_BUNDLED}.balancers.round_robin.RoundRobin")
session = Plugin("session", IBalancer, f"{_BUNDLED}.balancers.session.Session")
weight = Plugin("weight", IBalancer, f"{_BUNDLED}.balancers.weight.Weight")

retry = Plugin("retry", IRetryPolicy, f"{_BUNDLED}.retries.retry.Retry")

cors = Plugin("cors", IFilter, f"{_BUNDLED}.filters.cors.Cors")
fault = Plugin("fault", IFilter, f"{_BUNDLED}.filters.fault.Fault")
header_rewrite = Plugin("header-rewrite", IFilter, f"{_BUNDLED}.filters.header_rewrite.HeaderRewrite")
path_rewrite = Plugin("path-rewrite", IFilter, f"{_BUNDLED}.filters.path_rewrite.PathRewrite")
redirect = Plugin("redirect", IFilter, f"{_BUNDLED}.filters.redirect.Redirect")
respond = Plugin("respond", IFilter, f"{_BUNDLED}.filters.respond.Respond")

counter = Plugin("counter", IMirrorPolicy, f"{_BUNDLED}.mirrors.counter.Counter")
hash_policy = Plugin("hash", IMirrorPolicy, f"{_BUNDLED}.mirrors.hash.Hash")
method_policy = Plugin("method", IMirrorPolicy, f"{_BUNDLED}.mirrors.method.Method")
random_policy = Plugin("random", IMirrorPolicy, f"{_BUNDLED}.mirrors.random.Random")

gateway_api = Plugin("gateway-api", IDialect, f"{_BUNDLED}.dialects.gateway_api.GatewayApiDialect")

availability = Plugin("availability", IDialect, f"{_BUNDLED}.dialects.availability.AvailabilityDialect")
istio = Plugin("istio", IDialect, f"{_BUNDLED}.dialects.istio.IstioDialect")
kubernetes = Plugin("kubernetes", IDialect, f"{_BUNDLED}.dialects.kubernetes.KubernetesDialect")
native = Plugin("native", IDialect, f"{_BUNDLED}.dialects.native.NativeDialect")

iter8 = Plugin("iter8", IGenerator, f"{_BUNDLED}.generators.iter8.generator.Iter8Generator")

files = Plugin("files", ISource, f"{_BUNDLED}.sources.files.FilesSource")
