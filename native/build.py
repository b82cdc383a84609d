"""Builds tasuki._native with cffi; its declarations are our own headers.

Run by setuptools from the project's root, without a package around it.
"""

import re
from pathlib import Path

from cffi import FFI

HEADERS = sorted(Path("native/include").glob("*.h"))
SOURCES = sorted(str(path) for path in Path("native/src").glob("*.c"))


def declarations(text: str) -> str:
    """A header as cffi reads it: no comments, no preprocessor lines."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))


ffi = FFI()
for header in HEADERS:
    ffi.cdef(declarations(header.read_text()))
ffi.set_source(
    "tasuki._native",
    "\n".join(f'#include "{header.name}"' for header in HEADERS),
    sources=SOURCES,
    include_dirs=["native/include", "native/src"],
    extra_compile_args=["-std=c99", "-O3", "-ffp-contract=off", "-fvisibility=hidden"],
    py_limited_api=True,
)

if __name__ == "__main__":
    ffi.compile(verbose=True)
