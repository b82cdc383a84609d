"""Runs the application: where it may listen, and what it keeps up beside the requests."""

import ipaddress
import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn

from tasuki.errors import LinkLost, UsageError
from tasuki.session.state import State
from tasuki.wearer.erasure import Erasures
from tasuki.wearer.page.app import create_app
from tasuki.wearer.records import Records

_COLLECT_S = 2.0
_ERASE_TURNS = 15
_PURGE_TURNS = 1800  # of collecting: about once an hour


def run(
    state: State,
    host: str,
    port: int,
    origin: str | None,
    certificate: Path | None,
    key: Path | None,
    say: Callable[[str], object],
) -> None:
    """Serve until the process is told to end. UsageError where it could be overheard, or cannot listen."""
    check_open(host, origin, certificate)
    config = uvicorn.Config(
        "unused",
        log_level="warning",
        access_log=False,  # addresses and times of people are category 2: not kept
        server_header=False,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        timeout_keep_alive=10,
        limit_concurrency=200,
        h11_max_incomplete_event_size=32 * 1024,
    )
    listening = _listen(host, port)
    scheme = "https" if certificate else "http"
    reached = origin or f"{scheme}://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}"
    with Records(state) as records, closing(Erasures(state)) as erasures, listening:
        config.app = create_app(records, erasures, reached)
        stop = threading.Event()
        keeping = threading.Thread(target=keep_up, args=(records, erasures, stop), name="keep-up")
        with suppress(KeyboardInterrupt):  # uvicorn raises it again once the last answers are sent
            try:
                keeping.start()
                say(reached)
                uvicorn.Server(config).run(sockets=[listening])
            finally:
                stop.set()
                keeping.join()


def check_open(host: str, origin: str | None, certificate: Path | None) -> None:
    """UsageError for an address that strangers reach without TLS, or an origin that is none."""
    if origin is not None:
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.path or parts.query:
            raise UsageError(f"{origin!r} is no origin", "Give it like https://my.example.jp.")
        if parts.scheme == "http" and not _local(parts.hostname or ""):
            raise UsageError("passwords would travel in the clear", "Give an origin that begins with https.")
    if certificate is None and not _local(host):
        raise UsageError(
            f"{host} is reached by others, and there is no certificate",
            "Give --certificate, or listen on 127.0.0.1 behind a proxy that has one.",
        )


def keep_up(records: Records, erasures: Erasures, stop: threading.Event) -> None:
    """Hand on what waits, bring the audit log up to date; now and then go on with erasures, and purge."""
    turns = 0
    while not stop.wait(_COLLECT_S):
        with suppress(LinkLost):  # what cannot be written now waits where it is durable
            records.ratings.hand_on()
            records.state.collector.keep_up()
            if turns % _ERASE_TURNS == 0:
                for one in erasures.cases():
                    if not one.complete:
                        erasures.advance(one.case)
            if turns % _PURGE_TURNS == 0:
                records.expire(time.time_ns())
        turns += 1


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens; UsageError when it cannot.

    Made with its protocol, because asyncio sends small answers at once (TCP_NODELAY) only then: without it
    every page waits 40 ms for the browser's delayed acknowledgement.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(2048)
    except OSError as e:
        made.close()
        why = f"cannot listen on {host} port {port}: {e.strerror}"
        raise UsageError(why, "Give another --host or --bind-port.") from None
    return made


def _local(host: str) -> bool:
    if host == "localhost":
        return True
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False
