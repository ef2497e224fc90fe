"""The contract of mirror policies, kept by every bundled one."""

from shadowgate.bundled.mirrors.counter import Counter
from shadowgate.bundled.mirrors.hash import Hash
from shadowgate.bundled.mirrors.method import Method
from shadowgate.bundled.mirrors.random import Random
from shadowgate.testing import MirrorPolicyContract


class TestCounter(MirrorPolicyContract):
    def make(self):
        return Counter(30)


class TestHash(MirrorPolicyContract):
    def make(self):
        return Hash(percent=50, header="x-twice", missing="mirror")


class TestMethod(MirrorPolicyContract):
    def make(self):
        return Method()


class TestRandom(MirrorPolicyContract):
    def make(self):
        return Random(50)


class TestRandomAlways(MirrorPolicyContract):
    def make(self):
        return Random()


class TestRandomNever(MirrorPolicyContract):
    def make(self):
        return Random(0)
