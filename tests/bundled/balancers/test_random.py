from collections import Counter

from shadowgate.bundled.balancers.random import Random
from shadowgate.testing import candidates, compile_component, request


def test_everyone_is_picked_alike_whatever_the_weights():
    pick = compile_component(Random, candidates(("a", 100), ("b", 1), ("c", 0)))
    picked = Counter(pick(request()).name for _ in range(3000))
    assert set(picked) == {"a", "b", "c"}
    assert all(abs(count - 1000) < 3 * (3000 * 1 / 3 * 2 / 3) ** 0.5 for count in picked.values())
