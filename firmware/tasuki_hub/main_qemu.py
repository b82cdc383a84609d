"""Start of the qemu hub: the image runs this file at boot, before the REPL.

Without a hub.json beside it the image is a bare board, for tests and
measurements: only the REPL runs.
"""

from tasuki_hub import app, board_qemu

if board_qemu.configured():
    app.run(board_qemu.board())
