"""Who of the staff looked at or acted on what, in the audit log (rule S-02).

Written at once, from where it happens, into the same tree as decisions. The names are keyed: the service's
key for the person of the staff, the wearer's own for the wearer.
"""

import time
from collections.abc import Callable

from tasuki.audit import entries
from tasuki.audit.log import AuditLog, Overtaken, Taken
from tasuki.audit.names import STRANGER, subject_name
from tasuki.errors import LinkLost
from tasuki.vault.vault import Vault

SOURCE = "access"
_TRIES = 100


def staff_name(vault: Vault, name: str) -> bytes:
    """A person of the staff in the log, 16 bytes."""
    return vault.service_pseudonym("staff", name)


def record(
    log: AuditLog,
    vault: Vault,
    staff: str,
    what: str,
    subject: str = "",
    case: str = "",
    clock_ns: Callable[[], int] = time.time_ns,
) -> int:
    """Append one access; its number in the log. LinkLost: it was not written, so it must not happen.

    what: a name of the act, such as `case.open`. subject: whose data, empty where nobody's.
    """
    who = subject_name(vault, subject) if subject else STRANGER
    fields = entries.access(clock_ns(), staff_name(vault, staff), what, who, case)
    name = staff_name(vault, staff).hex()
    for _ in range(_TRIES):
        n = log.collected(SOURCE)
        text = entries.text(SOURCE, n + 1, entries.body(fields))
        try:
            return log.append([text], [(f"access/{name}/", 0)], Taken(SOURCE, n, n + 1))
        except Overtaken:  # another process wrote one meanwhile
            continue
    raise LinkLost("the audit log is written to by too many at once", "Try again.")
