"""mosquitto's configuration and ACL file: who may publish and read what, by certificate.

Deny by default: what no line allows, mosquitto refuses once it has an ACL file. A name is the common
name of a client's certificate.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tasuki.consent.registers import INTERNAL, PROCESSORS, Registers
from tasuki.sinks.messages import Topics


@dataclass(frozen=True)
class Limits:
    """How much may lie in the broker's memory.

    Attributes:
        inflight: messages on their way to one client, not acknowledged.
        queued, queued_bytes: for one client beyond these; more is dropped, counted and alarmed, and sent
            again by its gateway, which heard no answer.
        packet: bytes of one message. memory: bytes of the whole broker.
    """

    inflight: int = 1000
    queued: int = 20_000
    queued_bytes: int = 64_000_000
    packet: int = 1_000_000
    memory: int = 512_000_000


def configuration(
    folder: Path,
    port: int = 8883,
    bind: str = "",
    limits: Limits = Limits(),
    tls: bool = True,
    report_s: int = 10,
) -> str:
    """mosquitto.conf for files in a folder: acl, ca.pem, broker.pem, broker.key.

    Nothing is kept on disk: a gateway keeps every block until it is in the database.
    tls: False has neither certificates nor names, for tests and one machine.
    """
    address = f" {bind}" if bind else ""
    lines = [
        "# Made by `tasuki sink mosquitto`.",
        "per_listener_settings false",
        "persistence false",
        f"max_inflight_messages {limits.inflight}",
        f"max_queued_messages {limits.queued}",
        f"max_queued_bytes {limits.queued_bytes}",
        f"max_packet_size {limits.packet}",
        f"memory_limit {limits.memory}",
        f"sys_interval {report_s}",
        f"listener {port}{address}",
    ]
    if tls:
        lines += [
            f"cafile {folder / 'ca.pem'}",
            f"certfile {folder / 'broker.pem'}",
            f"keyfile {folder / 'broker.key'}",
            "require_certificate true",
            "use_identity_as_username true",
            "tls_version tlsv1.2",
            "allow_anonymous false",
            f"acl_file {folder / 'acl'}",
        ]
    else:
        lines.append("allow_anonymous true")
    return "\n".join(lines) + "\n"


def acl(registers: Registers, tenant: str, gateways: Iterable[str], collectors: Sequence[str]) -> str:
    """The ACL file: gateways publish, our collectors read our destinations, processors their own.

    A processor that is suspended, or has no contract, gets no line; what it may read is, for each purpose
    of its destinations, the items that the register gives it (rules P-02, P-06).
    """
    topics = Topics(tenant)
    places = sorted(registers.destinations.values(), key=lambda place: place.name)
    lines = ["# Made by `tasuki sink mosquitto` from the register. Names are those of certificates.", ""]
    for name in gateways:
        lines += [f"user {name}", f"topic read {topics.reply(name)}"]
        for place in places:
            lines.append(f"topic write {tenant}/{place.purpose}/{place.name}/+/+")
            lines.append(f"topic write {tenant}/tombstone/{place.name}/+")
            lines.append(f"topic write {topics.erasure(place.name)}")
        lines.append("")
    own = [place for place in places if place.kind == INTERNAL]
    for name in collectors:
        lines += [
            f"user {name}",
            "topic read $SYS/#",
            f"topic read {topics.reply(name)}",
            f"topic write {tenant}/reply/+",
        ]
        for place in own:
            lines.append(f"topic read {tenant}/{place.purpose}/{place.name}/+/+")
            lines.append(f"topic read {tenant}/tombstone/{place.name}/+")
            lines.append(f"topic read {topics.erasure(place.name)}")
        lines.append("")
    for name, processor in sorted(registers.processors.items()):
        mine = [place for place in places if place.kind in PROCESSORS and (place.party or place.name) == name]
        if processor.suspended or processor.contract is None or not mine:
            continue
        lines += [f"user {name}", f"topic read {topics.reply(name)}", f"topic write {tenant}/reply/+"]
        for place in mine:
            for item in sorted(processor.fields.get(place.purpose, ())):
                lines.append(f"topic read {tenant}/{place.purpose}/{place.name}/{item}/+")
            lines.append(f"topic read {tenant}/tombstone/{place.name}/+")
        lines.append("")
    return "\n".join(lines)
