"""Start of the qemu hub: the image runs this file at boot, before the REPL.

Without a hub.json beside it the image is a bare board, for tests and
measurements: only the REPL runs.
"""

from tasuki_hub import setup_qemu

if setup_qemu.configured():
    from tasuki_hub import loader  # a bare board keeps its heap

    loader.run("tasuki_hub.board_qemu")
