"""The contract of matchers, kept by every bundled one."""

from shadowgate.bundled.matchers.authority import Authority
from shadowgate.bundled.matchers.cookie import Cookie
from shadowgate.bundled.matchers.header import Header
from shadowgate.bundled.matchers.method import Method
from shadowgate.bundled.matchers.port import Port
from shadowgate.bundled.matchers.query import Query
from shadowgate.bundled.matchers.scheme import Scheme
from shadowgate.bundled.matchers.source import Source
from shadowgate.bundled.matchers.source_labels import Clients, SourceLabels
from shadowgate.testing import MatcherContract


class TestAuthority(MatcherContract):
    def make(self):
        return Authority(prefix="example.")


class TestAuthorityExactly(MatcherContract):
    def make(self):
        return Authority(exact="[2001:db8::1]:8080")


class TestCookie(MatcherContract):
    def make(self):
        return Cookie(name="b", regex="[0-9]")


class TestCookieExactly(MatcherContract):
    def make(self):
        return Cookie(name="b", exact="2")


class TestCookieIsThere(MatcherContract):
    def make(self):
        return Cookie(name="b", present=True)


class TestHeader(MatcherContract):
    def make(self):
        return Header(name="X-Twice", regex="1,.*")


class TestHeaderExactly(MatcherContract):
    def make(self):
        return Header(name="X-Twice", exact="1,2")


class TestHeaderIsThere(MatcherContract):
    def make(self):
        return Header(name="X-Twice", present=True)


class TestHeaderIsNotThere(MatcherContract):
    def make(self):
        return Header(name="X-Twice", present=True, invert=True)


class TestHeaderInverted(MatcherContract):
    def make(self):
        return Header(name="X-Twice", prefix="1", invert=True)


class TestMethod(MatcherContract):
    def make(self):
        return Method(exact="GET")


class TestMethodInAnyCase(MatcherContract):
    def make(self):
        return Method(prefix="g", ignore_case=True)


class TestPort(MatcherContract):
    def make(self):
        return Port(8080)


class TestQuery(MatcherContract):
    def make(self):
        return Query(name="key", prefix="v")


class TestQueryExactly(MatcherContract):
    def make(self):
        return Query(name="key", exact="value")


class TestQueryIsThere(MatcherContract):
    def make(self):
        return Query(name="key", present=True)


class TestScheme(MatcherContract):
    def make(self):
        return Scheme(exact="https")


class TestSchemeByRegex(MatcherContract):
    def make(self):
        return Scheme(regex="https?")


class TestSource(MatcherContract):
    def make(self):
        return Source(networks=("192.0.2.0/24", "2001:db8::/32"))


class TestSourceLabels(MatcherContract):
    def make(self):
        return SourceLabels(labels={"app": "web"}, clients=(Clients(("192.0.2.0/24",), {"app": "web"}),))
