"""One connection to a broker, MQTT 5 over TLS, driven by the caller: no thread, no queue behind its back.

paho keeps what was published and sends it again after a reconnect, and with a thread of its own it
sends what nobody asked about any more. So a connection that is lost is thrown away with all that waits
in it, and bytes only move inside `pump` and `publish`.
"""

import contextlib
import os
import select
import socket
import ssl
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from tasuki.errors import LinkLost, UsageError

KEEPALIVE_S = 30
PATIENCE_S = 10.0  # for the broker's answer to connecting and subscribing
NO_SUBSCRIBERS = 0x10
_NO_LINGER = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Broker:
    """Where a broker is, and how we show who we are.

    Attributes:
        ca: certificate that signed the broker's; empty is a connection without TLS, for a broker on the
            same machine only.
        certificate, key: ours, PEM files; the broker takes the certificate's common name as our name.
    """

    host: str
    port: int
    tenant: str = "tasuki"
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def context(self) -> ssl.SSLContext | None:
        """TLS 1.2 or later with the broker's name checked; UsageError when a file cannot be used."""
        if self.ca is None:
            if self.host not in ("localhost", "127.0.0.1", "::1"):
                raise UsageError(f"broker {self.host}: no TLS", "Give `ca`, `certificate` and `key`.")
            return None
        try:
            context = ssl.create_default_context(cafile=str(self.ca))
            if self.certificate:
                context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as e:
            raise UsageError(
                f"broker {self.host}: certificates cannot be used: {e}", "Check the PEM files."
            ) from e
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


