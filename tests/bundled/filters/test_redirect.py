import pytest

from shadowgate.bundled.filters.redirect import Redirect
from shadowgate.errors import ConfigError
from shadowgate.http.head import RequestHead
from shadowgate.http.headers import Headers
from shadowgate.testing import compile_component, from_yaml, request


def redirected(target="/old?a=%31", **given):
    """Return status and Location; an option whose name begins with ``head_`` is of the request."""
    about = {key.removeprefix("head_"): given.pop(key) for key in list(given) if key.startswith("head_")}
    reply = compile_component(Redirect, **given).on_request(request(target=target, **about))
    assert reply.body == b""
    assert [name for name, _ in reply.headers] == [b"Location"]
    return reply.status, reply.headers[0][1].decode()


def location(target="/old?a=%31", **given):
    return redirected(target, **given)[1]


def test_only_what_is_given_changes_and_the_status_is_301():
    assert redirected(path="/new") == (301, "http://example.com/new?a=%31")
    assert redirected(authority="other.example") == (301, "http://other.example/old?a=%31")
    assert redirected(scheme="https") == (301, "https://example.com/old?a=%31")
    assert redirected(port=8081) == (301, "http://example.com:8081/old?a=%31")


@pytest.mark.parametrize("code", [300, 301, 302, 303, 304, 307, 308, 399])
def test_the_status_can_be_another(code):
    assert redirected(path="/", code=code)[0] == code


def test_the_query_stays_byte_for_byte_unless_the_path_has_one():
    assert location("/old?a=%31&b=?&&", path="/new") == "http://example.com/new?a=%31&b=?&&"
    assert location("/old?", path="/new") == "http://example.com/new?"
    assert location("/old?a=1", path="/new?b=2") == "http://example.com/new?b=2"


def test_a_fragment_stands_behind_the_query():
    assert location("/old?a=1", path="/new#part") == "http://example.com/new?a=1#part"
    assert location("/old?a=1", path="/new?b=2#part") == "http://example.com/new?b=2#part"


def test_a_prefix_is_replaced_as_plain_text():
    assert location("/foobar?q", prefix="/foo", replacement="/xyz") == "http://example.com/xyzbar?q"
    assert location("/other", prefix="/foo", replacement="/xyz") == "http://example.com/other"


def test_segments_are_replaced_whole():
    assert location("/foo/bar?q", segments="/foo", replacement="/xyz/") == "http://example.com/xyz/bar?q"
    assert location("/foobar", segments="/foo", replacement="/xyz") == "http://example.com/foobar"
    assert location("/foo", segments="/foo", replacement="") == "http://example.com/"


def test_case_plays_no_part_in_what_is_replaced_where_that_is_said():
    assert location("/FOO/bar", prefix="/foo", replacement="/x", ignore_case=True) == "http://example.com/x/bar"
    assert location("/FOO/bar", segments="/foo", replacement="/x", ignore_case=True) == "http://example.com/x/bar"
    assert location("/FOO/bar", prefix="/foo", replacement="/x") == "http://example.com/FOO/bar"


@pytest.mark.parametrize(
    ("authority", "given", "expected"),
    [
        ("a:8080", {"path": "/x"}, "http://a:8080/x"),
        ("a:80", {"path": "/x"}, "http://a/x"),
        ("a:8080", {"path": "/x", "scheme": "https"}, "https://a:8080/x"),
        ("a:80", {"path": "/x", "scheme": "https"}, "https://a/x"),
        ("a:443", {"path": "/x", "scheme": "https"}, "https://a/x"),
        ("a:8080", {"path": "/x", "port": 8081}, "http://a:8081/x"),
        ("a:8080", {"path": "/x", "port": 80}, "http://a/x"),
        ("a:8080", {"path": "/x", "port": 443}, "http://a:443/x"),
        ("a:8080", {"path": "/x", "port": 443, "scheme": "https"}, "https://a/x"),
        ("a:8080", {"path": "/x", "authority": "b"}, "http://b/x"),
        ("a:8080", {"path": "/x", "authority": "b:81"}, "http://b:81/x"),
        ("a:8080", {"path": "/x", "authority": "b:80"}, "http://b/x"),
        ("a:8080", {"path": "/x", "derive_port": "protocol-default"}, "http://a/x"),
        ("a:8080", {"path": "/x", "derive_port": "protocol-default", "scheme": "https"}, "https://a/x"),
        ("a:8080", {"path": "/x", "derive_port": "request"}, "http://a:9090/x"),
        ("[2001:db8::1]:8080", {"path": "/x"}, "http://[2001:db8::1]:8080/x"),
        ("[2001:db8::1]:8080", {"path": "/x", "port": 81}, "http://[2001:db8::1]:81/x"),
        ("[2001:db8::1]", {"path": "/x", "port": 81}, "http://[2001:db8::1]:81/x"),
        ("[2001:db8::1]", {"path": "/x"}, "http://[2001:db8::1]/x"),
    ],
)
def test_the_port_is_that_of_the_option_or_of_the_host_and_a_schemes_own_is_left_out(authority, given, expected):
    assert location("/old", head_authority=authority, head_local_port=9090, **given) == expected


