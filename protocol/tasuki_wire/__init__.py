"""One binary protocol, used by hub and host: bytes in, bytes out, no I/O."""
