#include "executor.h"
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>

namespace glassnet {

#define GLASSNET_DECLARE(isa) namespace isa { extern const Kernels kernels; }
GLASSNET_DECLARE(base)
#if defined(__x86_64__)
GLASSNET_DECLARE(avx2)
GLASSNET_DECLARE(avx512)
#endif

std::vector<const Kernels*> all_kernels() {
  std::vector<const Kernels*> found;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl"))
    found.push_back(&avx512::kernels);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) found.push_back(&avx2::kernels);
#endif
  found.push_back(&base::kernels);
  return found;
}
const Kernels& best_kernels() {
  static const Kernels& best = *all_kernels().front();
  return best;
}
static const Kernels& kernels_named(const std::string& name) {
  for (const Kernels* k : all_kernels())
    if (name.empty() || name == k->name) return *k;
  throw std::invalid_argument("this processor cannot run the kernels " + name);
}

Memory::Memory(std::size_t bytes) : data_(nullptr), bytes_(bytes) {
  if (bytes == 0) return;
  const std::size_t whole = (bytes + 63) / 64 * 64 + 64;  // a vector may be read beyond the end
  data_ = static_cast<char*>(std::aligned_alloc(64, whole));
  if (data_ == nullptr) throw std::bad_alloc();
  std::memset(data_, 0, whole);
}
Memory::~Memory() { std::free(data_); }

char* Store::add(const std::string& name, DType dtype, long count) {
  auto found = entries_.find(name);
  if (found == entries_.end())
    found = entries_.emplace(name, Entry{dtype, count, Memory(std::size_t(count * bytes_of(dtype)) + 1), nullptr}).first;
  Entry& entry = found->second;
  if (entry.dtype != dtype || entry.count < count) throw std::invalid_argument(name + " is of another type or smaller");
  return entry.data();
}
void Store::attach(const std::string& name, DType dtype, long count, char* memory) {
  entries_[name] = Entry{dtype, count, Memory(0), memory};
}
Store::Entry& Store::at(const std::string& name) {
  auto found = entries_.find(name);
  if (found == entries_.end()) throw std::invalid_argument("there is no memory named " + name);
  return found->second;
}

Program::Program(Store& store, long arena_bytes, const std::string& kernels, long threads)
    : store_(store), arena_(std::size_t(arena_bytes)), kernels_(kernels_named(kernels)),
      threads_(std::min(threads > 0 ? threads : cores_available(), most_threads)) {}

long Program::constant(DType dtype, const void* values, long count) {
  constants_.emplace_back(std::size_t(count * bytes_of(dtype)) + 1);
  std::memcpy(constants_.back().data(), values, std::size_t(count * bytes_of(dtype)));
  return long(constants_.size()) - 1;
}

char* Program::resolve(int place, long offset, const std::string& name) {
  if (place == 0) return arena_.data() + offset;
  if (place == 1) return store_.at(name).data() + offset;
  return constants_.at(std::size_t(offset)).data();
}

// ---------------------------------------------------------------- what is worth more than one thread
constexpr double nanoseconds_of_multiply = 0.009;  // and add, one of many in a product of floats
// Work is divided over elements of the result that do not depend on each other, so their bits are the
// same for any number of threads. To hand a piece over and wait for it costs 0.2 to 0.4 us (note 9).
constexpr double least_piece = 600;  // nanoseconds

// How many times as long the same takes here as on the processor by which costs are estimated (a Zen 5): what a small
// product takes.
static double slowness() {
  static const double found = [] {
    constexpr long m = 32, n = 48, k = 64;
    const Kernels& kernels = best_kernels();
    std::vector<float> a(m * k), b(k * n), c(m * n), work(std::size_t(kernels.gemm_work_f32(false, false, m, n, k)));
    auto quickest = std::chrono::nanoseconds::max();
    for (int i = 0; i < 9; i++) {
      const auto start = std::chrono::steady_clock::now();
      kernels.gemm_f32(false, false, m, n, k, a.data(), k, b.data(), n, nullptr, false, c.data(), n, work.data());
      quickest = std::min<std::chrono::nanoseconds>(quickest, std::chrono::steady_clock::now() - start);
    }
    return std::clamp(double(quickest.count()) / (double(m * n * k) * nanoseconds_of_multiply), 0.5, 16.0);
  }();
  return found;
}

