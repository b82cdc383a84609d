"""Gives a hub the constants of its sensors."""

from tasuki.fleet.calibration import Constants
from tasuki.pipeline.acquire import SerialLine
from tasuki.session import greet
from tasuki.session.care import send_blob
from tasuki.session.connection import Connection
from tasuki.vault.secret import Signer


def calibrate(port: str, constants: Constants, order: Signer) -> str:
    """Sign constants for the hub on a port and bring them there; its device id as hex.

    The hub uses them from its next epoch on, and keeps them. Raises Refused
    with its reason: `stale_sequence` for a version that is not above its own,
    `mismatch` for a column that it does not have, `bad_signature` for another order key.
    """
    connection = Connection(SerialLine(port))
    try:
        device = greet.meet(connection).device
        send_blob(connection, "calibration", constants.blob(device, order))
    finally:
        connection.close()
    return device.hex()
