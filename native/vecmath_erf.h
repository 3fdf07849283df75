// The error function, erf |x| in two ranges: x + x P(x²) for small x, else 1 − erfc |x|.
// P, Q: minimax for the relative error of erf.
#pragma once
#include "vecmath_exp.h"

namespace glassnet {
namespace GLASSNET_ISA {

// float: erfc x = e^(−Q(x)); erf is 1 beyond 3.93.
GLASSNET_INLINE vec<float> v_erf_float(vec<float> x) {
  const vec<float> size = at_most<float>(absolute<float>(x), 4.0f), z = size * size;
  const vec<float> small =
      size + size * polynomial<float>(z, 0x1.06eba6p-3f, -0x1.8126fap-2f, 0x1.ce1f06p-4f,
                                      -0x1.b6d49ep-6f, 0x1.48fcc6p-8f, -0x1.417d82p-11f);
  const vec<float> q =
      polynomial<float>(size, 0x1.183ad8p-13f, 0x1.20c068p+0f, 0x1.46027cp-1f, 0x1.ab52d0p-4f,
                        -0x1.6f5418p-6f, 0x1.954d92p-9f, -0x1.a58060p-13f);
  const vec<float> large = splat(1.0f) - exp_plain<float>(-q);
  return with_sign_of<float>(select(size < splat(0.875f), small, large), x);
}

// double: erfc x = e^(−x²) Q(t), t = (x − 5/2) / (x + 5/2) (the change of variable of Shepherd &
// Laframboise, Math. Comp. 36 (1981) 249-253); erf is 1 beyond 5.93.
GLASSNET_INLINE vec<double> v_erf_double(vec<double> x) {
  const vec<double> size = at_most<double>(absolute<double>(x), 6.0), z = size * size;
  const vec<double> small =
      size + size * polynomial<double>(z, 0x1.06eba8214db68p-3, -0x1.812746b0379a9p-2,
                                       0x1.ce2f21a040748p-4, -0x1.b82ce311f8dc9p-6,
                                       0x1.565bccfaea33ep-8, -0x1.c02db0b4a7c06p-11,
                                       0x1.f9a2c9096536dp-14, -0x1.f4cb4bdbf1a12p-17,
                                       0x1.b98a7b120057fp-20, -0x1.5c4bafaf246e7p-23,
                                       0x1.d902cd55253e4p-27, -0x1.b173f84fa41d1p-31);
  const vec<double> t = (size - splat(2.5)) / (size + splat(2.5));
  const vec<double> q =
      polynomial<double>(t, 0x1.afbb3f3b7343fp-3, -0x1.7ca88dec217e8p-2, 0x1.01c11a735bbacp-2,
                         -0x1.001154372c17bp-3, 0x1.470ba1f9ba205p-5, -0x1.05bb2de2513dep-8,
                         -0x1.5a570ab78b955p-9, 0x1.cb38e355ffd1dp-11, 0x1.de881b388d5acp-13,
                         -0x1.101c2b70190e4p-13, -0x1.3001fd36a9104p-15, 0x1.108bc3db71fe4p-16,
                         0x1.ea13677250d8ep-18);
  const vec<double> large = splat(1.0) - exp_plain<double>(-z) * q;
  return with_sign_of<double>(select(size < splat(1.0), small, large), x);
}

template <class T> GLASSNET_INLINE vec<T> v_erf(vec<T> x) {
  if constexpr (same_type<T, float>)
    return v_erf_float(x);
  else
    return v_erf_double(x);
}

}  // namespace GLASSNET_ISA
}  // namespace glassnet
