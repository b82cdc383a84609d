"""The way of a frame: acquire, decode, enforce, filter, then verify, route, upload."""
