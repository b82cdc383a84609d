"""The manufacturing line: one key per hub, exactly once, from blank hub to shipped box."""
