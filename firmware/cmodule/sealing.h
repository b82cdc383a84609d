/* Sealed boxes: what the hub keeps for a host that is not there. */
#ifndef TASUKI_SEALING_H
#define TASUKI_SEALING_H

#include "glue.h"

extern const mp_obj_fun_builtin_var_t tasuki_sealed_box_into_obj;

#endif
