// What a chain does along the rows of a block whose rows lie one after the other.
#pragma once
#include "chain_sweep.h"

namespace glassnet {
namespace GLASSNET_ISA {

// The elements from i to n, then `rest`.
template <class T> GLASSNET_INLINE vec<T> load_tail(const T* a, long i, long n, T rest) {
  return select(iota<int_of<T>>() < splat(int_of<T>(n - i)), load_part(a + i, n - i), splat(rest));
}
template <class T> GLASSNET_INLINE T row_max(const T* a, long n) {
  constexpr long w = width<T>;
  vec<T> m = splat(a[0]);
  long i = 0;
  for (; i + w <= n; i += w) m = larger{}(m, load(a + i));
  if (i < n) m = larger{}(m, load_tail(a, i, n, a[0]));
  return fold(m, larger{});
}
template <class T> GLASSNET_INLINE T row_logsumexp(const T* a, long n) {
  constexpr long w = width<T>;
  const T m = row_max(a, n);
  vec<T> s{};
  long i = 0;
  for (; i + w <= n; i += w) s += v_exp<T>(load(a + i) - splat(m));
  if (i < n) s += v_exp<T>(load_tail(a, i, n, -T(__builtin_inf())) - splat(m));
  return m + v_log<T>(splat<T>(sum_lanes(s)))[0];
}
struct smaller_place {
  template <class V> GLASSNET_INLINE V operator()(V a, V b) const { return b < a ? b : a; }
};
// The first of the largest; the first NaN if there is one. Long rows are looked through in pieces of 8 vectors: of 400
// numbers 8 ns (float32, AVX-512), where a general walk took 560. Short ones are looked through whole, without a branch
// that would be guessed wrong.
template <class T> inline long place_of_largest(const T* a, long n) {
  constexpr long w = width<T>;
  const T m = row_max(a, n);
  const vec<T> wanted = splat(m);
  if (m == m && n <= 8 * w) {
    ivec<T> first = splat(int_of<T>(n));
    for (long i = 0; i < n; i += w) {
      const vec<T> x = i + w <= n ? load(a + i) : load_tail(a, i, n, m);  // a hit beyond the row is not the first
      first = smaller_place{}(first, select(x == wanted, iota<int_of<T>>() + splat(int_of<T>(i)), first));
    }
    return fold(first, smaller_place{});
  }
  long i = 0;
  for (; i + 8 * w <= n; i += 8 * w) {
    ivec<T> found{};
    for (long j = i; j < i + 8 * w; j += w) {
      const vec<T> x = load(a + j);
      found |= m != m ? x != x : x == wanted;
    }
    if (fold(found, [](auto x, auto y) { return x | y; }) != 0) break;
  }
  if (m != m) while (a[i] == a[i]) i++;
  else while (i + 1 < n && a[i] != m) i++;
  return i;
}

// Adds all rows to `out`: `at` gets the row, the place of a vector's first element in it, and what loads a vector.
template <class T, class At> GLASSNET_INLINE void add_rows(T* out, long rows, long k, T scale, At at) {
  constexpr long w = width<T>;
  for (long i = 0; i < k; i += w) {  // a column of vectors, in two sums
    const long n = k - i < w ? k - i : w;
    const auto add = [=](auto get) {
      vec<T> even{}, odd{};
      long r = 0;
      for (; r + 2 <= rows; r += 2) { even += at(r, i, get); odd += at(r + 1, i, get); }
      if (r < rows) even += at(r, i, get);
      return (even + odd) * splat(scale);
    };
    const vec<T> sum = n == w ? add([](const T* p) { return load(p); }) : add([=](const T* p) { return load_part(p, n); });
    store_part(out + i, load_part(out + i, n) + sum, n);
  }
}

// The rows of `a`, and of `b`, are so far apart where they are added up; otherwise they lie one after the other.
template <class T> void along_rows(const Step& s, T* out, const T* a, long a_apart, const T* b, long b_apart, long rows, long k,
                                   T scale, Trouble& trouble) {
  switch (s.code) {
    case Code::spread: for (long r = 0; r < rows; r++) sweep(out + r * k, k, [x = splat(a[r])] { return x; }); break;
    case Code::row_sum: for (long r = 0; r < rows; r++) out[r] = row_sum(a + r * k, k); break;
    case Code::row_mean: for (long r = 0; r < rows; r++) out[r] = row_sum(a + r * k, k) / T(k); break;
    case Code::row_max: for (long r = 0; r < rows; r++) out[r] = row_max(a + r * k, k); break;
    case Code::row_logsumexp: for (long r = 0; r < rows; r++) out[r] = row_logsumexp(a + r * k, k); break;
    case Code::row_argmax: for (long r = 0; r < rows; r++) out[r] = T(place_of_largest(a + r * k, k)); break;
    case Code::rows_sum: case Code::rows_mean:
      add_rows(out, rows, k, scale, [=](long r, long i, auto get) { return get(a + r * a_apart + i); });
      break;
    case Code::rows_sum_of_products:
      add_rows(out, rows, k, scale, [=](long r, long i, auto get) {
        return products<T>{}(get(a + r * a_apart + i), get(b + r * b_apart + i));
      });
      break;
    case Code::one_hot:
      for (long i = 0; i < rows * k; i++) out[i] = 0;
      for (long r = 0; r < rows; r++) {
        const long which = long(a[r]);
        if (which < 0 || which >= k) trouble.out_of_range(which, k);
        else out[r * k + which] = 1;
      }
      break;
    default: break;
  }
}

}  // namespace GLASSNET_ISA
}  // namespace glassnet
