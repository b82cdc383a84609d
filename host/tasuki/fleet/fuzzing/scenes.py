"""States of the hub in which commands find it, brought about by lawful commands."""

from random import Random
from typing import Any

from tasuki.fleet.fuzzing import recipes
from tasuki.fleet.fuzzing.judge import require
from tasuki.fleet.fuzzing.world import AUTHORITY
from tasuki_wire import layout

_CHALLENGE = b"c" * 32


class Scenes:
    """Sets a scene on the hub of a campaign."""

    def __init__(self, campaign: Any) -> None:
        self._campaign = campaign
        self._count = 0
        self._scenes = (
            *[self._sampling] * 6,
            self._ready,
            self._waiting,
            self._ending,
            *(() if campaign.peer.gentle else (self._power_cut, self._locked)),
        )

    def set(self, rng: Random) -> None:
        """Bring the hub into some scene; the first is that of a blank hub."""
        self._count += 1
        if self._count == 1 and self._campaign.world.life == "blank":
            self._blank()
            return
        self._enrolled()
        rng.choice(self._scenes)()

    # -- what scenes are made of ------------------------------------------------

    def _enrolled(self) -> None:
        """The hub obeys our authority and is not locked."""
        world = self._campaign.world
        if world.life == "locked":
            require(self._campaign.post("order", recipes.order(world, 1)) == "ok", "no unlock")
            self._campaign.well()
        if world.life == "blank" or world.authority != AUTHORITY.key_id or world.sequence > 1 << 31:
            self._idle()
            status = self._insist("enroll", AUTHORITY.public, _CHALLENGE, int(world.life != "blank"))
            require(status == "ok", "not enrolled:", status)
            self._campaign.well()

    def _insist(self, name: str, *values: object) -> str:
        """Ask until the hub is not busy."""
        while (status := str(self._campaign.ask(name, *values))) == "busy":
            self._campaign.pump()
        return status

    def _idle(self) -> None:
        if self._campaign.world.state == "sampling":
            self._insist("stop")

    def _token(self, **changed: int | bytes) -> None:
        status = self._answer_to_token(**changed)
        require(status == "ok", "a lawful token was refused:", status)
        self._campaign.well()

    def _endless_token(self) -> None:
        """One that lives too long is refused; by chance alone few signed ones come so far."""
        status = self._answer_to_token(lifetime=layout.MAX_LIFETIME_S + 1)
        require(status == "bad_lifetime", "a token that lives too long:", status)

    def _answer_to_token(self, **changed: int | bytes) -> str:
        payload = recipes.token(self._campaign.world, self._campaign.new_request(), **changed)
        while (status := self._campaign.post("token", payload)) == "busy":
            self._campaign.pump()
        return str(status)

    def _blank(self) -> None:
        """A hub without a key takes no token, and stays as it is while commands come."""
        status = self._campaign.post("token", recipes.token(self._campaign.world, 2))
        require(status == "no_key", "a token without a key:", status)

    # -- the scenes -------------------------------------------------------------

    def _sampling(self) -> None:
        self._token()
        require(self._insist("start") == "ok", "not started")

    def _ready(self) -> None:
        self._idle()
        self._endless_token()
        self._token()

    def _waiting(self) -> None:
        self._idle()
        require(self._insist("reboot") == "ok", "no reboot")
        self._campaign.well()

    def _ending(self) -> None:
        """The token has just ended, and what was sampled under it with it."""
        self._endless_token()
        self._token(lifetime=2)
        require(self._insist("start") in ("ok", "no_token"), "not started")
        while self._campaign.judge.live:
            self._campaign.pump()
            self._campaign.well()

    def _power_cut(self) -> None:
        self._campaign.power_cut()

    def _locked(self) -> None:
        """Where the board can be locked."""
        self._idle()
        status = self._insist("lock", self._campaign.world.device)
        require(status in ("ok", "not_allowed"), "lock", status)
        self._campaign.well()
        self._sampling()
