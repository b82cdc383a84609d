"""Long work as generators: they yield every few milliseconds, and their value is the result."""


def run(steps):
    """Run a generator to its end without a pause; its value."""
    try:
        while True:
            next(steps)
    except StopIteration as stop:
        return stop.value
