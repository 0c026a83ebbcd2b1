/* Fits y = 2 x - 1 with a compiled training step. */
#include "line.h"
#include <stdio.h>

static union {
  char bytes[LINE_TRAIN_STEP_ARENA_BYTES + LINE_ARENA_BYTES + 64];
  double aligned;
} memory;

int main(void) {
  const float x[4] = {-1, 0, 1, 2}, target[4] = {-3, -1, 1, 3};
  const float at[4] = {3, 3, 3, 3};
  float y[4];
  double loss;
  void *arena = memory.bytes + (64 - (uintptr_t)memory.bytes % 64) % 64;
  int step;
  for (step = 1; step <= 200; ++step) {
    if (line_train_step(x, target, 0.1f, step, y, &loss, arena) != 0)
      return 1;
    if (step <= 2)
      printf("loss %.4f\n", loss);
  }
  if (line_run(at, y, arena) != 0)
    return 2;
  printf("slope %.2f, offset %.2f, at 3: %.2f\n", line_weight_w[0],
         line_weight_b[0], y[0]);
  return 0;
}
