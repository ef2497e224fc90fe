"""How a destination's name and port lead to a cluster."""

from shadowgate.model import Cluster, ClusterPort, Configuration

WEB = Cluster("web.example|80", aliases=("web.example", "web"), ports=(ClusterPort(80),))
ADMIN = Cluster("web.example|9000", aliases=("web.example", "web"), ports=(ClusterPort(9000),))
PLAIN = Cluster("plain")
CONFIGURATION = Configuration(clusters=(WEB, ADMIN, PLAIN))


def test_a_cluster_is_found_under_its_name_and_its_aliases():
    assert CONFIGURATION.find("web.example|9000") is ADMIN
    assert CONFIGURATION.find("plain") is PLAIN
    assert CONFIGURATION.find("web") is WEB


def test_the_port_chooses_among_clusters_of_one_alias():
    assert CONFIGURATION.find("web.example", 80) is WEB
    assert CONFIGURATION.find("web.example", 9000) is ADMIN


def test_without_a_port_the_first_one_is_meant():
    assert CONFIGURATION.find("web.example") is WEB


def test_an_unknown_port_or_name_leads_nowhere():
    assert CONFIGURATION.find("web.example", 81) is None
    assert CONFIGURATION.find("wbe.example") is None


def test_a_cluster_that_declares_no_port_serves_any():
    assert CONFIGURATION.find("plain", 1234) is PLAIN


def test_all_ports_of_a_name_can_be_listed():
    assert CONFIGURATION.named("web") == (WEB, ADMIN)
    assert CONFIGURATION.named("nobody") == ()


def test_a_cluster_whose_name_is_among_its_aliases_is_listed_once():
    cluster = Cluster("plain", aliases=("plain",))
    assert Configuration(clusters=(cluster,)).named("plain") == (cluster,)


def test_configurations_with_the_same_content_are_equal():
    assert Configuration(clusters=(WEB, ADMIN, PLAIN)) == CONFIGURATION
    assert Configuration(clusters=(WEB,)) != CONFIGURATION