def test_the_port_of_the_request_is_the_listeners_and_left_out_where_it_is_the_schemes():
    assert location("/", scheme="http", derive_port="request", head_local_port=80) == "http://example.com/"
    assert location("/", scheme="https", derive_port="request", head_local_port=80) == "https://example.com:80/"
    assert location("/", authority="b", derive_port="request", head_local_port=81) == "http://b:81/"


def test_on_a_unix_socket_there_is_only_the_port_of_the_host():
    assert location("/", derive_port="request", head_local_port=0, head_authority="a:81") == "http://a:81/"


def test_the_scheme_of_a_connection_with_tls_stays():
    assert location("/", path="/x", head_scheme="https") == "https://example.com/x"
    assert location("/", path="/x", head_scheme="https", head_authority="a:443") == "https://a/x"


def test_the_scheme_is_the_one_before_a_proxy_whose_word_is_taken():
    assert location("/", path="/x", head_headers={"X-Forwarded-Proto": "https"}) == "https://example.com/x"
    assert location("/", path="/x", head_headers={"X-Forwarded-Proto": "gopher"}) == "http://example.com/x"


def test_a_request_about_the_server_is_sent_to_the_root():
    assert location("*", scheme="https") == "https://example.com/"


@pytest.mark.parametrize(
    ("target", "expected"), [(b"/old?q", b"/old?q"), (b"//evil.example/", b"/evil.example/"), (b"/", b"/")]
)
def test_without_a_host_the_path_alone_is_given_and_never_as_a_host(target, expected):
    head = RequestHead(b"GET", target, 10, Headers())
    reply = compile_component(Redirect, scheme="https").on_request(head)
    assert reply.headers == ((b"Location", expected),)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{}", "redirect to the same address"),
        ("code: 307", "redirect to the same address"),
        ("{path: /a, code: 400}", "between 300 and 399, not at 400"),
        ("path: a", 'path begins with "/"'),
        ("path: /käse", "percent-encode"),
        ("path: '/a b'", "percent-encode"),
        ("prefix: /a", "replacement and one of prefix and segments go together"),
        ("replacement: /a", "replacement and one of prefix and segments go together"),
        ("{path: /a, replacement: /b}", "replacement and one of prefix and segments go together"),
        (
            "{path: /a, prefix: /b, replacement: /c}",
            "at most one of path, prefix and segments; there is path and prefix",
        ),
        ("{prefix: /a, replacement: b}", 'replacement begins with "/"'),
        ("{prefix: /a, replacement: ''}", 'replacement begins with "/"'),
        ("{prefix: /a, replacement: '/b?c'}", "replacement has a character that no path has"),
        ("authority: a/b", '"a/b" is not a host, or a host and a port'),
        ("authority: ''", '"" is not a host'),
        ("scheme: ftp", '"ftp" is not known here'),
        ("port: 0", "a port lies between 1 and 65535"),
        ("{port: 1, derivePort: request}", "the port is given twice, by port and derivePort"),
        ("{authority: 'a:1', port: 2}", "the port is given twice, by port and authority"),
        ("derivePort: FROM_REQUEST_PORT", "is not known here"),
    ],
)
def test_what_could_not_be_followed_is_refused(text, sentence):
    with pytest.raises(ConfigError, match=sentence):
        from_yaml(Redirect, text)


def test_a_prefix_may_be_found_in_any_case():
    assert location("/OLD/Path", prefix="/old", replacement="/new") == "http://example.com/OLD/Path"
    assert location("/OLD/Path", prefix="/old", replacement="/new", ignore_case=True) == "http://example.com/new/Path"
