// C = op(A) op(B) (+ bias) (+ C) for small and middle sizes, row-major; see
// docs/design/0007-matrix-products.md.
//
// Bits. An element of C is one chain of multiply-adds in the order of k (gemm_tile.h), so it
// depends on its row of A, its column of B and nothing else. Exceptions add in the order of
// gemm_dot.h: n == 1 with A not transposed, m == 1 with B transposed, and few columns with B
// transposed (by_dot_products). To split a product over threads with the same bits as unsplit: cut
// the rows of C into pieces of at least 2 rows (multiples of tile_rows are fastest), or the columns
// into pieces of at least width<T> columns (best multiples of tile_vectors * width<T>); not along k.
// Each thread needs a `work` of its own.
#pragma once
#include "gemm_dot.h"
#include "gemm_pack.h"
#include "gemm_tile.h"

namespace glassnet {
namespace GLASSNET_ISA {

GLASSNET_INLINE long least(long a, long b) { return a < b ? a : b; }
GLASSNET_INLINE long round_up(long a, long b) { return (a + b - 1) / b * b; }
// The size of the pieces when n is cut evenly into pieces of at most about `most`, multiples of
// `step`.
GLASSNET_INLINE long even_part(long n, long most, long step) {
  if (n <= most) return n;
  const long pieces = (n + most - 1) / most;
  return round_up((n + pieces - 1) / pieces, step);
}

// Few columns with B transposed (ten classes from 256 units): dot products fill the lanes along k,
// where a tile would leave most of them empty, and copy nothing. 32 x 10 x 256 with AVX-512: 1.42 ->
// 0.83 us; 32 x 3 x 64: 0.35 -> 0.14 us. Below k = 4 n their sums at the end cost more than that. It
// is no rule of m, or the bits of an example would depend on its batch.
template <class T> bool by_dot_products(bool ta, bool tb, long n, long k) {
  return tb && !ta && n < width<T> && k >= 4 * n;
}

template <class T> struct gemm_plan {
  static constexpr long most_columns = tile_vectors * width<T>;
  bool pack_a, pack_b;
  long most_vectors, m_block, k_block, panel_elements, elements;

  gemm_plan(bool ta, bool tb, long m, long n, long k) {
    constexpr long size = sizeof(T);
    // A panel of B of at most 24 KiB stays in L1 while a block of A of at most 256 KiB passes by
    // from L2.
    k_block = even_part(k > 0 ? k : 1, 24 * 1024 / size / most_columns, 8);
    m_block = even_part(m, 256 * 1024 / size / k_block, tile_rows);
    pack_b = tb || (m >= 192 && k * n * size > 32 * 1024) || (!has_masks && n % width<T> != 0);
    // Columns of a wide A, read from far apart, would fall on a few sets of the cache: worth a copy
    // if read often.
    pack_a = ta && m * size >= 2048 && n > 4 * most_columns && k >= 16;
    most_vectors = m == 1 && !pack_b ? row_vectors : tile_vectors;
    panel_elements = pack_b ? k_block * most_columns : 0;
    elements = panel_elements + (pack_a ? m_block * k_block : 0);
  }
};

// Elements of scratch that gemm needs for these sizes (its `work`, best aligned to 64 bytes).
template <class T> long gemm_work(bool ta, bool tb, long m, long n, long k) {
  if (m == 0 || n == 0) return 0;
  if (n == 1 && !ta) return tb ? 0 : k;
  if ((m == 1 && tb && !ta) || by_dot_products<T>(ta, tb, n, k)) return 0;
  return gemm_plan<T>(ta, tb, m, n, k).elements;
}

// How m rows are cut into tiles of nearly equal height: `taller` tiles of rows + 1, then the others
// of `rows`.
struct gemm_tiling {
  long tiles, rows, taller;
  explicit gemm_tiling(long m)
      : tiles((m + tile_rows - 1) / tile_rows), rows(m / tiles), taller(m - rows * tiles) {}
};

// The columns of A that become m rows of C, copied tile by tile, each tile by columns:
// to[(first row of the tile) * k + p * rows + i].
template <class T> void pack_tiles(const T* a, long lda, const gemm_tiling& tiling, long k, T* to) {
  for (long t = 0; t < tiling.tiles; t++) {
    const long rows = tiling.rows + (t < tiling.taller);
    pack_columns(a, lda, rows, k, to);
    a += rows;
    to += rows * k;
  }
}

// All the rows of one panel.
template <class T, bool by_columns, bool part>
void gemm_rows(gemm_panel<T> panel, const gemm_tiling& tiling, long vectors, bool packed_a) {
  long rows = tiling.rows + 1;
  if (tiling.taller) {
    if (packed_a) panel.lda = rows;
    pick_tiles<T, by_columns, part>(rows, vectors)(panel, tiling.taller);
    panel.a += tiling.taller * rows * panel.next_a;
    panel.c += tiling.taller * rows * panel.ldc;
  }
  rows = tiling.rows;
  if (packed_a) panel.lda = rows;
  pick_tiles<T, by_columns, part>(rows, vectors)(panel, tiling.tiles - tiling.taller);
}

// A is m x k (ta: stored k x m), B is k x n (tb: stored n x k), leading dimensions in elements.
// `bias` has n entries, added to each row, or is null; `accumulate` adds to C, which otherwise is
// only written. `work` has gemm_work(ta, tb, m, n, k) elements. C overlaps nothing.
template <class T> void gemm(bool ta, bool tb, long m, long n, long k, const T* a, long lda,
                             const T* b, long ldb, const T* bias, bool accumulate, T* c, long ldc,
                             T* work) {
  constexpr long w = width<T>;
  if (m == 0 || n == 0) return;
  if (n == 1 && !ta) {
    if (!tb && ldb != 1) {
      for (long p = 0; p < k; p++) work[p] = b[p * ldb];
      b = work;
    }
    return gemv(m, k, a, lda, b, bias, 0, accumulate, c, ldc);
  }
  if (m == 1 && tb && !ta) return gemv(n, k, b, ldb, a, bias, 1, accumulate, c, 1);
  if (by_dot_products<T>(ta, tb, n, k))
    return gemm_few_columns(m, n, k, a, lda, b, ldb, bias, accumulate, c, ldc);

  const gemm_plan<T> plan(ta, tb, m, n, k);
  const long vectors = (n + w - 1) / w;
  const long panels = (vectors + plan.most_vectors - 1) / plan.most_vectors;
  const long narrow = vectors / panels, wider = vectors % panels;  // `wider` have one vector more
  T* const packed_a = work + plan.panel_elements;
  for (long i0 = 0; i0 < m; i0 += plan.m_block)
    for (long p0 = 0; p0 == 0 || p0 < k; p0 += plan.k_block) {
      const gemm_tiling tiling(least(plan.m_block, m - i0));
      gemm_panel<T> panel;
      panel.k = least(plan.k_block, k - p0);
      panel.a = a + (ta ? p0 * lda + i0 : i0 * lda + p0);
      panel.lda = lda;
      panel.next_a = ta ? 1 : lda;
      if (plan.pack_a) {
        pack_tiles(panel.a, lda, tiling, panel.k, packed_a);
        panel.a = packed_a;
        panel.next_a = panel.k;
      }
      panel.add_c = accumulate || p0 > 0;
      panel.ldc = ldc;
      long v, j = 0;
      for (long q = 0; q < panels; q++, j += v * w) {
        v = narrow + (q < wider);
        panel.last = least(w, n - j - (v - 1) * w);
        panel.b = b + (tb ? j * ldb + p0 : p0 * ldb + j);
        panel.ldb = ldb;
        if (plan.pack_b) {
          pack_panel(tb, panel.b, ldb, v, panel.last, panel.k, work);
          panel.b = work;
          panel.ldb = v * w;
        }
        panel.bias = bias && p0 == 0 ? bias + j : nullptr;
        panel.c = c + i0 * ldc + j;
        const bool part = panel.last < w;
        if (ta)
          part ? gemm_rows<T, true, true>(panel, tiling, v, plan.pack_a)
               : gemm_rows<T, true, false>(panel, tiling, v, plan.pack_a);
        else
          part ? gemm_rows<T, false, true>(panel, tiling, v, false)
               : gemm_rows<T, false, false>(panel, tiling, v, false);
      }
    }
}

}  // namespace GLASSNET_ISA
}  // namespace glassnet
