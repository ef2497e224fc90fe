"""The contract of balancers, kept by every bundled one."""

from shadowgate.bundled.balancers.hash import Hash
from shadowgate.bundled.balancers.least_request import LeastRequest
from shadowgate.bundled.balancers.random import Random
from shadowgate.bundled.balancers.round_robin import RoundRobin
from shadowgate.bundled.balancers.weight import Weight
from shadowgate.testing import BalancerContract


class TestHashOfHeader(BalancerContract):
    def make(self):
        return Hash(header="X-Twice")


class TestHashOfCookie(BalancerContract):
    def make(self):
        return Hash(cookie="a")


class TestHashOfSource(BalancerContract):
    def make(self):
        return Hash(source=True, salt="pepper")


class TestLeastRequest(BalancerContract):
    def make(self):
        return LeastRequest()


class TestRandom(BalancerContract):
    def make(self):
        return Random()


class TestRoundRobin(BalancerContract):
    def make(self):
        return RoundRobin()


class TestWeight(BalancerContract):
    def make(self):
        return Weight()
