// UART 0: the hub's line and the REPL's terminal, 8 bits clean.
//
// Interrupts move bytes between the UART and one ring each way. Sending never
// waits in hub_line_write, which the hub uses, and waits in print, which the
// REPL uses.
#include "hub.h"

#include "py/mperrno.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "py/stream.h"

// CMSDK technical reference manual (DDI 0479), 4.3: APB UART
typedef struct {
    volatile uint32_t DATA;
    volatile uint32_t STATE;
    volatile uint32_t CTRL;
    volatile uint32_t INTCLEAR;
    volatile uint32_t BAUDDIV;
} uart_regs_t;

#define UART0 ((uart_regs_t *)0x40004000)
#define STATE_TX_FULL (1u << 0)
#define STATE_RX_FULL (1u << 1)
#define CTRL_TX (1u << 0)
#define CTRL_RX (1u << 1)
#define CTRL_TX_IRQ (1u << 2)
#define CTRL_RX_IRQ (1u << 3)
#define INT_TX (1u << 0)
#define INT_RX (1u << 1)

#define RING (1024) // a power of two
typedef struct {
    uint8_t bytes[RING];
    volatile uint32_t head, tail; // put and taken since the start; they wrap
} ring_t;
static ring_t rx, tx;
static bool shut;

static uint32_t waiting(const ring_t *ring) {
    return ring->head - ring->tail;
}

void hub_line_shut(void) {
    shut = true;
}

int hub_line_any(void) {
    return (int)waiting(&rx);
}

// Full: leave the byte in the UART, which is the line's flow control, and stop
// interrupting; hub_line_read starts it again.
void hub_line_rx_irq(void) {
    UART0->INTCLEAR = INT_RX;
    while (UART0->STATE & STATE_RX_FULL) {
        if (waiting(&rx) == RING) {
            UART0->CTRL &= ~CTRL_RX_IRQ;
            return;
        }
        uint8_t byte = (uint8_t)UART0->DATA;
        if (byte == mp_interrupt_char && !shut) {
            mp_sched_keyboard_interrupt();
        } else {
            rx.bytes[rx.head % RING] = byte;
            rx.head += 1;
        }
    }
}

// The port's start has switched the UART on already, without its interrupt: a byte that came since
// then has raised none, and none behind it comes before it is taken.
void hub_line_init(void) {
    rx.head = rx.tail = tx.head = tx.tail = 0;
    UART0->BAUDDIV = 16;
    UART0->CTRL = CTRL_TX | CTRL_RX | CTRL_RX_IRQ;
    hub_line_rx_irq();
}

size_t hub_line_read(uint8_t *buf, size_t len) {
    size_t n = 0;
    while (n < len && waiting(&rx)) {
        buf[n++] = rx.bytes[rx.tail % RING];
        rx.tail += 1;
    }
    if (n && !(UART0->CTRL & CTRL_RX_IRQ)) {
        unsigned int state = hub_irq_disable();
        UART0->CTRL |= CTRL_RX_IRQ;
        hub_line_rx_irq();
        hub_irq_restore(state);
    }
    return n;
}

// Give the UART what it takes. It interrupts only for bytes sent while
// CTRL_TX_IRQ is set, so after setting it ask once more.
void hub_line_tx_irq(void) {
    UART0->INTCLEAR = INT_TX;
    UART0->CTRL &= ~CTRL_TX_IRQ;
    while (waiting(&tx)) {
        if (UART0->STATE & STATE_TX_FULL) {
            UART0->CTRL |= CTRL_TX_IRQ;
            if (UART0->STATE & STATE_TX_FULL) {
                return;
            }
            UART0->CTRL &= ~CTRL_TX_IRQ;
        }
        UART0->DATA = tx.bytes[tx.tail % RING];
        tx.tail += 1;
    }
}

size_t hub_line_write(const uint8_t *buf, size_t len) {
    size_t n = 0;
    while (n < len && waiting(&tx) < RING) {
        tx.bytes[tx.head % RING] = buf[n++];
        tx.head += 1;
    }
    unsigned int state = hub_irq_disable();
    hub_line_tx_irq();
    hub_irq_restore(state);
    return n;
}

void hub_line_drain(void) {
    uint64_t end = hub_clock_ticks() + 25000u * 200u;
    while (waiting(&tx) && hub_clock_ticks() < end) {
    }
}

// -- the terminal, in place of the port's functions ---------------------------

uintptr_t __wrap_mp_hal_stdio_poll(uintptr_t flags) {
    uintptr_t ready = 0;
    if ((flags & MP_STREAM_POLL_RD) && hub_line_any()) {
        ready |= MP_STREAM_POLL_RD;
    }
    if ((flags & MP_STREAM_POLL_WR) && waiting(&tx) < RING) {
        ready |= MP_STREAM_POLL_WR;
    }
    return ready;
}

int __wrap_mp_hal_stdin_rx_chr(void) {
    uint8_t byte;
    while (!hub_line_read(&byte, 1)) {
        mp_event_wait_indefinite();
    }
    return byte;
}

mp_uint_t __wrap_mp_hal_stdout_tx_strn(const char *str, size_t len) {
    size_t n = shut ? len : 0; // what a locked hub prints, a traceback for one, is nobody's
    while (n < len) {
        n += hub_line_write((const uint8_t *)str + n, len - n);
    }
    return len;
}

// -- the hub's line as a stream that never waits ------------------------------

static mp_uint_t line_read(mp_obj_t self, void *buf, mp_uint_t size, int *error) {
    (void)self;
    size_t n = hub_line_read(buf, size);
    if (!n && size) {
        *error = MP_EAGAIN;
        return MP_STREAM_ERROR;
    }
    return n;
}

static mp_uint_t line_write(mp_obj_t self, const void *buf, mp_uint_t size, int *error) {
    (void)self;
    size_t n = hub_line_write(buf, size);
    if (!n && size) {
        *error = MP_EAGAIN;
        return MP_STREAM_ERROR;
    }
    return n;
}

static mp_uint_t line_ioctl(mp_obj_t self, mp_uint_t request, uintptr_t arg, int *error) {
    (void)self;
    if (request == MP_STREAM_POLL) {
        return __wrap_mp_hal_stdio_poll(arg);
    }
    *error = MP_EINVAL;
    return MP_STREAM_ERROR;
}

static const mp_stream_p_t line_stream = {
    .read = line_read,
    .write = line_write,
    .ioctl = line_ioctl,
};

static const mp_rom_map_elem_t line_names_table[] = {
    { MP_ROM_QSTR(MP_QSTR_readinto), MP_ROM_PTR(&mp_stream_readinto_obj) },
    { MP_ROM_QSTR(MP_QSTR_write), MP_ROM_PTR(&mp_stream_write1_obj) },
};
static MP_DEFINE_CONST_DICT(line_names, line_names_table);

static MP_DEFINE_CONST_OBJ_TYPE(
    line_type, MP_QSTR_Line, MP_TYPE_FLAG_NONE,
    protocol, &line_stream,
    locals_dict, &line_names
    );

const mp_obj_base_t hub_line_obj = { &line_type };
