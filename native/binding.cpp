// The binding: Python builds programs instruction by instruction, then hands over whole epochs.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/array.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>
#include <chrono>
#include <cmath>
#include <cstring>
#include "executor.h"

namespace nb = nanobind;
using namespace glassnet;
using Longs = std::vector<long>;
typedef nb::ndarray<nb::ro, nb::c_contig, nb::device::cpu> AnyArray;

static DType dtype_of(const std::string& name) {
  if (name == "float32") return DType::f32;
  if (name == "float64") return DType::f64;
  if (name == "int64") return DType::i64;
  if (name == "bool") return DType::boolean;
  throw std::invalid_argument("number type " + name);
}

// Where an operand lies: (place, offset, name), as Buffer in instructions.py.
typedef std::tuple<int, long, std::string> Where;
static char* resolve(Program& p, const Where& w) { return p.resolve(std::get<0>(w), std::get<1>(w), std::get<2>(w)); }

typedef std::tuple<int, std::string, Where, bool, bool, long> SlotText;      // mode, dtype, where, constant, written, scratch
typedef std::tuple<int, int, std::array<int, 4>, bool, double, double> StepText;  // code, result, operands, column, low, high

static void add_chain(Program& p, long rows, long width, long block_rows, bool turned, long scratch, bool is_double,
                      const std::vector<SlotText>& slots, const std::vector<StepText>& steps) {
  Chain c;
  c.rows = rows; c.width = width; c.block_rows = block_rows; c.turned = turned; c.scratch_elements = scratch; c.is_double = is_double;
  for (const auto& [mode, dtype, where, constant, written, place] : slots)
    c.slots.push_back({Mode(mode), dtype_of(dtype), mode >= 4 ? nullptr : resolve(p, where), constant, written, place});
  for (const auto& [code, result, of, column, low, high] : steps)
    c.steps.push_back({Code(code), result, of[0], of[1], of[2], of[3], column, low, high});
  p.chain(std::move(c));
}

static void copy_rows(char* to, const char* from, const std::int64_t* order, long n, std::size_t bytes) {
  for (long i = 0; i < n; i++) std::memcpy(to + std::size_t(i) * bytes, from + std::size_t(order[i]) * bytes, bytes);
}

static std::size_t row_bytes(const AnyArray& a) {
  std::size_t count = 1;
  for (std::size_t axis = 1; axis < a.ndim(); axis++) count *= a.shape(axis);
  return count * a.itemsize();
}

