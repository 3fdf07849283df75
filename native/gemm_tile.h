// One tile of C held in registers: `rows` x `vectors` vectors of sums, each the plain chain
//   start, then + a[i][0] b[0][j], + a[i][1] b[1][j], ...
// of fused multiply-adds where the machine has them. Every element of C is this same chain whatever
// tile it falls in: that makes its bits independent of m, n and threads.
#pragma once
#include "simd.h"

namespace glassnet {
namespace GLASSNET_ISA {

// The largest tile: sums, one row of B and one broadcast element must fit in the registers. Eight
// chains at least keep two multiply-add units of latency 4 busy. (Without fused multiply-add a
// product needs a register of its own.)
constexpr int tile_rows = vec_registers == 32 ? 8 : vec_bytes == 32 ? 6 : 4;
constexpr int tile_vectors = vec_registers == 32 ? 3 : 2;
constexpr int row_vectors = 2 * tile_vectors;  // of a tile of one row, which needs the chains

// A panel: `vectors` vectors of columns of B and C, all the rows of a block of A, k of one block.
template <class T> struct gemm_panel {
  long k;
  const T* a;  // by_columns: a[p * lda + i] (A transposed, or packed); otherwise a[i * lda + p]
  long lda;
  long next_a;  // from one tile to the next, for one row
  const T* b;
  long ldb;
  long last;      // lanes of the last vector that exist in C (and in B, when B is not packed)
  const T* bias;  // for these columns, or null
  bool add_c;     // start from C
  T* c;
  long ldc;
};

// A loop unrolled by order, so that the sums live in registers: left to itself GCC 12 keeps those of
// some tiles in memory, at a third of the speed.
#if defined(__clang__)
#define GLASSNET_EACH(i, n) _Pragma("unroll") for (int i = 0; i < n; i++)
#else
#define GLASSNET_EACH(i, n) _Pragma("GCC unroll 16") for (int i = 0; i < n; i++)
#endif

template <class T, bool by_columns, int rows, int vectors, bool part>
void gemm_tiles(const gemm_panel<T>& panel, long count) {
  constexpr long w = width<T>;
  const long k = panel.k, lda = panel.lda, ldb = panel.ldb, ldc = panel.ldc, last = panel.last;
  const auto edge = [](int j) { return part && j == vectors - 1; };
  T* c = panel.c;
  for (long tile = 0; tile < count; tile++, c += rows * ldc) {
    vec<T> sum[rows][vectors];
    GLASSNET_EACH(j, vectors) {
      vec<T> start{};
      if (panel.bias)
        start = edge(j) ? load_part(panel.bias + j * w, last) : load(panel.bias + j * w);
      GLASSNET_EACH(i, rows) sum[i][j] = start;
    }
    if (panel.add_c) {
      GLASSNET_EACH(i, rows) {
        T* const from = c + i * ldc;
        GLASSNET_EACH(j, vectors) {
          sum[i][j] += edge(j) ? load_part(from + j * w, last) : load(from + j * w);
        }
      }
    }

    const T* a = panel.a + tile * rows * panel.next_a;
    const T* b = panel.b;
    for (long p = 0; p < k; p++) {
      vec<T> row[vectors];
      GLASSNET_EACH(j, vectors) {
        row[j] = edge(j) && has_masks ? load_part(b + j * w, last) : load(b + j * w);
      }
      GLASSNET_EACH(i, rows) {
        const vec<T> x = splat(by_columns ? a[i] : a[i * lda]);
        GLASSNET_EACH(j, vectors) sum[i][j] += x * row[j];
      }
      a += by_columns ? lda : 1;
      b += ldb;
    }

    GLASSNET_EACH(i, rows) {
      T* const to = c + i * ldc;
      GLASSNET_EACH(j, vectors) {
        if (edge(j)) store_part(to + j * w, sum[i][j], last);
        else store(to + j * w, sum[i][j]);
      }
    }
  }
}

template <class T> using gemm_tiles_of = void (*)(const gemm_panel<T>&, long count);

// The kernel for a number of rows and vectors known at run time.
template <class T, bool by_columns, bool part, int rows = tile_rows, int vectors = tile_vectors>
gemm_tiles_of<T> pick_tiles(long r, long v) {
  if constexpr (vectors > 1 && rows == tile_rows) {
    if (v > tile_vectors) return pick_tiles<T, by_columns, part, 1, row_vectors>(1, v);
  }
  if constexpr (vectors > 1) {
    if (v < vectors) return pick_tiles<T, by_columns, part, rows, vectors - 1>(r, v);
  }
  if constexpr (rows > 1) {
    if (r < rows) return pick_tiles<T, by_columns, part, rows - 1, vectors>(r, v);
  }
  return gemm_tiles<T, by_columns, rows, vectors, part>;
}

}  // namespace GLASSNET_ISA
}  // namespace glassnet
