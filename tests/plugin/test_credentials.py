"""A report does not repeat what stands under the name of a credential."""

import pytest

from shadowgate.errors import NOWHERE
from shadowgate.plugin import Report
from shadowgate.plugin.credentials import HIDDEN, leads_to_credential


@pytest.mark.parametrize(
    "path",
    [
        "spec.http[0].headers.request.set.authorization",
        "VirtualService web: spec.http[0].match[2].headers.X-Api-Key.regex",
        "options.client_secret",
        "tokens[1].token",
        "password",
    ],
)
def test_a_path_that_ends_in_a_credential_or_below_one(path):
    assert leads_to_credential(path)
    report = Report()
    report.error("wrong", NOWHERE, path=path, found='"s3cret"')
    assert report.problems[0].found == HIDDEN


@pytest.mark.parametrize("path", ["", "spec.http[0].match[0].headers.x-user", "spec.tokens", "author", "secretary"])
def test_other_paths(path):
    assert not leads_to_credential(path)
    report = Report()
    report.error("wrong", NOWHERE, path=path, found='"shown"')
    assert report.problems[0].found == '"shown"'
