// What a chain does along the rows of a turned block: element j of all its rows lies together, at j * stride, so that
// reductions along rows narrower than a vector are plain operations between vectors. The stride is a multiple of all
// vectors' widths; what lies beyond the last row is a copy of it, or left from before, and counts nowhere.
#pragma once
#include "chain_sweep.h"
#include "gemm_pack.h"

namespace glassnet {
namespace GLASSNET_ISA {

template <class T> void turn_in(T* out, const T* in, long rows, long k, long stride) {
  for (long r = 0; r < rows; r += width<T>) {
    const long n = rows - r < width<T> ? rows - r : width<T>;
    pack_transposed(in + r * k, k, n, k, out + r, stride);
  }
}

// The 128-bit lanes of a vector, first to last.
template <class V, class F, int... piece> GLASSNET_INLINE void each_piece(V v, F f, lanes<piece...>) {
  typedef decltype(v[0] + v[0]) T;
  typedef T quarter __attribute__((vector_size(16)));
  (f(piece, [&] {
     if constexpr (sizeof(V) == 16) return v;
     else if constexpr (sizeof(T) == 8) return quarter(__builtin_shufflevector(v, v, 2 * piece, 2 * piece + 1));
     else return quarter(__builtin_shufflevector(v, v, 4 * piece, 4 * piece + 1, 4 * piece + 2, 4 * piece + 3));
   }()), ...);
}
template <class T> void turn_out(T* out, const T* in, long rows, long k, long stride) {
  typedef T stored __attribute__((vector_size(16), aligned(sizeof(T)), may_alias));
  constexpr long w = width<T>, pieces = 16 / long(sizeof(T));
  for (long first = 0; first < rows; first += w) {
    const long n = rows - first < w ? rows - first : w;
    const auto some = [&](long p) {
      vec<T> v[pieces];
      for (long r = 0; r < pieces; r++) v[r] = load(in + (p + r) * stride + first);
      transpose_in_lanes<T>(v);
      for (long r = 0; r < pieces; r++)
        each_piece(v[r], [&](long lane, auto piece) {
          const long row = lane * pieces + r;
          if (row < n) *reinterpret_cast<stored*>(out + (first + row) * k + p) = piece;
        }, typename lanes_up_to<vec_bytes / 16>::type{});
    };
    long p = 0;
    for (; p + pieces <= k; p += pieces) some(p);
    if (p < k && k >= pieces) some(k - pieces);  // the last columns once more rather than one by one
    else for (; p < k; p++) for (long i = 0; i < n; i++) out[(first + i) * k + p] = in[p * stride + first + i];
  }
}

// out[r] = f(the vectors of row elements): `f` gets a function from j to element j of a vector of rows.
template <class T, class F> GLASSNET_INLINE void each_row(T* out, const T* a, long rows, long stride, F f) {
  constexpr long w = width<T>;
  for (long r = 0; r < rows; r += w)
    store_part(out + r, f([=](long j) { return load(a + j * stride + r); }), rows - r < w ? rows - r : w);
}

template <class T> void along_turned_rows(const Step& s, T* out, const T* a, const T* b, long rows, long k, long stride, T scale, Trouble& trouble) {
  typedef vec<T> V;
  constexpr long w = width<T>;
  const auto largest = [=](auto at) {
    V m = at(0);
    for (long j = 1; j < k; j++) m = larger{}(m, at(j));
    return m;
  };
  const auto sum_of = [=](auto f) {
    for (long r = 0; r < rows; r += w) {
      const auto at = [=](long j) { return f(load(a + j * stride + r), load(b + j * stride + r)); };
      V sum = at(0);
      for (long j = 1; j < k; j++) sum += at(j);
      store_part(out + r, sum, rows - r < w ? rows - r : w);
    }
  };
  switch (s.code) {
    case Code::spread:
      for (long r = 0; r < rows; r += w) {
        const V x = load_part(a + r, rows - r < w ? rows - r : w);
        for (long j = 0; j < k; j++) store(out + j * stride + r, x);
      }
      break;
    case Code::row_sum: case Code::row_mean: {
      const V divisor = splat(s.code == Code::row_mean ? T(k) : T(1));
      each_row(out, a, rows, stride, [=](auto at) {
        V sum = at(0);
        for (long j = 1; j < k; j++) sum += at(j);
        return sum / divisor;
      });
      break;
    }
    case Code::row_sum_of_products: sum_of(products<T>{}); break;
    case Code::row_sum_of_square_differences: sum_of(square_differences<T>{}); break;
    case Code::row_max: each_row(out, a, rows, stride, largest); break;
    case Code::row_logsumexp:
      each_row(out, a, rows, stride, [=](auto at) {
        const V m = largest(at);
        V sum{};
        for (long j = 0; j < k; j++) sum += v_exp<T>(at(j) - m);
        return m + v_log<T>(sum);
      });
      break;
    case Code::row_argmax:  // the first of the largest; the first NaN if there is one
      each_row(out, a, rows, stride, [=](auto at) {
        const V m = largest(at);
        V place = splat(T(k - 1));
        for (long j = k - 2; j >= 0; j--) place = select((at(j) == m) | (at(j) != at(j)), splat(T(j)), place);
        return place;
      });
      break;
    case Code::rows_sum: case Code::rows_mean: for (long j = 0; j < k; j++) out[j] += row_sum(a + j * stride, rows) * scale; break;
    case Code::rows_sum_of_products:
      for (long j = 0; j < k; j++)
        out[j] += row_sum_of<T>(rows, [=](long i, auto get) { return products<T>{}(get(a + j * stride + i), get(b + j * stride + i)); });
      break;
    case Code::one_hot:
      for (long r = 0; r < rows; r += w) {
        const long n = rows - r < w ? rows - r : w;
        const V which = load_part(a + r, n);
        if (!all_between<T>(which, 0, T(k - 1)))
          for (long i = 0; i < n; i++)
            if (!(which[i] >= 0 && which[i] < T(k))) trouble.out_of_range(long(which[i]), k);
        for (long j = 0; j < k; j++) store(out + j * stride + r, truth<T>(which == splat(T(j))));
      }
      break;
    default: break;
  }
}

}  // namespace GLASSNET_ISA
}  // namespace glassnet
