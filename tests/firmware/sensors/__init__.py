"""Simulated sensors, register by register, from their data sheets.

They run under CPython and MicroPython. Time is the Clock's; nothing waits.
"""
