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
// The first of the largest; the first NaN if there is one.
template <class T> inline T row_argmax(const T* a, long n) {
  const T m = row_max(a, n);
  long i = 0;
  if (m != m) while (a[i] == a[i]) i++;
  else while (i + 1 < n && a[i] != m) i++;
  return T(i);
}

template <class T> void along_rows(const Step& s, T* out, const T* a, long rows, long k, T scale, Trouble& trouble) {
  constexpr long w = width<T>;
  switch (s.code) {
    case Code::spread: for (long r = 0; r < rows; r++) sweep(out + r * k, k, [x = splat(a[r])] { return x; }); break;
    case Code::row_sum: for (long r = 0; r < rows; r++) out[r] = row_sum(a + r * k, k); break;
    case Code::row_mean: for (long r = 0; r < rows; r++) out[r] = row_sum(a + r * k, k) / T(k); break;
    case Code::row_max: for (long r = 0; r < rows; r++) out[r] = row_max(a + r * k, k); break;
    case Code::row_logsumexp: for (long r = 0; r < rows; r++) out[r] = row_logsumexp(a + r * k, k); break;
    case Code::row_argmax: for (long r = 0; r < rows; r++) out[r] = row_argmax(a + r * k, k); break;
    case Code::rows_sum: case Code::rows_mean:
      for (long i = 0; i < k; i += w) {  // a column of vectors, in two sums
        const long n = k - i < w ? k - i : w;
        const auto at = [=](long r) { return n == w ? load(a + r * k + i) : load_part(a + r * k + i, n); };
        vec<T> even{}, odd{};
        long r = 0;
        for (; r + 2 <= rows; r += 2) { even += at(r); odd += at(r + 1); }
        if (r < rows) even += at(r);
        store_part(out + i, load_part(out + i, n) + (even + odd) * splat(scale), n);
      }
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
