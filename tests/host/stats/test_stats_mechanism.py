"""The noise has exactly the distribution that the proof speaks of, and the threshold what it promises.

Distributions are compared by the Dvoretzky-Kiefer-Wolfowitz inequality with Massart's constant (1990): an
empirical distribution of n values is farther than sqrt(ln(2 / alpha) / 2n) from the true one anywhere
with probability at most alpha. Ours is drawn from fixed seeds; OpenDP's cannot be, so its tests cry wolf
once in 10^9 runs.
"""

import math
import random
from fractions import Fraction

import opendp.prelude as dp
import pytest

from tasuki.errors import UsageError
from tasuki.stats import mechanism, opendp_noise, sampling
from tasuki.stats.mechanism import DELTA, K

ALPHA = 1e-9
N = 20_000
SCALES = [Fraction(1, 3), Fraction(1), Fraction(7, 2), Fraction(40)]
EPSILONS = [Fraction(1, 4), Fraction(1), Fraction(3)]


def pmf(z, scale):
    """P(z), from the definition."""
    a = math.exp(-1 / float(scale))
    return (1 - a) / (1 + a) * a ** abs(z)


def cdf(z, scale):
    """P(Z <= z), in closed form."""
    a = math.exp(-1 / float(scale))
    return a ** (-z) / (1 + a) if z < 0 else 1 - a ** (z + 1) / (1 + a)


def distance(values, scale):
    """The largest distance between the empirical and the true distribution function."""
    values = sorted(values)
    low, high = values[0], values[-1]
    at, worst = 0, cdf(low - 1, scale)
    for z in range(low, high + 1):
        while at < len(values) and values[at] <= z:
            at += 1
        worst = max(worst, abs(at / len(values) - cdf(z, scale)))
    return worst


def allowed(n, alpha=ALPHA):
    return math.sqrt(math.log(2 / alpha) / (2 * n))


def ours(scale, n=N, seed=1):
    source = random.Random(seed)
    return [sampling.discrete_laplace(scale, source) for _ in range(n)]


def test_the_distribution_function_of_these_tests_sums_up_its_own_definition():
    for scale in SCALES:
        total = 0.0
        for z in range(-600, 601):
            total += pmf(z, scale)
            assert math.isclose(total, cdf(z, scale), abs_tol=1e-6)


@pytest.mark.rule("C3-06", "evidence")
@pytest.mark.parametrize("scale", SCALES)
def test_our_sampler_has_the_distribution_of_the_paper(scale):
    assert distance(ours(scale), scale) < allowed(N)


@pytest.mark.parametrize("scale", SCALES[1:])
def test_a_scale_that_is_a_quarter_off_would_be_noticed(scale):
    assert distance(ours(scale), scale * Fraction(5, 4)) > allowed(N)


@pytest.mark.parametrize("scale", SCALES[1:3])
def test_opendp_agrees_with_the_paper_and_with_us(scale):
    theirs = opendp(scale)

    assert distance(theirs, scale) < allowed(N)
    assert two_sample(theirs, ours(scale, seed=2)) < 2 * allowed(N)


def opendp(scale):
    """Many values at once."""
    dp.enable_features("contrib")
    space = dp.vector_domain(dp.atom_domain(T=int)), dp.l1_distance(T=int)
    return dp.m.make_laplace(*space, scale=float(scale))([0] * N)


def test_opendp_s_noise_can_be_taken_instead():
    drawn = [opendp_noise.discrete_laplace(Fraction(50)) for _ in range(200)]

    assert distance(drawn, Fraction(50)) < allowed(200)


def two_sample(one, two):
    low, high = min(*one, *two), max(*one, *two)
    return max(abs(sum(v <= z for v in one) - sum(v <= z for v in two)) / N for z in range(low, high + 1))


@pytest.mark.parametrize("x", [Fraction(0), Fraction(1, 7), Fraction(1), Fraction(5, 2)])
def test_a_coin_of_exp_minus_x_falls_as_often_as_it_should(x):
    source = random.Random(3)

    heads = sum(sampling.bernoulli_exp(x, source) for _ in range(N))

    assert abs(heads / N - math.exp(-float(x))) < allowed(N)


@pytest.mark.parametrize("scale", [Fraction(0), Fraction(-1)])
def test_there_is_no_noise_without_a_scale(scale):
    with pytest.raises(ValueError, match="scale"):
        sampling.discrete_laplace(scale)


