/* Beat detector: where under an energy peak the R peak lies. */
#include "beat.h"

static uint32_t ring_back(const struct tsk_beat_ring *ring, int64_t back)
{
    return ring->samples[((ring->head - (uint32_t)back) & (TSK_BEAT_RING - 1u)) * ring->step];
}

int64_t tsk_beat_locate(const struct tsk_beat_coef *coef, const struct tsk_beat_ring *ring, int64_t now,
                        int64_t at)
{
    int32_t half = coef->smooth / 2;
    int32_t near_count = 2 * half + 1;
    int32_t wide_count = 2 * coef->baseline + 1;
    uint32_t zero = ring_back(ring, now - at);
    int64_t from = at - coef->reach;
    int32_t near_sum = 0;
    int32_t wide_sum = 0;
    for (int64_t i = from - half; i < from + half; i++) {
        near_sum += (int32_t)(ring_back(ring, now - i) - zero);
    }
    for (int64_t i = from - coef->baseline; i < from + coef->baseline; i++) {
        wide_sum += (int32_t)(ring_back(ring, now - i) - zero);
    }
    int64_t best = -1;
    int64_t best_at = at;
    for (int64_t i = from; i <= at + coef->reach; i++) {
        near_sum += (int32_t)(ring_back(ring, now - (i + half)) - zero);
        wide_sum += (int32_t)(ring_back(ring, now - (i + coef->baseline)) - zero);
        int64_t height = (int64_t)near_sum * wide_count - (int64_t)wide_sum * near_count;
        height = height < 0 ? -height : height;
        if (height > best) {
            best = height;
            best_at = i;
        }
        near_sum -= (int32_t)(ring_back(ring, now - (i - half)) - zero);
        wide_sum -= (int32_t)(ring_back(ring, now - (i - coef->baseline)) - zero);
    }
    return best_at;
}
