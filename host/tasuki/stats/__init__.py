"""Statistics that identify nobody (rule C3-06): `release` makes one, `book` keeps budget and releases.

    stores -> contributions -> mechanism -> book
    blocks of one wearer, one number per wearer, noise and threshold, charged and recorded

Source of the mechanism: Canonne, Kamath, Steinke, "The Discrete Gaussian for Differential Privacy"
(NeurIPS 2020), algorithms 1 and 2. What is promised, and what not: docs/statistics.md.
"""
