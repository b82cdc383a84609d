"""A simulated hub without a wall clock, for tests."""

from tasuki.fleet.fast_sim import STEP_US, FastLine

__all__ = ["STEP_US", "FastLine"]
