// A panel of B copied: its columns (1 to tile_vectors vectors) side by side for each k, zeros or
// copies of the last column in the lanes beyond n (they are computed and never stored).
#pragma once
#include "gemm_shuffle.h"

namespace glassnet {
namespace GLASSNET_ISA {

// The vector whose 128-bit lane l is the 16 bytes at address(l).
template <class T, class Address> GLASSNET_INLINE vec<T> load_pieces(Address address) {
  typedef T piece __attribute__((vector_size(16), aligned(sizeof(T)), may_alias));
  const auto at = [&](int l) { return *reinterpret_cast<const piece*>(address(l)); };
#if defined(__AVX512F__)
  __m512 v = _mm512_castps128_ps512(__m128(at(0)));
  v = _mm512_mask_broadcast_f32x4(v, 0x00f0, __m128(at(1)));
  v = _mm512_mask_broadcast_f32x4(v, 0x0f00, __m128(at(2)));
  return vec<T>(_mm512_mask_broadcast_f32x4(v, 0xf000, __m128(at(3))));
#elif defined(__AVX2__)
  return vec<T>(_mm256_insertf128_ps(_mm256_castps128_ps256(__m128(at(0))), __m128(at(1)), 1));
#else
  return at(0);
#endif
}

// One vector of columns: to[p * ld_to + lane] = row(lane)[p], for the row addresses that `row`
// gives.
template <class T, class Row> GLASSNET_INLINE void pack_rows(Row row, long k, T* to, long ld_to) {
  constexpr long w = width<T>, pieces = 16 / long(sizeof(T));
  const auto some = [&](long p) {
    vec<T> v[pieces];
    for (long r = 0; r < pieces; r++)
      v[r] = load_pieces<T>([&](int lane) { return row(lane * pieces + r) + p; });
    transpose_in_lanes<T>(v);
    for (long r = 0; r < pieces; r++) store(to + (p + r) * ld_to, v[r]);
  };
  long p = 0;
  for (; p + pieces <= k; p += pieces) some(p);
  if (p == k) return;
  if (k >= pieces) return some(k - pieces);  // the last columns once more rather than one by one
  for (; p < k; p++)
    for (long i = 0; i < w; i++) to[p * ld_to + i] = row(i)[p];
}

// One vector of columns of a transposed B, n <= width<T> of its rows.
template <class T> void pack_transposed(const T* b, long ldb, long n, long k, T* to, long ld_to) {
  if (n == width<T>) return pack_rows<T>([=](long i) { return b + i * ldb; }, k, to, ld_to);
  const T* rows[width<T>];
  for (long i = 0; i < width<T>; i++) rows[i] = b + (i < n ? i : n - 1) * ldb;
  pack_rows<T>([&](long i) { return rows[i]; }, k, to, ld_to);
}

// One vector of columns of a B that is not transposed.
template <class T> void pack_plain(const T* b, long ldb, long n, long k, T* to, long ld_to) {
  if (n == width<T>)
    for (long p = 0; p < k; p++) store(to + p * ld_to, load(b + p * ldb));
  else
    for (long p = 0; p < k; p++) store(to + p * ld_to, load_part(b + p * ldb, n));
}

// `vectors` vectors of columns, the last with `last` columns, from `b` on.
template <class T>
void pack_panel(bool transposed, const T* b, long ldb, long vectors, long last, long k, T* to) {
  constexpr long w = width<T>;
  for (long v = 0; v < vectors; v++) {
    const long n = v < vectors - 1 ? w : last;
    if (transposed) pack_transposed(b + v * w * ldb, ldb, n, k, to + v * w, vectors * w);
    else pack_plain(b + v * w, ldb, n, k, to + v * w, vectors * w);
  }
}

// to[p * rows + i] = a[p * lda + i]: a few columns of a wide A side by side.
template <class T> void pack_columns(const T* a, long lda, long rows, long k, T* to) {
  constexpr long w = width<T>;
  for (long p = 0; p < k; p++, a += lda, to += rows) {
    long i = 0;
    for (; i + w <= rows; i += w) store(to + i, load(a + i));
    if (i < rows) store_part(to + i, load_part(a + i, rows - i), rows - i);
  }
}

}  // namespace GLASSNET_ISA
}  // namespace glassnet
