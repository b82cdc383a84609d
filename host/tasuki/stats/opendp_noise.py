"""The same noise from OpenDP (extra `opendp`), for who has its use prescribed, and as an oracle in tests."""

from fractions import Fraction

from tasuki.errors import UsageError


def discrete_laplace(scale: Fraction) -> int:
    """z with probability proportional to exp(-|z| / scale). UsageError when OpenDP is not installed."""
    try:
        import opendp.prelude as dp
    except ImportError:
        raise UsageError("OpenDP is not installed", "Run `pip install 'tasuki[opendp]'`.") from None
    dp.enable_features("contrib")
    space = dp.atom_domain(T=int), dp.absolute_distance(T=int)
    return int(dp.m.make_laplace(*space, scale=float(scale))(0))
