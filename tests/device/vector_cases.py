"""Reads the text vectors of protocol/vectors, on both interpreters, one case in memory at a time."""

FOLDER = __file__[: -len("tests/device/vector_cases.py")] + "protocol/vectors/"


def cases(name):
    """Yield the blocks of a vector file, each a list of (name, value)."""
    block = []
    with open(FOLDER + name + ".txt") as file:
        for line in file:
            line = line.rstrip("\n")
            if line and line[0] != "#":
                block.append(tuple(line.split(": ", 1)))
            elif block:
                yield block
                block = []
    if block:
        yield block


def texts(case, name):
    """Values of all lines of a name."""
    return [value for key, value in case if key == name]


def text(case, name):
    """Value of the one line of a name."""
    (value,) = texts(case, name)
    return value


def unhex(value):
    """Bytes of one value."""
    return b"" if value == "-" else bytes.fromhex(value)


def data(case, name):
    """Bytes of the one line of a name."""
    return unhex(text(case, name))