static long pieces_for(double nanoseconds, long threads, long most) {
  if (threads < 2) return 1;
  const long worth = long(std::min(nanoseconds * slowness() / least_piece, double(most_threads)));
  return std::max(1L, std::min({worth, threads, most}));
}
// Where piece i of `pieces` begins when n is cut evenly into multiples of `step`.
static long cut(long n, long i, long pieces, long step) {
  const long steps = (n + step - 1) / step;
  return std::min(n, steps * i / pieces * step);
}
// How much longer the largest of these pieces is than an even share.
static double unevenness(long n, long pieces, long step) {
  const long steps = (n + step - 1) / step;
  return double((steps + pieces - 1) / pieces * pieces) / double(steps);
}

static double nanoseconds_of(const Chain& c) {
  double each = 0, of_column = 0;
  for (const Step& step : c.steps) {
    const bool slow = (step.code >= Code::power && step.code <= Code::erf && step.code != Code::sqrt) ||
                      (step.code >= Code::row_max && step.code <= Code::row_argmax);
    const bool folds = (step.code >= Code::row_sum && step.code <= Code::row_argmax) ||
                       step.code == Code::row_sum_of_products || step.code == Code::row_sum_of_square_differences;
    (step.column && !folds ? of_column : each) += (slow ? 0.25 : 0.04) * (c.is_double ? 2 : 1);
  }
  return double(c.rows) * (double(c.width) * each + of_column);
}
// Sums over rows go in the order of the blocks, and a class that is not there is told once.
static bool rows_are_independent(const Chain& c) {
  for (const Step& step : c.steps)
    if (step.code == Code::rows_sum || step.code == Code::rows_mean || step.code == Code::total_sum ||
        step.code == Code::total_mean || step.code == Code::one_hot || step.code == Code::rows_sum_of_products)
      return false;
  return true;
}

// Whether an elementwise operation has an operand that is the same for all rows, or one number for each.
static bool goes_by_rows(const Chain& c, const Step& step) {
  const bool elementwise = step.code <= Code::sum_of_products || step.code == Code::add_scaled_difference;
  if (!c.wide || step.column || !elementwise) return false;
  for (std::int32_t place : {step.a, step.b, step.c, step.d}) {
    if (place < 0) continue;
    const Mode mode = c.slots[std::size_t(place)].mode;
    if (mode == Mode::row || mode == Mode::column || mode == Mode::register_column) return true;
  }
  return false;
}

// Whether a column of the results depends on the same column of the operands alone, and all that has columns lies in
// memory as it is worked on.
static bool columns_are_independent(const Chain& c) {
  if (!c.wide || c.turned) return false;
  for (const Step& step : c.steps) {
    const bool elementwise = step.code <= Code::spread || step.code == Code::add_scaled_difference;
    const bool adds_rows =
        step.code == Code::rows_sum || step.code == Code::rows_mean || step.code == Code::rows_sum_of_products;
    if (!elementwise && !adds_rows) return false;
  }
  for (const Slot& slot : c.slots)
    if ((slot.mode == Mode::full || slot.mode == Mode::row) && slot.scratch >= 0) return false;
  return true;
}

// Some of the rows, or some of the columns, of a chain.
static Chain rows_of(const Chain& whole, long first, long last) {
  Chain c = whole;
  c.rows = last - first;
  for (Slot& slot : c.slots)
    if (slot.memory != nullptr && (slot.mode == Mode::full || slot.mode == Mode::column))
      slot.memory += first * (slot.mode == Mode::column ? 1 : slot.stride > 0 ? slot.stride : c.width) * bytes_of(slot.dtype);
  return c;
}
static Chain columns_of(const Chain& whole, long first, long last) {
  Chain c = whole;
  c.width = last - first;
  for (Slot& slot : c.slots)
    if (slot.memory != nullptr && (slot.mode == Mode::full || slot.mode == Mode::row))
      slot.memory += first * bytes_of(slot.dtype);
  return c;
}

void Program::note_cut(const char* memory, bool along_columns) {
  if (along_columns) cut_along_columns_.insert(memory);
  else cut_along_columns_.erase(memory);
}

void Program::add(std::function<void()> whole, std::vector<std::function<void()>> parts) {
  shares_ |= parts.size() > 1;
  instructions_.push_back({std::move(whole), std::move(parts)});
}

