"""A hub answers every token of the vectors as they say, signatures included, and obeys only good ones."""

from scripted_board import Host, fresh_folder
from vector_cases import cases, data, text

from tasuki_wire import codec, epoch, items, layout

host = Host(fresh_folder("tokens"))
host.enroll()
hub = host.hub
seen = []
for case in cases("tokens"):
    hub.device, hub.nonce = data(case, "device"), data(case, "nonce")
    hub.keys.authority = data(case, "authority")
    hub.keys.raise_sequence(int(text(case, "accepted")))
    hub.consent.drop()
    damaged = hub.link.damaged
    host.frames = []
    payload = data(case, "payload")
    host.send(epoch.TOKEN, payload)
    for _ in range(3):
        host.turn()
    answer = text(case, "answer")
    got = host.of_kind("token_answer")
    if len(payload) != codec.KINDS[epoch.TOKEN].head_size:
        # a wrong length is dropped and counted, as SPEC section 9 leaves open
        assert answer == "malformed" and not got and hub.link.damaged == damaged + 1, case[0]
    else:
        request, status, mask, _, _, _, _ = codec.unpack(got[0][0], got[0][6])
        assert (request, layout.ANSWERS[status]) == (6, answer), (case[0], layout.ANSWERS[status])
        fields = codec.unpack(epoch.TOKEN, payload)
        assert mask == (fields[5] & items.ALL_ITEMS if answer == "ok" else 0), case[0]
        assert hub.keys.sequence == (fields[6] if answer == "ok" else int(text(case, "accepted"))), case[0]
    assert hub.consent.live(host.board.clock) == (answer == "ok"), case[0]
    seen.append(answer)
assert len(seen) > 30 and len(set(seen)) == 8, seen

# a hub that lost its pinned authority, or never had a key, says that
hub.keys.authority = None
hub.nonce, hub.device = data(case, "nonce"), data(case, "device")
for name in ("no_authority", "no_key"):
    host.frames = []
    host.send(epoch.TOKEN, payload)
    host.turn()
    got = host.of_kind("token_answer")[0]
    assert layout.ANSWERS[codec.unpack(got[0], got[6])[1]] == name
    hub.keys.seed = None
