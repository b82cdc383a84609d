"""Rotations in float32 as motion_math.h does them, operation by operation."""

import numpy as np

Scalar = np.float32
Vector = list[np.float32]

ZERO, ONE = np.float32(0), np.float32(1)


def inverse_root(x: Scalar) -> Scalar:
    """1 / sqrt(x): relative error below 5e-6; something large for 0."""
    guess = np.int32(0x5F375A86) - (np.float32(x).view(np.int32) >> np.int32(1))
    y, half = guess.view(np.float32), Scalar(0.5) * x
    y = y * (Scalar(1.5) - half * y * y)
    return y * (Scalar(1.5) - half * y * y)


def cosine(s: Scalar) -> Scalar:
    """cos(a) from a squared."""
    square = s * s
    return (ONE - Scalar(0.5) * s) + square * (
        Scalar(4.16666667e-2) - Scalar(1.38888889e-3) * s + Scalar(2.48015873e-5) * square
    )


def sine_ratio(s: Scalar) -> Scalar:
    """sin(a) / a from a squared."""
    return (ONE - Scalar(1.66666667e-1) * s) + s * s * (Scalar(8.33333333e-3) - Scalar(1.98412698e-4) * s)


def angle(y: Scalar, x: Scalar) -> Scalar:
    """The angle of (x, y), -pi to pi: absolute error below 2e-5."""
    ax, ay = abs(x), abs(y)
    a = min(ax, ay) / max(ax, ay, Scalar(1e-30))
    s = a * a
    square = s * s
    even = Scalar(0.999964798) - Scalar(0.331544619) * s
    odd = Scalar(0.184463558) - Scalar(0.0907520179) * s
    r = a * (even + square * (odd + square * Scalar(0.0232860077)))
    r = Scalar(1.57079633) - r if ay > ax else r
    r = Scalar(3.14159265) - r if x < 0 else r
    return -r if y < 0 else r


def product(a: Vector, b: Vector) -> Vector:
    """Of two quaternions w x y z."""
    return [
        a[0] * b[0] - a[1] * b[1] - a[2] * b[2] - a[3] * b[3],
        a[0] * b[1] + a[1] * b[0] + a[2] * b[3] - a[3] * b[2],
        a[0] * b[2] - a[1] * b[3] + a[2] * b[0] + a[3] * b[1],
        a[0] * b[3] + a[1] * b[2] - a[2] * b[1] + a[3] * b[0],
    ]


def unit(q: Vector) -> Vector:
    """A quaternion nearly of length 1 made so."""
    scale = Scalar(1.5) - Scalar(0.5) * (q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3])
    return [each * scale for each in q]


def cross(a: Vector, b: Vector) -> Vector:
    """The vector product."""
    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]


def dot(a: Vector, b: Vector) -> Scalar:
    """The scalar product of the first three values."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def matrix(q: Vector) -> Vector:
    """The rotation matrix of q, row by row."""
    w, (x, y, z) = q[0], [Scalar(2) * each for each in q[1:]]
    wx, wy, wz, xx, xy, xz = w * x, w * y, w * z, q[1] * x, q[1] * y, q[1] * z
    yy, yz, zz = q[2] * y, q[2] * z, q[3] * z
    return [ONE - yy - zz, xy - wz, xz + wy, xy + wz, ONE - xx - zz, yz - wx, xz - wy, yz + wx, ONE - xx - yy]


def times(m: Vector, v: Vector) -> Vector:
    """A matrix times a vector."""
    return [dot(m[:3], v), dot(m[3:6], v), dot(m[6:], v)]


def turn_back(r: Vector, v: Vector) -> Vector:
    """v as it was before the small rotation r, to second order."""
    once = cross(r, v)
    twice = cross(r, once)
    return [v[i] - once[i] + Scalar(0.5) * twice[i] for i in range(3)]
