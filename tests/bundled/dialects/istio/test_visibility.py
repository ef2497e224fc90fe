"""Who may know of an object."""

import pytest

from shadowgate.bundled.dialects.istio.visibility import check_export_to, exported_to
from shadowgate.bundled.dialects.scope import Scope
from shadowgate.errors import NOWHERE
from shadowgate.plugin import Report


@pytest.mark.parametrize(
    ("said", "namespaces"),
    [((), ("*",)), (("*",), ("*",)), ((".", "other"), ("shop", "other")), (("~",), ())],
)
def test_namespaces_by_name(said, namespaces):
    assert exported_to(said, "shop") == namespaces


@pytest.mark.parametrize(
    ("said", "paths"),
    [
        ((".", "shop", "other"), []),
        (("*",), []),
        (("Shop",), ["exportTo[0]"]),
        (("a", "a"), ["exportTo[1]"]),
        (("*", "a"), ["exportTo"]),
        (("a", "~"), ["exportTo"]),
    ],
)
def test_what_stands_there_by_mistake(said, paths):
    scope = Scope(Report(), "", "shop", NOWHERE)
    check_export_to(said, NOWHERE, scope)
    assert [problem.path for problem in scope.report.problems] == paths
