/* `import _tasuki` in an image. */

#include "functions.h"

/* The names stand here, too, because the build looks for MP_QSTR_ in .c files
 * only after the preprocessor, which sees TASUKI_FUNCTIONS expanded. */
#define ROW(name, object) {MP_ROM_QSTR(name), MP_ROM_PTR(&object)},

static const mp_rom_map_elem_t globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__tasuki)},
    TASUKI_FUNCTIONS(ROW)
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t tasuki_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&globals,
};
MP_REGISTER_MODULE(MP_QSTR__tasuki, tasuki_module);
