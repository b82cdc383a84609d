/* Packing of sample records (tasuki_wire.packing). */
#ifndef TASUKI_RECORDS_H
#define TASUKI_RECORDS_H

#include "glue.h"

extern const mp_obj_fun_builtin_var_t tasuki_pack_into_obj;

#endif
