# The hub's files, frozen; the same for every board. A board's own manifest is
#     include("../manifest.py", board="QEMU")
# where the option names its row in tasuki_hub/manifest.py. MicroPython's
# build reads this file; the list itself is kept in one place only.
import runpy

_files = runpy.run_path("../tasuki_hub/manifest.py")
_own = _files[options.board]
freeze("..", tuple("tasuki_hub/" + name for name in _files["COMMON"] + _own))
freeze("../../protocol", tuple("tasuki_wire/" + name for name in _files["WIRE"]))
