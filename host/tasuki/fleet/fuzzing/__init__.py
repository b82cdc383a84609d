"""Plagues a hub with numbered commands, honest and broken, and stops at the first promise that it breaks."""
