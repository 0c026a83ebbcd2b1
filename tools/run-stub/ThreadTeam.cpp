//===- ThreadTeam.cpp - Runs programs on threads of our own ---------------===//
//
// In place of the team of OpenMP, whose runtime executables do not contain.
//
//===----------------------------------------------------------------------===//

#include "nnc/Runtime/FlushToZero.h"
#include "nnc/Runtime/Team.h"
#include <memory>
#include <pthread.h>

using namespace nnc;

namespace {

/// Threads that wait for programs until the process ends. They are made at the
/// first use; where the system gives fewer, the team is smaller.
class ThreadTeam {
public:
  explicit ThreadTeam(unsigned wanted) {
    for (unsigned index = 1; index < wanted; ++index) {
      auto member = std::make_unique<Member>(Member{this, index});
      pthread_t thread;
      if (pthread_create(&thread, nullptr, follow, member.get()) != 0)
        break;
      pthread_detach(thread);
      member.release();
      ++count;
    }
    barrier = std::make_unique<TeamBarrier>(count);
    team = {[](const nnc_rt_team *self) {
              static_cast<TeamBarrier *>(self->context)->wait();
            },
            barrier.get()};
    isReady.store(true, std::memory_order_release);
    isReady.notify_all();
  }

  void run(nnc_rt_entry entry, void *const *args, void *arena,
           const int64_t *extents) {
    call = {entry, args, arena, extents};
    barrier->wait();
    work(0);
    barrier->wait();
  }

private:
  struct Member {
    ThreadTeam *team;
    unsigned index;
  };
  struct Call {
    nnc_rt_entry entry;
    void *const *args;
    void *arena;
    const int64_t *extents;
  };

  static void *follow(void *argument) {
    std::unique_ptr<Member> member(static_cast<Member *>(argument));
    ThreadTeam *self = member->team;
    self->isReady.wait(false, std::memory_order_acquire);
    for (;;) {
      self->barrier->wait();
      self->work(member->index);
      self->barrier->wait();
    }
  }

  void work(unsigned index) {
    FlushToZero mode;
    call.entry(call.args, call.arena, call.extents, index, count, &team);
  }

  unsigned count = 1;
  std::atomic<bool> isReady{false};
  std::unique_ptr<TeamBarrier> barrier;
  nnc_rt_team team;
  Call call;
};

} // namespace

void nnc::runOnTeam(nnc_rt_entry entry, void *const *args, void *arena,
                    const int64_t *extents, unsigned threads) {
  if (threads <= 1) {
    FlushToZero mode;
    entry(args, arena, extents, 0, 1, nullptr);
    return;
  }
  // An executable asks for the same number at every call. The threads refer to
  // the team until the process ends, so it is never destroyed.
  static ThreadTeam *team = new ThreadTeam(threads);
  team->run(entry, args, arena, extents);
}
