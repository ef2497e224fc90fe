"""Header fields: order and case kept, found without regard to case, changed without losing either."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shadowgate.http.headers import MOST_DERIVED, Headers, Pair, Section

NAMES = st.sampled_from([b"a", b"A", b"b", b"B", b"c"])
CHANGES = st.lists(st.tuples(st.sampled_from(["set", "add", "remove", "copy"]), NAMES, st.sampled_from([b"1", b"2"])))


def test_fields_are_found_without_regard_to_case() -> None:
    headers = Headers([(b"X-A", b"1"), (b"x-b", b"2"), (b"X-a", b"3")])
    assert headers.get(b"x-a") == b"1"
    assert headers.get_all(b"x-a") == [b"1", b"3"]
    assert headers.joined(b"x-a") == b"1,3"
    assert headers.joined(b"x-b") == b"2"
    assert headers.get(b"x-c") is None
    assert headers.get_all(b"x-c") == []
    assert headers.joined(b"x-c") is None
    assert b"x-b" in headers
    assert b"x-c" not in headers
    assert len(headers) == 3


def test_set_keeps_the_place_and_the_name_of_the_first() -> None:
    headers = Headers([(b"X-A", b"1"), (b"B", b"2"), (b"x-a", b"3")])
    headers.set(b"x-A", b"4")
    assert headers.pairs == [(b"X-A", b"4"), (b"B", b"2")]
    headers.set(b"b", b"5")
    headers.set(b"C", b"6")
    assert headers.pairs == [(b"X-A", b"4"), (b"B", b"5"), (b"C", b"6")]


def test_a_copy_is_independent() -> None:
    headers = Headers([(b"A", b"1"), (b"B", b"2"), (b"a", b"3")])
    copy = headers.copy()
    assert copy == headers
    copy.add(b"A", b"4")
    copy.remove(b"b")
    assert headers.pairs == [(b"A", b"1"), (b"B", b"2"), (b"a", b"3")]
    assert headers.get_all(b"a") == [b"1", b"3"]
    assert copy.get_all(b"a") == [b"1", b"3", b"4"]


def test_fields_edited_in_place_are_found_after_changed() -> None:
    headers = Headers([(b"A", b"1")])
    assert b"b" not in headers
    headers.pairs.append((b"B", b"2"))
    headers.changed()
    assert headers.get(b"b") == b"2"


def expected(pairs: list[Pair], how: str, name: bytes, value: bytes) -> list[Pair]:
    """Do the same the slow and obvious way."""
    if how == "add":
        return [*pairs, (name, value)]
    same = [place for place, pair in enumerate(pairs) if pair[0].lower() == name.lower()]
    if how == "remove":
        return [pair for place, pair in enumerate(pairs) if place not in same]
    if not same:
        return [*pairs, (name, value)]
    return [(pair[0], value) if place == same[0] else pair for place, pair in enumerate(pairs) if place not in same[1:]]


@given(pairs=st.lists(st.tuples(NAMES, st.just(b"0")), max_size=4), changes=CHANGES)
def test_the_index_follows_every_change(pairs: list[Pair], changes: list[tuple[str, bytes, bytes]]) -> None:
    headers = Headers(pairs)
    for how, name, value in changes:
        if how == "copy":
            headers = headers.copy()
            continue
        wanted = expected(headers.pairs.copy(), how, name, value)
        if how == "set":
            headers.set(name, value)
        elif how == "add":
            headers.add(name, value)
        else:
            headers.remove(name.lower())
        assert headers.pairs == wanted
        assert headers.index == Headers(wanted).index
        assert list(headers.index) == list(Headers(wanted).index), "in the order of the pairs"


# Sections


def shown(*pairs: Pair) -> tuple[Section, Headers]:
    """Return a section, and headers that show it."""
    section = Headers(pairs).share()
    assert section is not None
    return section, Headers(section.pairs, None, section)


@given(st.lists(st.tuples(NAMES, st.sampled_from([b"1", b"2"])), unique_by=lambda pair: pair[0].lower()), CHANGES)
def test_headers_that_show_a_section_are_changed_like_any_other(
    pairs: list[Pair], changes: list[tuple[str, bytes, bytes]]
) -> None:
    section, showing = shown(*pairs)
    plain = Headers(list(pairs))
    for change, name, value in changes:
        for headers in (showing, plain):
            if change == "remove":
                headers.remove(name.lower())
            elif change != "copy":
                getattr(headers, change)(name, value)
        if change == "copy":
            showing, plain = showing.copy(), plain.copy()
        for name in (b"a", b"b", b"c", b"d"):
            assert showing.get(name) == plain.get(name)
            assert showing.get_all(name) == plain.get_all(name)
            assert showing.joined(name) == plain.joined(name)
            assert (name in showing) is (name in plain)
    assert showing == plain
    assert showing.index == plain.index
    assert section.pairs == pairs
    assert Headers(section.pairs).index == section.index


def test_a_late_field_is_found_behind_the_section() -> None:
    section, headers = shown((b"A", b"1"))
    headers.add_late((b"x-late", b"2"))
    copy = headers.copy()
    for each in (headers, copy):
        assert (each.section, each.late) == (section, (b"x-late", b"2"))
        assert each.get(b"x-late") == b"2"
        assert b"x-late" in each
    headers.set(b"B", b"3")
    assert headers.section is None
    assert headers.pairs == [(b"A", b"1"), (b"x-late", b"2"), (b"B", b"3")]
    assert headers.get(b"x-late") == b"2"
    assert copy.pairs == [(b"A", b"1"), (b"x-late", b"2")]


def test_a_late_field_that_was_written_is_not_written_twice() -> None:
    _, headers = shown((b"A", b"1"))
    headers.add_late((b"b", b"2"))
    headers.late_text = b"\r\nb: 2"
    assert headers.pairs == [(b"A", b"1"), (b"b", b"2")]
    headers.share()
    assert (headers.late, headers.late_text) == (None, b"")


def test_pairs_may_be_set_and_extended_in_place() -> None:
    section, headers = shown((b"A", b"1"))
    headers.pairs += [(b"B", b"2")]
    assert headers.pairs == [(b"A", b"1"), (b"B", b"2")]
    assert headers.get(b"b") == b"2"
    headers.pairs = [(b"C", b"3")]
    assert list(headers) == [(b"C", b"3")]
    assert section.pairs == [(b"A", b"1")]


def test_a_second_late_field_is_one_like_any_other() -> None:
    _, headers = shown((b"A", b"1"))
    headers.add_late((b"b", b"2"))
    headers.add_late((b"c", b"3"))
    assert headers.pairs == [(b"A", b"1"), (b"b", b"2"), (b"c", b"3")]


def test_fields_of_which_one_stands_twice_are_not_shared() -> None:
    headers = Headers([(b"A", b"1"), (b"a", b"2")])
    assert headers.share() is None
    assert headers.get_all(b"a") == [b"1", b"2"]


def test_what_is_derived_of_a_section_is_bounded() -> None:
    section, _ = shown((b"A", b"1"))
    for key in range(100):
        section.keep(key, key)
    assert 0 < len(section.derived) <= MOST_DERIVED
    assert section.derived[99] == 99
