/* Runs digits.h and prints what it returns. */

#include "digits.h"
#include <stdio.h>

static float image[DIGITS_IMAGE_ELEMENTS], logits[DIGITS_LOGITS_ELEMENTS];
static float weights[DIGITS_HIDDEN_WEIGHT_ELEMENTS];
_Alignas(64) static char arena[DIGITS_ARENA_BYTES];

int main(void) {
  printf("%d %d\n",
         digits_run(image, weights, weights, weights, weights, logits, arena),
         digits_run(image, weights, weights, weights, weights, logits, 0));
  return 0;
}