// Runs one step for each batch of an epoch. Returns (steps done, sums of the measures times the batch's size,
// whether the objective was always finite, the exception that stopped the run or None).
static nb::tuple run_epoch(Store& store, std::map<long, Program*> programs, std::map<std::string, AnyArray> data,
                           nb::ndarray<const std::int64_t, nb::ndim<1>, nb::c_contig> order,
                           nb::ndarray<const std::int64_t, nb::ndim<1>, nb::c_contig> bounds,
                           nb::ndarray<const double, nb::ndim<1>, nb::c_contig> rates, long first_step,
                           const std::vector<std::string>& measures, nb::object after) {
  const long steps = long(rates.shape(0)), examples = long(order.shape(0));
  if (long(bounds.shape(0)) != steps + 1) throw std::invalid_argument("bounds and rates do not fit");
  struct Feed { char* to; const char* from; std::size_t bytes; };
  std::vector<Feed> feeds;
  long n_data = -1;
  for (auto& [name, array] : data) {
    if (array.ndim() < 1 || (n_data >= 0 && long(array.shape(0)) != n_data)) throw std::invalid_argument(name + " has another length");
    n_data = long(array.shape(0));
    Store::Entry& entry = store.at(name);
    const std::size_t bytes = row_bytes(array);
    long largest = 0;
    for (auto& [n, program] : programs) largest = std::max(largest, n);
    if (bytes * std::size_t(largest) > std::size_t(entry.count * bytes_of(entry.dtype))) throw std::invalid_argument(name + " does not fit its place");
    feeds.push_back({entry.data(), static_cast<const char*>(array.data()), bytes});
  }
  for (long i = 0; i < examples; i++)
    if (order.data()[i] < 0 || order.data()[i] >= n_data) throw std::invalid_argument("the order names an example that is not there");
  for (long s = 0; s < steps; s++) {
    const long n = bounds.data()[s + 1] - bounds.data()[s];
    if (bounds.data()[s] < 0 || bounds.data()[s + 1] > examples || programs.find(n) == programs.end())
      throw std::invalid_argument("a batch has no program");
  }
  struct Number { char* memory; DType dtype; double read() const { return dtype == DType::f32 ? double(*(float*)memory) : *(double*)memory; }
    void write(double x) const { if (dtype == DType::f32) *(float*)memory = float(x); else if (dtype == DType::f64) *(double*)memory = x; else *(std::int64_t*)memory = std::int64_t(x); } };
  auto number = [&](const std::string& name) { Store::Entry& e = store.at(name); return Number{e.data(), e.dtype}; };
  const Number rate = number("rate"), step_number = number("step"), counter = number("counter"), objective = number("measures/objective"),
               loss = number("measures/loss");
  std::vector<Number> measured;
  for (const auto& name : measures) measured.push_back(number(name));
  std::vector<double> sums(measures.size(), 0.0);
  bool finite = true;
  nb::object stopped_by = nb::none();
  long done = 0;
  {
    nb::gil_scoped_release release;
    auto last = std::chrono::steady_clock::now();
    long since = 0, stop_after = 1;
    for (; done < steps; done++) {
      const long start = bounds.data()[done], stop = bounds.data()[done + 1], n = stop - start;
      for (const Feed& f : feeds) copy_rows(f.to, f.from, order.data() + start, n, f.bytes);
      rate.write(rates.data()[done]);
      step_number.write(double(first_step + done));
      counter.write(double(first_step + done));
      programs[n]->run();
      const double value = objective.read();
      if (!std::isfinite(value)) { finite = false; break; }
      for (std::size_t i = 0; i < measured.size(); i++) sums[i] += measured[i].read() * double(n);
      if (++since >= stop_after) {  // look at the clock about every millisecond, at Python every 50 ms
        const auto now = std::chrono::steady_clock::now();
        const double passed = std::chrono::duration<double>(now - last).count();
        if (passed < 0.001) stop_after = stop_after < 4096 ? stop_after * 2 : stop_after;
        since = 0;
        if (passed >= 0.05) {
          last = now;
          nb::gil_scoped_acquire acquire;
          try {  // what stops the run is handed back beside what was done so far
            if (PyErr_CheckSignals() != 0) throw nb::python_error();
            after(stop, loss.read());
          } catch (nb::python_error& error) {
            stopped_by = nb::borrow(error.value());
            done++;
            break;
          }
        }
      }
    }
  }
  return nb::make_tuple(done, sums, finite, stopped_by);
}

