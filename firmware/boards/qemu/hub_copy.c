// memcpy and memset by words, also where the addresses are not aligned, which this processor can read
// and write (DDI 0403, A3.2.1). The port's copies such pieces byte by byte, and most of a frame's are
// such; and each call of a function, each object begins with zeros.
#include <stddef.h>
#include <stdint.h>

typedef struct __attribute__((packed)) {
    uint32_t word;
} anywhere_t;

// the compiler must not make calls of memcpy and memset out of these
__attribute__((optimize("O2", "no-tree-loop-distribute-patterns")))
void *__wrap_memcpy(void *dst, const void *src, size_t n) {
    uint8_t *to = dst;
    const uint8_t *from = src;
    for (; n >= 16; n -= 16, to += 16, from += 16) {
        anywhere_t *d = (anywhere_t *)to;
        const anywhere_t *s = (const anywhere_t *)from;
        uint32_t a = s[0].word, b = s[1].word, c = s[2].word, e = s[3].word;
        d[0].word = a;
        d[1].word = b;
        d[2].word = c;
        d[3].word = e;
    }
    for (; n >= 4; n -= 4, to += 4, from += 4) {
        ((anywhere_t *)to)->word = ((const anywhere_t *)from)->word;
    }
    for (; n; n--) {
        *to++ = *from++;
    }
    return dst;
}

__attribute__((optimize("O2", "no-tree-loop-distribute-patterns")))
void *__wrap_memset(void *dst, int byte, size_t n) {
    uint8_t *to = dst;
    uint32_t word = (uint8_t)byte * 0x01010101u;
    for (; n >= 16; n -= 16, to += 16) {
        anywhere_t *d = (anywhere_t *)to;
        d[0].word = word;
        d[1].word = word;
        d[2].word = word;
        d[3].word = word;
    }
    for (; n >= 4; n -= 4, to += 4) {
        ((anywhere_t *)to)->word = word;
    }
    for (; n; n--) {
        *to++ = (uint8_t)byte;
    }
    return dst;
}
