// Matrix times vector by dot products: for one example at a time (m = 1) and for one neuron
// (n = 1), where the tiles of gemm_tile.h would wait for a single chain of sums.
#pragma once
#include "gemm_shuffle.h"

namespace glassnet {
namespace GLASSNET_ISA {

// y[r] = x . mat[r] for `group` rows; the lanes of each product are added in the same order
// whatever the group, so a row's bits do not depend on its neighbours.
template <class T, int group>
GLASSNET_INLINE void dot_rows(long k, const T* mat, long ld, const T* x, T* y) {
  constexpr long w = width<T>;
  constexpr lanes_of<vec<T>> all{};
  vec<T> sum[4];
  for (int r = 0; r < 4; r++) sum[r] = vec<T>{};
  long p = 0;
  for (; p + w <= k; p += w) {
    const vec<T> xs = load(x + p);
    for (int r = 0; r < group; r++) sum[r] += load(mat + r * ld + p) * xs;
  }
  if (p < k) {
    const vec<T> xs = load_part(x + p, k - p);
    for (int r = 0; r < group; r++) sum[r] += load_part(mat + r * ld + p, k - p) * xs;
  }
  const vec<T> s01 = add_pairs<1>(sum[0], sum[1], all), s23 = add_pairs<1>(sum[2], sum[3], all);
  if constexpr (w == 2) {
    for (int r = 0; r < group; r++) y[r] = r < 2 ? s01[r] : s23[r - 2];
  } else {
    const auto four = fold_to_four(add_pairs<2>(s01, s23, all));  // lane r is the sum of row r
    for (int r = 0; r < group; r++) y[r] = four[r];
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
    dot_rows<T, 4>(k, mat + r * ld, ld, x, y);
    for (int i = 0; i < 4; i++) finish(r + i, y[i]);
  }
  for (; r < rows; r++) {
    dot_rows<T, 1>(k, mat + r * ld, ld, x, y);
    finish(r, y[0]);
  }
}

}  // namespace GLASSNET_ISA
}  // namespace glassnet
