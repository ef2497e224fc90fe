"""Wildcards, suggestions, and who knows of what."""

from shadowgate.config.names import covers, known_here, not_known_here, suggest_host


def test_a_wildcard_covers_longer_names_only():
    assert covers("*.example", "web.example")
    assert covers("*.example", "*.web.example")
    assert covers("*", "web")
    assert not covers("*.example", "example")
    assert not covers("*.example", "webexample")


def test_names_of_one_mesh_are_not_alike_for_ending_alike():
    known = ["httpbin.default.svc.cluster.local", "reviews.shop.svc.cluster.local"]
    assert suggest_host("foo.default.svc.cluster.local", known) == ""
    assert (
        suggest_host("htpbin.default.svc.cluster.local", known) == ', did you mean "httpbin.default.svc.cluster.local"?'
    )
    assert (
        suggest_host("reviews.default.svc.cluster.local", known) == ', did you mean "reviews.shop.svc.cluster.local"?'
    )


def test_the_gateway_is_in_the_namespace_default():
    assert known_here(("*",))
    assert known_here(("shop", "default"))
    assert not known_here(("shop",))
    assert not known_here(())


def test_a_sentence_says_who_knows_instead():
    assert not_known_here(("shop", "other")).startswith('it is exported to "shop", "other" and not to')
    assert not_known_here(()).startswith("it is exported to nobody and not to")
