import pytest

from shadowgate.bundled.matchers.port import Port
from shadowgate.errors import ConfigError
from shadowgate.testing import from_yaml, request


def test_the_port_is_the_one_that_the_client_came_in_by_whatever_the_host_says():
    matches = Port(8080).compile()
    assert matches(request(local_port=8080, authority="example.com:80")) is True
    assert matches(request(local_port=80, authority="example.com:8080")) is False


def test_a_client_on_a_unix_socket_came_in_by_no_port():
    assert Port(8080).compile()(request(local_port=0)) is False


def test_the_short_form_is_the_port_itself():
    assert Port.from_scalar("8080") == Port(8080)


@pytest.mark.parametrize("text", ["port: 0", "port: 65536", "port: -1"])
def test_a_number_that_is_no_port_is_refused(text):
    with pytest.raises(ConfigError, match="a port lies between 1 and 65535"):
        from_yaml(Port, text)
