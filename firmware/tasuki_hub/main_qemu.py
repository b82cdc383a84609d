"""Start of the qemu hub: the image runs this file at boot, before the REPL.

Without a hub.json beside it the image is a bare board, for tests and
measurements: only the REPL runs.
"""

from tasuki_hub import board_qemu

if board_qemu.configured():
    from tasuki_hub import app  # a bare board keeps its heap

    app.run(board_qemu.board())
