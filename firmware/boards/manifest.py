# The hub's files, frozen; the same for every board. A board's own manifest is
#     include("../manifest.py", board="QEMU")
# where the option names its row in tasuki_hub/manifest.py. MicroPython's
# build reads this file; the list itself is kept in one place only.
import os
import runpy

_files = runpy.run_path("../tasuki_hub/manifest.py")
_own = _files[options.board]
# keys of a product in place of the published ones: a folder with tasuki_hub/anchors.py
_anchors = os.environ.get("TASUKI_ANCHORS")
_hub = [name for name in _files["COMMON"] + _own if not (_anchors and name == "anchors.py")]
if _anchors:
    freeze(_anchors, ("tasuki_hub/anchors.py",))
freeze("..", tuple("tasuki_hub/" + name for name in _hub))
freeze("../../protocol", tuple("tasuki_wire/" + name for name in _files["WIRE"]))
