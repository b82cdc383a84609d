"""SHA-512 (FIPS 180-4), which MicroPython's hashlib lacks."""

import hashlib
import sys
from array import array
from binascii import unhexlify

from tasuki_hub.native import module

try:
    if sys.implementation.name != "micropython":
        raise ImportError("viper")
    from tasuki_hub._viper_sha512 import compress
except (ImportError, SyntaxError, ValueError):  # as in fast.py
    from tasuki_hub._portable import compress

# First 64 bits of the fractions of the cube roots of the first 80 primes.
_K = (
    "428a2f98d728ae227137449123ef65cdb5c0fbcfec4d3b2fe9b5dba58189dbbc"
    "3956c25bf348b53859f111f1b605d019923f82a4af194f9bab1c5ed5da6d8118"
    "d807aa98a303024212835b0145706fbe243185be4ee4b28c550c7dc3d5ffb4e2"
    "72be5d74f27b896f80deb1fe3b1696b19bdc06a725c71235c19bf174cf692694"
    "e49b69c19ef14ad2efbe4786384f25e30fc19dc68b8cd5b5240ca1cc77ac9c65"
    "2de92c6f592b02754a7484aa6ea6e4835cb0a9dcbd41fbd476f988da831153b5"
    "983e5152ee66dfaba831c66d2db43210b00327c898fb213fbf597fc7beef0ee4"
    "c6e00bf33da88fc2d5a79147930aa72506ca6351e003826f142929670a0e6e70"
    "27b70a8546d22ffc2e1b21385c26c9264d2c6dfc5ac42aed53380d139d95b3df"
    "650a73548baf63de766a0abb3c77b2a881c2c92e47edaee692722c851482353b"
    "a2bfe8a14cf10364a81a664bbc423001c24b8b70d0f89791c76c51a30654be30"
    "d192e819d6ef5218d69906245565a910f40e35855771202a106aa07032bbd1b8"
    "19a4c116b8d2d0c81e376c085141ab532748774cdf8eeb9934b0bcb5e19b48a8"
    "391c0cb3c5c95a634ed8aa4ae3418acb5b9cca4f7763e373682e6ff3d6b2b8a3"
    "748f82ee5defb2fc78a5636f43172f6084c87814a1f0ab728cc702081a6439ec"
    "90befffa23631e28a4506cebde82bde9bef9a3f7b2c67915c67178f2e372532b"
    "ca273eceea26619cd186b8c721c0c207eada7dd6cde0eb1ef57d4f7fee6ed178"
    "06f067aa72176fba0a637dc5a2c898a6113f9804bef90dae1b710b35131c471b"
    "28db77f523047d8432caab7b40c724933c9ebe0a15c9bebc431d67c49c100d4c"
    "4cc5d4becb3e42b6597f299cfc657e2a5fcb6fab3ad6faec6c44198c4a475817"
)

# The same of the square roots of the first 8 primes.
_START = (
    "6a09e667f3bcc908bb67ae8584caa73b3c6ef372fe94f82ba54ff53a5f1d36f1"
    "510e527fade682d19b05688c2b3e6c1f1f83d9abfb41bd6b5be0cd19137e2179"
)


def _words(text):
    """array('I') of the halves of 64-bit words, high first."""
    raw = unhexlify(text)
    return array("I", [int.from_bytes(raw[i : i + 4], "big") for i in range(0, len(raw), 4)])


_CONSTANTS = _words(_K)
_BUILT_IN = getattr(hashlib, "sha512", None)
_IN_C = getattr(module, "sha512", None)


def portable_steps(data, compress):
    """SHA-512 of bytes over a block function; yields after each block of 128 bytes.

    A generator whose value is the digest, 64 bytes. A block is 0.086 M
    instructions in viper and 3.0 M in bytecode (Cortex-M3).
    """
    state = _words(_START)
    n = len(data)
    whole = n & ~127
    for at in range(0, whole, 128):
        compress(state, _CONSTANTS, data, at)
        yield
    tail = bytes(data[whole:]) + b"\x80"
    tail += bytes((112 - len(tail)) % 128 + 8) + (n << 3).to_bytes(8, "big")
    for at in range(0, len(tail), 128):
        compress(state, _CONSTANTS, tail, at)
        yield
    return b"".join([word.to_bytes(4, "big") for word in state])


def sha512_steps(data):
    """SHA-512 of bytes as a generator; its value is the digest, 64 bytes."""
    if _IN_C:
        return _IN_C(data)
    if _BUILT_IN:
        return _BUILT_IN(data).digest()
    return (yield from portable_steps(data, compress))
