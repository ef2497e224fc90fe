import pytest

from shadowgate.bundled.networks import address_number, mask_and_value


def test_both_families_are_looked_up_in_one_space():
    assert address_number("10.1.2.3") == address_number("::ffff:10.1.2.3") == 0xFFFF_0A01_0203
    assert mask_and_value("10.0.0.0/8") == mask_and_value("::ffff:10.0.0.0/104")


@pytest.mark.parametrize("text", ["0.0.0.0/0", "10.0.0.0/8", "192.0.2.1", "::/0", "2001:db8::/32"])
def test_a_network_holds_its_own_first_address(text):
    mask, value = mask_and_value(text)
    assert value & mask == value == address_number(text.partition("/")[0])


def test_a_narrower_network_has_the_greater_mask_whatever_the_family():
    texts = ["::/0", "2001:db8::/32", "0.0.0.0/0", "10.0.0.0/8", "192.0.2.1"]
    masks = [mask_and_value(text)[0] for text in texts]
    assert masks == sorted(masks)


@pytest.mark.parametrize("peer", ["", "localhost", "10.1", "unix:/run/client", "1.2.3.4:80"])
def test_what_is_no_address_has_no_number(peer):
    assert address_number(peer) is None
