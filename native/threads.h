// Threads inside a step: helpers of the process that do pieces of one instruction beside the thread
// that called. See docs/design/0009-threads.md.
#pragma once

namespace glassnet {

constexpr long most_threads = 64;  // of one team, the caller counted: one bit of a word each

struct Pool;

// How many cores this process may use.
long cores_available();

// The helpers, for as long as this object lives. One team works at a time: where several programs
// run at once, all but the first are teams of one, since the cores are busy already.
class Team {
 public:
  explicit Team(long threads);  // at most so many, the caller counted
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;
  ~Team();

  long size() const { return size_; }  // the caller counted

  // work(piece) for each piece from 0 to pieces - 1 (at most most_threads), each once, by whoever
  // has time; returns when all are done. Piece i goes to the same thread each time if that thread is
  // awake, so that what it wrote is still in its cache. `work` throws nothing.
  template <class Work> void run(long pieces, const Work& work) {
    if (size_ < 2 || pieces < 2)
      for (long i = 0; i < pieces; i++) work(i);
    else
      share(pieces, [](const void* w, long i) { (*static_cast<const Work*>(w))(i); }, &work);
  }

 private:
  void share(long pieces, void (*call)(const void*, long), const void* work);

  Pool* pool_ = nullptr;
  long size_ = 1;
};

}  // namespace glassnet
