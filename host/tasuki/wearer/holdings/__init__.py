"""What is held of a wearer: to be seen, and to be taken along (rule D-01)."""
