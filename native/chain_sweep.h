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

// What sums of several operations add up, with the bits of the operations apart.
template <class T> struct products {
  GLASSNET_INLINE vec<T> operator()(vec<T> x, vec<T> y) const { return product<T>(x, y); }
};
template <class T> struct square_differences {
  GLASSNET_INLINE vec<T> operator()(vec<T> x, vec<T> y) const { return product<T>(x - y, x - y); }
};

// The sum of n elements: `at` gets the place of a vector's first element, and what loads a vector there (the last one
// in part). Four sums, so that an addition need not wait for the one before it.
template <class T, class At> GLASSNET_INLINE T row_sum_of(long n, At at) {
  constexpr long w = width<T>;
  const auto all = [](const T* p) { return load(p); };
  vec<T> s{};
  long i = 0;
  if (n >= 4 * w) {
    vec<T> s1{}, s2{}, s3{};
    for (; i + 4 * w <= n; i += 4 * w) {
      s += at(i, all);
      s1 += at(i + w, all);
      s2 += at(i + 2 * w, all);
      s3 += at(i + 3 * w, all);
    }
    s = (s + s1) + (s2 + s3);
  }
  for (; i + w <= n; i += w) s += at(i, all);
  if (i < n) s += at(i, [=](const T* p) { return load_part(p, n - i); });
  return sum_lanes(s);
}
template <class T> GLASSNET_INLINE T row_sum(const T* a, long n) {
  return row_sum_of<T>(n, [=](long i, auto get) { return get(a + i); });
}

// ---------------------------------------------------------------- row by row
// Operands of rows that are worked on one by one, so that none has to be written out for all elements of a block first:
// elements of its own for each row (`apart` from row to row) or the same for all rows (0 apart), or
template <class T> struct Elements {
  const T* at;
  long apart;
  GLASSNET_INLINE vec<T> whole() const { return load(at); }
  GLASSNET_INLINE vec<T> part(long n) const { return load_part(at, n); }
  GLASSNET_INLINE void next() { at += width<T>; }
  GLASSNET_INLINE Elements row(long r) const { return {at + r * apart, 0}; }
};
// one number for each row (1 apart), or for all (0);
template <class T> struct Number {
  const T* at;
  long apart;
  GLASSNET_INLINE Single<T> row(long r) const { return {splat(at[r * apart])}; }
};
// or one of these, known only now: a third slower.
template <class T> struct Either {
  const T* at;
  long apart;
  bool is_number;
  alignas(vec_bytes) T here[width<T>];
  GLASSNET_INLINE Operand<T> row(long r) {
    if (!is_number) return {at + r * apart, width<T>};
    store(here, splat(at[r * apart]));
    return {here, 0};
  }
  GLASSNET_INLINE Elements<T> elements() const { return {at, apart}; }
  GLASSNET_INLINE Number<T> number() const { return {at, apart}; }
};

template <class T, class F, class... O> GLASSNET_INLINE void sweep_rows_of(T* out, long apart, long rows, long k, F f, O... operands) {
  for (long r = 0; r < rows; r++) sweep(out + r * apart, k, f, operands.row(r)...);
}
// The usual cases by themselves: a number and elements, or elements alone (400 × 64 numbers, w + c·(x − w): 2.6 us by
// the general sweep, 1.2 to 1.4 by that of its case; float32, AVX-512, from the L2 cache).
template <class T, class F, class A, class... O> GLASSNET_INLINE void sweep_rows(T* out, long apart, long rows, long k, F f, A first,
                                                                                            O... others) {
  if ((others.is_number || ...)) sweep_rows_of(out, apart, rows, k, f, first, others...);
  else if (first.is_number) sweep_rows_of(out, apart, rows, k, f, first.number(), others.elements()...);
  else sweep_rows_of(out, apart, rows, k, f, first.elements(), others.elements()...);
}

// out[r] = the sum of f(x, y) along row r.
template <class T, class F> GLASSNET_INLINE void sum_rows(T* out, long rows, long k, F f, Either<T> x, Either<T> y) {
  if (!x.is_number && !y.is_number) {
    for (long r = 0; r < rows; r++) {
      const T *a = x.at + r * x.apart, *b = y.at + r * y.apart;
      out[r] = row_sum_of<T>(k, [=](long i, auto get) { return f(get(a + i), get(b + i)); });
    }
    return;
  }
  for (long r = 0; r < rows; r++) {
    const Operand<T> a = x.row(r), b = y.row(r);
    const long more_a = a.step == 0 ? 0 : -1, more_b = b.step == 0 ? 0 : -1;
    out[r] = row_sum_of<T>(k, [=](long i, auto get) { return f(get(a.at + (i & more_a)), get(b.at + (i & more_b))); });
  }
}

}  // namespace GLASSNET_ISA
}  // namespace glassnet
