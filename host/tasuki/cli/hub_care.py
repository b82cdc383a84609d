"""`tasuki hub` beyond enrolment: keys, bundles, updates, lock and unlock."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import click
from nacl.signing import VerifyKey

from tasuki.cli.frame import port_option, print_json, read_bytes
from tasuki.errors import Refused, UsageError
from tasuki.fleet import bundle as bundles
from tasuki.fleet import devkeys
from tasuki.pipeline.acquire import SerialLine
from tasuki.session import care, greet
from tasuki.session.connection import Connection
from tasuki.vault import keyfiles
from tasuki.vault.secret import Signer

_DEVELOPMENT = "development"
_DEV_IMAGE = " dev"  # what tasuki_hub.anchors.FIRMWARE ends with
_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
order_key_option = click.option(
    "--order-key", required=True, help="Key file of the order key, or `development`."
)


def signer(value: str, name: str) -> Signer:
    """The key of a key file, or the development key."""
    return devkeys.signer(name) if value == _DEVELOPMENT else Signer(keyfiles.read(Path(value)))


@contextlib.contextmanager
def _meeting(port: str) -> Iterator[tuple[Connection, greet.Identity]]:
    connection = Connection(SerialLine(port))
    try:
        yield connection, greet.meet(connection)
    finally:
        connection.close()


def _say(identity: greet.Identity, as_json: bool) -> None:
    row = {
        "device": identity.device.hex(),
        "life": identity.life,
        "firmware": identity.firmware,
        "counter": identity.counter,
        "board": identity.board,
    }
    if as_json:
        print_json(row)
    else:
        click.echo("hub {device} is {life}; it runs {firmware}, version counter {counter}".format(**row))


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def key(file: Path) -> None:
    """Make a release or order key in FILE (mode 0600) and print its public half.

    The public half goes into an image: firmware/tasuki_hub/anchors.py.

    \b
    Example:
      tasuki hub key keys/release
    """
    if keyfiles.exists(file):
        raise UsageError(f"{file} is there", "A key is never replaced; give another name.")
    keyfiles.folder(file.parent)
    click.echo(Signer(keyfiles.create(file)).public.hex())


@click.group()
def bundle() -> None:
    """Firmware bundles: what a hub takes as an update.

    \b
    Example:
      tasuki hub bundle build fix.bundle --root firmware tasuki_hub/link.py --counter 7 --board qemu
      tasuki hub bundle sign fix.bundle --key keys/release
    """


@bundle.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.argument("names", nargs=-1, required=True)
@click.option(
    "--root", type=click.Path(path_type=Path, exists=True), required=True, help="Where the files are."
)
@click.option(
    "--counter", type=int, required=True, help="Version counter; hubs refuse one that is not higher."
)
@click.option("--board", required=True, help="Board that it is for, as the hub names it.")
@click.option("--firmware", default="update", show_default=True, help="What the hub will call itself.")
@_json
def build(
    out: Path, names: tuple[str, ...], root: Path, counter: int, board: str, firmware: str, as_json: bool
) -> None:
    """Put files (NAMES below --root, .py or .mpy) into the unsigned bundle OUT.

    \b
    Example:
      tasuki hub bundle build fix.bundle --root firmware tasuki_hub/link.py --counter 7 --board qemu
    """
    files = {name: read_bytes(root / name) for name in names}
    out.write_bytes(bundles.build(bundles.Release(board, counter, firmware), files))
    _describe(bundles.read(out.read_bytes()), as_json)


@bundle.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--key", "key_file", required=True, help="Key file of the release key, or `development`.")
@_json
def sign(file: Path, key_file: str, as_json: bool) -> None:
    """Sign the bundle FILE in place.

    \b
    Example:
      tasuki hub bundle sign fix.bundle --key keys/release
    """
    signed = bundles.sign(read_bytes(file), signer(key_file, "release"))
    draft = file.with_name(file.name + ".new")
    draft.write_bytes(signed)
    draft.replace(file)
    _describe(bundles.read(signed), as_json)


@bundle.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--key", "public", required=True, help="Public release key, hex, or `development`.")
@_json
def verify(file: Path, public: str, as_json: bool) -> None:
    """Say what the bundle FILE holds, if this release key signed it; exit code 1 if not.

    \b
    Example:
      tasuki hub bundle verify fix.bundle --key 3b6a27bc...
    """
    _describe(bundles.verify(read_bytes(file), public_release_key(public)), as_json)


def public_release_key(value: str) -> bytes:
    """A public release key, hex, or the development key."""
    if value == _DEVELOPMENT:
        return devkeys.signer("release").public
    try:
        return bytes(VerifyKey(bytes.fromhex(value)))
    except (ValueError, TypeError) as e:
        raise UsageError("a public key is 64 hex digits", "`tasuki hub key` prints it.") from e


def _describe(found: bundles.Bundle, as_json: bool) -> None:
    release = found.release
    row = {
        "board": release.board,
        "counter": release.counter,
        "firmware": release.firmware,
        "signed": found.signed,
        "files": {name: len(data) for name, data in found.files.items()},
    }
    if as_json:
        print_json(row)
        return
    state = "signed" if found.signed else "not signed"
    click.echo(f"{release.firmware}, counter {release.counter}, for {release.board}, {state}")
    for name, data in found.files.items():
        click.echo(f"  {name}  {len(data)} bytes")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@port_option
@_json
def update(file: Path, port: str, as_json: bool) -> None:
    """Bring the signed bundle FILE to a hub and start it there, on trial.

    It stays when it ran for ten seconds and a host spoke to it; else the hub
    goes back to the version before by itself.

    \b
    Example:
      tasuki hub update fix.bundle --port /dev/ttyACM0
    """
    data = read_bytes(file)
    read = bundles.read(data)
    if not read.signed:
        raise UsageError(f"{file} is not signed", "Run `tasuki hub bundle sign FILE --key keys/release`.")
    wanted = read.release
    with _meeting(port) as (connection, _):
        identity = care.update(connection, data)
    if identity.counter != wanted.counter:
        raise Refused(
            "not_started",
            f"the hub did not start version {wanted.counter}; it runs {identity.counter}",
            "The new version failed on its first start; try it on a development hub.",
        )
    _say(identity, as_json)


@click.command()
@port_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@_json
def lock(port: str, yes: bool, as_json: bool) -> None:
    """Lock a hub: no prompt, signed updates only, until an order destroys its key.

    \b
    Example:
      tasuki hub lock --port /dev/ttyACM0
    """
    with _meeting(port) as (connection, identity):
        if not yes:
            click.confirm(f"lock hub {identity.device.hex()} for good?", abort=True, err=True)
        if identity.firmware.endswith(_DEV_IMAGE):
            click.echo("this image obeys the published development keys: anybody can unlock it", err=True)
        locked = care.lock(connection)
    _say(locked, as_json)


@click.command()
@port_option
@order_key_option
@_json
def unlock(port: str, order_key: str, as_json: bool) -> None:
    """Destroy the key of a locked hub and what hangs on it; the hub is blank then.

    \b
    Example:
      tasuki hub unlock --port /dev/ttyACM0 --order-key keys/order
    """
    with _meeting(port) as (connection, _):
        identity = care.unlock(connection, signer(order_key, "order"))
    _say(identity, as_json)
