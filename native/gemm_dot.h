// Dot products, for what the tiles of gemm_tile.h do badly: one example at a time (m = 1) and one
// neuron (n = 1), where they would wait for a single chain of sums, and few columns of a long k,
// where most of their lanes would be empty.
#pragma once
#include "gemm_shuffle.h"
#include "gemm_tile.h"

namespace glassnet {
namespace GLASSNET_ISA {

// y[i * columns + j] = a[i] . b[j]; the lanes of each product are added in the same order whatever
// the tile, so the bits of an element do not depend on its neighbours.
template <class T, int rows, int columns>
GLASSNET_INLINE void dot_tile(long k, const T* a, long lda, const T* b, long ldb, T* y) {
  constexpr long w = width<T>;
  constexpr int count = rows * columns;
  constexpr lanes_of<vec<T>> all{};
  vec<T> sum[(count + 3) / 4 * 4];
  GLASSNET_EACH(i, (count + 3) / 4 * 4) sum[i] = vec<T>{};
  const auto add = [&](auto get, long p) __attribute__((always_inline)) {
    vec<T> z[columns];
    GLASSNET_EACH(j, columns) z[j] = get(b + j * ldb + p);
    GLASSNET_EACH(i, rows) {
      const vec<T> x = get(a + i * lda + p);
      GLASSNET_EACH(j, columns) sum[i * columns + j] += x * z[j];
    }
  };
  long p = 0;
  for (; p + w <= k; p += w) add([](const T* q) { return load(q); }, p);
  if (p < k) add([=](const T* q) { return load_part(q, k - p); }, p);
  GLASSNET_EACH(g, (count + 3) / 4) {  // four products at a time become the four lanes of a vector
    const vec<T> s01 = add_pairs<1>(sum[4 * g], sum[4 * g + 1], all);
    const vec<T> s23 = add_pairs<1>(sum[4 * g + 2], sum[4 * g + 3], all);
    if constexpr (w == 2) {
      GLASSNET_EACH(i, 4) if (4 * g + i < count) y[4 * g + i] = i < 2 ? s01[i] : s23[i - 2];
    } else {
      const auto four = fold_to_four(add_pairs<2>(s01, s23, all));
      GLASSNET_EACH(i, 4) if (4 * g + i < count) y[4 * g + i] = four[i];
    }
  }
}

// c[r * step] = mat[r] . x + bias[r * bias_step] (+ c): `bias_step` 0 gives one bias to all.
template <class T> void gemv(long rows, long k, const T* mat, long ld, const T* x, const T* bias,
                             long bias_step, bool add_c, T* c, long step) {
  const auto finish = [&](long r, T sum) {
    if (bias) sum += bias[r * bias_step];
    if (add_c) sum += c[r * step];
    c[r * step] = sum;
  };
  T y[4];
  long r = 0;
  for (; r + 4 <= rows; r += 4) {
    dot_tile<T, 4, 1>(k, mat + r * ld, ld, x, 0, y);
    for (int i = 0; i < 4; i++) finish(r + i, y[i]);
  }
  for (; r < rows; r++) {
    dot_tile<T, 1, 1>(k, mat + r * ld, ld, x, 0, y);
    finish(r, y[0]);
  }
}

// C = A Bᵀ (+ bias) (+ C) for few columns.
constexpr int dot_columns = vec_registers == 32 ? 4 : 2;  // 4 rows of so many sums fit in registers

template <class T, int rows, int columns = dot_columns>
void dot_columns_of(long n, long k, const T* a, long lda, const T* b, long ldb, const T* bias,
                    bool add_c, T* c, long ldc) {
  if constexpr (columns > 1) {
    if (n < columns)
      return dot_columns_of<T, rows, columns - 1>(n, k, a, lda, b, ldb, bias, add_c, c, ldc);
  }
  T y[rows * columns];
  dot_tile<T, rows, columns>(k, a, lda, b, ldb, y);
  if (bias) GLASSNET_EACH(i, rows) GLASSNET_EACH(j, columns) y[i * columns + j] += bias[j];
  if (add_c) GLASSNET_EACH(i, rows) GLASSNET_EACH(j, columns) y[i * columns + j] += c[i * ldc + j];
  GLASSNET_EACH(i, rows) GLASSNET_EACH(j, columns) c[i * ldc + j] = y[i * columns + j];
}
template <class T> void gemm_few_columns(long m, long n, long k, const T* a, long lda, const T* b,
                                         long ldb, const T* bias, bool add_c, T* c, long ldc) {
  for (long i = 0; i < m; i += m - i < 4 ? 1 : 4)
    for (long j = 0; j < n; j += dot_columns) {
      const T *x = a + i * lda, *z = b + j * ldb, *start = bias ? bias + j : nullptr;
      if (m - i < 4)
        dot_columns_of<T, 1>(n - j, k, x, lda, z, ldb, start, add_c, c + i * ldc + j, ldc);
      else
        dot_columns_of<T, 4>(n - j, k, x, lda, z, ldb, start, add_c, c + i * ldc + j, ldc);
    }
}

}  // namespace GLASSNET_ISA
}  // namespace glassnet
