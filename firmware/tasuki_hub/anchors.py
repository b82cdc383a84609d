"""Public keys that this image obeys, and what the image is.

The two keys below are development keys: their secrets are published in the
host's fleet/devkeys.py. A product's image is built with keys of its own,
`TASUKI_ANCHORS=folder make firmware`, where folder/tasuki_hub/anchors.py is a
file like this one; only such an image is worth locking. FIRMWARE shows which it is.
"""

# of firmware bundles
RELEASE = bytes.fromhex("c6bb7043f1976f815f022e170fcd059e08f3898c073e33ecc2d749e0793c1725")
# of orders, and of a unit's calibration
ORDER = bytes.fromhex("57c9d39dcc96852d6d1c04a5bba228d447a1b5dff5df3f6ad0cf8b8bda815f2c")

FIRMWARE = b"tasuki 0.1.0 dev"  # at most 16 bytes
IMAGE = 1  # raised when frozen files change so that older bundles do not fit over them
