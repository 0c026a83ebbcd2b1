/* Classifies the lines of a csv file of counts 0 to 16 with a compiled network. */
#include "digits.h"
#include <stdio.h>

static float image[DIGITS_IMAGE_ELEMENTS], logits[DIGITS_LOGITS_ELEMENTS];
static union {
  char bytes[DIGITS_ARENA_BYTES + 64];
  double aligned;
} memory;

int main(int count, char **texts) {
  FILE *file = fopen(texts[count - 1], "r");
  void *arena = memory.bytes + (64 - (uintptr_t)memory.bytes % 64) % 64;
  int samples = 0, value, i;
  while (fscanf(file, "%d,", &value) == 1)
    image[samples++] = (float)value / 16;
  samples /= 64;
  if (digits_run_samples(image, logits, samples, arena) != 0)
    return 1;
#ifdef _OPENMP
  if (digits_run_parallel(image, logits, arena) != 0)
    return 1;
#endif
  for (i = 0; i < samples * 10; ++i)
    printf("%.9g%c", logits[i], i % 10 == 9 ? '\n' : ',');
  /* What is refused: more samples than fit, and an arena that is not aligned. */
  return digits_run_part(image, logits, DIGITS_BATCH + 1, arena, 0, 1, 0) != 1 ||
         digits_run(image, logits, (char *)arena + 4) != 2 ||
         digits_run(image, logits, 0) != 2;
}
