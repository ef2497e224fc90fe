"""Where copies go and how many."""

import pytest

from shadowgate.bundled.dialects.istio.mirrors import Mirroring, MirrorPolicy
from shadowgate.bundled.dialects.istio.values import Destination, Percent
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.bundled.mirrors.random import Random
from shadowgate.errors import NOWHERE, Position
from shadowgate.plugin import Report, Scalar, read

V2 = Destination("httpbin", "v2")


def translate(**fields):
    report = Report()
    mirrors = Mirroring(NOWHERE, **fields).translate(Scope(report, "http[0]", "default", NOWHERE))
    return mirrors, [f"{problem.severity}: {problem.path}: {problem.message}" for problem in report.problems]


def percents(mirrors):
    return [None if mirror.policy is None else mirror.policy.options["percent"] for mirror in mirrors]


def deprecated(text):
    return Scalar(text, Position("a.yaml", 1))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, [None]),
        ({"percentage": Percent(100.0)}, [None]),
        ({"percentage": Percent(12.5)}, [12.5]),
        ({"percentage": Percent()}, []),
        ({"percent": deprecated("100")}, [None]),
        ({"percent": deprecated("20")}, [20]),
        ({"percent": deprecated("0")}, []),
        ({"percentage": Percent(5.0), "percent": deprecated("90")}, [5.0]),
        ({"percentage": Percent(), "percent": deprecated("90")}, []),
    ],
)
def test_absent_is_everything_and_the_percentage_goes_before_the_older_percent(fields, expected):
    mirrors, _ = translate(mirror=V2, **fields)
    assert percents(mirrors) == expected


def test_the_policy_is_one_that_random_understands():
    (mirror,), _ = translate(mirror=V2, percentage=Percent(12.5))
    assert mirror.policy.name == "random"
    assert read(Random, mirror.policy.options, Report()) == Random(12.5)
    assert str(mirror.destination) == "httpbin.default.svc.cluster.local/v2"


def test_each_of_several_mirrors_has_its_own_percentage():
    several = (MirrorPolicy(V2), MirrorPolicy(V2, Percent(1.0)), MirrorPolicy(V2, Percent()))
    mirrors, problems = translate(mirrors=several, percentage=Percent(50.0))
    assert percents(mirrors) == [None, 1.0]
    assert problems == [
        "warning: http[0].mirrorPercentage: there is no mirror that this percentage could govern; "
        "each item of mirrors has its own"
    ]


def test_no_mirror_is_no_mirror():
    assert translate() == ((), [])


def test_the_older_percent_is_deprecated():
    _, problems = translate(mirror=V2, percent=deprecated("20"))
    assert problems == [
        "warning: http[0].mirrorPercent: mirrorPercent is deprecated; use mirrorPercentage with its value"
    ]


def test_mirror_and_mirrors_exclude_each_other():
    _, problems = translate(mirror=V2, mirrors=(MirrorPolicy(V2),))
    assert problems == ["error: http[0].mirror: mirror and mirrors exclude each other"]


def test_a_mirror_of_nothing_is_checked_all_the_same():
    _, problems = translate(mirror=Destination("*"), percentage=Percent())
    assert problems == ["error: http[0].mirror.host: a destination is one host"]
