"""A product's image gets keys that protect it, in a file that its build takes."""

import runpy

import pytest

from tasuki.errors import UsageError
from tasuki.fleet import devkeys, product_anchors
from tasuki_hub import anchors

RELEASE, ORDER = b"\1" * 32, b"\2" * 32


def test_the_file_has_what_the_images_own_has(tmp_path):
    path = product_anchors.write(tmp_path, product_anchors.text(RELEASE, ORDER, "example 1.0.0"))

    made = {name: value for name, value in runpy.run_path(str(path)).items() if name.isupper()}

    assert made == {"RELEASE": RELEASE, "ORDER": ORDER, "FIRMWARE": b"example 1.0.0", "IMAGE": anchors.IMAGE}
    assert set(made) == {name for name in vars(anchors) if name.isupper()}


@pytest.mark.parametrize(
    ("release", "order", "firmware", "why"),
    [
        (devkeys.signer("release").public, ORDER, "example", "everybody has the secret"),
        (RELEASE, devkeys.signer("order").public, "example", "everybody has the secret"),
        (RELEASE, RELEASE, "example", "are the same"),
        (RELEASE, ORDER, "example 1.0 dev", "development image"),
        (RELEASE, ORDER, "a name of 17 char", "cannot be"),
        (RELEASE, ORDER, "", "cannot be"),
    ],
)
def test_keys_and_names_that_protect_nothing_are_refused(release, order, firmware, why):
    with pytest.raises(UsageError, match=why):
        product_anchors.text(release, order, firmware)


def test_a_products_keys_are_never_replaced(tmp_path):
    content = product_anchors.text(RELEASE, ORDER, "example")
    product_anchors.write(tmp_path, content)

    with pytest.raises(UsageError, match="is there"):
        product_anchors.write(tmp_path, content)