def test_noise_comes_from_the_system_unless_a_test_says_otherwise():
    assert isinstance(sampling.SYSTEM, random.SystemRandom)


# -- the threshold ----------------------------------------------------------------


@pytest.mark.rule("C3-06", "deny", "evidence")
@pytest.mark.rule("T-02", "deny")
@pytest.mark.parametrize("subjects", [0, 1, K - 1])
def test_fewer_than_k_are_withheld_whatever_the_noise(subjects):
    assert mechanism.count(subjects, Fraction(1), lambda scale: 10**6) is None
    assert mechanism.histogram([subjects, 500], Fraction(1), lambda scale: 10**6)[0] is None


@pytest.mark.rule("C3-06", "allow")
def test_enough_subjects_are_told_with_noise():
    assert mechanism.count(100, Fraction(1), lambda scale: -3) == 97
    assert mechanism.count(K, Fraction(1), lambda scale: mechanism.margin(Fraction(1))) is not None


@pytest.mark.parametrize("epsilon", EPSILONS)
def test_the_margin_is_the_smallest_that_keeps_the_promise(epsilon):
    def beyond(m):
        return 1 - cdf(m - 1, 1 / epsilon)

    m = mechanism.margin(epsilon)

    assert beyond(m) <= float(DELTA) * (1 + 1e-6) < beyond(m - 1)


@pytest.mark.rule("C3-06", "evidence")
@pytest.mark.parametrize("epsilon", EPSILONS)
@pytest.mark.parametrize("subjects", [0, K - 2, K - 1, K, K + 1, 60])
def test_one_subject_more_or_less_changes_no_answer_beyond_epsilon_and_delta(epsilon, subjects):
    """Of all answers with their exact probabilities, what exceeds exp(epsilon) times the other's is delta."""
    one, two = (answers(n, epsilon) for n in (subjects, subjects + 1))

    for p, q in ((one, two), (two, one)):
        over = sum(max(0.0, mass - math.exp(float(epsilon)) * q.get(said, 0.0)) for said, mass in p.items())
        assert over <= float(DELTA) * (1 + 1e-6)


def answers(subjects, epsilon):
    """Answer to its probability, by asking the mechanism for every noise that matters."""
    found = {}
    reach = round(60 / float(epsilon))
    for z in range(-reach, reach + 1):
        said = mechanism.count(subjects, epsilon, lambda scale, z=z: z)
        found[said] = found.get(said, 0.0) + pmf(z, 1 / epsilon)
    return found


def test_a_mean_without_noise_is_that_of_the_clamped_numbers_on_their_grid():
    values = [30.04] * 20 + [50.0] * 10 + [-273.0] * 10

    found = mechanism.mean(values, Fraction(28), Fraction(38), Fraction(1, 10), Fraction(20), lambda scale: 0)

    assert found.count == 40
    assert math.isclose(found.mean, (20 * 30.0 + 10 * 38 + 10 * 28) / 40)


@pytest.mark.parametrize("extra", [-1000.0, 28.0, 33.0, 38.0, 1000.0])
def test_one_subject_moves_a_mean_s_sum_by_no_more_than_its_noise_is_made_for(extra):
    """The sum's scale is sensitivity over half of epsilon; the sum itself is read back from the answer."""
    low, high, step, epsilon = Fraction(28), Fraction(38), Fraction(1, 10), Fraction(4)
    scales = []

    def noise(scale):
        scales.append(scale)
        return 0

    def total(values):
        found = mechanism.mean(values, low, high, step, epsilon, noise)
        return (found.mean - 33.0) * found.count / 0.05

    before, after = total([30.0] * 50), total([30.0] * 50 + [extra])

    assert abs(after - before) <= float(scales[1] * epsilon / 2) + 1e-6
    assert scales[:2] == [2 / epsilon, 2 * 100 / epsilon]


@pytest.mark.parametrize(("low", "high", "step"), [(1, 1, 1), (2, 1, 1), (0, 1, 0), (0, 1, Fraction(2, 3))])
def test_bounds_that_make_no_grid_are_refused(low, high, step):
    with pytest.raises(UsageError, match="no grid"):
        mechanism.mean([1.0], Fraction(low), Fraction(high), Fraction(step), Fraction(1))


def test_every_number_is_in_exactly_one_cell():
    edges = [Fraction(edge) for edge in (40, 60, 80)]

    cells = [mechanism.cell_of(value, edges) for value in (-5, 40, 59.9, 60, 79, 80, 200)]

    assert cells == [0, 0, 0, 1, 1, 1, 1]
