//===- ExpandBF16.cpp - Conversions of bf16 as integer arithmetic ---------===//

#include "PatternWalk.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "nnc/Transforms/Passes.h"

namespace nnc {
#define GEN_PASS_DEF_EXPANDBF16PASS
#include "nnc/Transforms/Passes.h.inc"
} // namespace nnc

using namespace mlir;

namespace {

struct ExpandBF16 : nnc::PatternWalk<nnc::impl::ExpandBF16PassBase<ExpandBF16>,
                                     arith::populateExpandBFloat16Patterns> {};

} // namespace
