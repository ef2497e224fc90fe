"""Paths brought into their normal form, for those who ask for it."""

import pytest

from shadowgate.http.paths import normal_target


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        (b"/", b"/"),
        (b"/a/b?c=/../d", b"/a/b?c=/../d"),
        (b"/old/../d/in", b"/d/in"),
        (b"/a/./b/.", b"/a/b/"),
        (b"/a/b/..", b"/a/"),
        (b"/..", b"/"),
        (b"/../../etc", b"/etc"),
        (b"/%6fld", b"/old"),
        (b"/%2e%2E/a", b"/a"),
        (b"/a/%2e%2e/b", b"/b"),
        (b"/a%2fb", b"/a%2Fb"),
        (b"/a%252fb", b"/a%252fb"),
        (b"/%zz", b"/%zz"),
        (b"//a//b", b"//a//b"),
        (b"/.hidden/..a", b"/.hidden/..a"),
        (b"/a?%6f", b"/a?%6f"),
        (b"/a\\b", b"/a/b"),
        (b"/a\\..\\b", b"/b"),
        (b"/%2e\\a?b\\c", b"/a?b\\c"),
        (b"/a%5cb", b"/a%5Cb"),
        (b"*", b"*"),
    ],
)
def test_two_spellings_of_a_path_become_one(given, normal):
    assert normal_target(given) == normal
    assert normal_target(normal) == normal
