"""What a hub prints as a Python literal, read by one thread at a time.

CPython 3.11 counts the depth of the syntax tree that it makes in one place for all threads. Where garbage is
collected meanwhile, and a finalizer lets another thread in that makes a tree, too, it raises SystemError.
pytest makes trees of the modules of a plugin's package, and ours is one: what threads import late, they
import `ALONE`.
"""

import ast
import threading
from typing import Any

ALONE = threading.Lock()


def read(text: str | bytes) -> Any:
    """The value; ValueError or SyntaxError when this is no literal."""
    text = text.decode() if isinstance(text, bytes) else text
    with ALONE:
        return ast.literal_eval(text.strip())
