//===- OpenMPTeam.cpp - Runs programs on a team of OpenMP -----------------===//

#include "nnc/Runtime/FlushToZero.h"
#include "nnc/Runtime/Team.h"
#include <new>
#include <omp.h>

using namespace nnc;

void nnc::runOnTeam(nnc_rt_entry entry, void *const *args, void *arena,
                    const int64_t *extents, unsigned threads) {
  if (threads <= 1) {
    FlushToZero mode;
    entry(args, arena, extents, 0, 1, nullptr);
    return;
  }
  // The team may be smaller than asked for, and its size is known only inside.
  alignas(TeamBarrier) char storage[sizeof(TeamBarrier)];
  nnc_rt_team team;
#pragma omp parallel num_threads(threads) default(none)                        \
    shared(entry, args, arena, extents, storage, team)
  {
#pragma omp single
    team = {[](const nnc_rt_team *self) {
              static_cast<TeamBarrier *>(self->context)->wait();
            },
            new (storage) TeamBarrier(omp_get_num_threads())};
    FlushToZero mode;
    entry(args, arena, extents, omp_get_thread_num(), omp_get_num_threads(),
          &team);
  }
}
