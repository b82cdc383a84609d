// os.urandom, included by MicroPython's extmod/modos.c: the host's own source.
#include "hub.h"

#include "py/mperrno.h"
#include "py/runtime.h"

static mp_obj_t mp_os_urandom(mp_obj_t n_in) {
    static const char path[] = "/dev/urandom";
    vstr_t vstr;
    vstr_init_len(&vstr, (size_t)mp_obj_get_int(n_in));
    int fd = hub_host_open(path, sizeof(path) - 1, 1);
    int n = fd < 0 ? -1 : hub_host_read(fd, vstr.buf, vstr.len);
    if (fd >= 0) {
        hub_host_close(fd);
    }
    // half of the bytes are no entropy: nothing weaker is given instead
    if (n != (int)vstr.len) {
        mp_raise_OSError(MP_EIO);
    }
    return mp_obj_new_bytes_from_vstr(&vstr);
}
static MP_DEFINE_CONST_FUN_OBJ_1(mp_os_urandom_obj, mp_os_urandom);
