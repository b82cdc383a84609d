"""`tasuki demo`: the main job on a real recording, no hardware needed."""

from pathlib import Path

import click

from tasuki import demo as library
from tasuki.cli.frame import print_json
from tasuki.errors import TasukiError
from tasuki.fleet.virtual import KINDS
from tasuki.session import summary
from tasuki.view.live import LiveView
from tasuki.view.words import LANGUAGES, language_of
from tasuki_wire import items

_FILE = click.Path(path_type=Path)


@click.command()
@click.option(
    "--seconds", type=click.FloatRange(min=1), default=60, show_default=True, help="Of the recording."
)
@click.option(
    "--speed", type=click.FloatRange(0.1, 50), default=1.0, show_default=True, help="Times real time."
)
@click.option(
    "--hub", "kind", type=click.Choice(KINDS), default="unix", show_default=True, help="Virtual hub."
)
@click.option("--recording", type=_FILE, help="Any WFDB record instead of the bundled one.")
@click.option("--consent", type=_FILE, help="A wearer's consent file (TOML).")
@click.option("--withhold", multiple=True, type=click.Choice(items.NAMES), help="Never sample this item.")
@click.option("--capture", type=_FILE, help="Keep the session in this new file.")
@click.option("--plaintext", is_flag=True, help="Do not encrypt the capture.")
@click.option(
    "--report", type=_FILE, default=Path("tasuki-demo.html"), show_default=True, help="HTML report."
)
@click.option("--state", type=click.Path(path_type=Path), help="Keep keys, outbox and store in this folder.")
@click.option("--lang", type=click.Choice(LANGUAGES), default=language_of, help="Language of the view.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print the summary as one JSON object and nothing else."
)
def demo(as_json: bool, kind: str, withhold: tuple[str, ...], seconds: float, **rest: object) -> None:
    """Play a real recording through a virtual hub and the whole host.

    The hub samples what the wearer's consent token allows, signs it, and the
    host verifies, filters, routes by consent and stores it.

    \b
    Example:
      tasuki demo --seconds 60 --speed 10
      tasuki demo --recording mitdb/100 --withhold ecg --json
    """
    options = library.Options(hub=kind, withhold=withhold, seconds=seconds, **rest)  # type: ignore[arg-type]
    if as_json:
        found = library.run(options)
        found.pop("beat_times_s", None)
        print_json(found)
    else:
        with LiveView(options.lang) as view:
            found = library.run(options, view.update)
        for line in summary.lines(found, options.lang):
            click.echo(line)
        if options.report:
            click.echo(f"report: {options.report}")
    if found["ended_by"]:
        raise TasukiError(found["ended_by"])