std::function<void()> Program::work_of(Chain chain) {
  chains_.push_back(std::make_unique<Chain>(std::move(chain)));
  const Chain& c = *chains_.back();
  scratch_.emplace_back(std::size_t(c.scratch_elements * (c.is_double ? 8 : 4)) + 64);
  char* const scratch = scratch_.back().data();
  kernels_.prepare(c, scratch);
  return [this, &c, scratch] { kernels_.chain(c, scratch, trouble_); };
}

// A chain is cut into chains of fewer rows, or of fewer columns, each with scratch memory of its own: of columns where
// sums over the rows leave nothing else to cut, and where operands were written so, which are then in a thread's cache.
void Program::chain(Chain whole, long columns) {
  if (whole.slots.size() > 192) throw std::invalid_argument("a chain has too many operands");
  for (Step& step : whole.steps) step.by_rows = goes_by_rows(whole, step);
  if (feed_.m > 0) return fed_chain(whole);
  const long line = whole.is_double ? 8 : 16, lines = (columns + line - 1) / line;
  const long step = std::max(1L, line / std::max(1L, whole.width));  // rows that fill a cache line
  const bool by_rows = rows_are_independent(whole);
  bool by_columns = !by_rows;
  for (const Slot& slot : whole.slots)
    by_columns |= slot.mode == Mode::full && !slot.is_written && cut_along_columns_.count(slot.memory) > 0;
  by_columns = by_columns && columns_are_independent(whole);
  const long most = by_columns ? columns / line : by_rows ? (whole.rows + step - 1) / step : 1;
  const long pieces = pieces_for(nanoseconds_of(whole), threads_, most);
  const long largest = (lines + pieces - 1) / pieces * line;  // columns of a piece
  const bool is_flat = whole.width == 1 && columns > 1;
  const Chain flat = whole;
  by_columns = by_columns && pieces > 1 && (!is_flat || largest <= whole.block_rows);
  if (by_columns && is_flat) {  // single elements have no order: a block of them may as well be some rows
    whole.rows /= columns;
    whole.width = whole.apart = columns;
    whole.block_rows /= largest;
  }
  const auto whole_chain = work_of(flat);
  std::vector<std::function<void()>> parts;
  for (long i = 0; i < pieces && pieces > 1; i++)
    parts.push_back(work_of(by_columns ? columns_of(whole, cut(columns, i, pieces, line), cut(columns, i + 1, pieces, line))
                                       : rows_of(whole, cut(whole.rows, i, pieces, step), cut(whole.rows, i + 1, pieces, step))));
  for (const Slot& slot : whole.slots)
    if (slot.is_written && slot.mode == Mode::full) note_cut(slot.memory, by_columns);
  add(whole_chain, std::move(parts));
}

// Products are cut along the units: the rows of a weight matrix that a thread reads in the forward
// product are those whose gradient it computes and which it updates, and the columns of an activation
// those whose gradient it works out, so they stay in its cache (the update of 256 x 784 weights: 23 us
// cut otherwise, 18 us so). Where units are too few for even pieces, or for a tile, the others are cut.
static bool cuts_columns(bool ta, long m, long n, long pieces, long line) {
  const double rows = unevenness(m, pieces, 1), columns = unevenness(n, pieces, line);
  if (!ta) return columns <= std::max(1.15, rows);
  return columns < 1.15 * rows && (rows > 1.15 || m < 8 * pieces);
}

// What one thread does of a product: some of its rows, its columns or its batch.
template <class T> struct ProductPart {
  long batch, m, n;
  const T *a, *b, *bias;
  T *c, *work;
};

template <class T> struct ProductKernel {
  void (*gemm)(bool, bool, long, long, long, const T*, long, const T*, long, const T*, bool, T*, long, T*);
  long (*work)(bool, bool, long, long, long);
};

// What does a part of a product with these strides; its scratch memory is added to `scratch`.
template <class T>
static std::function<void()> product_work(ProductPart<T> p, long m, long n, long k, bool ta, bool tb, ProductKernel<T> kernel,
                                          std::vector<Memory>& scratch) {
  scratch.emplace_back(std::size_t(kernel.work(ta, tb, p.m, p.n, k)) * sizeof(T) + 64);
  p.work = reinterpret_cast<T*>(scratch.back().data());
  const long lda = ta ? m : k, ldb = tb ? k : n;
  return [=] {
    for (long i = 0; i < p.batch; i++)
      kernel.gemm(ta, tb, p.m, p.n, k, p.a + i * m * k, lda, p.b + i * k * n, ldb, p.bias, false, p.c + i * m * n, n, p.work);
  };
}

