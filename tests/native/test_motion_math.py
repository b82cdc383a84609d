"""What stands in for libm keeps the errors that motion_math.h states.

The functions are those of plain_rotation.py and plain_falls.py, which equal the C to
the bit (test_motion_plain.py).
"""

import numpy as np
import pytest

from tasuki.filters.plain_falls import chance, logarithm
from tasuki.filters.plain_rotation import angle, cosine, inverse_root, matrix, sine_ratio, turn_back, unit

F = np.float32
SEED = 20261123


def worst(found, exact):
    return float(np.max(np.abs(np.array(found, float) - exact)))


def test_the_inverse_root_is_exact_to_five_millionths():
    values = np.exp(np.random.default_rng(SEED).uniform(-30, 30, 5000)).astype(F)

    assert worst([inverse_root(x) * np.sqrt(float(x)) for x in values], 1) < 5e-6
    assert np.isfinite(inverse_root(F(0)))


@pytest.mark.parametrize(("largest", "error"), [(0.8, 5e-7), (1.6, 2e-4)])
def test_cosine_and_sine(largest, error):
    angles = np.linspace(1e-4, largest, 2000)
    squares = (angles**2).astype(F)

    assert worst([cosine(s) for s in squares], np.cos(angles)) < error
    assert worst([sine_ratio(s) for s in squares], np.sin(angles) / angles) < error


def test_the_angle_is_exact_to_twenty_microradians_all_around():
    angles = np.linspace(-np.pi, np.pi, 4001)[1:-1]
    lengths = np.exp(np.linspace(-20, 20, len(angles)))
    found = [angle(F(r * np.sin(a)), F(r * np.cos(a))) for a, r in zip(angles, lengths, strict=True)]

    assert worst(found, angles) < 2.1e-5
    assert angle(F(0), F(0)) == 0


def test_the_logarithm():
    values = np.exp(np.linspace(-40, 40, 4000)).astype(F)

    found = np.array([logarithm(x) for x in values], float)
    assert np.max(np.abs(found - np.log2(values.astype(float))) - 1e-7 * np.abs(found)) < 2e-5


def test_the_chance_is_a_logistic_function_in_bits():
    values = np.linspace(-40, 40, 4001).astype(F)

    assert worst([chance(x) for x in values], 1 / (1 + np.exp2(-values.astype(float)))) < 1e-5


def test_a_quaternion_that_is_off_by_a_thousandth_becomes_one_of_length_one():
    q = unit([F(x) for x in np.array([0.5, -0.5, 0.5, 0.5]) * 1.001])

    assert np.linalg.norm(np.array(q, float)) == pytest.approx(1, abs=2e-6)


def test_turning_back_agrees_with_the_matrix_to_third_order():
    turned = np.array([0.05, -0.1, 0.08])
    half = np.linalg.norm(turned) / 2
    q = [F(np.cos(half)), *(turned / (2 * half) * np.sin(half)).astype(F)]
    rotation = np.array(matrix(q), float).reshape(3, 3)

    found = turn_back([F(x) for x in turned], [F(3), F(-4), F(9)])

    assert np.array(found, float) == pytest.approx(rotation.T @ [3, -4, 9], abs=0.14**3 * 10 / 6)