class Wake:
    """Lets another thread end a `pump`; also a flag that says that it did."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.called = False

    def fileno(self) -> int:
        """To wait for."""
        return self._read

    def call(self) -> None:
        """End the wait; from any thread."""
        self.called = True
        with contextlib.suppress(BlockingIOError):
            os.write(self._write, b"!")

    def clear(self) -> None:
        """Forget calls until now."""
        self.called = False
        with contextlib.suppress(BlockingIOError):
            os.read(self._read, 4096)

    def close(self) -> None:
        """Close the pipe."""
        os.close(self._read)
        os.close(self._write)


class Link:
    """A connection. Any trouble raises LinkLost, after which it is of no use.

    Attributes:
        window: how many publishes may be without the broker's answer, both sides considered.
        unanswered: how many are.
        on_refused: called with the reason of a publish that the broker did not take, or has nobody for.
    """

    def __init__(
        self,
        broker: Broker,
        name: str,
        wake: Wake,
        on_message: Callable[[MQTTMessage], None],
        *,
        window: int = 100,
        receive: int = 1000,
        manual_ack: bool = False,
        send_buffer: int = 0,
    ) -> None:
        """Connect; LinkLost when nobody answers in time.

        send_buffer: bytes that the system may hold for us, 0 as it likes.
        """
        self._where = f"broker {broker.host}:{broker.port}"
        self._wake = wake
        self._heard = 0
        self._connected: int | None = None
        self._subscribed: list[ReasonCode] | None = None
        self.window = window
        self.unanswered = 0
        self.on_refused: Callable[[int], None] = lambda reason: None
        client = Client(
            CallbackAPIVersion.VERSION2,
            f"{name}-{os.urandom(4).hex()}",  # two with one name must not throw each other out
            protocol=MQTTv5,
            reconnect_on_failure=False,
            manual_ack=manual_ack,
        )
        context = broker.context()
        if context:
            client.tls_set_context(context)
        client.max_inflight_messages_set(65_535)  # the window is ours; paho would queue and send later
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish

        def heard(client: Client, userdata: Any, message: MQTTMessage) -> None:
            self._heard += 1
            on_message(message)

        client.on_message = heard
        self._client = client
        hello = Properties(PacketTypes.CONNECT)
        hello.ReceiveMaximum = receive
        try:
            client.connect(broker.host, broker.port, KEEPALIVE_S, clean_start=True, properties=hello)
        except (OSError, ssl.SSLError, ValueError) as e:
            raise LinkLost(f"{self._where}: {e}", "It is tried again.") from e
        if send_buffer:
            self._socket().setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        self._poll = select.poll()
        self._fd = self._socket().fileno()
        self._poll.register(wake.fileno(), select.POLLIN)
        self._await(lambda: self._connected is not None, "did not answer")
        if self._connected:
            self.drop()
            raise LinkLost(
                f"{self._where} refuses us (reason {self._connected})", "Check name and certificate."
            )

    def subscribe(self, *topics: str) -> None:
        """Subscribe at QoS 1 and wait for the answer; LinkLost when the broker's ACL says no."""
        self._subscribed = None
        self._client.subscribe([(topic, 1) for topic in topics])
        self._await(lambda: self._subscribed is not None, "did not answer a subscription")
        codes: list[ReasonCode] = self._subscribed or []
        if any(code.is_failure for code in codes):
            self.drop()
            raise LinkLost(f"{self._where} does not let us read {topics[0]}", "Check the broker's ACL file.")

    def publish(self, topic: str, payload: bytes, properties: Any = None, qos: int = 1) -> None:
        """Begin to send one message; what the socket does not take at once leaves in later `pump`s."""
        info = self._client.publish(topic, payload, qos, properties=properties)
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise self._lost("connection lost")
        self.unanswered += qos

    def ack(self, mid: int) -> None:
        """Acknowledge a message that came."""
        self._client.ack(mid, 1)

    @property
    def stuck(self) -> bool:
        """True while something that was published has not left whole, or the window is full."""
        return bool(self._client.want_write()) or self.unanswered >= self.window

    def pump(self, timeout_s: float) -> None:
        """Move bytes both ways, waiting so long for the first; LinkLost when the connection is lost."""
        client = self._client
        sock = self._socket()
        if isinstance(sock, ssl.SSLSocket) and sock.pending():
            timeout_s = 0
        events = select.POLLIN | (select.POLLOUT if client.want_write() else 0)
        self._poll.register(self._fd, events)
        ready = dict(self._poll.poll(int(timeout_s * 1000)))
        if self._wake.called:
            self.drop()
            raise LinkLost("consent changed while blocks were under way", "They are decided again.")
        if ready.get(self._fd, 0) & select.POLLOUT:
            self._check(client.loop_write())
        if ready.get(self._fd, 0) & ~select.POLLOUT or not timeout_s:
            before = -1
            while before != self._heard:  # as long as whole packets are there
                before = self._heard
                self._check(client.loop_read())
        self._check(client.loop_misc())

    def drop(self) -> None:
        """Break the connection off: the system, too, throws away what it has not sent."""
        sock: Any = self._client.socket()
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
                sock.close()

    def close(self) -> None:
        """Say goodbye."""
        with contextlib.suppress(LinkLost, OSError):
            self._client.disconnect()
            self.pump(0)
        self.drop()

    def _await(self, there: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + PATIENCE_S
        while not there():
            if time.monotonic() > until:
                self.drop()
                raise self._lost(what)
            self.pump(0.1)

    def _socket(self) -> Any:
        sock = self._client.socket()
        if sock is None or sock.fileno() < 0:
            raise self._lost("connection lost")
        return sock

    def _check(self, code: MQTTErrorCode) -> None:
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self.drop()
            raise self._lost("connection lost")

    def _lost(self, what: str) -> LinkLost:
        return LinkLost(f"{self._where}: {what}", "It is tried again.")

    def _on_connect(
        self, client: Client, userdata: Any, flags: Any, code: ReasonCode, properties: Any
    ) -> None:
        self._heard += 1
        self._connected = int(code.value)
        self.window = min(self.window, getattr(properties, "ReceiveMaximum", 65_535))

    def _on_subscribe(self, client: Client, userdata: Any, mid: int, codes: Any, properties: Any) -> None:
        self._heard += 1
        self._subscribed = codes

    def _on_publish(self, client: Client, userdata: Any, mid: int, code: ReasonCode, properties: Any) -> None:
        self._heard += 1
        if self.unanswered:
            self.unanswered -= 1
        if code.value:
            self.on_refused(int(code.value))
