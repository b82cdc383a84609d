"""The device files: what is frozen, flashed and checked."""

COMMON = (
    "__init__.py",
    "_comb.py",
    "_portable.py",
    "_viper.py",
    "app.py",
    "comb.py",
    "commands.py",
    "consent.py",
    "curve.py",
    "ed25519.py",
    "epochs.py",
    "fast.py",
    "hub.py",
    "jobs.py",
    "keystore.py",
    "link.py",
    "native.py",
    "packer.py",
    "packing.py",
    "replay.py",
    "ring.py",
    "sampler.py",
    "sha512.py",
    "signer.py",
    "steps.py",
    "trees.py",
)
UNIX = ("board_unix.py", "main_unix.py")
WIRE = ("__init__.py", "cobs.py", "codec.py", "epoch.py", "errors.py", "items.py", "layout.py", "packing.py")
