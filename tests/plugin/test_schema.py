"""Nodes and plain values read into attrs classes, and every way of being wrong."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, ClassVar, Literal

import pytest
from attrs import field, frozen, validators

from shadowgate.errors import NOWHERE, PluginError, Position
from shadowgate.model import PluginUse
from shadowgate.plugin import ByteSize, Duration, Node, OneOrMany, Report, Scalar, describe, read
from shadowgate.plugin.yaml import read_text


class Colour(Enum):
    RED = "red"
    GREEN = "green"


@frozen
class Address:
    host: str
    port: int = field(default=80, validator=validators.ge(1))
    position: Position = field(default=NOWHERE, eq=False)

    @classmethod
    def from_scalar(cls, text: str) -> Address:
        host, colon, port = text.partition(":")
        if not colon:
            raise ValueError("write host:port")
        return cls(host, int(port))


@frozen
class Everything:
    text: str = ""
    raw: bytes = b""
    whole: int = 0
    real: float = 0.0
    flag: bool = False
    wait: Duration = field(default=Duration(1.5))
    max_size: ByteSize = field(default=ByteSize(1024))
    mode: Literal["fast", "slow", 3] = "fast"
    colour: Colour = Colour.RED
    maybe: int | None = 5
    numbers: tuple[int, ...] = ()
    names: frozenset[str] = frozenset()
    single: OneOrMany[int] = ()
    labels: Mapping[str, str] = field(factory=dict)
    address: Address | None = None
    addresses: dict[str, Address] = field(factory=dict)
    either: int | tuple[int, ...] = 0
    target: int | str = 0
    use: PluginUse | None = None
    node: Node | None = None
    from_: str = ""
    pod_ip: str = field(default="", metadata={"key": "podIP", "doc": "Where it runs."})
    hidden: int = field(default=1, init=False)
    ignored_keys: ClassVar[frozenset[str]] = frozenset({"status"})


@frozen
class Tree:
    name: str
    children: tuple[Tree, ...] = ()


def parse(text: str) -> Any:
    report = Report()
    (document,) = read_text(text, "f.yaml", report)
    assert not report.problems
    return document.root


def reading(text: str, cls: type[Any] = Everything) -> tuple[Any, list[str]]:
    report = Report()
    value = read(cls, parse(text), report, "spec")
    return value, [str(problem) for problem in report.problems]


def value_of(text: str, name: str) -> Any:
    value, problems = reading(text)
    assert problems == []
    return getattr(value, name)


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("text: hello", "text", "hello"),
        ("text: 8000", "text", "8000"),
        ("text: on", "text", "on"),
        ("text: 'null'", "text", "null"),
        ("raw: häh", "raw", b"h\xc3\xa4h"),
        ("whole: 8080", "whole", 8080),
        ("whole: '8080'", "whole", 8080),
        ("real: 0.25", "real", 0.25),
        ("real: 10", "real", 10.0),
        ("flag: true", "flag", True),
        ("wait: 1m30s", "wait", 90.0),
        ("maxSize: 64KiB", "max_size", 65536),
        ("max_size: 1", "max_size", 1),
        ("mode: slow", "mode", "slow"),
        ("mode: 3", "mode", 3),
        ("colour: green", "colour", Colour.GREEN),
        ("maybe: 7", "maybe", 7),
        ("numbers: [1, 2]", "numbers", (1, 2)),
        ("names: [a, b, a]", "names", frozenset({"a", "b"})),
        ("single: 4", "single", (4,)),
        ("single: [4, 5]", "single", (4, 5)),
        ("labels: {version: 1, on: yes}", "labels", {"version": "1", "on": "yes"}),
        ("address: {host: a}", "address", Address("a")),
        ("address: a:1", "address", Address("a", 1)),
        ("addresses: {x: {host: a}, y: b:2}", "addresses", {"x": Address("a"), "y": Address("b", 2)}),
        ("either: 3", "either", 3),
        ("either: [3]", "either", (3,)),
        ("target: 80", "target", 80),
        ("target: http", "target", "http"),
        ("use: gzip", "use", PluginUse("gzip")),
        ("from: here", "from_", "here"),
        ("podIP: 10.0.0.1", "pod_ip", "10.0.0.1"),
        ("podIp: 10.0.0.1", "pod_ip", "10.0.0.1"),
        ("pod_ip: 10.0.0.1", "pod_ip", "10.0.0.1"),
    ],
)
def test_the_type_of_a_field_decides_what_its_text_means(text, name, expected):
    value = value_of(text, name)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize("nothing", ["", "~", "null"])
def test_null_means_absent_where_there_is_a_default(nothing):
    value, problems = reading(f"whole: {nothing}\nmaybe: {nothing}\naddress: {nothing}\nlabels: {nothing}\n")
    assert problems == []
    assert value == Everything()


def test_keys_that_are_known_and_unused_are_passed_over():
    assert reading("status: {whatever: [1]}\ntext: a") == (Everything(text="a"), [])


def test_a_raw_node_stays_as_it_was_written():
    root = parse("node: {a: [1, 'x']}")
    value = read(Everything, root, Report())
    assert value is not None
    assert value.node is root.get("node")


def test_positions_are_filled_with_the_place_of_the_node():
    assert value_of("text: a\naddress:\n  host: b", "address").position == Position("f.yaml", 3, 3)
    assert value_of("text: a\naddress: b:1", "address").position == Position("f.yaml", 2, 10)


def test_what_a_short_form_is_made_of_has_its_place_too():
    @frozen
    class Pair:
        both: tuple[Address, ...]
        position: Position = NOWHERE

        @classmethod
        def from_scalar(cls, text: str) -> Any:
            return cls(tuple(Address(part) for part in text.split("+")))

    pair = read(Pair, Scalar("a+b", Position("f", 9, 9)), Report())
    assert [pair.position, *(each.position for each in pair.both)] == [Position("f", 9, 9)] * 3


def test_a_class_may_hold_itself():
    assert reading("name: a\nchildren:\n- name: b\n  children: [{name: c}]", Tree) == (
        Tree("a", (Tree("b", (Tree("c"),)),)),
        [],
    )


# Plugins


def test_a_plugin_is_its_name_or_its_name_with_options():
    plain = value_of("use: gzip", "use")
    assert (plain.name, plain.options, plain.position) == ("gzip", None, Position("f.yaml", 1, 6))
    given = value_of("use:\n  gzip:\n    level: 9", "use")
    assert (given.name, given.options.text("level"), given.position) == ("gzip", "9", Position("f.yaml", 2, 3))
    assert given.on_error == "fail"


def test_beside_a_plugin_stands_what_its_errors_mean():
    use = value_of("use: {gzip: {level: 9}, onError: skip}", "use")
    assert (use.name, use.on_error) == ("gzip", "skip")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "use: {a: 1, b: 2}",
            "one plugin at a time; found the keys a, b; expected one name with its options below it; ",
        ),
        ("use: {onError: skip}", "one plugin at a time; found no name; expected one name"),
        ("use: {a: 1, onError: ignore}", '"ignore" is not known here; expected one of fail, skip'),
        ("use: [a]", "wrong kind of value; found a list; expected a plugin's name, or its name with options"),
    ],
)
def test_what_is_no_single_plugin_is_refused(text, problem):
    value, (found,) = reading(text)
    assert value is None
    assert problem in found


# What is wrong


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("whole: 0x10", '1:8: error [SG0017]: spec.whole: write a whole number in decimal digits; found "0x10"'),
        ("whole: 010", '1:8: error [SG0017]: spec.whole: a leading zero is ambiguous; write 10; found "010"'),
        ("whole: 10:30", '1:8: error [SG0017]: spec.whole: write a whole number in decimal digits; found "10:30"'),
        ("whole: [1]", "1:8: error [SG0015]: spec.whole: wrong kind of value; found a list; expected integer"),
        ("flag: on", '1:7: error [SG0018]: spec.flag: write true or false; found "on"'),
        ("flag: 'true'", '1:7: error [SG0018]: spec.flag: write true without quotes; found "true"'),
        (
            "wait: 5",
            "1:7: error [SG0019]: spec.wait: a duration needs a unit; write 5s for seconds or 5ms for milliseconds; ",
        ),
        ("text: {}", "1:7: error [SG0015]: spec.text: wrong kind of value; found a mapping; expected text"),
        (
            "mode: slwo",
            '1:7: error [SG0016]: spec.mode: "slwo" is not known here, did you mean "slow"?; expected one of fast, ',
        ),
        ("colour: blue", '1:9: error [SG0016]: spec.colour: "blue" is not known here; expected one of red, green'),
        ("numbers: 1", '1:10: error [SG0015]: spec.numbers: wrong kind of value; found "1"; expected a list'),
        (
            "numbers: [1, ~]",
            "1:14: error [SG0015]: spec.numbers[1]: wrong kind of value; found nothing; expected integer",
        ),
        ("labels: [a]", "1:9: error [SG0015]: spec.labels: wrong kind of value; found a list; expected a mapping"),
        ("labels: {a: {}}", "1:13: error [SG0015]: spec.labels.a: wrong kind of value; found a mapping; expected text"),
        (
            "either: {}",
            "1:9: error [SG0015]: spec.either: wrong kind of value; found a mapping; expected integer or list of",
        ),
        ("either: [x]", '1:10: error [SG0017]: spec.either[0]: write a whole number in decimal digits; found "x"'),
        ("address: nowhere", '1:10: error [SG0023]: spec.address: write host:port; found "nowhere"'),
        ("address: {port: 1}", '1:10: error [SG0014]: spec.address: the key "host" is missing; expected text'),
        ("address: {host: a, port: 0}", "1:26: error [SG0023]: spec.address.port: 'port' must be >= 1: 0; found \"0\""),
        (
            "address: {host: a, prot: 1}",
            '1:20: error [SG0013]: spec.address: unknown key "prot", did you mean "port"?; ',
        ),
        ("max_size: 1\nmaxSize: 1", '2:1: error [SG0007]: spec: "maxSize" is given twice, in two spellings'),
        (
            "maximumSize: 1",
            '1:1: error [SG0013]: spec: unknown key "maximumSize", did you mean "maxSize"?; expected one of ',
        ),
        ("position: a", '1:1: error [SG0013]: spec: unknown key "position"'),
        ("hidden: 1", '1:1: error [SG0013]: spec: unknown key "hidden"'),
    ],
)
def test_a_problem_says_where_what_and_what_instead(text, problem):
    value, problems = reading(text)
    assert value is None
    assert len(problems) == 1
    assert problems[0].startswith(f"f.yaml:{problem}")


def test_an_unknown_key_lists_the_valid_ones():
    _, (problem,) = reading("address: {host: a, zzz: 1}")
    assert problem.endswith('unknown key "zzz"; expected one of host, port')


def test_all_problems_of_a_tree_are_collected():
    text = "whole: x\nflag: y\naddresses: {a: {port: 0, q: 1}, b: c}\nnumbers: [1, x, y]"
    _, problems = reading(text)
    assert [problem.split(": ")[2] for problem in problems] == [
        "spec.whole",
        "spec.flag",
        "spec.addresses.a",
        "spec.addresses.a",
        "spec.addresses.a.port",
        "spec.addresses.b",
        "spec.numbers[1]",
        "spec.numbers[2]",
    ]


def test_a_required_key_that_holds_nothing_is_no_missing_key():
    _, (problem,) = reading("address: {host: }")
    assert (
        problem == "f.yaml:1:17: error [SG0015]: spec.address.host: wrong kind of value; found nothing; expected text"
    )


def test_converters_are_asked_and_their_refusals_shown_at_their_node():
    def double(value: int) -> int:
        if value > 10:
            raise ValueError("too much")
        return value * 2

    @frozen
    class Doubled:
        count: int = field(default=1, converter=double)

    def read_count(count: int) -> tuple[Any, list[str]]:
        report = Report()
        return read(Doubled, {"count": count}, report), [str(problem) for problem in report.problems]

    assert read_count(4) == (Doubled(4), [])
    assert read_count(11) == (None, ['<built-in>:1:1: error [SG0023]: count: too much; found "11"'])


def test_a_refusal_of_the_whole_is_shown_at_the_whole():
    @frozen
    class Range:
        low: int
        high: int = field()

        @high.validator
        def _above(self, attribute: Any, value: int) -> None:
            if value < self.low:
                raise ValueError("high lies below low")

    report = Report()
    assert read(Range, {"low": 2, "high": 1}, report, "spec") is None
    assert [str(problem) for problem in report.problems] == [
        "<built-in>:1:1: error [SG0023]: spec: high lies below low"
    ]


def test_long_texts_are_shown_in_part():
    _, (problem,) = reading(f"whole: {'9x' * 100}")
    assert problem.endswith('found "' + "9x" * 28 + '9..."')


# Plain values


def test_plain_values_of_a_program_are_read_alike():
    given = {
        "text": "8000",
        "whole": 1,
        "real": 2,
        "flag": True,
        "wait": 2.5,
        "max_size": 10,
        "mode": 3,
        "colour": Colour.GREEN,
        "maybe": None,
        "numbers": (1, 2),
        "names": {"a"},
        "labels": {"a": "b"},
        "address": Address("a"),
        "use": PluginUse("gzip", {"level": 9}),
    }
    report = Report()
    value = read(Everything, given, report)
    assert report.problems == []
    assert value == Everything(
        "8000",
        b"",
        1,
        2.0,
        True,
        Duration(2.5),
        ByteSize(10),
        3,
        Colour.GREEN,
        5,
        (1, 2),
        frozenset({"a"}),
        labels={"a": "b"},
        address=Address("a"),
        use=PluginUse("gzip"),
    )
    assert type(value.real) is float
    assert value.use is given["use"]


def test_nodes_may_stand_inside_plain_values():
    report = Report()
    node = Scalar("x", Position("f.yaml", 4, 2))
    assert read(Everything, {"whole": node}, report) is None
    assert report.problems[0].position == node.position


def test_problems_of_plain_values_have_the_place_that_is_given():
    report = Report()
    read(Everything, {"whole": "x", "zzz": 1}, report, position=Position("f.yaml", 3))
    assert {problem.position for problem in report.problems} == {Position("f.yaml", 3)}


def test_no_options_at_all_are_an_empty_mapping():
    assert read(Everything, None, Report()) == Everything()
    assert read(Everything, Scalar("", NOWHERE), Report()) == Everything()


# Classes that cannot be read


def test_a_type_that_cannot_be_read_is_the_plugins_fault():
    @frozen
    class Odd:
        when: complex

    with pytest.raises(PluginError, match="complex"):
        read(Odd, {"when": "1"}, Report())


def test_an_annotation_that_cannot_be_resolved_is_the_plugins_fault():
    @frozen
    class Lost:
        thing: NoSuchThing  # noqa: F821

    with pytest.raises(PluginError, match="NoSuchThing"):
        describe(Lost)


# Documentation


def test_a_class_describes_its_options():
    options = {option.name: option for option in describe(Everything)}
    assert list(options)[:7] == ["text", "raw", "whole", "real", "flag", "wait", "maxSize"]
    assert "position" not in options
    assert "hidden" not in options
    assert (options["wait"].type, options["wait"].default) == ("duration", "1.5s")
    assert (options["mode"].type, options["mode"].default) == ("fast | slow | 3", "fast")
    assert (options["flag"].type, options["flag"].default) == ("true or false", "false")
    assert (options["numbers"].type, options["single"].type) == ("list of integer", "integer, or a list of them")
    assert options["labels"].type == "mapping of text"
    assert options["podIP"].doc == "Where it runs."
    assert not options["podIP"].required


def test_a_required_option_is_described_as_such():
    (host, port) = describe(Address)
    assert (host.required, host.default) == (True, "")
    assert (port.required, port.default) == (False, "80")
