"""`tasuki hub image`: a base image, by the part maker's tool; `tasuki hub package`: files for mip."""

import threading
from pathlib import Path
from typing import Any

import click

from tasuki.cli.hub_ports import ports_options, select
from tasuki.cli.progress import Logs, Telling, exit_code, teller
from tasuki.fleet import crew, imaging, package
from tasuki.fleet.compiling import ARCHITECTURES
from tasuki.fleet.ports import Port


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@ports_options
@click.option("--tool", type=click.Choice(list(imaging.TOOLS)), help="By the file's ending unless given.")
@click.option("--offset", default="0x0", show_default=True, help="Where esptool writes it.")
@click.option("-j", "--jobs", type=click.IntRange(1, 64), help="Hubs at once; all, up to 32, by default.")
@click.option("--json", "as_json", is_flag=True, help="Events as NDJSON.")
def image(
    file: Path,
    patterns: tuple[str, ...],
    filters: tuple[str, ...],
    every: bool,
    state: Path,
    tool: str | None,
    offset: str,
    jobs: int | None,
    as_json: bool,
) -> int:
    """Install the base image FILE by esptool, picotool or dfu-util.

    The tool must be installed. Several hubs go at once, each with its line of progress.

    \b
    Example:
      tasuki hub image micropython-esp32s3.bin --port '/dev/ttyACM*'
    """
    name = imaging.tool_for(file, tool)
    imaging.program(name)
    chosen = select(state, patterns, filters, every)

    def job(port: Port, say: crew.Say, stop: threading.Event) -> dict[str, Any]:
        return {"state": imaging.install(port, file, name, offset, say, stop)}

    with Telling(teller(as_json, chosen), Logs(state / "logs")) as telling:
        return exit_code(crew.work(chosen, job, telling, jobs, 0, state))


@click.command("package")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--board", type=click.Choice(list(package.PLATFORMS)), default="unix", show_default=True)
@click.option(
    "--arch",
    type=click.Choice([name for name in ARCHITECTURES if name]),
    help="Compile for this processor; sources otherwise.",
)
def package_(folder: Path, board: str, arch: str | None) -> None:
    """Write the hub's files and their package.json to FOLDER, for `mpremote mip install`.

    \b
    Example:
      tasuki hub package out/unix --arch x64
      mpremote connect /dev/pts/5 resume mip install out/unix/package.json
    """
    count = package.write(folder, board, arch)
    click.echo(f"{count} files; install them with `mpremote mip install {folder / package.NAME}`")
