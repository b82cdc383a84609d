"""A part that asks to be polled while the sampler works is polled in the next turn, whichever it works at."""

from tasuki_hub.sampler import Sampler
from tasuki_wire import codec, items


class Part:
    """A part that is polled each second unless it asks; `during` is called in the middle of its poll."""

    kind = codec.number("ecg")
    site = 1
    period_us = 4_000
    per_frame = 25
    silent_us = 0

    def __init__(self):
        self.wake = None
        self.during = None
        self.polls = 0

    def start(self, ring, now_us):
        ring.restart(now_us)

    def poll(self, ring, now_us):
        self.polls += 1
        if self.during:
            self.during()
        return now_us + 1_000_000

    def stop(self):
        pass


parts = [Part(), Part()]
sampler = Sampler(list(enumerate(parts)))
sampler.apply(items.bit("ecg"), 0)
now_us = 10
assert sampler.poll(now_us) and [part.polls for part in parts] == [1, 1]

# between two turns
now_us += 10
assert not sampler.poll(now_us)
parts[1].wake()
assert sampler.next_us <= now_us and sampler.poll(now_us) and [part.polls for part in parts] == [1, 2]
now_us += 10
assert not sampler.poll(now_us)

# while another part, or this one itself, is being polled
for at_work in parts:
    for asking in parts:
        before = asking.polls
        at_work.during = asking.wake
        at_work.wake()
        assert sampler.poll(now_us)
        at_work.during = None
        polled = asking.polls
        assert sampler.next_us <= now_us and sampler.poll(now_us + 10) and asking.polls == polled + 1
        assert polled >= before
        now_us += 20
        assert not sampler.poll(now_us)
