//===- ContractionPairs.cpp - Products of bf16, two steps at once ---------===//
//
// Instructions for bf16 multiply two steps of k at once: the element of a row
// at two steps, side by side in four bytes, with those of a column. Where the
// steps of an operand lie side by side, its pairs are read as they lie. A left
// operand that is transposed is put into pairs before the product starts, rows
// of a right operand where the product reads them.
//
//===----------------------------------------------------------------------===//

#include "ContractionPairs.h"
#include "ContractionLeft.h"
#include "ContractionPlan.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

/// Products of fewer steps add them where the result is written.
static constexpr int64_t leastSteps = 10;

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// \p operand, whose steps lie side by side, counted in pairs; nothing if
/// pairs do not begin at even places.
static std::optional<MatrixOperand> inPairs(MatrixOperand operand) {
  bool even = operand.rowStride % 2 == 0 && operand.offset % 2 == 0 &&
              llvm::all_of(operand.batchStrides,
                           [](int64_t stride) { return stride % 2 == 0; });
  if (!even)
    return std::nullopt;
  operand.rowStride /= 2;
  operand.offset /= 2;
  for (int64_t &stride : operand.batchStrides)
    stride /= 2;
  return operand;
}

std::optional<Pairing> Pairing::of(const ContractionSpec &spec,
                                   const TargetDescription &target) {
  bool isNarrow = spec.buffers[spec.lhs.buffer].element.isBF16() &&
                  spec.buffers[spec.rhs.buffer].element.isBF16();
  if (!target.bf16 || !isNarrow || spec.k.capacity < leastSteps)
    return std::nullopt;
  Pairing pairing{spec, spec.k};
  bool evenSteps = spec.k.isStatic() && spec.k.capacity % 2 == 0;
  ContractionSpec &paired = pairing.spec;
  paired.k.capacity = ceilDiv(spec.k.capacity, 2);
  if (!spec.lhs.transposed) {
    std::optional<MatrixOperand> lhs = inPairs(spec.lhs);
    if (!evenSteps || !lhs)
      return std::nullopt;
    paired.lhs = *lhs;
  } else {
    pairing.leftInScratch = true;
    paired.lhs.rowStride = spec.m.capacity;
    paired.lhs.offset = 0;
    LeftMatrices matrices(spec, paired.k.capacity * spec.m.capacity);
    paired.lhs.batchStrides = matrices.strides;
    pairing.scratchBytes = 4 * matrices.elements;
  }
  if (spec.rhs.transposed) {
    std::optional<MatrixOperand> rhs = inPairs(spec.rhs);
    if (!evenSteps || !rhs)
      return std::nullopt;
    paired.rhs = *rhs;
  } else {
    pairing.rightInRows = true;
    if (ContractionPlan(paired, target).packing ==
        ContractionPlan::Packing::elements)
      return std::nullopt;
  }
  return pairing;
}

/// Rows 2 s and 2 s + 1 of the left operand become row s of pairs. A row that
/// is missing counts as 0.
func::FuncOp kernels::emitLeftPairs(ModuleOp module,
                                    const TargetDescription &target,
                                    const ContractionSpec &spec,
                                    const Pairing &pairing) {
  KernelBuilder kernel(module, target, spec.name + "_pairs", spec.buffers,
                       /*hasScratch=*/true);
  int64_t capacity = pairing.spec.k.capacity;
  LeftMatrices matrices(spec, capacity * spec.m.capacity);
  Value steps = kernel.bound(spec.k);
  Value pairs = kernel.ceilDiv(steps, kernel.constant(2));
  Value total = kernel.mul(kernel.volume(matrices.batch), pairs);
  // Elements that are worth a further thread.
  constexpr int64_t grain = 1 << 14;
  auto [low, high] =
      kernel.share(total, matrices.elements / spec.m.capacity, 1,
                   std::max<int64_t>(1, grain / spec.m.capacity));
  Value source = kernel.function.getArgument(spec.lhs.buffer);
  Type element = kernel.builder.getBF16Type();
  int64_t lanes = target.lanes(4), columns = spec.m.capacity;
  kernel.loop(low, high, 1, [&, pairs = pairs](Value number) {
    Value step = kernel.rem(number, pairs);
    auto [from, place] =
        matrices.placesOf(kernel, spec, kernel.div(number, pairs));
    Value first = kernel.mul(step, 2);
    from = kernel.add(from, kernel.mul(first, spec.lhs.rowStride));
    place = kernel.add(place, kernel.mul(step, columns));
    auto emitRow = [&](bool hasSecond) {
      vectorLoop(kernel, kernel.constant(0), kernel.constant(columns), lanes,
                 target.maskedBytes, columns >= lanes, columns % lanes != 0,
                 [&](Value column, const Lanes &live) {
                   Value at = kernel.add(from, column);
                   Value upper = kernel.load(source, element, at, live);
                   Value lower =
                       hasSecond
                           ? kernel.load(source, element,
                                         kernel.add(at, spec.lhs.rowStride),
                                         live)
                           : kernel.splatConstant(element, live.width, 0);
                   kernel.store(kernel.pairUp(upper, lower), kernel.scratch,
                                kernel.add(place, column), live);
                 });
    };
    if (spec.k.isStatic() && spec.k.capacity % 2 == 0)
      return emitRow(true);
    kernel.ifElse(
        kernel.less(kernel.add(first, 1), steps), [&] { emitRow(true); },
        [&] { emitRow(false); });
  });
  (void)kernel.finish();
  return kernel.function;
}
