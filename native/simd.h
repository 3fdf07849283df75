// Vectors as wide as the instruction set allows, by the vector extensions of GCC and Clang: the
// operators (+ - * / < == & | << and ?:) work lane by lane, and a * b + c becomes one fused
// instruction under -ffp-contract=fast.
//
// Kernels live in `namespace glassnet { namespace GLASSNET_ISA {`, so that the translation units of
// the instruction sets can be linked together. For the same reason a kernel calls no inline
// function or template of the standard library: the linker keeps one copy of those, and might keep
// the one that this machine cannot run.
#pragma once
#include <cstdint>
#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#ifndef GLASSNET_ISA
#define GLASSNET_ISA base
#endif
#define GLASSNET_INLINE inline __attribute__((always_inline))

namespace glassnet {
namespace GLASSNET_ISA {

#if defined(__AVX512F__)
constexpr long vec_bytes = 64, vec_registers = 32;
constexpr bool has_masks = true;  // load_part and store_part are one instruction
#elif defined(__AVX2__)
constexpr long vec_bytes = 32, vec_registers = 16;
constexpr bool has_masks = true;
#elif defined(__aarch64__)
constexpr long vec_bytes = 16, vec_registers = 32;
constexpr bool has_masks = false;  // load_part and store_part branch on the number of lanes
#else
constexpr long vec_bytes = 16, vec_registers = 16;
constexpr bool has_masks = false;
#endif

template <class A, class B> constexpr bool same_type = false;
template <class A> constexpr bool same_type<A, A> = true;

// The signed and unsigned integers as wide as T.
template <long bytes> struct int_of_size;
template <> struct int_of_size<4> {
  typedef std::int32_t signed_type;
  typedef std::uint32_t unsigned_type;
};
template <> struct int_of_size<8> {
  typedef std::int64_t signed_type;
  typedef std::uint64_t unsigned_type;
};
template <class T> using int_of = typename int_of_size<sizeof(T)>::signed_type;
template <class T> using uint_of = typename int_of_size<sizeof(T)>::unsigned_type;

template <class T> struct vec_types {
  typedef T type __attribute__((vector_size(vec_bytes)));
  typedef T in_memory __attribute__((vector_size(vec_bytes), aligned(sizeof(T)), may_alias));
};
// T is float, double, or a 4- or 8-byte integer. `vec<T>{}` is zero; v[i] is lane i (slow: for
// tests and tails).
template <class T> using vec = typename vec_types<T>::type;
// What a comparison of two vec<T> gives: lanes 0 or -1.
template <class T> using ivec = vec<int_of<T>>;
template <class T> using uvec = vec<uint_of<T>>;
template <class T> constexpr long width = vec_bytes / long(sizeof(T));

template <class T> GLASSNET_INLINE vec<T> splat(T x) {
  if constexpr (width<T> == 2) return vec<T>{x, x};
  else if constexpr (width<T> == 4) return vec<T>{x, x, x, x};
  else if constexpr (width<T> == 8) return vec<T>{x, x, x, x, x, x, x, x};
  else return vec<T>{x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x};
}

// 0, 1, 2, ... in the lanes.
template <class T> GLASSNET_INLINE vec<T> iota() {
  if constexpr (width<T> == 2) return vec<T>{0, 1};
  else if constexpr (width<T> == 4) return vec<T>{0, 1, 2, 3};
  else if constexpr (width<T> == 8) return vec<T>{0, 1, 2, 3, 4, 5, 6, 7};
  else return vec<T>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
}

// Memory need be aligned for T only.
template <class T> GLASSNET_INLINE vec<T> load(const T* p) {
  return *reinterpret_cast<const typename vec_types<T>::in_memory*>(p);
}
template <class T> GLASSNET_INLINE void store(T* p, vec<T> v) {
  *reinterpret_cast<typename vec_types<T>::in_memory*>(p) = v;
}

// The first n elements (0 <= n <= width<T>), zeros in the other lanes; nothing is read
// beyond p + n.
template <class T> GLASSNET_INLINE vec<T> load_part(const T* p, long n) {
#if defined(__AVX512F__)
  if constexpr (same_type<T, float>)
    return vec<T>(_mm512_maskz_loadu_ps(__mmask16((1u << n) - 1), p));
  else if constexpr (same_type<T, double>)
    return vec<T>(_mm512_maskz_loadu_pd(__mmask8((1u << n) - 1), p));
  else if constexpr (sizeof(T) == 4)
    return vec<T>(_mm512_maskz_loadu_epi32(__mmask16((1u << n) - 1), p));
  else return vec<T>(_mm512_maskz_loadu_epi64(__mmask8((1u << n) - 1), p));
#elif defined(__AVX2__)
  const __m256i mask = __m256i(splat<int_of<T>>(int_of<T>(n)) > iota<int_of<T>>());
  if constexpr (same_type<T, float>) return vec<T>(_mm256_maskload_ps(p, mask));
  else if constexpr (same_type<T, double>) return vec<T>(_mm256_maskload_pd(p, mask));
  else if constexpr (sizeof(T) == 4)
    return vec<T>(_mm256_maskload_epi32(reinterpret_cast<const int*>(p), mask));
  else return vec<T>(_mm256_maskload_epi64(reinterpret_cast<const long long*>(p), mask));
#else
  if constexpr (width<T> == 2) {
    return n <= 0 ? vec<T>{} : n == 1 ? vec<T>{p[0], 0} : load(p);
  } else {
    switch (n) {
      case 0:
        return vec<T>{};
      case 1:
        return vec<T>{p[0], 0, 0, 0};
      case 2:
        return vec<T>{p[0], p[1], 0, 0};
      case 3:
        return vec<T>{p[0], p[1], p[2], 0};
      default:
        return load(p);
    }
  }
#endif
}

// Stores the first n lanes (0 <= n <= width<T>); nothing is written beyond p + n.
template <class T> GLASSNET_INLINE void store_part(T* p, vec<T> v, long n) {
#if defined(__AVX512F__)
  if constexpr (same_type<T, float>) _mm512_mask_storeu_ps(p, __mmask16((1u << n) - 1), __m512(v));
  else if constexpr (same_type<T, double>)
    _mm512_mask_storeu_pd(p, __mmask8((1u << n) - 1), __m512d(v));
  else if constexpr (sizeof(T) == 4)
    _mm512_mask_storeu_epi32(p, __mmask16((1u << n) - 1), __m512i(v));
  else _mm512_mask_storeu_epi64(p, __mmask8((1u << n) - 1), __m512i(v));
#elif defined(__AVX2__)
  const __m256i mask = __m256i(splat<int_of<T>>(int_of<T>(n)) > iota<int_of<T>>());
  if constexpr (same_type<T, float>) _mm256_maskstore_ps(p, mask, __m256(v));
  else if constexpr (same_type<T, double>) _mm256_maskstore_pd(p, mask, __m256d(v));
  else if constexpr (sizeof(T) == 4)
    _mm256_maskstore_epi32(reinterpret_cast<int*>(p), mask, __m256i(v));
  else _mm256_maskstore_epi64(reinterpret_cast<long long*>(p), mask, __m256i(v));
#else
  if (n >= width<T>) return store(p, v);
  for (long i = 0; i < n; i++) p[i] = v[i];
#endif
}

// a in the lanes where the mask is -1, b where it is 0: select(x < y, x, y). The mask has lanes as
// wide as V's.
template <class M, class V> GLASSNET_INLINE V select(M mask, V a, V b) { return mask ? a : b; }

// The same bits read as another vector type: as<ivec<float>>(x), as<vec<float>>(i).
template <class To, class From> GLASSNET_INLINE To as(From v) { return (To)v; }

// Lane by lane to another type of the same size; float to integer truncates. (Between double and
// int64 there is no instruction before AVX-512DQ: slow.)
template <class To, class From> GLASSNET_INLINE To convert(From v) {
  return __builtin_convertvector(v, To);
}

template <class T> GLASSNET_INLINE vec<T> sqrt_of(vec<T> v) {
#if defined(__AVX512F__)
  // With a mask of ones: the plain form draws a false "may be used uninitialized" from GCC 12.
  if constexpr (same_type<T, float>) return vec<T>(_mm512_maskz_sqrt_ps(__mmask16(-1), __m512(v)));
  else return vec<T>(_mm512_maskz_sqrt_pd(__mmask8(-1), __m512d(v)));
#elif defined(__AVX2__)
  if constexpr (same_type<T, float>) return vec<T>(_mm256_sqrt_ps(__m256(v)));
  else return vec<T>(_mm256_sqrt_pd(__m256d(v)));
#elif defined(__x86_64__)
  if constexpr (same_type<T, float>) return vec<T>(_mm_sqrt_ps(__m128(v)));
  else return vec<T>(_mm_sqrt_pd(__m128d(v)));
#elif defined(__aarch64__)
  if constexpr (same_type<T, float>) return vec<T>(vsqrtq_f32(float32x4_t(v)));
  else return vec<T>(vsqrtq_f64(float64x2_t(v)));
#else
  for (long i = 0; i < width<T>; i++)
    v[i] = same_type<T, float> ? __builtin_sqrtf(v[i]) : __builtin_sqrt(v[i]);
  return v;
#endif
}

// All lanes combined in halves: lane i with lane i + width / 2, and so on; the order is the same on
// each call.
template <class V, class Op> GLASSNET_INLINE auto fold(V v, Op op) {
  constexpr int lanes = sizeof(v) / sizeof(v[0]);
  if constexpr (lanes == 2) return op(v[0], v[1]);
  else if constexpr (lanes == 4)
    return fold(op(__builtin_shufflevector(v, v, 0, 1), __builtin_shufflevector(v, v, 2, 3)), op);
  else if constexpr (lanes == 8)
    return fold(
        op(__builtin_shufflevector(v, v, 0, 1, 2, 3), __builtin_shufflevector(v, v, 4, 5, 6, 7)),
        op);
  else
    return fold(op(__builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7),
                   __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15)),
                op);
}
struct add_lanes {
  template <class V> GLASSNET_INLINE V operator()(V a, V b) const { return a + b; }
};
struct max_lanes {
  template <class V> GLASSNET_INLINE V operator()(V a, V b) const { return a > b ? a : b; }
};
struct min_lanes {
  template <class V> GLASSNET_INLINE V operator()(V a, V b) const { return a < b ? a : b; }
};
template <class V> GLASSNET_INLINE auto sum_lanes(V v) { return fold(v, add_lanes{}); }

}  // namespace GLASSNET_ISA
}  // namespace glassnet
