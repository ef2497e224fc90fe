import pytest
from attrs import field, frozen
from zope.interface import implementer

from shadowgate.errors import ConfigError
from shadowgate.plugin import IBalancer, IMatcher, IMirrorPolicy
from shadowgate.testing import candidates, compile_component, environment, from_yaml, request


def _positive(_instance, _attribute, value):
    if value < 1:
        raise ValueError("write a number of at least 1")


@implementer(IMatcher)
@frozen
class LongPath:
    at_least: int = field(validator=_positive)

    def compile(self):
        return lambda head: len(head.path) >= self.at_least


@implementer(IBalancer)
@frozen
class Last:
    def compile(self, endpoints, env):
        env.metrics.counter("compiled", "")()
        return lambda head: endpoints[-1]


@implementer(IMirrorPolicy)
@frozen
class Never:
    def compile(self, env):
        env.metrics.counter("compiled", "")()
        return lambda head: False


def test_yaml_becomes_a_component():
    assert from_yaml(LongPath, "atLeast: 3") == LongPath(3)


def test_yaml_may_be_indented_as_a_whole():
    component = from_yaml(
        LongPath,
        """
        # a comment
        atLeast: 3
        """,
    )
    assert component == LongPath(3)


def test_no_text_is_no_options():
    assert from_yaml(Never, "") == Never()
    with pytest.raises(ConfigError, match='the key "atLeast" is missing'):
        from_yaml(LongPath, "")


@pytest.mark.parametrize(
    ("text", "line", "code", "sentence"),
    [
        ("atLeast: 0", "1:10", "SG0023", "write a number of at least 1"),
        ("atLeast: many", "1:10", "SG0017", "whole number"),
        ("\natLast: 3", "2:1", "SG0013", 'unknown key "atLast", did you mean "atLeast"'),
    ],
)
def test_a_wrong_option_is_reported_as_a_user_would_see_it(text, line, code, sentence):
    with pytest.raises(ConfigError) as caught:
        from_yaml(LongPath, text)
    assert f"options.yaml:{line}: error [{code}]: " in str(caught.value)
    assert sentence in str(caught.value)


def test_text_that_is_no_yaml_is_reported():
    with pytest.raises(ConfigError, match=r"options\.yaml:1:"):
        from_yaml(LongPath, "atLeast: [3")


def test_two_documents_are_one_too_many():
    with pytest.raises(ConfigError, match="options are one document"):
        from_yaml(LongPath, "atLeast: 3\n---\natLeast: 4\n")


def test_options_are_given_by_either_spelling():
    assert compile_component(LongPath, atLeast=3)(request(target="/ab")) is True
    assert compile_component(LongPath, at_least=4)(request(target="/ab")) is False


def test_wrong_options_raise_when_compiling_too():
    with pytest.raises(ConfigError, match="at least 1"):
        compile_component(LongPath, at_least=0)


def test_an_environment_is_made_where_one_is_wanted():
    endpoints = candidates("a", "b")
    assert compile_component(Last, endpoints)(request()) is endpoints[1]
    assert compile_component(Never)(request()) is False


def test_an_environment_of_ones_own_is_used():
    env = environment()
    compile_component(Last, candidates("a"), env)
    compile_component(Never, env)
    assert env.metrics.counts == {"compiled": 2}
