"""Life cycle: `lock` shuts a hub; a signed `order` opens it and destroys its key first, or changes its key.

SPEC section 8.1. On a board without a vault a hub cannot be locked.
"""

from tasuki_hub import anchors
from tasuki_hub.commands import REBOOT
from tasuki_wire import codec, epoch, layout
from tasuki_wire.constant import const

_ROTATE = const(1)  # of layout.ORDERS


class Orders:
    """The commands `lock`, `order` and `reboot` of a hub."""

    def __init__(self, hub):
        self._hub = hub
        self._verifying = False

    def _say(self, request, name, status):
        self._hub.commands.answer(request, name, status)

    def do_lock(self, now, request, device):
        """Shut this hub for good; answered before it starts anew."""
        status = self._cannot_lock(device)
        if status is None:
            try:
                self._hub.keys.lock()
                self._hub.leaving = REBOOT
            except OSError:
                status = "full"
        self._say(request, "lock", status or "ok")

    def _cannot_lock(self, device):
        hub = self._hub
        if not hub.keys.can_lock or hub.keys.locked:
            return "not_allowed"
        if not hub.keys.keyed:
            return "no_key"
        if device != hub.device:
            return "wrong_device"
        if hub.keys.authority is None:
            return "no_authority"
        if hub.sampling or not hub.jobs.idle():
            return "busy"
        return None

    def do_order(self, now, request, form, action, device, nonce, signature):
        """Cheap checks, then the signature as a job."""
        hub = self._hub
        status = None
        if form != layout.ORDER_FORMAT or action >= len(layout.ORDERS):
            status = "malformed"
        elif action != _ROTATE and not hub.keys.locked:
            status = "not_allowed"
        elif device != hub.device:
            status = "wrong_device"
        elif nonce != hub.nonce:
            status = "wrong_nonce"
        elif self._verifying:
            status = "busy"
        elif action == _ROTATE:
            from tasuki_hub import rotation  # once in years

            status = rotation.refusal(hub)
        if status:
            return self._say(request, "order", status)
        self._verifying = True
        fields = codec.pack(codec.number("order"), request, form, action, device, nonce, signature)[2:]
        hub.jobs.add(self._verify(request, fields[: -layout.SIGNATURE_SIZE], signature))

    def _verify(self, request, body, signature):
        message = epoch.signed("order", body)
        # whom the hub obeys may have its key changed; only the maker may open it
        rotates = body[1] == _ROTATE
        public = self._hub.keys.authority if rotates else anchors.ORDER
        holds = yield from self._hub.crypto.verify_steps(public, message, signature)
        self._verifying = False
        if not holds:
            return self._say(request, "order", "bad_signature")
        if rotates:
            from tasuki_hub import rotation

            return (yield from rotation.rotate(self._hub, request))
        self._unlock(request)

    def _unlock(self, request):
        """Key, authority and counters go at once; only then anything else, and the answer."""
        hub = self._hub
        hub.destroy()
        self._say(request, "order", "ok")
        hub.leaving = REBOOT

    def do_reboot(self, now, request):
        """Start anew, with another nonce."""
        hub = self._hub
        if hub.sampling or not hub.jobs.idle():
            return self._say(request, "reboot", "busy")
        self._say(request, "reboot", "ok")
        hub.leaving = REBOOT
