/*===- ABI.h - What compiled code and its caller agree on ----------*- C
-*-===*\
|*
|* The plain C interface of a compiled program. Objects have no undefined
|* symbols: whatever they need of the runtime comes through these structs.
|*
\*===----------------------------------------------------------------------===*/

#ifndef NNC_RUNTIME_ABI_H
#define NNC_RUNTIME_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Changes whenever the entry's form or the meaning of its arguments does. */
#define NNC_RT_ABI_VERSION 2

/** A team of threads that runs one program together. */
typedef struct nnc_rt_team {
  /** Returns when all threads of the team have called it. Writes made before
      it are seen by all after it. */
  void (*barrier)(const struct nnc_rt_team *team);
  /** For the caller; compiled code does not look at it. */
  void *context;
} nnc_rt_team;

/** The entry of a program, called by every thread of a team.
    args: one pointer an argument, in the order of the signature; 64-byte
      aligned buffers (in-place arguments are read and written).
    arena: the program's scratch memory, 64-byte aligned.
    extents: extents[0] is the number of samples in this call, at most the
      batch the program was compiled for. extents[1] is 0, or 1 if the arena is
      as an earlier call of this program left it and all parameters are as they
      were then: what depends on parameters alone is then not computed again.
    index, count: this thread's number and the team's size, 0 <= index < count.
    team: may be null if count is 1. */
typedef void (*nnc_rt_entry)(void *const *args, void *arena,
                             const int64_t *extents, int64_t index,
                             int64_t count, const nnc_rt_team *team);

#ifdef __cplusplus
}
#endif

#endif
