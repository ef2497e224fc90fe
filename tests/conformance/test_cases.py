"""Cases of the Gateway API's conformance suite that are tables: one file each, called as the suite calls it.

A file has the documents, then ``# ---- requests`` and one line for each (see ``conftest``), then ``# ---- statuses``
and the conditions of all objects in words, as ``shadowgate check`` tells them.
"""

from pathlib import Path

import pytest

CASES = sorted(Path(__file__).parent.joinpath("cases").glob("*.yaml"))
REQUESTS = "# ---- requests\n"
STATUSES = "# ---- statuses\n"


def parts(path):
    documents, _, rest = path.read_text().partition(REQUESTS)
    requests, _, statuses = rest.partition(STATUSES)
    lines = [line for line in requests.splitlines() if line and not line.startswith("#")]
    return documents, lines, statuses.splitlines()


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_all_requests_of_a_case_are_answered_as_the_suite_expects(path, serve):
    documents, lines, _ = parts(path)
    served = serve(documents)
    for line in lines:
        served.check(line)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_conditions_of_a_case_are_those_that_the_suite_expects(path, serve):
    documents, _, statuses = parts(path)
    assert statuses, "a case says what the conditions are"
    assert serve(documents).summary == statuses


def test_the_page_on_conformance_names_every_case():
    page = Path(__file__).parents[2].joinpath("docs/develop/conformance.md").read_text()
    names = {path.stem.partition("-")[0] for path in CASES}
    assert sorted(name for name in names if name not in page) == []
