"""Who may ask the admin API: the machine itself, or whoever has the token."""

from http import HTTPStatus

import pytest
from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.defer import succeed
from twisted.web.server import Site

from shadowgate.admin.access import Access, is_private
from shadowgate.admin.site import CHANGE, Page, admin_factory

LOCAL = "tcp:9900:interface=127.0.0.1"


@pytest.fixture
def ask(in_memory):
    """Ask for a page with these fields; return the status and the whole answer."""
    it = in_memory()

    def ask(access, path="/config", *fields, method="GET", host=None, address=None, version="1.1"):
        client = it.connect(access.guard(admin_factory(it.gateway)))
        client.wire.hostAddr = address or IPv4Address("TCP", "127.0.0.1", 9900)
        lines = [f"{method} {path} HTTP/{version}", *([f"Host: {host}"] if host is not None else []), *fields]
        client.send("\r\n".join([*lines, "", ""]).encode())
        answer = client.take().decode()
        return int(answer.split(" ")[1]), answer

    return ask


@pytest.fixture
def token_file(tmp_path):
    path = tmp_path / "token"
    path.write_text("open-sesame\n")
    return str(path)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:9900", "127.0.0.1:9900", "127.1.2.3", "[::1]:9900", "[::1]"])
def test_its_own_names_are_answered(ask, host):
    assert ask(Access(LOCAL), host=host)[0] == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:9900",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "10.0.0.1",
        "a@localhost",
    ],
)
def test_a_name_that_somebody_leads_here_is_not(ask, host):
    status, answer = ask(Access(LOCAL), host=host)
    assert status == 403
    assert "generation" not in answer


@pytest.mark.parametrize(("host", "status"), [(None, 400), ("", 403)])
def test_nobody_gets_around_the_question_by_leaving_the_host_out(ask, host, status):
    assert ask(Access(LOCAL), host=host)[0] == status


@pytest.mark.parametrize("hosts", [("localhost", "evil.example"), ("evil.example", "localhost")])
def test_of_two_hosts_neither_is_believed(ask, hosts):
    assert ask(Access(LOCAL), "/config", *(f"Host: {host}" for host in hosts))[0] == 400


def test_a_program_that_names_no_host_is_no_browser(ask):
    assert ask(Access(LOCAL), version="1.0")[0] == 200


def test_the_address_that_was_asked_is_its_own_name(ask):
    address = IPv4Address("TCP", "127.9.9.9", 9900)
    assert ask(Access(LOCAL), host="127.9.9.9:9900", address=address)[0] == 200


def test_no_browser_reaches_a_unix_socket(ask):
    assert ask(Access("unix:/run/admin"), host="anything", address=UNIXAddress("/run/admin"))[0] == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost", "file://", ""])
def test_pages_of_other_origins_are_refused(ask, token_file, origin):
    for access in (Access(LOCAL), Access.of(LOCAL, token_file)):
        fields = (f"Origin: {origin}", "Authorization: Bearer open-sesame")
        assert ask(access, "/live", *fields, host="localhost:9900")[0] == 403


def test_two_origins_are_as_good_as_the_worse_one(ask):
    fields = ("Origin: http://evil.example", "Origin: http://localhost:9900")
    assert ask(Access(LOCAL), "/config", *fields, host="localhost:9900")[0] == 403


def test_its_own_origin_is_not(ask):
    assert ask(Access(LOCAL), "/config", "Origin: http://localhost:9900", host="localhost:9900")[0] == 200


@pytest.mark.parametrize(
    "path", ["/", "/config", "/config/dump", "/metrics", "/explain", "/nothing", "/live/../config"]
)
def test_with_a_token_nothing_is_told_without_it(ask, token_file, path):
    access = Access.of("tcp:9900", token_file)
    for fields in (
        (),
        ("Authorization: Bearer open-sesam",),
        ("Authorization: Bearer",),
        ("Authorization: Basic open-sesame",),
        ("X-Token: open-sesame",),
    ):
        status, answer = ask(access, path, *fields, host="10.0.0.1:9900")
        assert (status, "WWW-Authenticate: Bearer" in answer) == (401, True), fields
        assert "open-sesame" not in answer


