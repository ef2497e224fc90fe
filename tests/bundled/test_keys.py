import pytest

from shadowgate.bundled.keys import KeyOptions
from shadowgate.testing import request


def test_a_header_is_the_key_with_all_its_lines():
    read = KeyOptions(header="X-User").reader()
    assert read(request(headers={"x-user": "ann"})) == b"ann"
    assert read(request(headers=[("x-user", "ann"), ("X-User", "bob")])) == b"ann,bob"
    assert read(request()) is None


def test_a_cookie_is_the_key():
    read = KeyOptions(cookie="user").reader()
    assert read(request(headers={"cookie": "a=1; user=ann"})) == b"ann"
    assert read(request()) is None


def test_a_query_parameter_is_the_key():
    read = KeyOptions(query="user").reader()
    assert read(request(target="/?a=1&user=ann&user=bob")) == b"ann"
    assert read(request(target="/?%75ser=a%6En")) == b"ann"
    assert read(request(target="/?user")) == b""
    assert read(request(target="/user?username=ann")) is None


def test_a_query_parameter_has_a_name():
    with pytest.raises(ValueError, match="a query parameter has a name"):
        KeyOptions(query="")


def test_the_clients_address_is_the_key_where_it_has_one():
    read = KeyOptions(source=True).reader()
    assert read(request(peer="192.0.2.7")) == b"192.0.2.7"
    assert read(request(peer="")) is None


def test_a_hash_does_not_depend_on_what_was_hashed_before():
    digest = KeyOptions(source=True).hasher()
    first = digest(b"ann")
    digest(b"bob")
    assert digest(b"ann") == first


def test_the_hash_is_the_same_in_every_process_and_release():
    assert KeyOptions(source=True).hasher()(b"ann") == 4570114711440442426
    assert KeyOptions(source=True, salt="pepper").hasher()(b"ann") == 11336546462129720232


def test_salt_and_key_are_told_apart():
    assert KeyOptions(source=True, salt="a").hasher()(b"b") != KeyOptions(source=True, salt="").hasher()(b"ab")


@pytest.mark.parametrize("option", ["header", "cookie"])
def test_the_name_of_a_header_or_cookie_has_to_be_a_token(option):
    with pytest.raises(ValueError, match="name"):
        KeyOptions(**{option: "x user"})
