"""Classes made with ``fixed`` behave as frozen ones do, in everything but the watch over their fields."""

import pickle
import sys

import attrs
import pytest
from attrs import field, frozen

from shadowgate.fixed import fixed


@fixed
class Fixed:
    name: str
    place: int = field(default=0, eq=False)
    tags: tuple[str, ...] = ()


@frozen
class Frozen:
    name: str
    place: int = field(default=0, eq=False)
    tags: tuple[str, ...] = ()


@fixed(eq=False)
class Apart:
    name: str


@fixed(order=True)
class Ordered:
    first: str
    second: int = 1


def test_it_shows_compares_and_hashes_as_a_frozen_class_does():
    one, same, other = Fixed("a", 1), Fixed("a", 2), Fixed("b")
    assert repr(one) == repr(Frozen("a", 1)).replace("Frozen", "Fixed")
    assert one == same != other
    assert hash(one) == hash(same)
    assert {one: "found"}[same] == "found"


def test_without_equality_each_is_itself():
    one, other = Apart("a"), Apart("a")
    assert one != other
    assert {one: 1, other: 2}[one] == 1


def test_it_can_be_put_in_order():
    assert sorted([Ordered("b"), Ordered("a", 2), Ordered("a")]) == [Ordered("a"), Ordered("a", 2), Ordered("b")]


def test_it_has_slots_and_is_no_larger_than_a_frozen_one():
    assert not hasattr(Fixed("a"), "__dict__")
    assert sys.getsizeof(Fixed("a")) <= sys.getsizeof(Frozen("a"))


def test_it_can_be_evolved_and_sent_to_another_process():
    one = attrs.evolve(Fixed("a", 3), tags=("x",))
    back = pickle.loads(pickle.dumps(one))
    assert (back, back.place) == (one, 3)


@pytest.mark.parametrize("cls", [Fixed, Apart, Ordered])
def test_to_attrs_it_is_a_class_like_any_other(cls):
    assert attrs.has(cls)
