"""The turns of many hubs on a terminal: a line per hub that changes in place."""

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Column

from tasuki.cli.progress import sentence
from tasuki.fleet.crew import Event
from tasuki.fleet.ports import Port


class LiveLines:
    """One line per hub that changes in place; below them, at the end, what each failed hub needs."""

    def __init__(self, chosen: list[Port]) -> None:
        width = max(len(port.path) for port in chosen)
        self._progress = Progress(
            TextColumn(
                "{task.fields[port]}", markup=False, table_column=Column(no_wrap=True, min_width=width)
            ),
            BarColumn(bar_width=24),
            TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True)),
            console=Console(highlight=False),
        )
        self._tasks: dict[Port, TaskID] = {
            port: self._progress.add_task("waits", port=port.path, total=1.0) for port in chosen
        }
        self._troubles: list[str] = []
        self._progress.start()

    def tell(self, event: Event) -> None:
        """Change the hub's line."""
        task = self._tasks.get(event.port)
        if task is None:  # it came back under another name
            task = self._tasks[event.port] = self._progress.add_task("", port=event.port.path, total=1.0)
        done = event.values.get("done", 0) / (event.values.get("total") or 1)
        words = sentence(event)
        if event.name == "end" and event.values.get("reason"):
            self._troubles.append(f"{event.port.path}  {words}")
            self._progress.update(task, description=event.values["state"])
        else:
            self._progress.update(task, description=words, completed=1.0 if event.name == "end" else done)

    def close(self) -> None:
        """Leave the last state of each line on the screen."""
        self._progress.stop()
        for line in self._troubles:
            click.echo(line)
