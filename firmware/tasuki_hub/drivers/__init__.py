"""Sensor drivers: one file a part, with the interface that sampler.py describes.

Buses and pins are handed in. Integers only, and nothing is allocated per
sample: what the inner loops need is made once, in __init__.
"""
