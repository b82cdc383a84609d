"""What the fall detector's logistic regression learnt; written by benchmarks/filters/fit_falls.py.

Learnt on the 11 subjects of HIFD (Nho et al., IEEE Access 2020) in ../shared/data,
wrist, with gravity and without.
"""

WEIGHTS = (
    0.522465,  # impact
    -1.211822,  # stillness
    1.653756,  # after
    -0.822187,  # before
    3.146993,  # jerk before
    2.209350,  # jerk after
    -1.028315,  # repeats
)
OFFSET = -11.446053