// A product of more than this many multiply-adds is several instructions, one after the other, so
// that a step can be stopped between them (some 10 ms each).
static constexpr double longest_product = 1e9;

template <class T>
void Program::product_as(const T* a, const T* b, const T* bias, T* c, long batch, long m, long n, long k, bool ta, bool tb,
                         const ProductKernel<T>& kernel) {
  const long lda = ta ? m : k, ldb = tb ? k : n, line = 64 / long(sizeof(T));
  const double whole = double(m) * double(n) * double(k);
  const long slices = batch == 1 ? std::max(1L, std::min(m / 64, long(whole / longest_product))) : 1;
  bool columns = false;
  for (long slice = 0; slice < slices; slice++) {
    const long start = cut(m, slice, slices, 1), rows = cut(m, slice + 1, slices, 1) - start;
    const ProductPart<T> all{batch, rows, n, a + (ta ? start : start * lda), b, bias, c + start * n, nullptr};
    const double multiplies = double(batch) * double(rows) * double((n + line - 1) / line * line) * double(k);
    const long most = batch > 1 ? batch : std::max(rows / 2, (n + line - 1) / line);
    long pieces = pieces_for(multiplies * nanoseconds_of_multiply * (double(sizeof(T)) / 4), threads_, most);
    columns = batch == 1 && cuts_columns(ta, rows, n, pieces, line);
    if (batch == 1) pieces = std::min(pieces, columns ? n / line : rows / 2);  // never one row or column
    std::vector<std::function<void()>> parts;
    for (long i = 0; i < pieces && pieces > 1; i++) {
      ProductPart<T> part = all;
      if (batch > 1) {
        const long first = cut(batch, i, pieces, 1);
        part.batch = cut(batch, i + 1, pieces, 1) - first;
        part.a += first * m * k;
        part.b += first * k * n;
        part.c += first * m * n;
      } else if (!columns) {
        const long first = cut(rows, i, pieces, 1);
        part.m = cut(rows, i + 1, pieces, 1) - first;
        part.a += ta ? first : first * lda;
        part.c += first * n;
      } else {
        const long first = cut(n, i, pieces, line);
        part.n = cut(n, i + 1, pieces, line) - first;
        part.b += tb ? first * ldb : first;
        part.c += first;
        if (bias != nullptr) part.bias += first;
      }
      parts.push_back(product_work(part, m, n, k, ta, tb, kernel, scratch_));
    }
    columns = columns && pieces > 1;
    add(product_work(all, m, n, k, ta, tb, kernel, scratch_), std::move(parts));
  }
  note_cut(reinterpret_cast<const char*>(c), columns);
}

// The gradient of a weight matrix and its update, in turn on so many rows at a time that what goes from one to the other
// stays in the L2 cache; many enough that the examples, which the product reads anew for each block, do not count.
constexpr long fed_bytes = 256 * 1024, fed_rows = 32;

