"""Holds a hub, ours or another's, to the clauses of SPEC.md: `run` says which it breaks."""

from tasuki.fleet.conformance.clauses import Breach, Check
from tasuki.fleet.conformance.running import Finding, run

__all__ = ["Breach", "Check", "Finding", "run"]
