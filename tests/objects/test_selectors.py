"""Label selectors."""

import pytest

from shadowgate.objects.selectors import read_selector

LABELS = {"app": "web", "version": "v1", "iter8.tools/detect": "true"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "app=web",
        "app==web",
        "app = web",
        "app=web,version=v1",
        "iter8.tools/detect=true",
        "app!=shop",
        "tier!=front",
        "version in (v1, v2)",
        "version in (v2,v1),app",
        "version notin (v2)",
        "tier notin (front)",
        "app",
        "!tier",
        "! tier",
    ],
)
def test_labels_that_fit_are_selected(text):
    assert read_selector(text)(LABELS)


@pytest.mark.parametrize(
    "text",
    ["app=shop", "app=", "app=web,version=v2", "app!=web", "version in (v2)", "version notin (v1)", "tier", "!app"],
)
def test_labels_that_do_not_fit_are_not(text):
    assert not read_selector(text)(LABELS)


@pytest.mark.parametrize("text", ["app=web,", "=web", "app in v1", "app=a=b", "app > 1", "a b"])
def test_what_is_no_selector_is_refused_with_the_forms_there_are(text):
    with pytest.raises(ValueError, match="write key=value"):
        read_selector(text)
