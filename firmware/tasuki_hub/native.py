"""The C module `_tasuki` (firmware/cmodule), or None where this hub has none.

An image has it built in; stock firmware takes it as a file, _tasuki.mpy.
"""

try:
    import _tasuki as module
except (ImportError, ValueError):
    # ValueError: an .mpy of another processor or MicroPython
    module = None
