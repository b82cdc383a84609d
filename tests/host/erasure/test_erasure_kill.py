"""An erasure that is killed at any step is carried on and completed, and nobody else loses anything."""

import shutil
from pathlib import Path

import pytest

from erasing_world import GONE, STAYS, ErasingWorld
from kill_points import Steps, killed
from tasuki.session.state import State
from tasuki.sinks.embedded import open_row
from tasuki.wearer.erasure import Erasures
from tasuki.wearer.erasure.scan import scan

POINTS = 20


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A filled state folder, what stands in it of the wearer, both devices, steps of an erasure."""
    world = ErasingWorld(tmp_path_factory.mktemp("filled"))
    world.fill()
    vault = world.state.vault
    pseudonyms = [name for (purpose, *_), name in vault.pseudonyms(GONE).items() if purpose != "capture"]
    markers = {"keys": vault.wrappings(GONE), "pseudonyms": pseudonyms, "name": [GONE.encode()]}
    device = world.hubs[GONE].device
    world.state.close()
    folder = world.state.folder
    assert scan([folder], markers).missed == {}
    whole = erase(Path(shutil.copytree(folder, folder.with_name("whole"))), device, Steps())
    assert whole > 10 * POINTS
    return folder, markers, device, world.hubs[STAYS].device, whole


def erase(folder, device, steps):
    """All that one run can do, and the hub is met in between."""
    with State(folder) as state:
        erasures = Erasures(state)
        for part in (
            state.vault,
            state.book,
            state.outbox,
            state.store,
            state.files,
            state.wipes,
            erasures._cases,
        ):
            steps.watch(part._db)
        with steps.key_files():
            case = erasures.begin(GONE)
            erasures.advance(case)
            state.wipes.done(device, "seen in a test")
            complete = erasures.advance(case).complete
    assert complete
    return steps.count


def carry_on(folder, device):
    """What the next run does: go on with what it finds."""
    with State(folder) as state:
        erasures = Erasures(state)
        ended = [one.case for one in erasures.cases() if one.complete]
        case = ended[0] if ended else erasures.begin(GONE)
        erasures.advance(case)
        state.wipes.done(device, "seen in a test")
        progress = erasures.advance(case)
        assert len(erasures.cases()) == 1
        assert erasures.receipt(case)
        erasures.close()
        return progress


def blocks_of(folder, device):
    with State(folder) as state:
        rows = [open_row(row, state.vault) for row in state.store.rows("store")]
        waiting = state.outbox.size()[0]
        return sum(block.device == device for block in rows), waiting


@pytest.mark.rule("D-03", "allow", "deny")
@pytest.mark.parametrize("point", range(POINTS))
def test_killed_at_any_step_it_is_completed_by_the_next_run(filled, tmp_path, point):
    before, markers, device, other, whole = filled
    folder = Path(shutil.copytree(before, tmp_path / "killed"))
    at = 1 + (2 * point + 1) * whole // (2 * POINTS + 1)

    assert killed(lambda: erase(folder, device, Steps(at)) and None)

    assert carry_on(folder, device).complete
    assert dict(scan([folder], markers).places) == {}
    assert blocks_of(folder, other) == (6, 3)
