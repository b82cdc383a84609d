"""Packages that only conversion needs, imported when it does: the extra `convert`."""

from typing import Any

from tasuki.errors import UsageError

_HINT = "Install it with: pip install 'tasuki[convert]'."


def pyarrow() -> tuple[Any, Any]:
    """(pyarrow, pyarrow.parquet); UsageError when it is not installed."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise UsageError("Parquet needs the package pyarrow", _HINT) from None
    return pyarrow, parquet


def pyedflib() -> Any:
    """pyedflib; UsageError when it is not installed."""
    try:
        import pyedflib
    except ImportError:
        raise UsageError("EDF+ needs the package pyedflib", _HINT) from None
    return pyedflib
