/* Sample records: packing (tasuki_wire.packing) and correction (tasuki_hub.drivers.kernels.calibrate). */
#ifndef TASUKI_RECORDS_H
#define TASUKI_RECORDS_H

#include "glue.h"

extern const mp_obj_fun_builtin_var_t tasuki_pack_into_obj;
extern const mp_obj_fun_builtin_var_t tasuki_calibrate_obj;

#endif
