"""Start of the virtual hub: `micropython -i -m tasuki_hub.main_unix`."""

from tasuki_hub import app, board_unix

app.run(board_unix.Board())
