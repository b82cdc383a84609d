"""`python -m tasuki.cli` is the command `tasuki`."""

from tasuki.cli import main

main()
