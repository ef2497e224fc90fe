"""Documents of the Gateway API as these tests write them, and what becomes of them."""

import pytest

from shadowgate.bundled.dialects.gateway_api import GatewayApiDialect
from shadowgate.plugin import Report
from shadowgate.plugin.yaml import read_text


@pytest.fixture
def translate():
    """Return the fragments of one document, and its problems as ``severity path: message``."""

    def run(kind, spec, *, group="gateway.networking.k8s.io", version="v1", metadata="{name: x, namespace: shop}"):
        report = Report()
        prefix = f"{group}/" if group else ""
        text = f"apiVersion: {prefix}{version}\nkind: {kind}\nmetadata: {metadata}\nspec: {spec}\n"
        (document,) = read_text(text, "a.yaml", report)
        fragments = list(GatewayApiDialect().translate(document, report))
        return fragments, [f"{each.severity} {each.path}: {each.message}" for each in report.problems]

    return run


@pytest.fixture
def rule(translate):
    """Return the only rule of a route, which is sound."""

    def run(text, **more):
        spec = f"{{parentRefs: [{{name: gw}}], rules: [{text}]}}"
        (route,), problems = translate("HTTPRoute", spec, **more)
        assert not [each for each in problems if each.startswith("error")], problems
        (made,) = route.rules
        return made

    return run
