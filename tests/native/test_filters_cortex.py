"""On a Cortex-M4F the filters give the host's bits, in little memory.

The processor is QEMU's; recorded signals go in, results and the whole state come
out and are compared as bytes.
"""

import numpy as np
import pytest

import cortex_jobs
import cortex_m

pytestmark = pytest.mark.skipif(bool(cortex_m.missing()), reason=cortex_m.missing() or "never")


@pytest.fixture(scope="module")
def elf(tmp_path_factory):
    return cortex_m.build(tmp_path_factory.mktemp("cortex"))


@pytest.mark.parametrize("name", cortex_jobs.JOBS)
def test_results_and_state_are_the_hosts_to_the_bit(elf, name):
    job = cortex_jobs.JOBS[name]()

    answer = job.run(elf)

    assert len(job.results) > 100
    assert answer.results == job.results
    assert answer.state == job.last_state


@pytest.mark.parametrize("name", ["beats", "conditioner", "falls", "orientation"])
def test_another_split_gives_the_same_bits(elf, name):
    job = cortex_jobs.JOBS[name]()

    answer = job.run(elf, piece=977)

    assert answer.results == job.results


def test_a_changed_coefficient_is_noticed(elf):
    """The comparison itself: one bit in the coefficients shows in the results."""
    job = cortex_jobs.JOBS["biquads_f32"]()
    coef = np.frombuffer(job.coef, np.uint32).copy()
    coef[3] ^= 1  # the last bit of b0

    answer = cortex_m.run(elf, job.name, coef.tobytes(), job.state, job.samples, job.result_size, 25)

    assert answer.results != job.results


def test_every_function_has_a_bounded_stack_of_at_most_two_kib(elf):
    costs = cortex_m.costs(elf.parent)

    public = {
        "tsk_biquad_f32",
        "tsk_beat_process",
        "tsk_breath_process",
        "tsk_rate_read",
        "tsk_warmth_process",
        "tsk_orient_process",
        "tsk_fall_process",
        "tsk_activity_process",
        "tsk_posture_process",
    }
    assert public <= costs.keys()
    assert {name: cost.stack for name, cost in costs.items() if cost.stack > 2048} == {}


def test_ten_thousand_samples_cost_ten_times_a_thousand(elf):
    """What the table calls instructions a sample is one: it does not grow with the record."""
    job = cortex_jobs.JOBS["biquads_i32"]()
    per_sample = [
        cortex_m.run(elf, job.name, job.coef, job.state, job.samples[:n], 4, 25).instructions / n
        for n in (1000, 10_000)
    ]

    assert per_sample[0] == pytest.approx(per_sample[1], rel=0.02)
    assert per_sample[0] > 20
