// The module `_vault`: the device key as something that signs. tasuki_hub/vault.py
// is its user. There is no way to ask for the seed, on a locked hub or any other.
#include "hub_region.h"

#include <string.h>

#include "hub.h"
#include "py/mperrno.h"
#include "py/runtime.h"

#define SEED 32
#define PUBLIC 32
#define SIGNATURE 64
#define DOMAIN 32 // the longest signature domain
#define MAX_NUMBER ((1u << 30) - 1) // what the wire carries and a small int holds

// libsodium's, as in cmodule/signing.c
int crypto_sign_ed25519_seed_keypair(unsigned char *pk, unsigned char *sk, const unsigned char *seed);
int crypto_sign_ed25519_detached(unsigned char *sig, unsigned long long *siglen, const unsigned char *m,
    unsigned long long mlen, const unsigned char *sk);
void sodium_memzero(void *const bytes, const size_t n);

static void require(bool done) {
    if (!done) {
        mp_raise_OSError(MP_EIO);
    }
}

// The record, which must be there: ENOENT without a key. The caller wipes it.
static void load(hub_record_t *record) {
    bool present = false;
    require(hub_region_load(record, &present));
    if (!present) {
        mp_raise_OSError(MP_ENOENT);
    }
}

// A region that does not answer may be a locked one: then nothing is opened.
bool hub_vault_locked(void) {
    hub_record_t record;
    bool present = false;
    bool locked = !hub_region_load(&record, &present) || (present && (record.flags & HUB_LOCKED));
    sodium_memzero(&record, sizeof(record));
    return locked;
}

// status() -> (keyed, locked, session, sequence, floor)
static mp_obj_t status(void) {
    hub_record_t record = { 0 };
    bool present = false;
    require(hub_region_tidy() && hub_region_load(&record, &present));
    mp_obj_t items[] = {
        mp_obj_new_bool(present),
        mp_obj_new_bool(record.flags & HUB_LOCKED),
        mp_obj_new_int_from_uint(record.session),
        mp_obj_new_int_from_uint(record.sequence),
        mp_obj_new_int_from_uint(record.floor),
    };
    sodium_memzero(&record, sizeof(record));
    return mp_obj_new_tuple(MP_ARRAY_SIZE(items), items);
}
static MP_DEFINE_CONST_FUN_OBJ_0(status_obj, status);

// authority() -> bytes(32)
static mp_obj_t authority(void) {
    hub_record_t record;
    load(&record);
    sodium_memzero(record.seed, SEED);
    return mp_obj_new_bytes(record.authority, sizeof(record.authority));
}
static MP_DEFINE_CONST_FUN_OBJ_0(authority_obj, authority);

// The public half costs as much as a signature and is no secret, so it is kept.
static uint8_t public_half[PUBLIC];
static bool public_known;

static const uint8_t *public_of(const hub_record_t *record) {
    if (!public_known) {
        uint8_t pair[SEED + PUBLIC];
        crypto_sign_ed25519_seed_keypair(public_half, pair, record->seed);
        sodium_memzero(pair, sizeof(pair));
        public_known = true;
    }
    return public_half;
}

// public() -> bytes(32)
static mp_obj_t public(void) {
    hub_record_t record;
    load(&record);
    public_of(&record);
    sodium_memzero(&record, sizeof(record));
    return mp_obj_new_bytes(public_half, sizeof(public_half));
}
static MP_DEFINE_CONST_FUN_OBJ_0(public_obj, public);

// sign(message) -> bytes(64): RFC 8032 Ed25519 by the device key
static mp_obj_t sign(mp_obj_t message) {
    mp_buffer_info_t m;
    mp_get_buffer_raise(message, &m, MP_BUFFER_READ);
    hub_record_t record;
    load(&record);
    uint8_t pair[SEED + PUBLIC], signature[SIGNATURE];
    memcpy(pair + SEED, public_of(&record), PUBLIC);
    memcpy(pair, record.seed, SEED);
    sodium_memzero(&record, sizeof(record));
    crypto_sign_ed25519_detached(signature, NULL, m.buf, m.len, pair);
    sodium_memzero(pair, sizeof(pair));
    return mp_obj_new_bytes(signature, sizeof(signature));
}
static MP_DEFINE_CONST_FUN_OBJ_1(sign_obj, sign);

