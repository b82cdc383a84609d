"""A state folder of two wearers, one of whom is to be erased."""

import pytest

from erasing_world import ErasingWorld


@pytest.fixture
def world(tmp_path):
    world = ErasingWorld(tmp_path)
    world.fill()
    yield world
    world.state.close()
