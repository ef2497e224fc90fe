"""The contract of balancers, kept by every bundled one."""

from shadowgate.bundled.balancers.affinity import CookieAttribute, SessionCookie
from shadowgate.bundled.balancers.hash import Hash
from shadowgate.bundled.balancers.least_request import LeastRequest
from shadowgate.bundled.balancers.maglev import Maglev
from shadowgate.bundled.balancers.passthrough import Passthrough
from shadowgate.bundled.balancers.random import Random
from shadowgate.bundled.balancers.ring_hash import RingHash
from shadowgate.bundled.balancers.round_robin import RoundRobin
from shadowgate.bundled.balancers.session import Session
from shadowgate.bundled.balancers.weight import Weight
from shadowgate.testing import BalancerContract


class TestHashOfHeader(BalancerContract):
    def make(self):
        return Hash(header="X-Twice")


class TestHashOfCookie(BalancerContract):
    def make(self):
        return Hash(cookie=SessionCookie("a"))


class TestHashOfSource(BalancerContract):
    def make(self):
        return Hash(source=True, salt="pepper")


class TestLeastRequest(BalancerContract):
    def make(self):
        return LeastRequest()


class TestMaglev(BalancerContract):
    def make(self):
        return Maglev(query="key", table_size=251)


class TestMaglevOfAHandedOutCookie(BalancerContract):
    def make(self):
        return Maglev(cookie=SessionCookie("session", ttl=60.0), table_size=251)


class TestPassthrough(BalancerContract):
    def make(self):
        return Passthrough()


class TestRandom(BalancerContract):
    def make(self):
        return Random()


class TestRingHash(BalancerContract):
    def make(self):
        return RingHash(header="X-Twice")


class TestRingHashOfAHandedOutCookie(BalancerContract):
    def make(self):
        return RingHash(
            cookie=SessionCookie("session", "/", 0.0, (CookieAttribute("SameSite", "Lax"), CookieAttribute("Secure")))
        )


class TestRoundRobin(BalancerContract):
    def make(self):
        return RoundRobin()


class TestSession(BalancerContract):
    def make(self):
        return Session(cookie=SessionCookie("session"), timeout=60.0)


class TestWeight(BalancerContract):
    def make(self):
        return Weight()