// The same for a linear neuron in online mode, by its own kernel; the arguments and the result are those of run_epoch.
static nb::tuple run_linear_neuron(Store& store, const std::string& weights, const std::string& bias, double factor, AnyArray x,
                                   AnyArray targets, nb::ndarray<const std::int64_t, nb::ndim<1>, nb::c_contig> order,
                                   nb::ndarray<const double, nb::ndim<1>, nb::c_contig> rates, nb::object after) {
  Store::Entry& w = store.at(weights);
  const bool is_double = w.dtype == DType::f64;
  const long n = long(order.shape(0));
  if (x.ndim() != 2 || x.shape(0) != targets.shape(0) || long(x.shape(1)) > w.count || rates.shape(0) != order.shape(0) ||
      x.itemsize() != std::size_t(bytes_of(w.dtype)) || targets.itemsize() != x.itemsize() || targets.size() != targets.shape(0))
    throw std::invalid_argument("the arrays do not fit");
  for (long i = 0; i < n; i++)
    if (order.data()[i] < 0 || order.data()[i] >= long(x.shape(0))) throw std::invalid_argument("the order names an example that is not there");
  LinearNeuron job{w.data(), bias.empty() ? nullptr : store.at(bias).data(), x.data(), targets.data(), order.data(), rates.data(),
                   long(x.shape(1)), factor, is_double ? 1.7976931348623157e308 : 3.402823466e38, is_double};
  nb::object stopped_by = nb::none();
  bool finite = true;
  {
    nb::gil_scoped_release release;
    auto last = std::chrono::steady_clock::now();
    while (job.done < n) {
      const long until = std::min(n, job.done + std::max(1L, 65536 / std::max(1L, job.inputs)));
      best_kernels().linear_neuron(job, job.done, until);
      if (job.done < until) { finite = false; break; }
      const auto now = std::chrono::steady_clock::now();
      if (std::chrono::duration<double>(now - last).count() >= 0.05) {
        last = now;
        nb::gil_scoped_acquire acquire;
        try {
          if (PyErr_CheckSignals() != 0) throw nb::python_error();
          after(job.done, job.loss / double(job.done));
        } catch (nb::python_error& error) {
          stopped_by = nb::borrow(error.value());
          break;
        }
      }
    }
  }
  return nb::make_tuple(job.done, job.loss, finite, stopped_by);
}

static void write_memory(Store& store, const std::string& name, AnyArray array) {
  Store::Entry& entry = store.at(name);
  if (array.nbytes() > std::size_t(entry.count * bytes_of(entry.dtype)) || array.itemsize() != std::size_t(bytes_of(entry.dtype)))
    throw std::invalid_argument(name + ": the array does not fit its place");
  std::memcpy(entry.data(), array.data(), array.nbytes());
}

static void read_memory(Store& store, const std::string& name, nb::ndarray<nb::c_contig, nb::device::cpu> array) {
  Store::Entry& entry = store.at(name);
  if (array.nbytes() > std::size_t(entry.count * bytes_of(entry.dtype)) || array.itemsize() != std::size_t(bytes_of(entry.dtype)))
    throw std::invalid_argument(name + ": the array does not fit its place");
  std::memcpy(array.data(), entry.data(), array.nbytes());
}

// Answers batches of one size: checks, copies in, runs, copies out. None means "not as expected": the caller says why.
struct Answer {
  Program& program;
  char* x; char* y; char* number;
  long n, inputs, units;
  bool is_double;

  template <class T> nb::object answer(const AnyArray& given, bool classes) {
    const T* values = static_cast<const T*>(given.data());
    T sum = 0;
    for (long i = 0; i < n * inputs; i++) sum += values[i] * T(0);  // 0 unless an entry is infinite or no number
    if (!(sum == 0)) return nb::none();
    std::memcpy(x, values, std::size_t(n * inputs) * sizeof(T));
    program.run();
    if (classes) return copy<std::int64_t>(number, {std::size_t(n)});
    return copy<T>(y, {std::size_t(n), std::size_t(units)});
  }
  template <class T> nb::object copy(const char* from, std::initializer_list<std::size_t> shape) {
    std::size_t count = 1;
    for (std::size_t length : shape) count *= length;
    T* data = new T[count];
    std::memcpy(data, from, count * sizeof(T));
    nb::capsule owner(data, [](void* p) noexcept { delete[] static_cast<T*>(p); });
    return nb::cast(nb::ndarray<nb::numpy, T>(data, shape, owner));
  }
  nb::object call(AnyArray given, bool classes) {
    const auto wanted = is_double ? nb::dtype<double>() : nb::dtype<float>();
    if (given.ndim() != 2 || long(given.shape(0)) != n || long(given.shape(1)) != inputs || given.dtype() != wanted) return nb::none();
    return is_double ? answer<double>(given, classes) : answer<float>(given, classes);
  }
};

