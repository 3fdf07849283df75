// The two rearrangements that products need, written once for all widths: the index of each lane is
// a constant expression of its number, and the compiler finds the instruction.
#pragma once
#include "simd.h"

namespace glassnet {
namespace GLASSNET_ISA {

template <int... lane> struct lanes {};
template <int n, int... lane> struct lanes_up_to : lanes_up_to<n - 1, n - 1, lane...> {};
template <int... lane> struct lanes_up_to<0, lane...> { typedef lanes<lane...> type; };
template <class V> using lanes_of = typename lanes_up_to<int(sizeof(V) / sizeof(V{}[0]))>::type;

// Lane i of the result: a[i] + a[i ^ distance] where i has not the bit `distance`, and the same of
// b where it has.
template <int distance, class V, int... lane>
GLASSNET_INLINE V add_pairs(V a, V b, lanes<lane...>) {
  constexpr int n = sizeof...(lane);
  return __builtin_shufflevector(a, b, (lane & distance ? lane + n : lane)...) +
         __builtin_shufflevector(a, b,
                                 (lane & distance ? (lane ^ distance) + n : lane ^ distance)...);
}

// Sixteen or eight lanes added in halves down to four.
template <class V> GLASSNET_INLINE auto fold_to_four(V v) {
  constexpr int n = sizeof(v) / sizeof(v[0]);
  if constexpr (n == 4) return v;
  else if constexpr (n == 8)
    return __builtin_shufflevector(v, v, 0, 1, 2, 3) + __builtin_shufflevector(v, v, 4, 5, 6, 7);
  else
    return fold_to_four(__builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
                        __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15));
}

// In each group of 2 * size lanes: the low (or high) `size`-groups of both vectors' `half`,
// alternating. With size 1 and 2 these are the two steps of a 4 x 4 transpose inside each 128-bit
// lane.
template <int size, bool high, class V, int... lane>
GLASSNET_INLINE V zip(V a, V b, lanes<lane...>) {
  constexpr int n = sizeof...(lane), group = 16 / sizeof(a[0]), half = high ? group / 2 : 0;
  return __builtin_shufflevector(a, b,
                                 (lane / group * group + half + lane % group / (2 * size) * size +
                                  lane % size + (lane / size % 2 ? n : 0))...);
}

// Turns columns[0 .. 16 / sizeof(T) - 1], each 128-bit lane a piece of one row, into the columns of
// those pieces.
template <class T> GLASSNET_INLINE void transpose_in_lanes(vec<T>* v) {
  constexpr lanes_of<vec<T>> all{};
  if constexpr (sizeof(T) == 8) {
    const vec<T> low = zip<1, false>(v[0], v[1], all);
    v[1] = zip<1, true>(v[0], v[1], all);
    v[0] = low;
  } else {
    const vec<T> p = zip<1, false>(v[0], v[1], all), q = zip<1, true>(v[0], v[1], all);
    const vec<T> r = zip<1, false>(v[2], v[3], all), s = zip<1, true>(v[2], v[3], all);
    v[0] = zip<2, false>(p, r, all);
    v[1] = zip<2, true>(p, r, all);
    v[2] = zip<2, false>(q, s, all);
    v[3] = zip<2, true>(q, s, all);
  }
}

}  // namespace GLASSNET_ISA
}  // namespace glassnet
