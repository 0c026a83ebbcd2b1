/*===- TwiceProgram.c - A compiled program for tests of the cache -----------===
 *
 * out[i] = 2 in[i] for the samples of the call; see ProgramCacheTest.cpp.
 */

#include "nnc/Runtime/ABI.h"

void twice(void *const *args, void *arena, const int64_t *extents,
           int64_t index, int64_t count, const nnc_rt_team *team) {
  const float *in = (const float *)args[0];
  float *out = (float *)args[1];
  for (int64_t i = index; i < extents[0]; i += count)
    out[i] = 2 * in[i];
}