def test_with_it_any_host_is_answered(ask, token_file):
    access = Access.of("tcp:9900", token_file)
    for scheme in ("Bearer", "bearer", "BEARER"):
        assert ask(access, "/config", f"Authorization: {scheme} open-sesame", host="gw.example:9900")[0] == 200


@pytest.mark.parametrize(("path", "status"), [("/live", 200), ("/ready", 503)])
def test_probes_need_no_token(ask, token_file, path, status):
    assert ask(Access.of("tcp:9900", token_file), path, host="10.0.0.1:9900")[0] == status


def test_a_token_is_not_shown(token_file):
    assert "open-sesame" not in repr(Access.of("tcp:9900", token_file))


# Endpoints


@pytest.mark.parametrize(
    "endpoint",
    [
        LOCAL,
        "tcp:9900:127.0.0.1",
        "tcp:port=9900:interface=localhost",
        r"tcp6:9900:interface=\:\:1",
        r"tcp:9900:interface=\:\:1",
        "ssl:9900:interface=127.0.0.2",
        "unix:/run/admin",
        "unix:address=/run/admin:mode=660",
        "systemd:domain=UNIX:name=admin",
    ],
)
def test_an_endpoint_of_this_machine_alone_needs_no_token(endpoint):
    assert is_private(endpoint)
    assert Access.of(endpoint) == Access(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        "tcp:9900",
        "tcp:9900:interface=",
        "tcp:9900:interface=0.0.0.0",
        "tcp:9900:interface=127.0.0.1:interface=0.0.0.0",
        "tcp:9900:0.0.0.0",
        "tcp:9900:interface=10.0.0.1",
        r"tcp6:9900:interface=\:\:",
        "tcp:9900:interface=localhost.example",
        "tcp:9900:backlog=127",
        "systemd:domain=INET:name=admin",
        "ssl:9900",
        "haproxy:tcp:9900:interface=127.0.0.1",
        "nonsense",
    ],
)
def test_any_other_needs_one(endpoint, token_file):
    with pytest.raises(ValueError, match="--admin-token-file") as wrong:
        Access.of(endpoint)
    assert str(wrong.value).startswith(f"the admin API on {endpoint} ")
    assert "\n" not in str(wrong.value)
    assert Access.of(endpoint, token_file).token == b"open-sesame"


@pytest.mark.parametrize("text", ["", "\n", "two words", "a\nb", "caf\u00e9"])
def test_a_token_that_nobody_could_send_is_refused(tmp_path, text):
    path = tmp_path / "token"
    path.write_text(text)
    with pytest.raises(ValueError, match="one line of visible ASCII"):
        Access.of(LOCAL, str(path))


def test_a_token_that_cannot_be_read_is_one_sentence(tmp_path):
    with pytest.raises(ValueError, match=r"^cannot read the admin token .*/none: No such file or directory$"):
        Access.of(LOCAL, str(tmp_path / "none"))


# Changes


def test_what_changes_something_takes_post_alone(in_memory):
    it = in_memory()
    done = []

    def act(request):
        done.append(request.method)
        return succeed((200, "text/plain", b"done\n"))

    for method in (b"GET", b"HEAD", b"PUT", b"POST"):
        site = Access(LOCAL).guard(Site(Page(act, CHANGE)))
        client = it.connect(site)
        client.wire.hostAddr = IPv4Address("TCP", "127.0.0.1", 9900)
        client.send(method + b" / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = client.take()
        assert answer.startswith(b"HTTP/1.1 200 " if method == b"POST" else b"HTTP/1.1 405 ")
        assert (b"Allow: POST" in answer) == (method != b"POST")
    assert done == [b"POST"]


def test_every_status_has_its_phrase(ask):
    status, answer = ask(Access(LOCAL), "/explain?url=http://a/&header=host:+a+b", host="localhost")
    assert (status, answer.partition("\r\n")[0]) == (422, f"HTTP/1.1 422 {HTTPStatus(422).phrase}")
