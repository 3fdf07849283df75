// The k nearest rows of a memory, exactly.
//
// A distance is computed in double and added up in the order of the inputs, whatever block or lane
// the row falls in: rows that are equal are equally far, and no number of threads changes a bit.
// Equal distances stand in the order of the memory.
//
// Euclidean and cosine distances are first seen through matrix products,
// |x - m|^2 = |x|^2 - 2 x·m + |m|^2, which give an interval that holds the distance (the proof is in
// nearest.py); only rows whose interval reaches below the k-th smallest upper end are computed.
#pragma once
#include <cstdlib>

#include "gemm.h"
#include "program.h"
#include "simd.h"
#include "vecmath.h"

namespace glassnet {
namespace GLASSNET_ISA {

struct Candidate {
  double value;  // a lower bound, or what the distance is a function of, or the distance itself
  std::int64_t row;
};

struct or_lanes {
  template <class V> GLASSNET_INLINE V operator()(V a, V b) const { return a | b; }
};

GLASSNET_INLINE bool comes_after(double a, double b) { return a > b; }
GLASSNET_INLINE bool comes_after(const Candidate& a, const Candidate& b) {
  return a.value > b.value || (a.value == b.value && a.row > b.row);
}

// Restores a heap, whose largest entry is the first, after its entry i became smaller.
template <class E> inline void sift_down(E* heap, long n, long i) {
  const E moved = heap[i];
  for (long child; (child = 2 * i + 1) < n; i = child) {
    child += child + 1 < n && comes_after(heap[child + 1], heap[child]);
    if (!comes_after(heap[child], moved)) break;
    heap[i] = heap[child];
  }
  heap[i] = moved;
}
template <class E> inline void heap_sort(E* entries, long n) {
  for (long i = n / 2; i-- > 0;) sift_down(entries, n, i);
  while (n-- > 1) {
    const E largest = entries[0];
    entries[0] = entries[n];
    entries[n] = largest;
    sift_down(entries, n, 0);
  }
}

// Memory of a call. What could not be had is null, and remembered.
class Room {
 public:
  Room() = default;
  Room(const Room&) = delete;
  ~Room() { std::free(memory_); }
  template <class E> E* make(long count) {
    std::free(memory_);
    const std::size_t bytes = std::size_t(count) * sizeof(E);
    memory_ = std::aligned_alloc(64, (bytes + 63) / 64 * 64 + 64);
    return static_cast<E*>(memory_);
  }

 private:
  void* memory_ = nullptr;
};

// The rows that may be among the k nearest to one query.
struct Best {
  Candidate* list;
  long count, room;
  double* heap;  // the k smallest upper bounds so far
  long held;
  double slack, limit;  // a row whose lower bound is above the limit is not among the k nearest

  void begin(double* heap_memory, double more) {
    count = held = 0;
    heap = heap_memory;
    slack = more;
    limit = __builtin_inf();
  }
  void leave_out() {
    long kept = 0;
    for (long i = 0; i < count; i++)
      if (list[i].value <= limit) list[kept++] = list[i];
    count = kept;
  }
  bool add(long k, double low, double high, long row) {
    if (count == room) {
      leave_out();
      if (2 * count >= room) {
        const long larger = 2 * room + 64;
        void* moved = std::realloc(list, std::size_t(larger) * sizeof(Candidate));
        if (moved == nullptr) return false;
        list = static_cast<Candidate*>(moved);
        room = larger;
      }
    }
    list[count++] = {low, row};
    if (held < k) {
      heap[held++] = high;
      if (held < k) return true;
      for (long i = k / 2; i-- > 0;) sift_down(heap, k, i);
    } else if (high < heap[0]) {
      heap[0] = high;
      sift_down(heap, k, 0);
    } else {
      return true;
    }
    // Roots of neighbouring numbers may be equal: they must all be seen.
    limit = heap[0] + __builtin_fabs(heap[0]) * 0x1p-40 + slack;
    return true;
  }
};

// As many of these as there are queries at work; their lists live as long.
class Bests {
 public:
  Bests() = default;
  Bests(const Bests&) = delete;
  ~Bests() {
    for (long i = 0; i < count_; i++) std::free(all_[i].list);
  }
  bool make(long queries, long k) {
    all_ = best_room_.make<Best>(queries);
    heaps_ = heap_room_.make<double>(queries * k);
    if (all_ == nullptr || heaps_ == nullptr) return false;
    for (; count_ < queries; count_++) all_[count_].list = nullptr, all_[count_].room = 0;
    k_ = k;
    return true;
  }
  Best& operator[](long i) { return all_[i]; }
  void begin(long i, double slack) { all_[i].begin(heaps_ + i * k_, slack); }

