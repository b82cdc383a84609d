"""What people ask of the privacy office, and what it has to do by when (rules D-05, D-06, R-02, S-06)."""
