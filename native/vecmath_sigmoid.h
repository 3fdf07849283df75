// tanh, the logistic function and softplus: the exponential is taken where it cannot overflow.
#pragma once
#include "vecmath_exp.h"

namespace glassnet {
namespace GLASSNET_ISA {

// float: tanh |x| = |x| + |x|³ P(x²) below 0.55, else 1 − 2 / (e^(2|x|) + 1). P: minimax for the
// relative error of tanh.
GLASSNET_INLINE vec<float> tanh_of_size(vec<float> size) {
  const vec<float> inside = at_most<float>(size, 10.0f), z = size * size;
  const vec<float> p = polynomial<float>(z, -0x1.55554ap-2f, 0x1.110ceep-3f, -0x1.b91e7ep-5f,
                                         0x1.58e518p-6f, -0x1.9921a4p-8f);
  const vec<float> small = size + size * z * p;
  const vec<float> large =
      splat(1.0f) - splat(2.0f) / (exp_plain<float>(inside + inside) + splat(1.0f));
  return select(size < splat(0.55f), small, large);
}

// double: −u / (2 + u) with u = e^(−2|x|) − 1. Faster, 2.5 ulp: too much for float.
GLASSNET_INLINE vec<double> tanh_of_size(vec<double> size) {
  const vec<double> inside =
      at_least<double>(splat(-2.0) * size, exp_constants<double>::minus_one);
  const vec<double> rounded = exp_round<double>(inside), power = power_of_two<double>(rounded);
  const reduced<double> e = exp_reduce<double>(inside, rounded);
  const vec<double> u = power * (e.r + e.small) + (power - splat(1.0));
  return absolute<double>(u / (splat(2.0) + u));
}

template <class T> GLASSNET_INLINE vec<T> v_tanh(vec<T> x) {
  return with_sign_of<T>(tanh_of_size(absolute<T>(x)), x);
}

// e^x for x <= 0.
template <class T> GLASSNET_INLINE vec<T> exp_negative(vec<T> x) {
  using C = exp_constants<T>;
#if !defined(__AVX512F__)
  if (__builtin_expect(all_between<T>(x, C::lowest_normal, 0), 1)) return exp_plain<T>(x);
#endif
  const vec<T> inside = at_least<T>(x, C::lowest), rounded = exp_round<T>(inside);
  const reduced<T> e = exp_reduce<T>(inside, rounded);
  return times_power_of_two<T>(splat(T(1)) + (e.r + e.small), rounded);
}

// 1 / (1 + d) for x >= 0 and d / (1 + d) below, with d = e^(−|x|); scale(y) is y 2^n.
template <class T, class Scale>
GLASSNET_INLINE vec<T> logistic_scaled(vec<T> x, reduced<T> e, Scale scale) {
  const vec<T> one = splat(T(1)), growth = e.r + e.small;
  const vec<T> power = one + growth, d = scale(power), sum = one + d;
  vec<T> numerator = d;
  if constexpr (same_type<T, float>)  // what rounding lost of 1 + d: 1.5 ulp instead of 2.2
    numerator = scale(one + (growth - (d - (sum - one)) * power));
  return select(x >= vec<T>{}, one, numerator) / sum;
}

template <class T> GLASSNET_INLINE vec<T> v_logistic(vec<T> x) {
  using C = exp_constants<T>;
  const vec<T> size = at_least<T>(-absolute<T>(x), C::lowest), rounded = exp_round<T>(size);
  const reduced<T> e = exp_reduce<T>(size, rounded);
#if !defined(__AVX512F__)
  if (__builtin_expect(all_between<T>(size, C::lowest_normal, 0), 1)) {
    const vec<T> power = power_of_two<T>(rounded);
    return logistic_scaled<T>(x, e, [=](vec<T> y) { return y * power; });
  }
#endif
  return logistic_scaled<T>(
      x, e, [=](vec<T> y) { return times_power_of_two<T>(y, rounded); });
}

// max(x, 0) + ln(1 + d) with d = e^(−|x|). With s = d / (2 + d) <= 1/3 and z = s²,
// ln(1 + d) = 2 artanh s = d − s (d − z P(z)); P: minimax for the relative error of ln(1 + d).
template <class T> GLASSNET_INLINE vec<T> v_softplus(vec<T> x) {
  const vec<T> d = exp_negative<T>(-absolute<T>(x));
  const vec<T> s = d / (splat(T(2)) + d), z = s * s;
  vec<T> p;
  if constexpr (same_type<T, float>)
    p = polynomial<T>(z, 0x1.555558p-1f, 0x1.9996d8p-2f, 0x1.250512p-2f, 0x1.b72b58p-3f,
                      0x1.f08d24p-3f);
  else
    p = polynomial<T>(z, 0x1.5555555555535p-1, 0x1.99999999a0782p-2, 0x1.249249208a2fbp-2,
                      0x1.c71c741d9bba6p-3, 0x1.745cb3d71291fp-3, 0x1.3b1ddeb6e2c8bp-3,
                      0x1.10679d3f596c2p-3, 0x1.efda879e799f3p-4, 0x1.55a85f6e2dd0ep-4,
                      0x1.5c7feaf12df68p-3);
  const vec<T> log1p = d - s * (d - z * p);
  return select(x > vec<T>{}, x, vec<T>{}) + log1p;
}

}  // namespace GLASSNET_ISA
}  // namespace glassnet
