"""Heading from the magnetometer in plain Python, as motion_orient_step.h finds it."""

from tasuki.filters.plain_rotation import ONE, ZERO, Scalar, Vector, angle, cosine, inverse_root, sine_ratio


class North:
    """The angle between the level frame and east-north-up, and which field is believed."""

    def __init__(self, k: dict[str, Scalar]) -> None:
        self.k = k
        self.half = [ONE, ZERO]
        self.known = [ZERO, ZERO]
        self.other = [ZERO, ZERO]
        self.means = [[ZERO, ZERO], [ZERO, ZERO]]
        self.clean_time = ZERO
        self.disturbed = True
        self.start_again()

    def start_again(self) -> None:
        """After a gap."""
        self.other_time = ZERO
        self.field_seen = False
        self.haste = ONE
        self.rejected = self.k["reject_for"]

    def sample(self, mag: Vector, turned: Scalar, seen: bool) -> None:
        """mag: the field in the level frame; turned: squared half angle of this sample's rotation."""
        square = mag[0] * mag[0] + mag[1] * mag[1]
        field = [square * inverse_root(square), mag[2]]
        share = (self.k["field"] if self.field_seen else ONE) if seen else ZERO
        for i in range(2):
            self.means[0][i] += share * (field[i] - self.means[0][i])
            self.means[1][i] += share * (self.means[0][i] - self.means[1][i])
        self.field_seen = self.field_seen or seen
        self._judge(self.means[1], turned, seen)
        self._turn(mag, self._share(seen))

    @staticmethod
    def _near(field: Vector, known: Vector, limit: Scalar) -> bool:
        across, along = field[0] - known[0], field[1] - known[1]
        return bool(
            across * across + along * along < limit * (known[0] * known[0] + known[1] * known[1]),
        )

    def _judge(self, field: Vector, turned: Scalar, seen: bool) -> None:
        k, dt = self.k, self.k["dt"] if seen else ZERO
        none = self.known[0] == 0 and self.known[1] == 0
        same = self._near(field, self.known, k["field_limit"])
        longest = Scalar(2) * k["field_clean"]
        self.clean_time = min(self.clean_time + dt, longest) if same else ZERO
        believed = same and self.clean_time >= k["field_clean"]
        disturbed = (self.disturbed and not believed) if same else True
        still_other = self._near(field, self.other, k["field_limit"])
        moved = self.other_time + (dt if turned > k["field_moving"] else ZERO)
        moved = min(moved, Scalar(2) * k["field_new"]) if still_other else ZERO
        adopt = disturbed and still_other and moved >= (k["field_first"] if none else k["field_new"])
        follow = k["field_follow"] if seen else ZERO
        for i in range(2):
            kept = self.known[i] + (follow if believed else ZERO) * (field[i] - self.known[i])
            following = self.other[i] + follow * (field[i] - self.other[i])
            self.other[i] = following if still_other else field[i]
            self.known[i] = self.other[i] if adopt else kept
        self.other_time = moved
        self.clean_time = k["field_clean"] if adopt else self.clean_time
        self.disturbed = disturbed and not adopt

    def _share(self, seen: bool) -> Scalar:
        """The share of the heading error to correct now."""
        if not seen:
            return ZERO
        k, share = self.k, self.k["heading"]
        if not self.disturbed:
            self.rejected = max(self.rejected - k["reject_slow"] * k["dt"], ZERO)
        elif self.rejected < k["reject_for"]:
            self.rejected = self.rejected + k["dt"]
            share = ZERO
        else:
            share = k["heading"] / k["reject_slow"]
        share = max(share, self.haste)
        slower = self.haste / (self.haste + ONE)
        self.haste = ZERO if slower < k["heading"] else slower
        return share

    def _turn(self, mag: Vector, share: Scalar) -> None:
        n = self.half
        c, s = n[0] * n[0] - n[1] * n[1], Scalar(2) * n[0] * n[1]
        east, north = c * mag[0] - s * mag[1], s * mag[0] + c * mag[1]
        half = Scalar(0.5) * share * angle(east, north)
        turn, by = cosine(half * half), half * sine_ratio(half * half)
        after = [n[0] * turn - n[1] * by, n[0] * by + n[1] * turn]
        scale = Scalar(1.5) - Scalar(0.5) * (after[0] * after[0] + after[1] * after[1])
        self.half = [after[0] * scale, after[1] * scale]
