//===- Random.cpp - Reference evaluation of random numbers ----------------===//

#include "Models.h"
#include "nnc/Support/Philox.h"
#include <cmath>
#include <numbers>

using namespace mlir;
using namespace nnc;
using namespace nnc::nn;
using namespace nnc::reference;

/// The four words of \p block of the stream that \p op draws from.
template <typename Op>
static PhiloxCounter drawBlock(Op op, Operands operands, uint64_t block) {
  uint64_t seed = operands[0]->integers()[0], step = operands[1]->integers()[0];
  return philox4x32(
      {static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32),
       static_cast<uint32_t>(step), static_cast<uint32_t>(op.getStream())},
      philoxKey(seed));
}

//===----------------------------------------------------------------------===//
// RandomUniformOp
//===----------------------------------------------------------------------===//

static void evaluateUniform(RandomUniformOp op, Operands operands,
                            Results results) {
  MutableArrayRef<double> y = results[0].floats();
  for (size_t i = 0; i < y.size(); ++i) {
    uint32_t word = drawBlock(op, operands, i / 4)[i % 4];
    y[i] = (word >> 8) * 0x1p-24;
  }
}

//===----------------------------------------------------------------------===//
// RandomNormalOp
//===----------------------------------------------------------------------===//

static void evaluateNormal(RandomNormalOp op, Operands operands,
                           Results results) {
  MutableArrayRef<double> y = results[0].floats();
  for (size_t i = 0; i < y.size(); ++i) {
    PhiloxCounter words = drawBlock(op, operands, i / 2);
    double u1 = ((words[2 * (i % 2)] >> 8) + 1) * 0x1p-24;
    double u2 = (words[2 * (i % 2) + 1] >> 8) * 0x1p-24;
    y[i] =
        std::sqrt(-2.0 * std::log(u1)) * std::cos(2.0 * std::numbers::pi * u2);
  }
}

//===----------------------------------------------------------------------===//
// All of the family
//===----------------------------------------------------------------------===//

void reference::attachRandomModels(MLIRContext &context) {
  attach<RandomUniformOp, evaluateUniform>(context);
  attach<RandomNormalOp, evaluateNormal>(context);
}
