"""The contract of generators, kept by every bundled one."""

from pathlib import Path

from shadowgate.bundled.generators.iter8.generator import Iter8Generator
from shadowgate.testing import GeneratorContract

CASES = Path(__file__).parents[1] / "cases" / "iter8"


class TestIter8(GeneratorContract):
    def make(self):
        return Iter8Generator()

    def texts(self):
        yield from super().texts()
        for case in sorted(CASES.glob("*.yaml")):
            yield case.read_text().partition("# ---- result")[0]
