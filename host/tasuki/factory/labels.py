"""Labels: a QR code with product, serial, hub id and key, as SVG, PNG and ZPL; and what a scanner reads."""

import io
import os
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import zxingcpp
from PIL import Image

from tasuki.errors import Refused
from tasuki.trust.names import serial_text

_FORM = re.compile(r"TASUKI1/([A-Za-z0-9._-]{1,32})/(\d{8})/([0-9A-F]{16})/([0-9A-F]{16})")
Image.preinit()  # here, not at the first label

_DPI = 203
_SCALE = 6  # dots a module: 0.75 mm


@dataclass(frozen=True)
class Label:
    """What a label says. device and key are the hub id and the key's fingerprint (its key id), hex."""

    product: str
    serial: int
    device: str
    key: str

    @property
    def text(self) -> str:
        """What the code holds."""
        return f"TASUKI1/{self.product}/{serial_text(self.serial)}/{self.device.upper()}/{self.key.upper()}"

    @classmethod
    def read(cls, text: str) -> "Label":
        """From what a scanner typed; Refused("label_mismatch") for any other code."""
        found = _FORM.fullmatch(text.strip())
        if not found:
            raise Refused("label_mismatch", "this is not the label of a hub", "Scan the label of this hub.")
        product, serial, device, key = found.groups()
        return cls(product, int(serial), device.lower(), key.lower())

    def files(self) -> dict[str, bytes]:
        """The label in each form, by the end of its file's name."""
        code = zxingcpp.create_barcode(self.text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
        png = io.BytesIO()
        Image.fromarray(np.asarray(code.to_image(_SCALE)) > 0).save(png, "png", dpi=(_DPI, _DPI))
        svg = code.to_svg(_SCALE)
        return {"zpl": self._zpl().encode("ascii"), "svg": svg.encode(), "png": png.getvalue()}

    def _title(self) -> str:
        return f"{self.product} {serial_text(self.serial)}"

    def _zpl(self) -> str:
        """ZPL II; the printer makes the code itself."""
        lines = [self._title(), f"ID {self.device.upper()}", f"KEY {self.key.upper()}"]
        fields = "".join(f"^FO300,{40 + 50 * n}^A0N,34,34^FD{line}^FS\n" for n, line in enumerate(lines))
        return f"^XA\n^FO30,30^BQN,2,{_SCALE}^FDMA,{self.text}^FS\n{fields}^XZ\n"

    def compare(self, text: str) -> None:
        """Refused("label_mismatch") when a scanner read another label than this."""
        other = Label.read(text)
        if other != self:
            raise Refused(
                "label_mismatch",
                f"the label of {other.product} {serial_text(other.serial)} was scanned, not {self._title()}",
                "Put the label of this hub on it, then scan again.",
            )


def write(label: Label, folder: Path, printer: Path | None = None) -> None:
    """Write all forms into a folder, and the ZPL to a printer's device; again makes the same files."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind, data in label.files().items():
        path = folder / f"{serial_text(label.serial)}.{kind}"
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.write_bytes(data)
        draft.replace(path)
        if printer is not None and kind == "zpl":
            with printer.open("ab") as device:
                device.write(data)
