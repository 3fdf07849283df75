// What the vector functions share: bits of floating-point numbers, rounding, powers of two, polynomials.
#pragma once
#include "simd.h"

namespace glassnet {
namespace GLASSNET_ISA {

template <class T> struct float_format;
template <> struct float_format<float> {
  static constexpr int mantissa_bits = 23;
  static constexpr std::uint32_t one = 0x3f800000u, sign = 0x80000000u;
  static constexpr float rounder = 0x1.8p23f;  // adding it rounds to a whole number, in the low bits
  static constexpr float smallest_normal = 0x1p-126f, largest = 0x1.fffffep127f;
};
template <> struct float_format<double> {
  static constexpr int mantissa_bits = 52;
  static constexpr std::uint64_t one = 0x3ff0000000000000u, sign = 0x8000000000000000u;
  static constexpr double rounder = 0x1.8p52;
  static constexpr double smallest_normal = 0x1p-1022, largest = 0x1.fffffffffffffp1023;
};

template <class T> GLASSNET_INLINE vec<T> absolute(vec<T> x) {
  return as<vec<T>>(as<uvec<T>>(x) & ~splat(float_format<T>::sign));
}

template <class T> GLASSNET_INLINE vec<T> with_sign_of(vec<T> magnitude, vec<T> x) {
  return as<vec<T>>(as<uvec<T>>(magnitude) | (as<uvec<T>>(x) & splat(float_format<T>::sign)));
}

// NaN stays NaN in these two: a comparison with it is false.
template <class T> GLASSNET_INLINE vec<T> at_least(vec<T> x, T low) {
  return select(x < splat(low), splat(low), x);
}
template <class T> GLASSNET_INLINE vec<T> at_most(vec<T> x, T high) {
  return select(x > splat(high), splat(high), x);
}

// Whether low <= x <= high in every lane; false if a lane is NaN.
template <class T> GLASSNET_INLINE bool all_between(vec<T> x, T low, T high) {
#if defined(__AVX512F__)
  if constexpr (same_type<T, float>) {
    const __mmask16 above = _mm512_cmp_ps_mask(__m512(x), __m512(splat(low)), _CMP_GE_OQ);
    return _mm512_mask_cmp_ps_mask(above, __m512(x), __m512(splat(high)), _CMP_LE_OQ) == 0xffff;
  } else {
    const __mmask8 above = _mm512_cmp_pd_mask(__m512d(x), __m512d(splat(low)), _CMP_GE_OQ);
    return _mm512_mask_cmp_pd_mask(above, __m512d(x), __m512d(splat(high)), _CMP_LE_OQ) == 0xff;
  }
#else
  const ivec<T> inside = (x >= splat(low)) & (x <= splat(high));
#if defined(__AVX2__)
  return _mm256_movemask_epi8(__m256i(inside)) == -1;
#elif defined(__x86_64__)
  return _mm_movemask_epi8(__m128i(inside)) == 0xffff;
#else
  return fold(inside, [](auto a, auto b) { return a & b; }) != 0;
#endif
#endif
}

// 2^n for whole n between the exponents of normal numbers; n is given as n + rounder.
template <class T> GLASSNET_INLINE vec<T> power_of_two(vec<T> rounded) {
  using F = float_format<T>;
  return as<vec<T>>((as<uvec<T>>(rounded) << F::mantissa_bits) + splat(F::one));
}

// x 2^n, with one rounding, for n (given as n + rounder) up to twice as far as the exponents go.
template <class T> GLASSNET_INLINE vec<T> times_power_of_two(vec<T> x, vec<T> rounded) {
  using F = float_format<T>;
  const vec<T> n = rounded - splat(F::rounder);
#if defined(__AVX512F__)
  // With a mask of ones: the plain form draws a false "may be used uninitialized" from GCC 12.
  if constexpr (same_type<T, float>)
    return vec<T>(_mm512_maskz_scalef_ps(__mmask16(-1), __m512(x), __m512(n)));
  else
    return vec<T>(_mm512_maskz_scalef_pd(__mmask8(-1), __m512d(x), __m512d(n)));
#else
  const vec<T> half = n * splat(T(0.5)) + splat(F::rounder);
  const uvec<T> rest = as<uvec<T>>(rounded) - as<uvec<T>>(half);
  const vec<T> last = as<vec<T>>((rest << F::mantissa_bits) + splat(F::one));
  return x * power_of_two<T>(half) * last;
#endif
}

// c[0] + c[1] x + c[2] x² + …
template <class T> GLASSNET_INLINE vec<T> polynomial(vec<T>, T c) { return splat(c); }
template <class T, class... C> GLASSNET_INLINE vec<T> polynomial(vec<T> x, T c, C... higher) {
  return splat(c) + x * polynomial<T>(x, higher...);
}

// A vector of float as two of double.
struct wide {
  vec<double> low, high;
};

// Templates, so that only the branch of the right width is compiled.
template <class V> GLASSNET_INLINE wide widen(V x) {
  using D = vec<double>;
  if constexpr (width<float> == 16)
    return {__builtin_convertvector(__builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7), D),
            __builtin_convertvector(__builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15), D)};
  else if constexpr (width<float> == 8)
    return {__builtin_convertvector(__builtin_shufflevector(x, x, 0, 1, 2, 3), D),
            __builtin_convertvector(__builtin_shufflevector(x, x, 4, 5, 6, 7), D)};
  else
    return {__builtin_convertvector(__builtin_shufflevector(x, x, 0, 1), D),
            __builtin_convertvector(__builtin_shufflevector(x, x, 2, 3), D)};
}

template <class H> GLASSNET_INLINE vec<float> join(H a, H b) {
  if constexpr (width<float> == 16)
    return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  else if constexpr (width<float> == 8)
    return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7);
  else
    return __builtin_shufflevector(a, b, 0, 1, 2, 3);
}

GLASSNET_INLINE vec<float> narrow(wide x) {
  typedef float half __attribute__((vector_size(vec_bytes / 2)));
  return join(__builtin_convertvector(x.low, half), __builtin_convertvector(x.high, half));
}

}  // namespace GLASSNET_ISA
}  // namespace glassnet
