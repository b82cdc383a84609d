"""Consents that are asked for on their own, beside those for the policy's purposes.

They are recorded as events like any other, per item, under these names in `Event.purpose`; the policy's
table never has them, so none of them opens a purpose.
"""

ENTRUST = "entrust"  # handing data to a processor (rule P-01)
LOCATION = "location"  # the device's own permission for location (rule C2-03)
_FOREIGN = "entrust_foreign:"
_MODULE = "module:"


def entrust_foreign(country: str) -> str:
    """Handing data to a processor in a country (rule P-04); a processor that moves needs it anew."""
    return _FOREIGN + country


def module(name: str) -> str:
    """Events for one third-party module, off until the wearer opts in (rule M-01)."""
    return _MODULE + name


def is_scope(purpose: str) -> bool:
    """True for the name of such a consent."""
    return purpose in (ENTRUST, LOCATION) or any(
        purpose.startswith(prefix) and len(purpose) > len(prefix) for prefix in (_FOREIGN, _MODULE)
    )