NB_MODULE(_native, m) {
  nb::class_<Store>(m, "Store")
      .def(nb::init<>())
      .def("add", [](Store& s, const std::string& name, const std::string& dtype, long count) { s.add(name, dtype_of(dtype), count); })
      .def("attach", [](Store& s, const std::string& name, nb::ndarray<nb::c_contig, nb::device::cpu> a, const std::string& dtype) {
        s.attach(name, dtype_of(dtype), long(a.size()), static_cast<char*>(a.data()));
      })
      .def("write", write_memory)
      .def("read", read_memory);
  nb::class_<Program>(m, "Program")
      .def(nb::init<Store&, long, const std::string&>(), nb::keep_alive<1, 2>())
      .def("constant", [](Program& p, const std::string& dtype, AnyArray a) { return p.constant(dtype_of(dtype), a.data(), long(a.size())); })
      .def("chain", add_chain)
      .def("product", [](Program& p, const Where& a, const Where& b, bool has_bias, const Where& bias, const Where& c, long batch,
                         long mm, long n, long k, bool ta, bool tb, bool is_double) {
        p.product(resolve(p, a), resolve(p, b), has_bias ? resolve(p, bias) : nullptr, resolve(p, c), batch, mm, n, k, ta, tb, is_double);
      })
      .def("move", [](Program& p, const Where& from, const Where& to, const std::string& dtype, Longs shape, Longs sf, Longs st,
                      long start_from, long start_to, long clear) {
        p.move(resolve(p, from), resolve(p, to), dtype_of(dtype), shape, sf, st, start_from, start_to, clear);
      })
      .def("reduce", [](Program& p, const Where& from, const Where& to, const std::string& dtype, const std::string& fold,
                        Longs kept, Longs ks, Longs folded, Longs fs) {
        p.reduce(resolve(p, from), resolve(p, to), dtype_of(dtype), fold, kept, ks, folded, fs);
      })
      .def("lookup", [](Program& p, const Where& x, const Where& numbers, const Where& to, const std::string& dtype,
                        const std::string& pattern, long outer, long length, long count, long inner) {
        p.lookup(resolve(p, x), resolve(p, numbers), resolve(p, to), dtype_of(dtype), pattern, outer, length, count, inner);
      })
      .def("draw", [](Program& p, const Where& seed, const Where& counter, const Where& to, const std::string& dtype, long count,
                      const std::string& distribution, std::uint32_t stream) {
        p.draw(resolve(p, seed), resolve(p, counter), resolve(p, to), dtype_of(dtype), count, distribution, stream);
      })
      .def("run", [](Program& p) { nb::gil_scoped_release release; p.run(); });
  nb::class_<Answer>(m, "Answer")
      .def("__init__", [](Answer* self, Store& store, Program& program, long n, long inputs, long units, bool is_double) {
        new (self) Answer{program, store.at("batch/x").data(), store.at("y").data(), store.at("class").data(), n, inputs, units, is_double};
      }, nb::keep_alive<1, 2>(), nb::keep_alive<1, 3>())
      .def("__call__", &Answer::call);
  m.def("run_epoch", run_epoch);
  m.def("run_linear_neuron", run_linear_neuron);
  m.def("permutation", [](long n, std::uint64_t seed, std::uint32_t stream, std::uint64_t counter) {
    int bits = 1;
    while (bits < 20 && (1L << bits) < n) bits++;
    std::vector<std::uint64_t> keys(std::size_t(n) + 64), sorted(std::size_t(n) + 1);
    std::vector<std::int64_t> starts((std::size_t(1) << bits) + 2);
    auto* order = new std::int64_t[std::size_t(n) + 1];
    nb::capsule owner(order, [](void* p) noexcept { delete[] static_cast<std::int64_t*>(p); });
    best_kernels().permute(order, n, seed, stream, counter, keys.data(), sorted.data(), starts.data(), bits);
    return nb::ndarray<nb::numpy, std::int64_t>(order, {std::size_t(n)}, owner);
  });
  m.def("kernel_names", [] { std::vector<std::string> names; for (const Kernels* k : all_kernels()) names.push_back(k->name); return names; });
}
