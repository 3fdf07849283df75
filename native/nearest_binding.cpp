// The nearest rows of a memory, from Python: checks the arrays and shares the queries out.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>

#include <algorithm>
#include <atomic>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "executor.h"

namespace nb = nanobind;
using namespace glassnet;

namespace {

typedef nb::ndarray<nb::ro, nb::c_contig, nb::device::cpu> Given;
typedef nb::ndarray<double, nb::ndim<2>, nb::c_contig, nb::device::cpu> Distances;
typedef nb::ndarray<std::int64_t, nb::ndim<2>, nb::c_contig, nb::device::cpu> Rows;

// Calls work(first, last) for even parts of 0 ... n - 1, each in a thread of its own.
template <class Work> void over_queries(long n, long threads, const Work& work) {
  const long parts = std::max(1L, std::min(threads, n));
  std::vector<std::thread> others;
  long begun = 1;
  try {
    for (; begun < parts; begun++)
      others.emplace_back([&work, n, parts, begun] { work(n * begun / parts, n * (begun + 1) / parts); });
  } catch (const std::system_error&) {  // no more threads: this one does the rest
  }
  work(0, n / parts);
  if (begun < parts) work(n * begun / parts, n);
  for (std::thread& other : others) other.join();
}

void check(bool fits, const char* what) {
  if (!fits) throw std::invalid_argument(what);
}

void nearest(int distance, double power, Given memory, Given queries, Given products, Given lows, Given asked,
             Given slack, double spread, Distances distances, Rows rows, long threads, const std::string& kernels) {
  check(memory.ndim() == 2 && queries.ndim() == 2 && memory.shape(1) == queries.shape(1), "memory and queries do not fit");
  const bool is_double = memory.dtype() == nb::dtype<double>();
  check(is_double || memory.dtype() == nb::dtype<float>(), "numbers must be float32 or float64");
  const long n = long(memory.shape(0)), inputs = long(memory.shape(1)), count = long(queries.shape(0));
  const long k = long(distances.shape(1));
  check(queries.dtype() == memory.dtype() && inputs > 0, "queries are of another type");
  check(long(distances.shape(0)) == count && long(rows.shape(0)) == count && long(rows.shape(1)) == k && k >= 1 && k <= n,
        "the results do not fit");
  check(distance >= 0 && distance <= int(Distance::cube), "no such distance");
  const bool by_products = products.size() > 0;
  if (by_products) {
    for (const Given* given : {&products, &lows, &asked}) check(given->dtype() == memory.dtype(), "products are of another type");
    check(products.size() == memory.size() && long(lows.size()) == n && asked.size() == queries.size() &&
              slack.dtype() == nb::dtype<double>() && long(slack.size()) == count,
          "products do not fit");
  }
  const Kernels* chosen = nullptr;
  for (const Kernels* known : all_kernels())
    if (chosen == nullptr && (kernels.empty() || kernels == known->name)) chosen = known;
  check(chosen != nullptr, "this processor cannot run these kernels");
  const Nearest job{Distance(distance), power, is_double, n, inputs, k, memory.data(), queries.data(),
                    by_products ? products.data() : nullptr, lows.data(), asked.data(),
                    static_cast<const double*>(slack.data()), spread, distances.data(), rows.data()};
  std::atomic<bool> done{true};
  {
    nb::gil_scoped_release release;
    over_queries(count, threads, [&](long first, long last) {
      if (!chosen->nearest(job, first, last)) done = false;
    });
  }
  if (!done) throw std::bad_alloc();
}

}  // namespace

void bind_nearest(nb::module_& m) { m.def("nearest", nearest); }
