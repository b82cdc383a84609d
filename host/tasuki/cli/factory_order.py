"""`tasuki factory order`: work orders."""

from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

import click

from tasuki.cli.factory_frame import PATH, json_option, opened, secret_option
from tasuki.cli.frame import print_json, read_bytes
from tasuki.errors import UsageError
from tasuki.factory import checking
from tasuki.factory import order as work_orders
from tasuki.fleet import bundle as bundles
from tasuki.trust import certificates


@click.group()
def order() -> None:
    """Work orders: what a station is to build, signed.

    \b
    Example:
      tasuki factory order new A-17 --orders orders --product demo-garment \\
        --quantity 32 --first 1000 -o a17.json
      tasuki factory order show a17.json --root root/root.pem
    """


@order.command()
@click.argument("name")
@click.option("--orders", type=PATH, required=True, help="Folder of the order key.")
@click.option("--kind", type=click.Choice(work_orders.KINDS), default="development", show_default=True)
@click.option("--product", required=True, help="Product number.")
@click.option("--quantity", type=int, required=True, help="Hubs to build.")
@click.option("--first", type=int, required=True, help="First serial to use.")
@click.option("--last", type=int, help="Last serial; as many as are to be built by default.")
@click.option("--bundle", type=PATH, help="Signed firmware bundle that goes on every hub.")
@click.option("--firmware", default="", help="Without a bundle: what the hubs' firmware is called.")
@click.option("--limits", type=PATH, help="Product file: limits of the self-test.")
@click.option("--lock", is_flag=True, help="Lock the hubs; production always does.")
@click.option("--calibrated", is_flag=True, help="Every hub needs constants of its own.")
@click.option("--scan/--no-scan", default=True, show_default=True, help="Read every label back.")
@click.option("-o", "--output", type=PATH, required=True, help="The order, a new file.")
@secret_option
@json_option
def new(
    name: str,
    orders: Path,
    kind: str,
    product: str,
    quantity: int,
    first: int,
    last: int | None,
    bundle: Path | None,
    firmware: str,
    limits: Path | None,
    lock: bool,
    calibrated: bool,
    scan: bool,
    output: Path,
    secret_file: Path | None,
    as_json: bool,
) -> None:
    """Sign the work order NAME.

    \b
    Example:
      tasuki factory order new A-17 --orders orders --product demo-garment \\
        --quantity 32 --first 1000 -o a17.json
    """
    text = read_bytes(limits).decode("utf-8", "replace") if limits else ""
    if text:
        checking.limits(text)
    data = read_bytes(bundle) if bundle else b""
    if data:
        bundles.read(data)
    wanted = work_orders.Order(
        id=name,
        kind=kind,
        product=product,
        quantity=quantity,
        first=first,
        last=last or first + quantity - 1,
        bundle=sha256(data).hexdigest() if data else "",
        firmware=firmware,
        lock=lock or kind == "production",
        calibrated=calibrated,
        scan=scan,
        limits=text,
    )
    if output.exists():
        raise UsageError(f"{output} is there", "An order is never replaced; give another name.")
    with opened(orders, "orders", secret_file) as signer:
        output.write_text(work_orders.sign(wanted, signer.key, signer.chain), encoding="utf-8")
    _tell(wanted, as_json)


@order.command()
@click.argument("file", type=PATH)
@click.option("--root", type=PATH, required=True, help="Root that its signature must lead to.")
@json_option
def show(file: Path, root: Path, as_json: bool) -> None:
    """Say what the order FILE asks for, if its signature holds; exit code 1 if not.

    \b
    Example:
      tasuki factory order show a17.json --root root/root.pem
    """
    found, _ = work_orders.read(
        read_bytes(file).decode("utf-8", "replace"), certificates.load(read_bytes(root))
    )
    _tell(found, as_json)


def _tell(wanted: work_orders.Order, as_json: bool) -> None:
    if as_json:
        print_json(asdict(wanted))
        return
    click.echo(
        f"order {wanted.id}: {wanted.quantity} {wanted.product} for {wanted.kind}, "
        f"serials {wanted.first} to {wanted.last}"
    )
