"""Tasuki: a garment's signals from hub to service, signed and never without consent."""

__version__ = "0.1.0"
