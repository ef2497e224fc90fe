"""Fields that are known and not served."""

from attrs import field, frozen

from shadowgate.bundled.dialects.istio.unserved import UNSERVED, UNSUPPORTED, WITHOUT_EFFECT, report_unserved
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.errors import Position
from shadowgate.plugin import Node, Report, Scalar

HERE = Position("a.yaml", 1)


@frozen
class Fields:
    served: Node | None = None
    cors_policy: Node | None = field(default=None, metadata=UNSERVED)
    redirect: Node | None = field(default=None, metadata=UNSUPPORTED)
    service_account: Node | None = field(default=None, metadata=WITHOUT_EFFECT)


def test_each_marked_field_that_was_given_is_reported_at_its_place():
    report = Report()
    node = Scalar("x", HERE)
    report_unserved(Fields(node, node, node, node), Scope(report, "spec", "default", HERE))
    assert [str(problem) for problem in report.problems] == [
        "a.yaml:1:1: warning [SG0108]: spec.corsPolicy: corsPolicy is not served yet and has no effect",
        "a.yaml:1:1: error [SG0108]: spec.redirect: redirect is not supported yet",
        "a.yaml:1:1: info [SG0109]: spec.serviceAccount: serviceAccount means nothing to a gateway",
    ]


def test_fields_that_were_not_given_are_not_mentioned():
    report = Report()
    report_unserved(Fields(Scalar("x", HERE)), Scope(report, "spec", "default", HERE))
    assert report.problems == []
