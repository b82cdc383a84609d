// Files of the host, by Arm semihosting ("Semihosting for AArch32 and AArch64",
// release 2.0). Flash, the recording and entropy of the virtual hub are such files.
#include "hub.h"

#include <string.h>

#include "py/mperrno.h"
#include "py/runtime.h"
#include "py/stream.h"

#define SYS_OPEN (0x01)
#define SYS_CLOSE (0x02)
#define SYS_WRITE (0x05)
#define SYS_READ (0x06)
#define SYS_SEEK (0x0A)
#define SYS_FLEN (0x0C)

static int call(uint32_t number, const void *block) {
    register uint32_t r0 __asm__ ("r0") = number;
    register const void *r1 __asm__ ("r1") = block;
    __asm__ volatile ("bkpt 0xAB" : "+r" (r0) : "r" (r1) : "memory");
    return (int)r0;
}

// mode: index of fopen's r, rb, r+, r+b, w, wb, w+, w+b
int hub_host_open(const char *path, size_t len, int mode) {
    uint32_t block[3] = { (uint32_t)path, (uint32_t)mode, len };
    return call(SYS_OPEN, block);
}

int hub_host_close(int fd) {
    uint32_t block[1] = { (uint32_t)fd };
    return call(SYS_CLOSE, block);
}

// SYS_READ and SYS_WRITE answer how much was NOT done.
int hub_host_read(int fd, void *buf, size_t len) {
    uint32_t block[3] = { (uint32_t)fd, (uint32_t)buf, len };
    int rest = call(SYS_READ, block);
    return rest < 0 || (size_t)rest > len ? -1 : (int)(len - (size_t)rest);
}

int hub_host_write(int fd, const void *buf, size_t len) {
    uint32_t block[3] = { (uint32_t)fd, (uint32_t)buf, len };
    int rest = call(SYS_WRITE, block);
    return rest < 0 || (size_t)rest > len ? -1 : (int)(len - (size_t)rest);
}

int hub_host_seek(int fd, uint32_t at) {
    uint32_t block[2] = { (uint32_t)fd, at };
    return call(SYS_SEEK, block) < 0 ? -1 : 0;
}

int hub_host_size(int fd) {
    uint32_t block[1] = { (uint32_t)fd };
    return call(SYS_FLEN, block);
}

// -- the same as a MicroPython file -------------------------------------------

typedef struct {
    mp_obj_base_t base;
    int fd; // -1: closed
    mp_off_t at;
    bool text;
} file_t;

static const mp_obj_type_t binary_type, text_type;

static const struct {
    const char *name;
    int mode;
} modes[] = {
    { "r", 1 }, { "rt", 1 }, { "rb", 1 }, { "r+b", 3 }, { "rb+", 3 }, { "wb", 5 }, { "w", 5 },
};

// The key region is such a file, too, but not one for programs (hub_region.c).
static bool is_region(const char *path, size_t len) {
    static const char name[] = "vault.img";
    size_t n = sizeof(name) - 1;
    return len >= n && memcmp(path + len - n, name, n) == 0;
}

