// e^x and e^x − 1.
//
// x = n ln 2 + r with whole n and |r| <= ln(2)/2 (Cody & Waite, Software Manual for the Elementary
// Functions, 1980): e^x = 2^n e^r, and e^r − 1 = r + r² P(r). P: minimax for the relative error of e^r − 1.
#pragma once
#include "vecmath_common.h"

namespace glassnet {
namespace GLASSNET_ISA {

template <class T> struct exp_constants;
template <> struct exp_constants<float> {
  static constexpr float log2_e = 0x1.715476p0f;
  // ln 2 in two parts, the first short enough that its products with n are exact.
  static constexpr float ln2_high = 0x1.62e4p-1f, ln2_low = 0x1.7f7d1cp-20f;
  static constexpr float lowest = -104, highest = 89;          // e^x is 0 below, infinite above
  static constexpr float lowest_normal = -87, highest_plain = 88;  // 2^n is a normal number between
  static constexpr float minus_one = -20;                      // e^x − 1 is −1 below
  static constexpr float tiny = 0x1p-25f;                      // e^x − 1 is x below
};
template <> struct exp_constants<double> {
  static constexpr double log2_e = 0x1.71547652b82fep0;
  static constexpr double ln2_high = 0x1.62e42feep-1, ln2_low = 0x1.a39ef35793c76p-33;
  static constexpr double lowest = -746, highest = 710;
  static constexpr double lowest_normal = -708, highest_plain = 709;
  static constexpr double minus_one = -40;
  static constexpr double tiny = 0x1p-54;
};

// (e^r − 1 − r) / r²
template <class T> GLASSNET_INLINE vec<T> exp_polynomial(vec<T> r) {
  if constexpr (same_type<T, float>)
    return polynomial<T>(r, 0x1.fffffep-2f, 0x1.5554aap-3f, 0x1.555798p-5f, 0x1.122c02p-7f,
                         0x1.6ac916p-10f);
  else
    return polynomial<T>(r, 0x1.0000000000005p-1, 0x1.5555555555543p-3, 0x1.5555555552038p-5,
                         0x1.1111111115852p-7, 0x1.6c16c17f7e6a4p-10, 0x1.a01a018d746a4p-13,
                         0x1.a019a58bb1e8cp-16, 0x1.71de460c265c7p-19, 0x1.28a3b6045e223p-22,
                         0x1.aee3e83d1a294p-26);
}

template <class T> GLASSNET_INLINE vec<T> exp_round(vec<T> x) {
  return x * splat(exp_constants<T>::log2_e) + splat(float_format<T>::rounder);
}

// e^r − 1 for the r of x + tail, in two terms.
template <class T> struct reduced {
  vec<T> r, small;
};

template <class T>
GLASSNET_INLINE reduced<T> exp_reduce(vec<T> x, vec<T> rounded, vec<T> tail = vec<T>{}) {
  using C = exp_constants<T>;
  const vec<T> n = rounded - splat(float_format<T>::rounder);
  const vec<T> r = (x - n * splat(C::ln2_high)) - (n * splat(C::ln2_low) - tail);
  return {r, r * r * exp_polynomial<T>(r)};
}

// For x between lowest_normal and highest_plain, or NaN.
template <class T> GLASSNET_INLINE vec<T> exp_plain(vec<T> x) {
  const vec<T> rounded = exp_round<T>(x);
  const reduced<T> e = exp_reduce<T>(x, rounded);
  return (splat(T(1)) + (e.r + e.small)) * power_of_two<T>(rounded);
}

// e^(x + tail) for all x, the tail far smaller: 0 or a denormal number below, infinity above.
template <class T> GLASSNET_INLINE vec<T> exp_clamped(vec<T> x, vec<T> tail) {
  using C = exp_constants<T>;
  const vec<T> inside = at_most<T>(at_least<T>(x, C::lowest), C::highest);
  const vec<T> rounded = exp_round<T>(inside);
  const reduced<T> e = exp_reduce<T>(inside, rounded, tail);
  return times_power_of_two<T>(splat(T(1)) + (e.r + e.small), rounded);
}

template <class T> GLASSNET_INLINE vec<T> v_exp(vec<T> x) {
#if !defined(__AVX512F__)
  using C = exp_constants<T>;
  if (__builtin_expect(all_between<T>(x, C::lowest_normal, C::highest_plain), 1))
    return exp_plain<T>(x);
#endif
  return exp_clamped<T>(x, vec<T>{});
}

template <class T> GLASSNET_INLINE vec<T> v_expm1(vec<T> x) {
  using C = exp_constants<T>;
  const vec<T> inside = at_most<T>(at_least<T>(x, C::minus_one), C::highest);
  const vec<T> rounded = exp_round<T>(inside);
  const reduced<T> e = exp_reduce<T>(inside, rounded);
  const vec<T> half_power = power_of_two<T>(rounded - splat(T(1)));  // 2^n itself may be infinite
  const vec<T> half = half_power * (e.r + e.small) + (half_power - splat(T(0.5)));
  return select(absolute<T>(x) < splat(C::tiny), x, half + half);
}

}  // namespace GLASSNET_ISA
}  // namespace glassnet
