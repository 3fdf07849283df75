// The binding: Python builds programs instruction by instruction, then hands over whole epochs.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/array.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>
#include <cstring>
#include "runs.h"

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

typedef std::tuple<int, std::string, Where, bool, bool, long, long> SlotText;  // mode, dtype, where, constant, written, scratch, stride
typedef std::tuple<int, int, std::array<int, 4>, bool, double, double> StepText;  // code, result, operands, column, low, high

static void add_chain(Program& p, long rows, long width, long columns, long block_rows, bool turned, bool wide, long scratch,
                      bool is_double, const std::vector<SlotText>& slots, const std::vector<StepText>& steps) {
  Chain c;
  c.rows = rows; c.width = c.apart = width; c.block_rows = block_rows; c.turned = turned; c.wide = wide; c.scratch_elements = scratch; c.is_double = is_double;
  for (const auto& [mode, dtype, where, constant, written, place, stride] : slots)
    c.slots.push_back({Mode(mode), dtype_of(dtype), mode >= 4 ? nullptr : resolve(p, where), constant, written, place, stride});
  for (const auto& [code, result, of, column, low, high] : steps)
    c.steps.push_back({Code(code), result, of[0], of[1], of[2], of[3], column, low, high, false});
  p.chain(std::move(c), columns);
}

static std::size_t row_bytes(const AnyArray& a) {
  std::size_t count = 1;
  for (std::size_t axis = 1; axis < a.ndim(); axis++) count *= a.shape(axis);
  return count * a.itemsize();
}

static DType dtype_of(const std::string& name, const AnyArray& a) {
  if (a.dtype() == nb::dtype<float>()) return DType::f32;
  if (a.dtype() == nb::dtype<double>()) return DType::f64;
  if (a.dtype() == nb::dtype<std::int64_t>()) return DType::i64;
  throw std::invalid_argument(name + " has a number type that is not learnt from");
}

// The epochs of a run, with the arrays that they read.
class BoundEpochs {
 public:
  typedef nb::ndarray<const std::int64_t, nb::ndim<1>, nb::c_contig> Edges;
  typedef nb::ndarray<const double, nb::ndim<1>, nb::c_contig> Rates;
  typedef std::tuple<std::string, std::string, std::string, double> NeuronText;      // kind, weights, bias, factor
  typedef std::tuple<bool, std::uint64_t, std::uint32_t, std::uint64_t> OrderText;  // shuffled, seed, stream, counter

  BoundEpochs(Store& store, const std::map<long, Program*>& programs, const std::vector<std::string>& state,
              const std::vector<std::string>& measures, const std::map<std::string, AnyArray>& data, const Edges& edges,
              const NeuronText& neuron)
      : data_(data),
        epochs_(store, programs, state, measures, feeds(data), {edges.data(), edges.data() + edges.shape(0)},
                {std::get<0>(neuron), std::get<1>(neuron), std::get<2>(neuron), std::get<3>(neuron)}) {}

  // Returns (steps done, sums of the measures, whether all stayed finite, the exception that stopped the run or None).
  nb::tuple run(const OrderText& order, const Rates& rates, long first_step, nb::object after) {
    nb::object stopped_by = nb::none();
    const GoOn go_on = [&](long done, double loss) {
      nb::gil_scoped_acquire acquire;
      try {  // what stops the run is handed back beside what was done so far
        if (PyErr_CheckSignals() != 0) throw nb::python_error();
        after(done, loss);
        return true;
      } catch (nb::python_error& error) {
        stopped_by = nb::borrow(error.value());
        return false;
      }
    };
    const auto [shuffled, seed, stream, counter] = order;
    Outcome outcome;
    {
      nb::gil_scoped_release release;
      outcome = epochs_.run({shuffled, seed, stream, counter}, rates.data(), long(rates.shape(0)), first_step, go_on);
    }
    return nb::make_tuple(outcome.steps, outcome.sums, outcome.finite, stopped_by);
  }
  void restore() { epochs_.restore(); }

 private:
  static std::vector<Feed> feeds(const std::map<std::string, AnyArray>& data) {
    std::vector<Feed> found;
    for (const auto& [name, array] : data) {
      if (array.ndim() < 1) throw std::invalid_argument(name + " is a single number");
      found.push_back({name, static_cast<const char*>(array.data()), long(array.shape(0)), row_bytes(array), dtype_of(name, array)});
    }
    return found;
  }

  std::map<std::string, AnyArray> data_;  // kept alive
  Epochs epochs_;
};

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

void bind_nearest(nb::module_& m);  // nearest_binding.cpp

NB_MODULE(_native, m) {
  nb::set_leak_warnings(false);  // what a traceback still holds when Python ends is no leak
  bind_nearest(m);
  nb::class_<Store>(m, "Store")
      .def(nb::init<>())
      .def("add", [](Store& s, const std::string& name, const std::string& dtype, long count) { s.add(name, dtype_of(dtype), count); })
      .def("attach", [](Store& s, const std::string& name, nb::ndarray<nb::c_contig, nb::device::cpu> a, const std::string& dtype) {
        s.attach(name, dtype_of(dtype), long(a.size()), static_cast<char*>(a.data()));
      })
      .def("write", write_memory)
      .def("read", read_memory);
  nb::class_<Program>(m, "Program")
      .def(nb::init<Store&, long, const std::string&, long>(), nb::keep_alive<1, 2>())
      .def("constant", [](Program& p, const std::string& dtype, AnyArray a) { return p.constant(dtype_of(dtype), a.data(), long(a.size())); })
      .def("chain", add_chain)
      .def("feed", [](Program& p, const Where& a, const Where& b, long mm, long n, long k, bool ta, bool tb, long slot) {
        p.feed(resolve(p, a), resolve(p, b), mm, n, k, ta, tb, slot);
      })
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
  nb::class_<BoundEpochs>(m, "Epochs")
      .def(nb::init<Store&, const std::map<long, Program*>&, const std::vector<std::string>&, const std::vector<std::string>&,
                    const std::map<std::string, AnyArray>&, const BoundEpochs::Edges&, const BoundEpochs::NeuronText&>(),
           nb::keep_alive<1, 2>(), nb::keep_alive<1, 3>())
      .def("run", &BoundEpochs::run)
      .def("restore", &BoundEpochs::restore);
  m.def("permutation", [](long n, std::uint64_t seed, std::uint32_t stream, std::uint64_t counter) {
    auto* order = new std::int64_t[std::size_t(n) + 1];
    nb::capsule owner(order, [](void* p) noexcept { delete[] static_cast<std::int64_t*>(p); });
    Shuffle().draw(order, n, seed, stream, counter);
    return nb::ndarray<nb::numpy, std::int64_t>(order, {std::size_t(n)}, owner);
  });
  m.def("cores_available", cores_available);
  m.def("kernel_names", [] { std::vector<std::string> names; for (const Kernels* k : all_kernels()) names.push_back(k->name); return names; });
}