template <class T> void Program::fed_chain_as(const Chain& whole, const ProductKernel<T>& kernel) {
  const Feed f = feed_;
  feed_ = {};
  const long line = 64 / long(sizeof(T)), apart = whole.rows / f.m, lda = f.ta ? f.m : f.k;
  const auto part = [&](long first, long last) {
    const long rows = last - first, most = std::max(fed_rows, fed_bytes / (f.n * long(sizeof(T))));
    const long blocks = (rows + most - 1) / most, tallest = (rows + blocks - 1) / blocks + fed_rows;
    scratch_.emplace_back(std::size_t(tallest * f.n) * sizeof(T) + 64);
    char* const between = scratch_.back().data();
    std::vector<std::function<void()>> turns;
    for (long i = 0; i < blocks; i++) {
      const long from = first + cut(rows, i, blocks, 8), to = first + cut(rows, i + 1, blocks, 8);
      const T* const a = reinterpret_cast<const T*>(f.a) + (f.ta ? from : from * lda);
      turns.push_back(product_work(
          ProductPart<T>{1, to - from, f.n, a, reinterpret_cast<const T*>(f.b), nullptr, reinterpret_cast<T*>(between), nullptr},
          f.m, f.n, f.k, f.ta, f.tb, kernel, scratch_));
      Chain chain = rows_of(whole, from * apart, to * apart);
      chain.slots[std::size_t(f.slot)].memory = between;
      turns.push_back(work_of(std::move(chain)));
    }
    return [turns] { for (const auto& turn : turns) turn(); };
  };
  const double columns = double((f.n + line - 1) / line * line);
  const double cost = double(f.m) * columns * double(f.k) * nanoseconds_of_multiply * (double(sizeof(T)) / 4);
  const long pieces = pieces_for(cost + nanoseconds_of(whole), threads_, f.m / 2);
  std::vector<std::function<void()>> parts;
  for (long i = 0; i < pieces && pieces > 1; i++) parts.push_back(part(cut(f.m, i, pieces, 1), cut(f.m, i + 1, pieces, 1)));
  for (const Slot& slot : whole.slots)
    if (slot.is_written && slot.mode == Mode::full) note_cut(slot.memory, false);
  add(part(0, f.m), std::move(parts));
}

void Program::fed_chain(const Chain& whole) {
  if (whole.is_double) fed_chain_as(whole, ProductKernel<double>{kernels_.gemm_f64, kernels_.gemm_work_f64});
  else fed_chain_as(whole, ProductKernel<float>{kernels_.gemm_f32, kernels_.gemm_work_f32});
}

void Program::product(char* a, char* b, char* bias, char* c, long batch, long m, long n, long k, bool ta, bool tb,
                      bool is_double) {
  if (is_double)
    product_as((double*)a, (double*)b, (double*)bias, (double*)c, batch, m, n, k, ta, tb,
               ProductKernel<double>{kernels_.gemm_f64, kernels_.gemm_work_f64});
  else
    product_as((float*)a, (float*)b, (float*)bias, (float*)c, batch, m, n, k, ta, tb,
               ProductKernel<float>{kernels_.gemm_f32, kernels_.gemm_work_f32});
}

// Copies a row, and asks for a later one meanwhile: rows lie anywhere, and no prefetcher knows where (128 rows of 784
// numbers out of 5000: 28 us without, 20 with).
static void copy_row(char* to, const char* from, const char* later, std::size_t bytes) {
  constexpr std::size_t line = 64;
  for (; bytes >= line; bytes -= line, to += line, from += line, later += line) {
    __builtin_prefetch(later);
    std::memcpy(to, from, line);
  }
  std::memcpy(to, from, bytes);
}

void gather_rows(char* to, const char* from, const std::int64_t* order, long n, std::size_t bytes, long threads) {
  constexpr std::size_t many = 1024;
  const auto row = [=](long i) { return from + std::size_t(order[i]) * bytes; };
  const auto copy = [=](long first, long last) {
    for (long i = first; i < last; i++) {
      char* const target = to + std::size_t(i) * bytes;
      if (bytes < many) std::memcpy(target, row(i), bytes);
      else copy_row(target, row(i), row(std::min(i + 2, last - 1)), bytes);
    }
  };
  const long pieces = pieces_for(double(n) * double(bytes) * 0.05, threads, n);
  if (pieces < 2) return copy(0, n);
  Team(threads).run(pieces, [&](long i) { copy(cut(n, i, pieces, 1), cut(n, i + 1, pieces, 1)); });
}

// Walks a box of any number of axes; calls f(offset_a, offset_b) for each of its elements, row after row.
template <class F> static void walk(const std::vector<long>& shape, const std::vector<long>& a, const std::vector<long>& b, F f) {
  const std::size_t axes = shape.size();
  for (long length : shape) if (length == 0) return;
  std::vector<long> at(axes, 0);
  long pa = 0, pb = 0;
  for (;;) {
    f(pa, pb);
    std::size_t axis = axes;
    while (axis > 0) {
      axis--;
      pa += a[axis];
      pb += b[axis];
      if (++at[axis] < shape[axis]) break;
      pa -= a[axis] * shape[axis];
      pb -= b[axis] * shape[axis];
      at[axis] = 0;
      if (axis == 0) return;
    }
    if (axes == 0) return;
  }
}