static mp_obj_t host_open(size_t n_args, const mp_obj_t *args) {
    size_t len;
    const char *path = mp_obj_str_get_data(args[0], &len);
    if (is_region(path, strlen(path))) {
        mp_raise_OSError(MP_EACCES);
    }
    const char *mode = n_args > 1 ? mp_obj_str_get_str(args[1]) : "r";
    for (size_t i = 0; i < MP_ARRAY_SIZE(modes); i++) {
        if (strcmp(mode, modes[i].name) == 0) {
            int fd = hub_host_open(path, len, modes[i].mode);
            if (fd < 0) {
                mp_raise_OSError_with_filename(MP_ENOENT, path);
            }
            bool binary = strchr(mode, 'b') != NULL;
            file_t *file = mp_obj_malloc_with_finaliser(file_t, binary ? &binary_type : &text_type);
            file->fd = fd;
            file->at = 0;
            return MP_OBJ_FROM_PTR(file);
        }
    }
    mp_raise_ValueError(MP_ERROR_TEXT("mode"));
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(hub_host_open_obj, 1, 2, host_open);

static mp_uint_t file_read(mp_obj_t self_in, void *buf, mp_uint_t size, int *error) {
    file_t *self = MP_OBJ_TO_PTR(self_in);
    int n = hub_host_read(self->fd, buf, size);
    if (n < 0) {
        *error = MP_EIO;
        return MP_STREAM_ERROR;
    }
    self->at += n;
    return (mp_uint_t)n;
}

static mp_uint_t file_write(mp_obj_t self_in, const void *buf, mp_uint_t size, int *error) {
    file_t *self = MP_OBJ_TO_PTR(self_in);
    int n = hub_host_write(self->fd, buf, size);
    if (n < 0) {
        *error = MP_EIO;
        return MP_STREAM_ERROR;
    }
    self->at += n;
    return (mp_uint_t)n;
}

static mp_uint_t file_seek(file_t *self, struct mp_stream_seek_t *seek, int *error) {
    mp_off_t from = 0;
    if (seek->whence == MP_SEEK_CUR) {
        from = self->at;
    } else if (seek->whence == MP_SEEK_END) {
        from = hub_host_size(self->fd);
    }
    mp_off_t at = from + (mp_off_t)seek->offset;
    if (from < 0 || at < 0 || hub_host_seek(self->fd, (uint32_t)at) < 0) {
        *error = MP_EIO;
        return MP_STREAM_ERROR;
    }
    self->at = at;
    seek->offset = at;
    return 0;
}

static mp_uint_t file_ioctl(mp_obj_t self_in, mp_uint_t request, uintptr_t arg, int *error) {
    file_t *self = MP_OBJ_TO_PTR(self_in);
    switch (request) {
        case MP_STREAM_SEEK:
            return file_seek(self, (struct mp_stream_seek_t *)arg, error);
        case MP_STREAM_FLUSH: // the host's write is not buffered
            return 0;
        case MP_STREAM_CLOSE:
            if (self->fd >= 0) {
                hub_host_close(self->fd);
                self->fd = -1;
            }
            return 0;
        default:
            *error = MP_EINVAL;
            return MP_STREAM_ERROR;
    }
}

static const mp_stream_p_t binary_stream = {
    .read = file_read, .write = file_write, .ioctl = file_ioctl,
};
static const mp_stream_p_t text_stream = {
    .read = file_read, .write = file_write, .ioctl = file_ioctl, .is_text = true,
};

static const mp_rom_map_elem_t file_names_table[] = {
    { MP_ROM_QSTR(MP_QSTR_read), MP_ROM_PTR(&mp_stream_read_obj) },
    { MP_ROM_QSTR(MP_QSTR_readinto), MP_ROM_PTR(&mp_stream_readinto_obj) },
    { MP_ROM_QSTR(MP_QSTR_write), MP_ROM_PTR(&mp_stream_write_obj) },
    { MP_ROM_QSTR(MP_QSTR_seek), MP_ROM_PTR(&mp_stream_seek_obj) },
    { MP_ROM_QSTR(MP_QSTR_tell), MP_ROM_PTR(&mp_stream_tell_obj) },
    { MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&mp_stream_close_obj) },
    { MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&mp_stream_close_obj) },
    { MP_ROM_QSTR(MP_QSTR___enter__), MP_ROM_PTR(&mp_identity_obj) },
    { MP_ROM_QSTR(MP_QSTR___exit__), MP_ROM_PTR(&mp_stream___exit___obj) },
};
static MP_DEFINE_CONST_DICT(file_names, file_names_table);

static MP_DEFINE_CONST_OBJ_TYPE(
    binary_type, MP_QSTR_FileIO, MP_TYPE_FLAG_ITER_IS_STREAM,
    protocol, &binary_stream,
    locals_dict, &file_names
    );
static MP_DEFINE_CONST_OBJ_TYPE(
    text_type, MP_QSTR_TextIOWrapper, MP_TYPE_FLAG_ITER_IS_STREAM,
    protocol, &text_stream,
    locals_dict, &file_names
    );
