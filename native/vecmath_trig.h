// sin x and cos x.
//
// |x| = n π/2 + r with whole n and |r| <= π/4 (a little more in float); n mod 4 says which of ± sin r,
// ± cos r is meant. π/2 in three parts (33, 33 and 53 bits, FreeBSD's e_rem_pio2.c), the products of
// the first two with n exact. Beyond 10⁵, and for infinities and NaN, the C library works lane by lane.
#pragma once
#include <math.h>

#include "vecmath_common.h"

namespace glassnet {
namespace GLASSNET_ISA {

template <class T> struct angle {
  vec<T> r, lost;  // the difference, and what its rounding lost
  uvec<T> quadrant;
};

GLASSNET_INLINE angle<double> reduce(vec<double> size) {
  const vec<double> rounder = splat(float_format<double>::rounder);
  const vec<double> rounded = size * splat(0x1.45f306dc9c883p-1) + rounder, n = rounded - rounder;
  const vec<double> first = size - n * splat(0x1.921fb544p0);
  const vec<double> second = n * splat(0x1.0b4611a6p-34), r = first - second;
  const vec<double> lost = ((first - r) - second) - n * splat(0x1.3198a2e037073p-69);
  return {r, lost, as<uvec<double>>(rounded)};
}

// The difference is taken in double; n need not be the nearest whole number, only near.
GLASSNET_INLINE angle<float> reduce(vec<float> size) {
  const vec<float> rounder = splat(float_format<float>::rounder);
  const vec<float> rounded = size * splat(0x1.45f306p-1f) + rounder;
  const wide x = widen(size), n = widen(rounded - rounder);
  const vec<double> first = splat(0x1.921fb544p0), second = splat(0x1.0b4611a626331p-34);
  return {narrow({(x.low - n.low * first) - n.low * second,
                  (x.high - n.high * first) - n.high * second}),
          vec<float>{}, as<uvec<float>>(rounded)};
}

template <class T> GLASSNET_INLINE vec<T> sin_near_0(vec<T> r, vec<T> lost) {
  const vec<T> z = r * r;
  vec<T> p;
  if constexpr (same_type<T, float>)
    p = polynomial<T>(z, -0x1.555544p-3f, 0x1.1106c6p-7f, -0x1.991c16p-13f);
  else
    p = polynomial<T>(z, -0x1.5555555555548p-3, 0x1.111111110f730p-7, -0x1.a01a019be9205p-13,
                      0x1.71de355528e16p-19, -0x1.ae5e4b80bf298p-26, 0x1.5d8b5452e011cp-33);
  return r + (r * z * p + lost);
}

template <class T> GLASSNET_INLINE vec<T> cos_near_0(vec<T> r, vec<T> lost) {
  const vec<T> z = r * r;
  vec<T> p;
  if constexpr (same_type<T, float>)
    p = polynomial<T>(z, 0x1.55554ap-5f, -0x1.6c0c14p-10f, 0x1.99de6ap-16f);
  else
    p = polynomial<T>(z, 0x1.555555555554bp-5, -0x1.6c16c16c15005p-10, 0x1.a01a019c8c7eap-16,
                      -0x1.27e4f7ef0f486p-22, 0x1.1ee9d9c87df25p-29, -0x1.8fa554d48dc8ap-37);
  return splat(T(1)) - (splat(T(0.5)) * z + (r * lost - z * z * p));
}

// sin(r + quadrant π/2)
template <class T> GLASSNET_INLINE vec<T> sin_of(angle<T> a, uvec<T> quadrant) {
  constexpr int sign_bit = 8 * sizeof(T) - 1;
  const uvec<T> odd = quadrant & splat(uint_of<T>(1));
  const vec<T> y = select(odd == uvec<T>{}, sin_near_0<T>(a.r, a.lost), cos_near_0<T>(a.r, a.lost));
  return as<vec<T>>(as<uvec<T>>(y) ^ ((quadrant >> 1) << sign_bit));
}

template <class T> constexpr T largest_angle = T(1e5);

template <class T> __attribute__((noinline, cold)) vec<T> far_angles(vec<T> x, vec<T> y, bool sine) {
  for (long i = 0; i < width<T>; i++) {
    const T lane = x[i];
    if (lane >= -largest_angle<T> && lane <= largest_angle<T>) continue;
    if constexpr (same_type<T, float>)
      y[i] = sine ? sinf(lane) : cosf(lane);
    else
      y[i] = sine ? sin(lane) : cos(lane);
  }
  return y;
}

template <class T> GLASSNET_INLINE vec<T> v_sin(vec<T> x) {
  const angle<T> a = reduce(absolute<T>(x));
  const uvec<T> sign = as<uvec<T>>(x) & splat(float_format<T>::sign);
  const vec<T> y = as<vec<T>>(as<uvec<T>>(sin_of<T>(a, a.quadrant)) ^ sign);
  if (__builtin_expect(!all_between<T>(x, -largest_angle<T>, largest_angle<T>), 0))
    return far_angles<T>(x, y, true);
  return y;
}

template <class T> GLASSNET_INLINE vec<T> v_cos(vec<T> x) {
  const angle<T> a = reduce(absolute<T>(x));
  const vec<T> y = sin_of<T>(a, a.quadrant + splat(uint_of<T>(1)));
  if (__builtin_expect(!all_between<T>(x, -largest_angle<T>, largest_angle<T>), 0))
    return far_angles<T>(x, y, false);
  return y;
}

}  // namespace GLASSNET_ISA
}  // namespace glassnet