template <class T> static void move_as(const T* from, T* to, const std::vector<long>& shape, const std::vector<long>& sf,
                                       const std::vector<long>& st) {
  if (shape.empty()) { to[0] = from[0]; return; }
  const std::vector<long> outer(shape.begin(), shape.end() - 1), of(sf.begin(), sf.end() - 1), ot(st.begin(), st.end() - 1);
  const long n = shape.back(), f = sf.back(), t = st.back();
  walk(outer, of, ot, [&](long pf, long pt) {
    const T* x = from + pf;
    T* y = to + pt;
    if (f == 1 && t == 1) std::memcpy(y, x, std::size_t(n) * sizeof(T));
    else for (long i = 0; i < n; i++) y[i * t] = x[i * f];
  });
}

void Program::move(char* from, char* to, DType dtype, std::vector<long> shape, std::vector<long> sf, std::vector<long> st,
                   long start_from, long start_to, long clear) {
  const long size = bytes_of(dtype);
  from += start_from * size;
  char* target = to + start_to * size;
  add([=] {
    if (clear > 0) std::memset(to, 0, std::size_t(clear * size));
    if (size == 4) move_as(reinterpret_cast<const std::int32_t*>(from), reinterpret_cast<std::int32_t*>(target), shape, sf, st);
    else if (size == 8) move_as(reinterpret_cast<const std::int64_t*>(from), reinterpret_cast<std::int64_t*>(target), shape, sf, st);
    else move_as(from, target, shape, sf, st);
  });
}

// Numbers one after the other go to a kernel; others are walked.
template <class T, class Kernel> static void reduce_as(const T* from, char* to, Fold fold, const std::vector<long>& kept,
                                                       const std::vector<long>& ks, const std::vector<long>& folded,
                                                       const std::vector<long>& fs, Kernel kernel) {
  long count = 1, place = 0;
  for (std::size_t axis = folded.size(); axis-- > 0; count *= folded[axis])
    if (folded[axis] != 1 && fs[axis] != count) kernel = nullptr;
  if (count == 0 || fold == Fold::logsumexp) kernel = nullptr;
  const std::vector<long> none_k(kept.size(), 0), none_f(folded.size(), 0);
  walk(kept, ks, none_k, [&](long start, long) {
    const T* x = from + start;
    if (kernel != nullptr) {
      kernel(fold, x, count, to + (place++) * long(fold == Fold::argmax ? sizeof(std::int64_t) : sizeof(T)));
      return;
    }
    if (fold == Fold::argmax) {
      long at = 0, i = 0;
      walk(folded, fs, none_f, [&](long p, long) {
        const T best = x[at * fs[0]];
        if (best == best && (x[p] > best || x[p] != x[p])) at = i;
        i++;
      });
      reinterpret_cast<std::int64_t*>(to)[place++] = at;
      return;
    }
    double largest = -std::numeric_limits<double>::infinity(), sum = 0;
    if (fold == Fold::max || fold == Fold::logsumexp)
      walk(folded, fs, none_f, [&](long p, long) { const double v = double(x[p]); if (v > largest || v != v) largest = v; });
    if (fold == Fold::max) sum = largest;
    else if (fold == Fold::logsumexp) {
      walk(folded, fs, none_f, [&](long p, long) { sum += std::exp(double(x[p]) - largest); });
      sum = largest + std::log(sum);
    } else {
      walk(folded, fs, none_f, [&](long p, long) { sum += double(x[p]); });
      if (fold == Fold::mean) sum /= double(count);
    }
    reinterpret_cast<T*>(to)[place++] = T(sum);
  });
}

static Fold fold_named(const std::string& name) {
  const char* const names[] = {"sum", "mean", "max", "logsumexp", "argmax"};
  for (int i = 0; i < 5; i++) if (name == names[i]) return Fold(i);
  throw std::invalid_argument("there is no reduction " + name);
}