static bool entropy(uint8_t *buf, size_t len) {
    static const char path[] = "/dev/urandom";
    int fd = hub_host_open(path, sizeof(path) - 1, 1);
    bool done = fd >= 0 && hub_host_read(fd, buf, len) == (int)len;
    if (fd >= 0) {
        hub_host_close(fd);
    }
    return done;
}

// create(authority): a new key in place of all there was; EPERM on a locked hub,
// ENODEV without entropy, and then nothing is lost
static mp_obj_t create(mp_obj_t authority_in) {
    mp_buffer_info_t a;
    mp_get_buffer_raise(authority_in, &a, MP_BUFFER_READ);
    if (a.len != sizeof(((hub_record_t *)0)->authority)) {
        mp_raise_ValueError(MP_ERROR_TEXT("length"));
    }
    if (hub_vault_locked()) {
        mp_raise_OSError(MP_EPERM);
    }
    hub_record_t record = { 0 };
    if (!entropy(record.seed, SEED)) {
        mp_raise_OSError(MP_ENODEV);
    }
    memcpy(record.authority, a.buf, a.len);
    // a cut from here on leaves a hub without a key, never a new key with old counters
    bool done = hub_region_destroy() && hub_region_store(&record);
    sodium_memzero(&record, sizeof(record));
    public_known = false;
    require(done);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(create_obj, create);

// succeed(domain, body): a new key in place of the old one, which certifies it.
// Signed are domain, body and the new public half, by the old key; the same and
// that signature, by the new one. One record brings the new seed and the whole
// statement, so a cut leaves the old key or the new one with its proof; counters,
// authority and lock go on. ENODEV without entropy, and then nothing changed.
static mp_obj_t succeed(mp_obj_t domain_in, mp_obj_t body_in) {
    mp_buffer_info_t domain, body;
    mp_get_buffer_raise(domain_in, &domain, MP_BUFFER_READ);
    mp_get_buffer_raise(body_in, &body, MP_BUFFER_READ);
    if (domain.len > DOMAIN || body.len != HUB_SUCCESSION - PUBLIC - 2 * SIGNATURE) {
        mp_raise_ValueError(MP_ERROR_TEXT("length"));
    }
    hub_record_t record;
    load(&record);
    uint8_t old[SEED + PUBLIC], new[SEED + PUBLIC], message[DOMAIN + HUB_SUCCESSION];
    memcpy(old + SEED, public_of(&record), PUBLIC);
    memcpy(old, record.seed, SEED);
    bool drawn = entropy(record.seed, SEED), done = false;
    if (drawn) {
        memcpy(message, domain.buf, domain.len);
        memcpy(message + domain.len, body.buf, body.len);
        uint8_t *end = message + domain.len + body.len;
        crypto_sign_ed25519_seed_keypair(end, new, record.seed);
        end += PUBLIC;
        crypto_sign_ed25519_detached(end, NULL, message, (size_t)(end - message), old);
        end += SIGNATURE;
        crypto_sign_ed25519_detached(end, NULL, message, (size_t)(end - message), new);
        memcpy(record.succession, message + domain.len, HUB_SUCCESSION);
        done = hub_region_store(&record);
        public_known = false;
    }
    sodium_memzero(old, sizeof(old));
    sodium_memzero(new, sizeof(new));
    sodium_memzero(&record, sizeof(record));
    if (!drawn) {
        mp_raise_OSError(MP_ENODEV);
    }
    require(done);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(succeed_obj, succeed);

// succession() -> the statement about this key; empty for a first key
static mp_obj_t succession(void) {
    hub_record_t record;
    load(&record);
    sodium_memzero(record.seed, SEED);
    return mp_obj_new_bytes(record.succession, record.succession[0] ? HUB_SUCCESSION : 0);
}
static MP_DEFINE_CONST_FUN_OBJ_0(succession_obj, succession);

// Change the record that is there and keep it durably.
enum { SESSION, SEQUENCE, FLOOR, FLAGS };

static uint32_t change(int what, uint32_t value) {
    hub_record_t record;
    load(&record);
    uint32_t *field = what == SESSION ? &record.session : what == SEQUENCE ? &record.sequence
        : what == FLOOR ? &record.floor : &record.flags;
    if (what == SESSION) {
        value = record.session + 1;
    }
    // counters only rise, whoever asks; nothing unlocks but destroy()
    bool allowed = what == FLAGS || (value > *field && value <= MAX_NUMBER);
    *field = value;
    bool done = allowed && hub_region_store(&record);
    sodium_memzero(&record, sizeof(record));
    if (!allowed) {
        mp_raise_OSError(MP_EPERM);
    }
    require(done);
    return value;
}

// raise_session() -> the next number
static mp_obj_t raise_session(void) {
    return mp_obj_new_int_from_uint(change(SESSION, 0));
}
static MP_DEFINE_CONST_FUN_OBJ_0(raise_session_obj, raise_session);

// raise_sequence(n), raise_floor(n): EPERM unless n is higher
static mp_obj_t raise_sequence(mp_obj_t n) {
    change(SEQUENCE, (uint32_t)mp_obj_get_int(n));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(raise_sequence_obj, raise_sequence);

static mp_obj_t raise_floor(mp_obj_t n) {
    change(FLOOR, (uint32_t)mp_obj_get_int(n));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(raise_floor_obj, raise_floor);

// lock(): from the next start on there is no prompt
static mp_obj_t lock(void) {
    change(FLAGS, HUB_LOCKED);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(lock_obj, lock);

// destroy(): no key, no authority, no counters, not locked
static mp_obj_t destroy(void) {
    public_known = false;
    require(hub_region_destroy());
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(destroy_obj, destroy);

// cut(operation, bytes), operations(): the fault switch of hub_region.h, for tests
static mp_obj_t cut(mp_obj_t at, mp_obj_t bytes) {
    hub_region_cut((int)mp_obj_get_int(at), (int)mp_obj_get_int(bytes));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(cut_obj, cut);

static mp_obj_t operations(void) {
    return mp_obj_new_int(hub_region_operations());
}
static MP_DEFINE_CONST_FUN_OBJ_0(operations_obj, operations);

static const mp_rom_map_elem_t vault_names_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__vault) },
    { MP_ROM_QSTR(MP_QSTR_status), MP_ROM_PTR(&status_obj) },
    { MP_ROM_QSTR(MP_QSTR_authority), MP_ROM_PTR(&authority_obj) },
    { MP_ROM_QSTR(MP_QSTR_public), MP_ROM_PTR(&public_obj) },
    { MP_ROM_QSTR(MP_QSTR_sign), MP_ROM_PTR(&sign_obj) },
    { MP_ROM_QSTR(MP_QSTR_create), MP_ROM_PTR(&create_obj) },
    { MP_ROM_QSTR(MP_QSTR_succeed), MP_ROM_PTR(&succeed_obj) },
    { MP_ROM_QSTR(MP_QSTR_succession), MP_ROM_PTR(&succession_obj) },
    { MP_ROM_QSTR(MP_QSTR_raise_session), MP_ROM_PTR(&raise_session_obj) },
    { MP_ROM_QSTR(MP_QSTR_raise_sequence), MP_ROM_PTR(&raise_sequence_obj) },
    { MP_ROM_QSTR(MP_QSTR_raise_floor), MP_ROM_PTR(&raise_floor_obj) },
    { MP_ROM_QSTR(MP_QSTR_lock), MP_ROM_PTR(&lock_obj) },
    { MP_ROM_QSTR(MP_QSTR_destroy), MP_ROM_PTR(&destroy_obj) },
    { MP_ROM_QSTR(MP_QSTR_cut), MP_ROM_PTR(&cut_obj) },
    { MP_ROM_QSTR(MP_QSTR_operations), MP_ROM_PTR(&operations_obj) },
};
static MP_DEFINE_CONST_DICT(vault_names, vault_names_table);

const mp_obj_module_t vault_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&vault_names,
};
MP_REGISTER_MODULE(MP_QSTR__vault, vault_module);
