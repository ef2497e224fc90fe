import pytest

from shadowgate.bundled.matchers.source_labels import SourceLabels
from shadowgate.errors import ConfigError
from shadowgate.testing import from_yaml, request

CLIENTS = """
clients:
  - networks: 10.0.0.0/8
    labels: {app: web, tier: front}
  - networks: [10.1.0.0/16, 2001:db8::/32]
    labels: {app: batch}
  - networks: 10.1.2.3
    labels: {app: web}
"""


def holds(peer, labels):
    return from_yaml(SourceLabels, f"labels: {labels}{CLIENTS}").compile()(request(peer=peer))


@pytest.mark.parametrize(
    ("peer", "labels", "expected"),
    [
        ("10.9.9.9", "{app: web}", True),
        ("10.9.9.9", "{app: web, tier: front}", True),
        ("10.9.9.9", "{app: web, tier: back}", False),
        ("10.9.9.9", "{app: batch}", False),
        ("2001:db8::1", "{app: batch}", True),
        ("::ffff:10.9.9.9", "{app: web}", True),
    ],
)
def test_a_client_has_all_of_the_labels_or_not(peer, labels, expected):
    assert holds(peer, labels) is expected


def test_the_narrowest_network_decides_alone():
    assert holds("10.1.9.9", "{app: batch}") is True
    assert holds("10.1.9.9", "{app: web}") is False
    assert holds("10.1.2.3", "{app: web}") is True
    assert holds("10.1.2.3", "{tier: front}") is False


@pytest.mark.parametrize("peer", ["192.0.2.1", "", "unix:/run/client"])
def test_a_client_in_no_network_has_no_labels(peer):
    assert holds(peer, "{app: web}") is False


def test_without_any_clients_it_never_holds():
    assert from_yaml(SourceLabels, "labels: {app: web}").compile()(request()) is False


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("labels: {}", "give at least one label"),
        ("clients: []", 'the key "labels" is missing'),
        ("{labels: {a: b}, clients: {networks: []}}", "give at least one network"),
        ("{labels: {a: b}, clients: {networks: 10.0.0.1/8}}", r"bits beyond its prefix; write 10\.0\.0\.0/8"),
        (
            "{labels: {a: b}, clients: [{networks: 10.0.0.0/8}, {networks: [192.0.2.1, 10.0.0.0/8]}]}",
            r"the clients of 10\.0\.0\.0/8 are given twice",
        ),
    ],
)
def test_options_that_would_leave_it_open_are_refused(text, sentence):
    with pytest.raises(ConfigError, match=sentence):
        from_yaml(SourceLabels, text)
