//===- NNRandomOps.td - Pure random numbers -------------------------------===//

#ifndef NNC_DIALECT_NN_IR_NNRANDOMOPS_TD
#define NNC_DIALECT_NN_IR_NNRANDOMOPS_TD

include "nnc/Dialect/NN/IR/NNBase.td"

/// Philox4x32-10: key = seed, counter = (row-major index / 4 in two words, step,
/// stream); the element takes word (index mod 4) of the block.
class NN_RandomOp<string mnemonic>
    : NN_ClassedOp<mnemonic, "random", [NonDifferentiable]> {
  let arguments = (ins NN_I64Scalar:$seed, NN_I64Scalar:$step,
                       I32Attr:$stream);
  let results = (outs NN_FloatTensor:$y);
  let assemblyFormat = [{
    $seed `,` $step `stream` `=` $stream attr-dict `:` type($y)
  }];
}

def NN_RandomUniformOp : NN_RandomOp<"random_uniform"> {
  let summary = "uniform random numbers in [0, 1)";
  let description = [{
    Element i is word w = i mod 4 of Philox4x32-10 with key (low and high word
    of seed) and counter (low and high word of i div 4, low word of step,
    stream), as `(word >> 8) * 2^-24`. The same for any layout and any number of
    threads. Seed and step are scalars; random numbers have no gradient.

    Example:
    `%u = nn.random_uniform %seed, %step stream = 7 : tensor<4x8xf32>`

    Source: Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3 (2011).
  }];
}

def NN_RandomNormalOp : NN_RandomOp<"random_normal"> {
  let summary = "normal random numbers, mean 0 and variance 1";
  let description = [{
    Element i is the Box-Muller transform `sqrt(-2 ln u1) * cos(2 pi u2)` of
    words w and w + 1, w = 2 (i mod 2), of Philox4x32-10 with key (low and high
    word of seed) and counter (low and high word of i div 2, low word of step,
    stream); `u1 = ((word >> 8) + 1) * 2^-24`, `u2 = (word >> 8) * 2^-24`. Seed
    and step are scalars; random numbers have no gradient.

    Example:
    `%u = nn.random_normal %seed, %step stream = 7 : tensor<4x8xf32>`

    Source: Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3 (2011).
  }];
}

#endif // NNC_DIALECT_NN_IR_NNRANDOMOPS_TD
