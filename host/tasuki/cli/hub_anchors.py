"""`tasuki hub anchors`: the keys that a product's image obeys."""

from pathlib import Path

import click

from tasuki.capture.trust import parse_key
from tasuki.fleet import product_anchors


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--release", required=True, metavar="KEY", help="Public release key, hex or a file.")
@click.option("--order", required=True, metavar="KEY", help="Public order key, hex or a file.")
@click.option("--firmware", required=True, metavar="NAME", help="What its hubs call their firmware.")
def anchors(folder: Path, release: str, order: str, firmware: str) -> None:
    """Write the keys that a product's image obeys into FOLDER, from which `make firmware` takes them.

    The image comes into FOLDER as well. Make the keys with `tasuki hub key`.

    \b
    Example:
      tasuki hub anchors product --release release.pub --order order.pub --firmware "example 1.0.0"
      TASUKI_ANCHORS=product make firmware
    """
    content = product_anchors.text(parse_key(release), parse_key(order), firmware)
    path = product_anchors.write(folder, content)
    click.echo(f"{path} is written; build its image: TASUKI_ANCHORS={folder} make firmware")
