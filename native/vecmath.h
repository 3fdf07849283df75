// The vector functions: v_exp<T>(x), v_expm1, v_log, v_log1p, v_tanh, v_logistic, v_softplus, v_erf,
// v_sin, v_cos, v_pow<T>(x, y), for T = float and double.
//
// Methods, measured errors and special values: docs/design/0008-vector-mathematics.md.
#pragma once
#include "vecmath_erf.h"
#include "vecmath_exp.h"
#include "vecmath_log.h"
#include "vecmath_pow.h"
#include "vecmath_sigmoid.h"
#include "vecmath_trig.h"
