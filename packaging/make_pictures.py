"""Makes the README's picture from a real run of the demo: docs/images/live.svg."""

from pathlib import Path

from tasuki import demo
from tasuki.view.picture import save_svg
from tasuki.view.snapshot import Snapshot

_AT_S = 45.0


def main() -> None:
    """Run the demo and keep the first snapshot after 45 s of hub time."""
    taken: list[Snapshot] = []

    def show(snapshot: Snapshot) -> None:
        if not taken and snapshot.elapsed_s >= _AT_S:
            taken.append(snapshot)

    demo.run(demo.Options(seconds=_AT_S + 8, speed=5), show)
    save_svg(taken[0], Path("docs/images/live.svg"))


if __name__ == "__main__":
    main()
