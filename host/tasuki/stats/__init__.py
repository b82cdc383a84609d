"""Statistics that identify nobody (rule C3-06)."""
