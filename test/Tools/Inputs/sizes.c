/* The functions of single sizes give what the one that chooses gives. */
#include "digits.h"
#include <stdlib.h>
#include <string.h>

static float image[DIGITS_IMAGE_ELEMENTS];
static float chosen[DIGITS_LOGITS_ELEMENTS], own[DIGITS_LOGITS_ELEMENTS];

int main(void) {
  void *arena = aligned_alloc(64, DIGITS_ARENA_BYTES + 64 - DIGITS_ARENA_BYTES % 64);
  int i, status;
  for (i = 0; i < DIGITS_IMAGE_ELEMENTS; ++i)
    image[i] = (float)(i * 7 % 17) / 16;
  status = digits_run_part(image, chosen, 8, arena, 0, 1, 0) |
           digits_run_8(image, own, arena);
  if (status || memcmp(chosen, own, 8 * 10 * sizeof(float)))
    return 1;
  status = digits_run_part(image, chosen, 1, arena, 0, 1, 0) |
           digits_run_1(image, own, arena);
  if (status || memcmp(chosen, own, 10 * sizeof(float)))
    return 2;
  status = digits_run(image, chosen, arena) | digits_run_32(image, own, arena);
  if (status || memcmp(chosen, own, sizeof(own)))
    return 3;
  /* No samples are no error. */
  status = digits_run_samples(image, chosen, 0, arena);
  free(arena);
  return status;
}
