# What is frozen into the image of this board.
include("../manifest.py", board="QEMU")