void Program::reduce(char* from, char* to, DType dtype, const std::string& name, std::vector<long> kept,
                     std::vector<long> ks, std::vector<long> folded, std::vector<long> fs) {
  const Fold fold = fold_named(name);
  void (*const no_kernel)(Fold, const std::int64_t*, long, void*) = nullptr;
  add([=] {
    if (dtype == DType::f32) reduce_as(reinterpret_cast<const float*>(from), to, fold, kept, ks, folded, fs, kernels_.fold_f32);
    else if (dtype == DType::f64) reduce_as(reinterpret_cast<const double*>(from), to, fold, kept, ks, folded, fs, kernels_.fold_f64);
    else reduce_as(reinterpret_cast<const std::int64_t*>(from), to, fold, kept, ks, folded, fs, no_kernel);
  });
}

template <class T> static void lookup_as(const T* x, const std::int64_t* numbers, T* to, int pattern, long outer, long length,
                                         long count, long inner, Trouble& trouble) {
  if (pattern == 1) std::memset(to, 0, std::size_t(outer * length * inner) * sizeof(T));
  for (long i = 0; i < count; i++)
    if (numbers[i] < 0 || numbers[i] >= length) { trouble.out_of_range(numbers[i], length); return; }
  for (long o = 0; o < outer; o++)
    for (long i = 0; i < count; i++) {
      if (pattern == 0) std::memcpy(to + (o * count + i) * inner, x + (o * length + numbers[i]) * inner, std::size_t(inner) * sizeof(T));
      else {
        const T* from = x + (o * count + i) * inner;
        T* at = to + (o * length + numbers[i]) * inner;
        for (long j = 0; j < inner; j++) at[j] += from[j];
      }
    }
}

void Program::lookup(char* x, char* numbers, char* to, DType dtype, const std::string& pattern, long outer, long length,
                     long count, long inner) {
  const auto* places = reinterpret_cast<const std::int64_t*>(numbers);
  if (pattern == "one_hot") {
    add([=] {
      std::memset(to, 0, std::size_t(count * length * bytes_of(dtype)));
      for (long i = 0; i < count; i++) {
        if (places[i] < 0 || places[i] >= length) { trouble_.out_of_range(places[i], length); return; }
        if (dtype == DType::f32) reinterpret_cast<float*>(to)[i * length + places[i]] = 1;
        else reinterpret_cast<double*>(to)[i * length + places[i]] = 1;
      }
    });
    return;
  }
  const int which = pattern == "gather" ? 0 : 1;
  add([=] {
    if (dtype == DType::f32) lookup_as((const float*)x, places, (float*)to, which, outer, length, count, inner, trouble_);
    else if (dtype == DType::f64) lookup_as((const double*)x, places, (double*)to, which, outer, length, count, inner, trouble_);
    else if (dtype == DType::i64) lookup_as((const std::int64_t*)x, places, (std::int64_t*)to, which, outer, length, count, inner, trouble_);
    else lookup_as((const char*)x, places, to, which, outer, length, count, inner, trouble_);
  });
}

void Program::draw(char* seed, char* counter, char* to, DType dtype, long count, const std::string& distribution,
                   std::uint32_t stream) {
  const auto* s = reinterpret_cast<const std::uint64_t*>(seed);
  const auto* c = reinterpret_cast<const std::uint64_t*>(counter);
  const bool uniform = distribution == "uniform";
  add([=] {
    if (dtype == DType::f32) (uniform ? kernels_.uniform_f32 : kernels_.normal_f32)(reinterpret_cast<float*>(to), count, *s, stream, *c);
    else (uniform ? kernels_.uniform_f64 : kernels_.normal_f64)(reinterpret_cast<double*>(to), count, *s, stream, *c);
  });
}

void Program::run() {
  const bool with_helpers = shares_ && payoff_.begin(Payoff::Clock::now());
  Team team(with_helpers ? threads_ : 1);
  for (const Instruction& instruction : instructions_) instruction.run(team);
  if (shares_) payoff_.end(Payoff::Clock::now);
  tell_trouble();
}

bool Program::run_while(const std::function<bool()>& go_on) {
  Team team(shares_ ? threads_ : 1);
  for (const Instruction& instruction : instructions_) {
    if (!go_on()) {
      trouble_ = Trouble();
      return false;
    }
    instruction.run(team);
  }
  tell_trouble();
  return true;
}

void Program::tell_trouble() {
  if (trouble_.any()) {
    const Trouble t = trouble_;
    trouble_ = Trouble();
    throw std::out_of_range("a number must be from 0 to " + std::to_string(t.limit - 1) + "; got " + std::to_string(t.index));
  }
}

}  // namespace glassnet
