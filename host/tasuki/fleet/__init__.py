"""Hubs on the bench: virtual ones now; finding, flashing and testing build on this."""
