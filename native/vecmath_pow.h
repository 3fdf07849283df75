// x^y = e^(y ln x).
//
// float: in double. double: ln x and its product with y as a sum of two numbers, about 57 bits. A
// negative base takes the sign from y. Zeros, infinities, NaN and denormal bases go to the C library,
// lane by lane.
#pragma once
#include <math.h>

#include "vecmath_exp.h"
#include "vecmath_log.h"

namespace glassnet {
namespace GLASSNET_ISA {

// The leading half of the digits: the product of two such numbers is exact.
GLASSNET_INLINE vec<double> leading_half(vec<double> x) {
  return as<vec<double>>(as<uvec<double>>(x) & splat(~std::uint64_t{0x7ffffff}));
}

struct sum_of_two {
  vec<double> high, low;
};

// For |a| >= |b|, or a = 0 (Dekker, Numerische Mathematik 18 (1971) 224-242).
GLASSNET_INLINE sum_of_two exact_sum(vec<double> a, vec<double> b) {
  const vec<double> sum = a + b;
  return {sum, (a - sum) + b};
}

// As log_sum<double>, with the rounding errors of the large terms kept.
GLASSNET_INLINE sum_of_two log_of_two(vec<double> x) {
  using C = log_constants<double>;
  const parted<double> p = part<double>(x);
  const vec<double> k = p.exponent, f = p.mantissa - splat(1.0);
  const vec<double> f_high = leading_half(f), f_low = f - f_high;
  const vec<double> square_high = splat(0.5) * f_high * f_high;
  const vec<double> square_low = splat(0.5) * f_low * (f + f_high);
  const vec<double> s = f / (splat(2.0) + f);
  const vec<double> rest = s * (square_high + square_low + artanh_polynomial(s * s));
  const sum_of_two near_one = exact_sum(f, -square_high);
  const sum_of_two head = exact_sum(k * splat(C::ln2_high), near_one.high);
  const vec<double> small = (rest - square_low) + k * splat(C::ln2_low);
  return exact_sum(head.high, head.low + (near_one.low + small));
}

// For positive normal x and finite y.
GLASSNET_INLINE vec<double> pow_positive(vec<double> x, vec<double> y) {
  using C = exp_constants<double>;
  const sum_of_two log = log_of_two(x);
  const vec<double> y_high = leading_half(y), log_high = leading_half(log.high);
  const vec<double> rest = (y - y_high) * log_high + y * ((log.high - log_high) + log.low);
  const sum_of_two power = exact_sum(y_high * log_high, rest);
  const auto plain = (power.high >= splat(C::lowest)) & (power.high <= splat(C::highest));
  return exp_clamped<double>(power.high, select(plain, power.low, vec<double>{}));
}

// e^(y ln x) with polynomials of half the length: about 2^-32, far below the last bit of float.
GLASSNET_INLINE vec<double> short_pow(vec<double> x, vec<double> y) {
  using C = exp_constants<double>;
  const parted<double> p = part<double>(x);
  const vec<double> f = p.mantissa - splat(1.0), s = f / (splat(2.0) + f), z = s * s;
  const vec<double> artanh = z * polynomial<double>(z, 0x1.555554fd9c5c1p-1, 0x1.999a7a8db67f4p-2,
                                                    0x1.2438d738f619fp-2, 0x1.e2f66050f5428p-3);
  const vec<double> log = p.exponent * splat(0x1.62e42fefa39efp-1) + (s + s + s * artanh);
  // Beyond these, rounding to float gives 0 or infinity.
  const vec<double> power = at_most<double>(at_least<double>(y * log, -110.0), 90.0);
  const vec<double> rounded = exp_round<double>(power);
  const vec<double> n = rounded - splat(float_format<double>::rounder);
  const vec<double> r = (power - n * splat(C::ln2_high)) - n * splat(C::ln2_low);
  const vec<double> q = polynomial<double>(r, 0x1.0000003a60ca5p-1, 0x1.555551d28ddd3p-3,
                                           0x1.5554895cb9c95p-5, 0x1.11146bc143cf6p-7,
                                           0x1.6d94adaa4a254p-10, 0x1.9de1b26265170p-13);
  return (splat(1.0) + (r + r * r * q)) * power_of_two<double>(rounded);
}

GLASSNET_INLINE vec<float> pow_positive(vec<float> x, vec<float> y) {
  const wide a = widen(x), b = widen(y);
  return narrow({short_pow(a.low, b.low), short_pow(a.high, b.high)});
}

// The nearest whole number, for x >= 0.
template <class T> GLASSNET_INLINE vec<T> whole(vec<T> x) {
  constexpr T no_fraction = same_type<T, float> ? T(0x1p23) : T(0x1p52);
  return select(x < splat(no_fraction), (x + splat(no_fraction)) - splat(no_fraction), x);
}

// The largest y for which y ln x cannot overflow.
template <class T> constexpr T largest_exponent = same_type<T, float> ? T(0x1p126f) : T(0x1p1000);

// y holds the power of |x|, right where x and exponent are not special.
template <class T>
__attribute__((noinline, cold)) vec<T> pow_special(vec<T> x, vec<T> exponent, vec<T> y) {
  using F = float_format<T>;
  const vec<T> size = absolute<T>(exponent), half = splat(T(0.5)) * size;
  const auto odd = whole<T>(half) != half;
  const vec<T> negative = select(whole<T>(size) == size, select(odd, -y, y),
                                 splat(T(__builtin_nan(""))));
  y = select(x < vec<T>{}, negative, y);
  if (all_between<T>(absolute<T>(x), F::smallest_normal, F::largest) &&
      all_between<T>(size, 0, largest_exponent<T>))
    return y;
  for (long i = 0; i < width<T>; i++) {
    const T base = x[i] < 0 ? -x[i] : x[i], power = size[i];
    if (base >= F::smallest_normal && base <= F::largest && power <= largest_exponent<T>) continue;
    if constexpr (same_type<T, float>)
      y[i] = powf(x[i], exponent[i]);
    else
      y[i] = pow(x[i], exponent[i]);
  }
  return y;
}

template <class T> GLASSNET_INLINE vec<T> v_pow(vec<T> x, vec<T> exponent) {
  using F = float_format<T>;
  const vec<T> y = pow_positive(absolute<T>(x), exponent);
  if (__builtin_expect(!all_between<T>(x, F::smallest_normal, F::largest) ||
                       !all_between<T>(exponent, -largest_exponent<T>, largest_exponent<T>), 0))
    return pow_special<T>(x, exponent, y);
  return y;
}

}  // namespace GLASSNET_ISA
}  // namespace glassnet
