"""What runs on the hub: measure, pack, sign, send; MicroPython, and CPython for tests.

Files named board*.py alone touch pins and buses, and app.py alone imports
all the others.
"""
