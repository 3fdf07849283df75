// Many numbers that lie one after the other, folded to one: reductions that are no part of a chain.
#pragma once
#include "chain_rows.h"

namespace glassnet {
namespace GLASSNET_ISA {

// In double, whatever the type: as many sums as four vectors of doubles have lanes, so that an addition need not wait
// for the one before it.
template <class T> double total(const T* a, long n) {
  constexpr long w = 4 * width<double>;
  double sums[w] = {};
  long i = 0;
  for (; i + w <= n; i += w) for (long j = 0; j < w; j++) sums[j] += double(a[i + j]);
  for (long j = 0; i < n; i++, j++) sums[j] += double(a[i]);
  double sum = 0;
  for (long j = 0; j < w; j++) sum += sums[j];
  return sum;
}

// n > 0. Arg-max writes an int64.
template <class T> void fold_all(Fold fold, const T* a, long n, void* out) {
  if (fold == Fold::argmax) *static_cast<std::int64_t*>(out) = place_of_largest(a, n);
  else if (fold == Fold::max) *static_cast<T*>(out) = row_max(a, n);
  else *static_cast<T*>(out) = T(fold == Fold::mean ? total(a, n) / double(n) : total(a, n));
}

}  // namespace GLASSNET_ISA
}  // namespace glassnet