 private:
  Room best_room_, heap_room_;
  Best* all_ = nullptr;
  double* heaps_ = nullptr;
  long count_ = 0, k_ = 0;
};

// --- distances ---------------------------------------------------------------------------------
constexpr long panel_rows = 2 * width<double>;  // rows of the memory side by side in lanes
constexpr int query_tile = 4;

// The next term of a sum (or of a maximum), for one input.
template <Distance kind>
GLASSNET_INLINE vec<double> with_term(vec<double> sum, vec<double> x, vec<double> m,
                                      vec<double> power) {
  using V = vec<double>;
  if constexpr (kind == Distance::cosine) return sum + x * m;
  const V d = x - m, size = select(d < V{}, -d, d);
  if constexpr (kind == Distance::euclidean) return sum + d * d;
  if constexpr (kind == Distance::manhattan) return sum + size;
  if constexpr (kind == Distance::chebyshev) return select(size > sum, size, sum);
  if constexpr (kind == Distance::cube) return sum + (d * d) * size;
  if constexpr (kind == Distance::hamming) return sum + select(x != m, splat(1.0), V{});
  if constexpr (kind == Distance::minkowski) return sum + v_pow<double>(size, power);
}

// From `queries` queries (rows of doubles) to the rows of a panel (inputs x panel_rows).
template <Distance kind, int queries>
void distance_tile(const double* x, const double* panel, long inputs, double power, double* out) {
  constexpr long w = width<double>;
  const vec<double> exponent = splat(power);
  vec<double> sum[queries][2];
  GLASSNET_EACH(q, queries) sum[q][0] = sum[q][1] = vec<double>{};
  for (long j = 0; j < inputs; j++, panel += panel_rows) {
    const vec<double> left = load(panel), right = load(panel + w);
    GLASSNET_EACH(q, queries) {
      const vec<double> value = splat(x[q * inputs + j]);
      sum[q][0] = with_term<kind>(sum[q][0], value, left, exponent);
      sum[q][1] = with_term<kind>(sum[q][1], value, right, exponent);
    }
  }
  GLASSNET_EACH(q, queries) {
    store(out + q * panel_rows, sum[q][0]);
    store(out + q * panel_rows + w, sum[q][1]);
  }
}

// One number after the other for each of the lanes; lanes without a row repeat the first.
template <class T>
void pack_panel_rows(const T* const* rows, long inputs, double* panel) {
  for (long j = 0; j < inputs; j++)
    for (long lane = 0; lane < panel_rows; lane++)
      panel[j * panel_rows + lane] = double(rows[lane][j]);
}

// The squares of the rows of a panel, added up.
inline void panel_squares(const double* panel, long inputs, double* squares) {
  constexpr long w = width<double>;
  vec<double> left{}, right{};
  for (long j = 0; j < inputs; j++, panel += panel_rows) {
    const vec<double> a = load(panel), b = load(panel + w);
    left += a * a;
    right += b * b;
  }
  store(squares, left);
  store(squares + w, right);
}
inline double row_squares(const double* x, long inputs) {  // the same, for one row
  vec<double> sum{};
  for (long j = 0; j < inputs; j++) {
    const vec<double> a = splat(x[j]);
    sum += a * a;
  }
  return sum[0];
}

// 1 - cos. From the square of cos, so that the rounding of lengths does not part rows of whole
// numbers that point the same way.
GLASSNET_INLINE double cosine_distance(double product, double squares, double others) {
  const double size = __builtin_fabs(product);
  const double ratio = product * size / (squares * others);
  const double cosine = __builtin_sqrt(__builtin_fabs(ratio));
  return ratio >= 0 ? (cosine < 1 ? 1 - cosine : 0) : (cosine < 1 ? 1 + cosine : 2);
}

inline double finish(const Nearest& job, double value) {
  switch (job.distance) {
    case Distance::euclidean:
      return __builtin_sqrt(value);
    case Distance::cube:
      return __builtin_cbrt(value);
    case Distance::minkowski:
      return __builtin_pow(value, 1 / job.power);
    case Distance::hamming:
      return value / double(job.inputs);
    default:
      return value;
  }
}

// Writes down the k nearest of the rows that are left, whose values are exact.
inline void settle(const Nearest& job, Best& best, long query) {
  for (long i = 0; i < best.count; i++) best.list[i].value = finish(job, best.list[i].value);
  heap_sort(best.list, best.count);
  for (long i = 0; i < job.k; i++) {
    job.distances[query * job.k + i] = best.list[i].value;
    job.rows[query * job.k + i] = best.list[i].row;
  }
}

// Panels of the memory and what is computed from them, for one thread.
struct Panels {
  Room panel_room, squares_room;
  double *panel, *squares, *out;
  bool make(long inputs) {
    panel = panel_room.make<double>(inputs * panel_rows);
    squares = squares_room.make<double>((1 + query_tile) * panel_rows);
    if (panel == nullptr || squares == nullptr) return false;
    out = squares + panel_rows;
    return true;
  }
};

template <Distance kind>
GLASSNET_INLINE void panel_distances(const Nearest& job, const double* x, const double* x_squares,
                                     int queries, const Panels& p) {
  if (queries == query_tile)
    distance_tile<kind, query_tile>(x, p.panel, job.inputs, job.power, p.out);
  else
    for (int q = 0; q < queries; q++)
      distance_tile<kind, 1>(x + q * job.inputs, p.panel, job.inputs, job.power,
                             p.out + q * panel_rows);
  if constexpr (kind == Distance::cosine)
    for (long i = 0; i < queries * panel_rows; i++)
      p.out[i] = cosine_distance(p.out[i], x_squares[i / panel_rows], p.squares[i % panel_rows]);
}

// --- all distances, directly ---------------------------------------------------------------------
template <Distance kind, class T> bool search_directly(const Nearest& job, long first, long last) {
  const long inputs = job.inputs;
  const T* const memory = static_cast<const T*>(job.memory);
  const T* const queries = static_cast<const T*>(job.queries);
  long most = 128;  // queries at once
  while (most > query_tile && most * (inputs + job.k) > 1L << 20) most /= 2;
  most = least(most, last - first);
  Room x_room, x_squares_room;
  Panels panels;
  Bests bests;
  double* const x = x_room.make<double>(most * inputs);
  double* const x_squares = x_squares_room.make<double>(most);
  if (x == nullptr || x_squares == nullptr || !panels.make(inputs) || !bests.make(most, job.k))
    return false;
  for (long q0 = first; q0 < last; q0 += most) {
    const long count = least(most, last - q0);
    for (long i = 0; i < count * inputs; i++) x[i] = double(queries[q0 * inputs + i]);
    for (long q = 0; q < count; q++) {
      if (kind == Distance::cosine) x_squares[q] = row_squares(x + q * inputs, inputs);
      bests.begin(q, 0);
    }
    for (long r0 = 0; r0 < job.n; r0 += panel_rows) {
      const long held = least(panel_rows, job.n - r0);
      const T* rows[panel_rows];
      for (long lane = 0; lane < panel_rows; lane++)
        rows[lane] = memory + (r0 + (lane < held ? lane : 0)) * inputs;
      pack_panel_rows(rows, inputs, panels.panel);
      if (kind == Distance::cosine) panel_squares(panels.panel, inputs, panels.squares);
      for (long q1 = 0; q1 < count; q1 += query_tile) {
        const int tile = int(least(query_tile, count - q1));
        panel_distances<kind>(job, x + q1 * inputs, x_squares + q1, tile, panels);
        for (int q = 0; q < tile; q++) {
          Best& best = bests[q1 + q];
          const double* const found = panels.out + q * panel_rows;
          const vec<double> limit = splat(best.limit);
          const auto near = (load(found) <= limit) | (load(found + width<double>) <= limit);
          if (fold(near, or_lanes{}) == 0) continue;
          for (long lane = 0; lane < held; lane++)
            if (found[lane] <= best.limit &&
                !best.add(job.k, found[lane], found[lane], r0 + lane))
              return false;
        }
      }
    }
    for (long q = 0; q < count; q++) {
      bests[q].leave_out();
      settle(job, bests[q], q0 + q);
    }
  }
  return true;
}

// --- through products ----------------------------------------------------------------------------
// The smallest number of type T that is not below x.
template <class T> GLASSNET_INLINE T rounded_up(double x) {
  if constexpr (same_type<T, double>) return x;
  if (!(x < 3e38)) return T(__builtin_inf());
  const T near = T(x);
  if (double(near) >= x) return near;
  return T(x + (x < 0 ? -x : x) * 0x1p-22 + 1e-44);
}

// Computes the distances of the rows that are left, a panel at a time.
template <Distance kind, class T>
void compute_rest(const Nearest& job, Best& best, double* x, long query, const Panels& panels) {
  const long inputs = job.inputs;
  const T* const memory = static_cast<const T*>(job.memory);
  const T* const queries = static_cast<const T*>(job.queries);
  for (long j = 0; j < inputs; j++) x[j] = double(queries[query * inputs + j]);
  const double squares = kind == Distance::cosine ? row_squares(x, inputs) : 0;
  for (long c0 = 0; c0 < best.count; c0 += panel_rows) {
    const long held = least(panel_rows, best.count - c0);
    const T* rows[panel_rows];
    for (long lane = 0; lane < panel_rows; lane++)
      rows[lane] = memory + best.list[c0 + (lane < held ? lane : 0)].row * inputs;
    pack_panel_rows(rows, inputs, panels.panel);
    if (kind == Distance::cosine) panel_squares(panels.panel, inputs, panels.squares);
    panel_distances<kind>(job, x, &squares, 1, panels);
    for (long lane = 0; lane < held; lane++) best.list[c0 + lane].value = panels.out[lane];
  }
}

template <Distance kind, class T>
bool search_by_products(const Nearest& job, long first, long last) {
  constexpr long w = width<T>, columns = 192;  // rows of the memory in a product
  const long inputs = job.inputs;
  const T* const products = static_cast<const T*>(job.products);
  const T* const asked = static_cast<const T*>(job.asked);
  const T* const lows = static_cast<const T*>(job.lows);
  long most = 512;
  while (most > 8 && most * job.k > 1L << 21) most /= 2;
  most = least(most, last - first);
  Room c_room, work_room, x_room;
  Panels panels;
  Bests bests;
  T* const c = c_room.make<T>(most * columns);
  long work_size = 0;
  for (const long m : {most, (last - first) % most})
    for (const long n : {columns, job.n % columns}) {
      const long size = gemm_work<T>(false, true, m, n, inputs);
      work_size = size > work_size ? size : work_size;
    }
  T* const work = work_room.make<T>(work_size);
  double* const x = x_room.make<double>(inputs);
  if (c == nullptr || work == nullptr || x == nullptr || !panels.make(inputs) ||
      !bests.make(most, job.k))
    return false;
  for (long q0 = first; q0 < last; q0 += most) {
    const long count = least(most, last - q0);
    for (long q = 0; q < count; q++) bests.begin(q, job.slack[q0 + q]);
    for (long r0 = 0; r0 < job.n; r0 += columns) {
      const long held = least(columns, job.n - r0);
      gemm<T>(false, true, count, held, inputs, asked + q0 * inputs, inputs,
              products + r0 * inputs, inputs, nullptr, false, c, held, work);
      for (long q = 0; q < count; q++) {
        Best& best = bests[q];
        const T* const product = c + q * held;
        const T* const low = lows + r0;
        for (long j = 0; j < held;) {
          const vec<T> limit = splat(rounded_up<T>(best.limit));
          // Mostly there is nothing near: four vectors are looked at together.
          for (; j + 4 * w <= held; j += 4 * w) {
            ivec<T> near{};
            GLASSNET_EACH(i, 4) {
              const vec<T> p = load(product + j + i * w);
              near |= load(low + j + i * w) - (p + p) <= limit;
            }
            if (fold(near, or_lanes{}) != 0) break;
          }
          const long until = least(held, j + 4 * w);
          for (; j < until; j++) {
            const double bound = double(T(low[j] - (product[j] + product[j])));
            if (bound <= best.limit &&
                !best.add(job.k, bound, bound + job.spread * double(low[j]), r0 + j))
              return false;
          }
        }
      }
    }
    for (long q = 0; q < count; q++) {
      bests[q].leave_out();
      compute_rest<kind, T>(job, bests[q], x, q0 + q, panels);
      settle(job, bests[q], q0 + q);
    }
  }
  return true;
}

template <class T> bool nearest_as(const Nearest& job, long first, long last) {
  switch (job.distance) {
    case Distance::euclidean:
      return job.products ? search_by_products<Distance::euclidean, T>(job, first, last)
                          : search_directly<Distance::euclidean, T>(job, first, last);
    case Distance::cosine:
      return job.products ? search_by_products<Distance::cosine, T>(job, first, last)
                          : search_directly<Distance::cosine, T>(job, first, last);
    case Distance::manhattan:
      return search_directly<Distance::manhattan, T>(job, first, last);
    case Distance::chebyshev:
      return search_directly<Distance::chebyshev, T>(job, first, last);
    case Distance::cube:
      return search_directly<Distance::cube, T>(job, first, last);
    case Distance::hamming:
      return search_directly<Distance::hamming, T>(job, first, last);
    case Distance::minkowski:
      return search_directly<Distance::minkowski, T>(job, first, last);
  }
  return false;
}

// The queries first ... last - 1; false if there is not enough memory.
inline bool nearest(const Nearest& job, long first, long last) {
  if (first >= last) return true;
  return job.is_double ? nearest_as<double>(job, first, last)
                       : nearest_as<float>(job, first, last);
}

}  // namespace GLASSNET_ISA
}  // namespace glassnet
