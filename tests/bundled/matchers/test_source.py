import pytest

from shadowgate.bundled.matchers.source import Source
from shadowgate.errors import ConfigError
from shadowgate.testing import from_yaml, request


def holds(peer, *networks):
    return Source(networks=networks).compile()(request(peer=peer))


@pytest.mark.parametrize(
    ("peer", "network", "expected"),
    [
        ("10.1.2.3", "10.0.0.0/8", True),
        ("11.1.2.3", "10.0.0.0/8", False),
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.2", "192.0.2.1", False),
        ("192.0.2.2", "0.0.0.0/0", True),
        ("2001:db8::5", "2001:db8::/32", True),
        ("2001:db9::5", "2001:db8::/32", False),
        ("2001:db8::5", "0.0.0.0/0", False),
        ("10.1.2.3", "2001:db8::/32", False),
        ("::ffff:10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "::ffff:10.0.0.0/104", True),
        ("fe80::1%eth0", "fe80::/10", True),
    ],
)
def test_a_client_is_in_a_network_or_not(peer, network, expected):
    assert holds(peer, network) is expected


def test_one_network_of_several_is_enough():
    assert holds("10.1.2.3", "192.0.2.0/24", "10.0.0.0/8") is True


@pytest.mark.parametrize("peer", ["", "unix:/run/client", "localhost", "10.1", "1.2.3.4:80"])
def test_a_client_without_an_address_is_in_no_network(peer):
    assert holds(peer, "0.0.0.0/0", "::/0") is False


def test_something_else_than_a_network_is_refused():
    with pytest.raises(ValueError, match=r'"10\.0\.0/8" is not a network'):
        Source(networks=("10.0.0/8",))


def test_an_address_with_a_prefix_too_short_for_it_is_refused_with_the_right_one():
    with pytest.raises(ValueError, match=r"bits beyond its prefix; write 10\.0\.0\.0/8"):
        Source(networks=("10.1.0.0/8",))


def test_no_network_at_all_is_refused():
    with pytest.raises(ConfigError, match="give at least one network"):
        from_yaml(Source, "networks: []")


def test_a_single_network_needs_no_list():
    assert from_yaml(Source, "networks: 10.0.0.0/8") == Source(networks=("10.0.0.0/8",))
