"""Labels and the scanner that reads them back."""

import threading
from dataclasses import replace

import pytest

from barcodes import needs_zbar, read
from factory.conftest import PRODUCT
from tasuki.errors import LinkLost, Refused
from tasuki.factory import labels
from tasuki.factory.labels import Label
from tasuki.factory.line import Stop
from tasuki.factory.scanner import Scanner
from wearer.browsing import chromium, needs_chromium

LABEL = Label(PRODUCT, 1234, "00112233aabbccdd", "deadbeef00000001")


@needs_zbar
@pytest.mark.parametrize("product", [PRODUCT, "x", "A-long.name_that.has-32-letters."])
def test_a_label_is_read_back_by_another_makers_decoder(product, tmp_path):
    own = replace(LABEL, product=product)
    picture = tmp_path / "label.png"
    picture.write_bytes(own.files()["png"])

    text = read(picture)

    assert text == own.text and Label.read(text) == own


@needs_zbar
@needs_chromium
def test_a_label_as_a_browser_shows_it_is_read_back(tmp_path):
    drawing, picture = tmp_path / "label.svg", tmp_path / "label.png"
    drawing.write_bytes(LABEL.files()["svg"])

    with chromium() as browser:
        page = browser.new_page()
        page.goto(drawing.as_uri())
        page.screenshot(path=picture)

    assert read(picture) == LABEL.text


def test_a_label_has_a_form_for_each_use():
    files = LABEL.files()

    assert LABEL.text.encode() in files["zpl"] and files["zpl"].startswith(b"^XA")
    assert files["svg"].lstrip().startswith(b"<?xml")


@pytest.mark.parametrize(
    "changed", [{"serial": 1235}, {"device": "0" * 16}, {"key": "0" * 16}, {"product": "x"}]
)
def test_another_label_is_noticed(changed):
    with pytest.raises(Refused) as refusal:
        LABEL.compare(replace(LABEL, **changed).text)
    assert refusal.value.reason == "label_mismatch"


@pytest.mark.parametrize("text", ["", "4006381333931", "TASUKI1/x/1/2/3", "tasuki1" + LABEL.text[7:]])
def test_what_is_no_label_is_refused(text):
    with pytest.raises(Refused):
        LABEL.compare(text)


def test_labels_are_written_and_sent_to_the_printer(tmp_path):
    printer = tmp_path / "lp0"
    printer.touch()

    labels.write(LABEL, tmp_path / "labels", printer)

    assert sorted(p.name for p in (tmp_path / "labels").iterdir()) == [
        f"00001234.{k}" for k in ("png", "svg", "zpl")
    ]
    assert printer.read_bytes() == LABEL.files()["zpl"]


def test_a_scanned_label_goes_to_the_hub_that_waits_and_the_rest_to_the_operator():
    typed = []
    other = replace(LABEL, serial=1235)
    gate = threading.Event()

    def lines():
        gate.wait(5)
        yield from ("retry slot3\n", "\n", other.text + "\n")

    scanner = Scanner(lines(), typed.append, patience_s=5)

    got = scanner.scan(LABEL, gate.set, Stop())

    assert typed == ["retry slot3"]
    assert got == other.text  # the only one that waits gets it, so that a wrong label is noticed


@pytest.fixture
def silence():
    """The lines of a scanner that says nothing, until the test is over."""
    over = threading.Event()
    yield iter(over.wait, True)
    over.set()


def test_who_scans_at_the_word_is_heard(silence):
    typed = []
    scanner = Scanner(silence, typed.append, patience_s=5)

    got = scanner.scan(LABEL, lambda: scanner.take(LABEL.text), Stop())

    assert got == LABEL.text and typed == []


def test_a_scanner_that_says_nothing_ends_the_wait():
    scanner = Scanner([], lambda text: None)

    with pytest.raises(Refused) as refusal:
        scanner.scan(LABEL, lambda: None, Stop())
    assert refusal.value.reason == "no_scan"


def test_a_line_that_stops_does_not_wait_for_the_scanner_and_the_hub_goes_on_later(silence):
    stop = Stop()
    scanner = Scanner(silence, lambda text: None)

    with pytest.raises(LinkLost):
        scanner.scan(LABEL, stop.set, stop)
