#include "executor.h"
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

Program::Program(Store& store, long arena_bytes, const std::string& kernels)
    : store_(store), arena_(std::size_t(arena_bytes)), kernels_(kernels_named(kernels)) {}

long Program::constant(DType dtype, const void* values, long count) {
  constants_.emplace_back(std::size_t(count * bytes_of(dtype)) + 1);
  std::memcpy(constants_.back().data(), values, std::size_t(count * bytes_of(dtype)));
  return long(constants_.size()) - 1;
}

char* Program::resolve(int place, long offset, const std::string& name) {
  if (place == 0) return arena_.data() + offset;
  if (place == 1) return store_.at(name).data();
  return constants_.at(std::size_t(offset)).data();
}

void Program::chain(Chain description) {
  if (description.slots.size() > 192) throw std::invalid_argument("a chain has too many operands");
  chains_.push_back(std::make_unique<Chain>(std::move(description)));
  const Chain& c = *chains_.back();
  scratch_.emplace_back(std::size_t(c.scratch_elements * (c.is_double ? 8 : 4)) + 64);
  char* scratch = scratch_.back().data();
  kernels_.prepare(c, scratch);
  instructions_.push_back([this, &c, scratch] { kernels_.chain(c, scratch, trouble_); });
}

template <class T, class Gemm, class Work>
static std::function<void()> make_product(const T* a, const T* b, const T* bias, T* c, long batch, long m, long n, long k,
                                          bool ta, bool tb, Gemm gemm, Work work_size, std::vector<Memory>& scratch) {
  const long lda = ta ? m : k, ldb = tb ? k : n;
  scratch.emplace_back(std::size_t(work_size(ta, tb, m, n, k)) * sizeof(T) + 64);
  T* work = reinterpret_cast<T*>(scratch.back().data());
  return [=] {
    for (long i = 0; i < batch; i++)
      gemm(ta, tb, m, n, k, a + i * m * k, lda, b + i * k * n, ldb, bias, false, c + i * m * n, n, work);
  };
}

void Program::product(char* a, char* b, char* bias, char* c, long batch, long m, long n, long k, bool ta, bool tb,
                      bool is_double) {
  if (is_double)
    instructions_.push_back(make_product<double>((double*)a, (double*)b, (double*)bias, (double*)c, batch, m, n, k, ta, tb,
                                                 kernels_.gemm_f64, kernels_.gemm_work_f64, scratch_));
  else
    instructions_.push_back(make_product<float>((float*)a, (float*)b, (float*)bias, (float*)c, batch, m, n, k, ta, tb,
                                                kernels_.gemm_f32, kernels_.gemm_work_f32, scratch_));
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
  instructions_.push_back([=] {
    if (clear > 0) std::memset(to, 0, std::size_t(clear * size));
    if (size == 4) move_as(reinterpret_cast<const std::int32_t*>(from), reinterpret_cast<std::int32_t*>(target), shape, sf, st);
    else if (size == 8) move_as(reinterpret_cast<const std::int64_t*>(from), reinterpret_cast<std::int64_t*>(target), shape, sf, st);
    else move_as(from, target, shape, sf, st);
  });
}

template <class T> static void reduce_as(const T* from, char* to, const std::string& fold, const std::vector<long>& kept,
                                         const std::vector<long>& ks, const std::vector<long>& folded,
                                         const std::vector<long>& fs) {
  long count = 1, place = 0;
  for (long length : folded) count *= length;
  const std::vector<long> none_k(kept.size(), 0), none_f(folded.size(), 0);
  walk(kept, ks, none_k, [&](long start, long) {
    const T* x = from + start;
    if (fold == "argmax") {
      long at = 0, i = 0;
      walk(folded, fs, none_f, [&](long p, long) { if (x[p] > x[at * fs[0]] && !(x[at * fs[0]] != x[at * fs[0]])) at = i; else if (x[p] != x[p] && !(x[at * fs[0]] != x[at * fs[0]])) at = i; i++; });
      reinterpret_cast<std::int64_t*>(to)[place++] = at;
      return;
    }
    double largest = -std::numeric_limits<double>::infinity(), sum = 0;
    if (fold == "max" || fold == "logsumexp")
      walk(folded, fs, none_f, [&](long p, long) { const double v = double(x[p]); if (v > largest || v != v) largest = v; });
    if (fold == "max") sum = largest;
    else if (fold == "logsumexp") {
      walk(folded, fs, none_f, [&](long p, long) { sum += std::exp(double(x[p]) - largest); });
      sum = largest + std::log(sum);
    } else {
      walk(folded, fs, none_f, [&](long p, long) { sum += double(x[p]); });
      if (fold == "mean") sum /= double(count);
    }
    reinterpret_cast<T*>(to)[place++] = T(sum);
  });
}

void Program::reduce(char* from, char* to, DType dtype, const std::string& fold, std::vector<long> kept,
                     std::vector<long> ks, std::vector<long> folded, std::vector<long> fs) {
  instructions_.push_back([=] {
    if (dtype == DType::f32) reduce_as(reinterpret_cast<const float*>(from), to, fold, kept, ks, folded, fs);
    else if (dtype == DType::f64) reduce_as(reinterpret_cast<const double*>(from), to, fold, kept, ks, folded, fs);
    else reduce_as(reinterpret_cast<const std::int64_t*>(from), to, fold, kept, ks, folded, fs);
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
    instructions_.push_back([=] {
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
  instructions_.push_back([=] {
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
  instructions_.push_back([=] {
    if (dtype == DType::f32) (uniform ? kernels_.uniform_f32 : kernels_.normal_f32)(reinterpret_cast<float*>(to), count, *s, stream, *c);
    else (uniform ? kernels_.uniform_f64 : kernels_.normal_f64)(reinterpret_cast<double*>(to), count, *s, stream, *c);
  });
}

void Program::run() {
  for (const auto& instruction : instructions_) instruction();
  tell_trouble();
}

bool Program::run_while(const std::function<bool()>& go_on) {
  for (const auto& instruction : instructions_) {
    if (!go_on()) {
      trouble_ = Trouble();
      return false;
    }
    instruction();
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
