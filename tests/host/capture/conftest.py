"""What the tests of bundles begin with: a capture of the wearer whom the test's module names WEARER."""

import pytest

from host import capture_examples as example


@pytest.fixture
def vault(request, vault_of):
    """The keys of the wearer."""
    return vault_of(request.module.WEARER.subject)


@pytest.fixture
def session(request, tmp_path, vault):
    """An encrypted capture of three epochs."""
    example.write(tmp_path / "session", keys=vault, subject=request.module.WEARER.subject)
    return tmp_path / "session"
