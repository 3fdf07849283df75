// Sweeps over the operands of one operation of a chain, vector by vector.
#pragma once
#include "program.h"
#include "vecmath.h"

namespace glassnet {
namespace GLASSNET_ISA {

// Where an operand's elements lie, and how far it is to those of the next vector: 0 for a single number, of which
// there is one vector full.
template <class T> struct Operand {
  const T* at;
  long step;
  GLASSNET_INLINE vec<T> whole() const { return load(at); }
  GLASSNET_INLINE vec<T> part(long n) const { return load_part(at, n); }
  GLASSNET_INLINE void next() { at += step; }
};
// A single number known to be one.
template <class T> struct Single {
  vec<T> value;
  GLASSNET_INLINE vec<T> whole() const { return value; }
  GLASSNET_INLINE vec<T> part(long) const { return value; }
  GLASSNET_INLINE void next() {}
};

// out[i] = f(operands[i]…); an operand may be `out` itself.
template <class T, class F, class... O> GLASSNET_INLINE void sweep(T* out, long n, F f, O... operands) {
  constexpr long w = width<T>;
  long i = 0;
  for (; i + w <= n; i += w) {
    store(out + i, f(operands.whole()...));
    (operands.next(), ...);
  }
  if (i < n) store_part(out + i, f(operands.part(n - i)...), n - i);
}

template <class T> GLASSNET_INLINE vec<T> truth(ivec<T> mask) { return select(mask, splat<T>(1), vec<T>{}); }

// a * b, rounded: the compiler cannot see through the empty instruction to fuse it with an addition. A chain's products
// and sums are swept over at once and give the bits that they give apart, so that x·y − y·x stays 0.
template <class T> GLASSNET_INLINE vec<T> product(vec<T> a, vec<T> b) {
  vec<T> p = a * b;
#if defined(__x86_64__)
  asm("" : "+v"(p));
#elif defined(__aarch64__)
  asm("" : "+w"(p));
#else
  asm("" : "+m"(p));
#endif
  return p;
}

// NaN if one of them is: a comparison with NaN is false, so it is looked for apart.
struct larger {
  template <class V> GLASSNET_INLINE V operator()(V a, V b) const { return (b > a) | (b != b) ? b : a; }
};

// Whole numbers towards zero; those beyond the mantissa are whole already. The sign of −0 stays.
template <class T> GLASSNET_INLINE vec<T> truncated(vec<T> x) {
  const ivec<T> has_fraction = absolute<T>(x) < splat(T(same_type<T, float> ? 0x1p23 : 0x1p52));
  const vec<T> inside = select(has_fraction, x, vec<T>{});
  return select(has_fraction, with_sign_of<T>(absolute<T>(convert<vec<T>>(convert<ivec<T>>(inside))), x), x);
}
template <class T> GLASSNET_INLINE vec<T> floored(vec<T> x) {
  const vec<T> whole = truncated<T>(x);
  return select(whole > x, whole - splat(T(1)), whole);
}

// Four sums, so that an addition need not wait for the one before it.
template <class T> GLASSNET_INLINE T row_sum(const T* a, long n) {
  constexpr long w = width<T>;
  vec<T> s{};
  long i = 0;
  if (n >= 4 * w) {
    vec<T> s1{}, s2{}, s3{};
    for (; i + 4 * w <= n; i += 4 * w) {
      s += load(a + i);
      s1 += load(a + i + w);
      s2 += load(a + i + 2 * w);
      s3 += load(a + i + 3 * w);
    }
    s = (s + s1) + (s2 + s3);
  }
  for (; i + w <= n; i += w) s += load(a + i);
  if (i < n) s += load_part(a + i, n - i);
  return sum_lanes(s);
}

}  // namespace GLASSNET_ISA
}  // namespace glassnet
