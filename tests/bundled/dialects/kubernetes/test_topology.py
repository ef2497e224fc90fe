"""Places by their labels."""

import pytest

from shadowgate.bundled.dialects.kubernetes.topology import locality_of

REGION, ZONE, SUBZONE = "topology.kubernetes.io/region", "topology.kubernetes.io/zone", "topology.istio.io/subzone"


@pytest.mark.parametrize(
    ("labels", "zone", "locality"),
    [
        ({}, "", ""),
        ({REGION: "eu"}, "", "eu"),
        ({REGION: "eu", ZONE: "west"}, "", "eu/west"),
        ({REGION: "eu", ZONE: "west", SUBZONE: "a"}, "", "eu/west/a"),
        ({REGION: "eu", ZONE: "west"}, "north", "eu/north"),
        ({}, "west", "/west"),
        ({"istio-locality": "eu.west.rack.1", REGION: "us"}, "north", "eu/west/rack.1"),
    ],
)
def test_labels_say_where_something_is(labels, zone, locality):
    assert locality_of(labels, zone) == locality
