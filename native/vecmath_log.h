// ln x and ln(1 + x).
//
// x = 2^k (1 + f) with 1 + f between √½ and √2. float: ln(1 + f) = f − f²/2 + f³ P(f). double: with
// s = f / (2 + f), ln(1 + f) = 2 artanh s = f − (f²/2 − s (f²/2 + s² P(s²))), as in FreeBSD's e_log.c,
// where the rounding errors are those of the small terms. P: minimax for the relative error of ln(1 + f).
#pragma once
#include "vecmath_common.h"

namespace glassnet {
namespace GLASSNET_ISA {

template <class T> struct log_constants;
template <> struct log_constants<float> {
  static constexpr std::uint32_t root_half = 0x3f3504f3u;  // the bits of √½
  static constexpr float ln2_high = 0x1.62e4p-1f, ln2_low = 0x1.7f7d1cp-20f;
  static constexpr int denormal_shift = 25;
  static constexpr float tiny = 0x1p-25f;  // ln(1 + x) is x below
};
template <> struct log_constants<double> {
  static constexpr std::uint64_t root_half = 0x3fe6a09e667f3bcdu;
  static constexpr double ln2_high = 0x1.62e42feep-1, ln2_low = 0x1.a39ef35793c76p-33;
  static constexpr int denormal_shift = 54;
  static constexpr double tiny = 0x1p-54;
};

// A positive normal number as 2^exponent × mantissa, the mantissa between √½ and √2.
template <class T> struct parted {
  vec<T> exponent, mantissa;
};

template <class T> GLASSNET_INLINE parted<T> part(vec<T> x) {
  using F = float_format<T>;
  const uvec<T> root = splat(log_constants<T>::root_half);
  // The exponent with the format's bias, so that it is positive.
  const uvec<T> biased = (as<uvec<T>>(x) - root + splat(F::one)) >> F::mantissa_bits;
  const uvec<T> mantissa = as<uvec<T>>(x) - (biased << F::mantissa_bits) + splat(F::one);
  // In the low bits of 2^(mantissa bits), a whole number becomes a floating-point number.
  constexpr T base = same_type<T, float> ? T(0x1p23) : T(0x1p52);
  constexpr T bias = same_type<T, float> ? T(127) : T(1023);
  const vec<T> shifted = as<vec<T>>(biased | as<uvec<T>>(splat(base)));
  return {shifted - splat(base + bias), as<vec<T>>(mantissa)};
}

// s P(s²) for ln(1 + f) = 2s + s · s² P(s²), |s| < 0.1716.
GLASSNET_INLINE vec<double> artanh_polynomial(vec<double> square) {
  return square * polynomial<double>(square, 0x1.5555555555592p-1, 0x1.999999997ff16p-2,
                                     0x1.24924941e19ddp-2, 0x1.c71c521403f18p-3,
                                     0x1.74663d005f947p-3, 0x1.39a1e69856237p-3,
                                     0x1.2f03d2dd1a656p-3);
}

// k ln 2 + ln(1 + f), f between √½ − 1 and √2 − 1.
template <class T> GLASSNET_INLINE vec<T> log_sum(vec<T> k, vec<T> f) {
  using C = log_constants<T>;
  const vec<T> half_square = splat(T(0.5)) * f * f;
  if constexpr (same_type<T, float>) {
    const vec<T> cubic = f * f * f *
        polynomial<T>(f, 0x1.555548p-2f, -0x1.000032p-2f, 0x1.99a4a4p-3f, -0x1.554a1cp-3f,
                      0x1.232bdep-3f, -0x1.fe6ec4p-4f, 0x1.e9c3f8p-4f, -0x1.d26d1ap-4f,
                      0x1.006aacp-4f);
    return k * splat(C::ln2_high) + (f + (cubic + k * splat(C::ln2_low) - half_square));
  } else {
    const vec<T> s = f / (splat(T(2)) + f);
    const vec<T> rest = s * (half_square + artanh_polynomial(s * s)) + k * splat(C::ln2_low);
    return k * splat(C::ln2_high) - ((half_square - rest) - f);
  }
}

// Denormal numbers, 0, infinity, negative numbers and NaN as well.
template <class T> __attribute__((noinline, cold)) vec<T> log_special(vec<T> x) {
  using F = float_format<T>;
  constexpr int shift = log_constants<T>::denormal_shift;
  constexpr T power = same_type<T, float> ? T(0x1p25) : T(0x1p54);
  const auto denormal = x < splat(F::smallest_normal);
  const parted<T> p = part<T>(select(denormal, x * splat(power), x));
  const vec<T> k = p.exponent - select(denormal, splat(T(shift)), vec<T>{});
  vec<T> y = log_sum<T>(k, p.mantissa - splat(T(1)));
  y = select(x > splat(F::largest), x, y);
  y = select(x == vec<T>{}, splat(T(-__builtin_inf())), y);
  return select(x >= vec<T>{}, y, splat(T(__builtin_nan(""))));
}

template <class T> GLASSNET_INLINE vec<T> v_log(vec<T> x) {
  using F = float_format<T>;
  if (__builtin_expect(!all_between<T>(x, F::smallest_normal, F::largest), 0))
    return log_special<T>(x);
  const parted<T> p = part<T>(x);
  return log_sum<T>(p.exponent, p.mantissa - splat(T(1)));
}

// For x > −1 and finite. The rounding error of 1 + x, over the power of two, is added to f.
template <class T> GLASSNET_INLINE vec<T> log1p_sum(vec<T> x) {
  using F = float_format<T>;
  const vec<T> u = splat(T(1)) + x;
  // For large x, 1 + x loses the 1, otherwise digits of x: the error is taken from the larger.
  const vec<T> lost = select(x > splat(T(1)), splat(T(1)) - (u - x), x - (u - splat(T(1))));
  const parted<T> p = part<T>(u);
  const vec<T> inverse_power =
      power_of_two<T>(at_least<T>(-p.exponent, T(-100)) + splat(F::rounder));
  return log_sum<T>(p.exponent, (p.mantissa - splat(T(1))) + lost * inverse_power);
}

template <class T> __attribute__((noinline, cold)) vec<T> log1p_special(vec<T> x) {
  vec<T> y = log1p_sum<T>(x);
  y = select(absolute<T>(x) < splat(log_constants<T>::tiny), x, y);
  y = select(x > splat(float_format<T>::largest), x, y);
  y = select(x == splat(T(-1)), splat(T(-__builtin_inf())), y);
  return select(x >= splat(T(-1)), y, splat(T(__builtin_nan(""))));
}

template <class T> GLASSNET_INLINE vec<T> v_log1p(vec<T> x) {
  constexpr T above_minus_one = same_type<T, float> ? T(-0x1.fffffep-1) : T(-0x1.fffffffffffffp-1);
  if (__builtin_expect(!all_between<T>(x, above_minus_one, float_format<T>::largest), 0))
    return log1p_special<T>(x);
  const vec<T> y = log1p_sum<T>(x);
  return select(absolute<T>(x) < splat(log_constants<T>::tiny), x, y);
}

}  // namespace GLASSNET_ISA
}  // namespace glassnet
