// The executor: a store of named memory that lives as long as a run, and programs of instructions that work on it.
#pragma once
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>
#include "program.h"
#include "payoff.h"
#include "threads.h"

namespace glassnet {

const Kernels& best_kernels();
std::vector<const Kernels*> all_kernels();

// Memory that begins at a cache line and is zero at first.
class Memory {
 public:
  explicit Memory(std::size_t bytes = 0);
  Memory(const Memory&) = delete;
  Memory(Memory&& other) noexcept : data_(other.data_), bytes_(other.bytes_) { other.data_ = nullptr; other.bytes_ = 0; }
  Memory& operator=(Memory&& other) noexcept { std::swap(data_, other.data_); std::swap(bytes_, other.bytes_); return *this; }
  ~Memory();
  char* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

 private:
  char* data_;
  std::size_t bytes_;
};

// Named memory: parameters, slots, the batch at hand, measures.
class Store {
 public:
  struct Entry {
    DType dtype;
    long count;
    Memory memory;             // its own, or
    char* attached = nullptr;  // somebody else's, who keeps it alive
    char* data() const { return attached != nullptr ? attached : memory.data(); }
  };
  Store() = default;
  Store(const Store&) = delete;
  // Makes room for `count` elements, or checks that there is as much already.
  char* add(const std::string& name, DType dtype, long count);
  // Uses memory of the caller's.
  void attach(const std::string& name, DType dtype, long count, char* memory);
  Entry& at(const std::string& name);

 private:
  std::map<std::string, Entry> entries_;
};

template <class T> struct ProductKernel;

class Program {
 public:
  // `threads`: how many it may use at most, the caller counted; 0: one for each core.
  Program(Store& store, long arena_bytes, const std::string& kernels, long threads = 1);
  Program(const Program&) = delete;
  long threads() const { return payoff_.with_helpers() ? threads_ : 1; }  // that the next step uses

  long constant(DType dtype, const void* values, long count);  // returns its number
  char* resolve(int place, long offset, const std::string& name);

  // `columns` of a row, where a chain of single elements (of width 1) goes over rows of so many.
  void chain(Chain chain, long columns);
  // A product whose rows the chain that is added next takes, a block of them at a time, as what `slot` holds.
  void feed(char* a, char* b, long m, long n, long k, bool ta, bool tb, long slot) { feed_ = {a, b, m, n, k, ta, tb, slot}; }
  void product(char* a, char* b, char* bias, char* c, long batch, long m, long n, long k, bool ta, bool tb, bool is_double);
  void move(char* from, char* to, DType dtype, std::vector<long> shape, std::vector<long> strides_from,
            std::vector<long> strides_to, long start_from, long start_to, long clear);
  void reduce(char* from, char* to, DType dtype, const std::string& fold, std::vector<long> kept,
              std::vector<long> kept_strides, std::vector<long> folded, std::vector<long> folded_strides);
  void lookup(char* x, char* numbers, char* to, DType dtype, const std::string& pattern, long outer, long length,
              long count, long inner);
  void draw(char* seed, char* counter, char* to, DType dtype, long count, const std::string& distribution,
            std::uint32_t stream);

  void run();  // throws std::out_of_range for a class or a place that is not there
  bool run_while(const std::function<bool()>& go_on);  // asks before each instruction; false: it was left half done

 private:
  // Alone, the whole is quicker than its pieces one after the other (64-256-10, batch 32: 4 %).
  struct Instruction {
    std::function<void()> whole;
    std::vector<std::function<void()>> parts;  // none, or several
    void run(Team& team) const {
      if (parts.empty() || team.size() < 2) whole();
      else team.run(long(parts.size()), [this](long i) { parts[std::size_t(i)](); });
    }
  };

  void tell_trouble();
  // Adds an instruction: what does all of it, and, where it is worth several threads, what does each piece.
  void add(std::function<void()> whole, std::vector<std::function<void()>> parts = {});
  std::function<void()> work_of(Chain chain);
  template <class T>
  void product_as(const T* a, const T* b, const T* bias, T* c, long batch, long m, long n, long k, bool ta, bool tb,
                  const ProductKernel<T>& kernel);
  void fed_chain(const Chain& whole);
  template <class T> void fed_chain_as(const Chain& whole, const ProductKernel<T>& kernel);
  void note_cut(const char* memory, bool along_columns);

  struct Feed {
    char *a, *b;
    long m = 0, n, k;
    bool ta, tb;
    long slot;
  };

  Store& store_;
  Feed feed_{};
  Memory arena_;
  std::vector<Memory> constants_;
  std::vector<std::unique_ptr<Chain>> chains_;
  std::vector<Memory> scratch_;
  std::vector<Instruction> instructions_;
  const Kernels& kernels_;
  Trouble trouble_;
  long threads_;
  std::set<const char*> cut_along_columns_;  // the memory that was last written so
  bool shares_ = false;  // whether any instruction is worth more than one thread
  Payoff payoff_;        // whether the steps as a whole are
};

// The examples of a batch, side by side.
void gather_rows(char* to, const char* from, const std::int64_t* order, long n, std::size_t bytes, long threads);

}  // namespace glassnet
