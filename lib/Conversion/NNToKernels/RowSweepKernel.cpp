//===- RowSweepKernel.cpp - Groups that sweep rows ------------------------===//
//
// Each op of the group gets a level: the number of sweeps over a row that must
// be over before it can be computed. What a sweep needs of earlier ones, but
// for the values of the row, is computed again.
//
//===----------------------------------------------------------------------===//

#include "GroupKernels.h"
#include "PointwiseBody.h"
#include "nnc/Kernels/RowSweep.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::nn;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

static bool isReduction(Operation *op) {
  auto classed = dyn_cast<FusionOpInterface>(op);
  return classed && classed.getFusionClass() == FusionClass::reduction;
}

namespace {
/// The plan of one group.
class RowSweepLowering {
public:
  RowSweepLowering(LoweringContext &context, FusionOp op)
      : context(context), op(op), body(op.getBody().front()),
        yield(cast<YieldOp>(body.getTerminator())) {}

  Expected<LoweredOp> run();

private:
  /// What one sweep computes.
  struct Plan {
    SmallVector<Operation *> reductions;
    /// Values of a row that follow from the reductions so far.
    SmallVector<Operation *> finishing;
    SmallVector<unsigned> outputs;
  };

  void findDomain();
  void assignLevels();
  bool isRowValue(Value value) const { return rowValues.contains(value); }
  Expected<kernels::Sweep> buildSweep(unsigned number);

  LoweringContext &context;
  FusionOp op;
  Block &body;
  YieldOp yield;
  RankedTensorType domain;
  SmallVector<int64_t> order;
  DenseMap<Value, unsigned> levels;
  std::vector<Plan> plans;
  /// Row values in the template's numbering: a reduction's raw result, then
  /// what finishes. Reductions whose raw type differs from the op's appear
  /// twice, the second time converted.
  SmallVector<Value> rowValueList;
  DenseSet<Value> rowValues;
};
} // namespace

void RowSweepLowering::findDomain() {
  for (Operation &inner : body)
    if (isReduction(&inner))
      domain = typeOf(inner.getOperand(0));
  order = llvm::to_vector(llvm::seq<int64_t>(0, domain.getRank()));
}

void RowSweepLowering::assignLevels() {
  auto planAt = [&](unsigned level) -> Plan & {
    if (plans.size() <= level)
      plans.resize(level + 1);
    return plans[level];
  };
  for (Operation &inner : body) {
    if (inner.hasTrait<OpTrait::IsTerminator>())
      continue;
    unsigned level = 0;
    bool fromRow = false;
    for (Value operand : inner.getOperands()) {
      level = std::max(level, levels.lookup(operand));
      fromRow |= isRowValue(operand);
    }
    Value result = inner.getResult(0);
    if (isReduction(&inner)) {
      planAt(level).reductions.push_back(&inner);
      levels[result] = level + 1;
      rowValues.insert(result);
      continue;
    }
    levels[result] = level;
    bool onRow = fromRow && isa<ScalarBodyOpInterface>(inner) &&
                 typeOf(result).getRank() + 1 == domain.getRank();
    if (onRow) {
      planAt(level - 1).finishing.push_back(&inner);
      rowValues.insert(result);
    }
  }
  for (auto [i, value] : llvm::enumerate(yield.getValues()))
    if (!isRowValue(value))
      planAt(levels.lookup(value)).outputs.push_back(i);
}

Expected<kernels::Sweep> RowSweepLowering::buildSweep(unsigned number) {
  const Plan &plan = plans[number];
  kernels::Sweep sweep;
  auto bufferOf = [](Value value) {
    return cast<BlockArgument>(value).getArgNumber();
  };
  GroupLoads loads(order, bufferOf);
  SmallVector<Value> wanted;
  for (Operation *reduction : plan.reductions)
    wanted.push_back(reduction->getOperand(0));
  for (unsigned output : plan.outputs)
    wanted.push_back(yield.getValues()[output]);
  for (Value value : wanted)
    if (auto required = loads.require(value, rowValues); !required)
      return fail(std::move(required).error());
  sweep.inputs = loads.accesses;
  for (unsigned output : plan.outputs)
    sweep.outputs.push_back(loads.identity(typeOf(yield.getValues()[output]),
                                           op.getInputs().size() + output));
  for (Operation *reduction : plan.reductions)
    sweep.reductions.push_back(reductionOf(reduction));

  SmallVector<int64_t> order = this->order;
  SmallVector<Value> before(rowValueList);
  auto defineRowValues = [](PointwiseBody &pointwise, ArrayRef<Value> values,
                            ValueRange inputs) {
    for (auto [value, input] : llvm::zip(values, inputs))
      if (value)
        pointwise.define(value, input);
  };
  sweep.body = [=](kernels::BodyContext &context) {
    PointwiseBody pointwise(context, order);
    pointwise.defineLoads(loads);
    defineRowValues(pointwise, before,
                    context.inputs.drop_front(loads.values.size()));
    return llvm::map_to_vector(
        wanted, [&](Value value) { return pointwise.get(value); });
  };

  // The raw results of this sweep, then conversions, then what finishes.
  SmallVector<Operation *> converted;
  for (Operation *reduction : plan.reductions) {
    Type element = typeOf(reduction->getResult(0)).getElementType();
    bool same = reductionOf(reduction).resultType() == element;
    rowValueList.push_back(same ? reduction->getResult(0) : Value());
    if (!same)
      converted.push_back(reduction);
  }
  SmallVector<Value> during(rowValueList);
  SmallVector<unsigned> convertedFrom;
  for (Operation *reduction : converted) {
    convertedFrom.push_back(
        before.size() +
        (llvm::find(plan.reductions, reduction) - plan.reductions.begin()));
    sweep.finishTypes.push_back(
        typeOf(reduction->getResult(0)).getElementType());
    rowValueList.push_back(reduction->getResult(0));
  }
  SmallVector<Operation *> finishing(plan.finishing);
  for (Operation *inner : finishing) {
    sweep.finishTypes.push_back(typeOf(inner->getResult(0)).getElementType());
    rowValueList.push_back(inner->getResult(0));
  }
  if (sweep.finishTypes.empty())
    return sweep;
  sweep.finish = [=](kernels::BodyContext &context) {
    PointwiseBody pointwise(context, order);
    defineRowValues(pointwise, during, context.inputs);
    SmallVector<Value> results;
    for (auto [reduction, from] : llvm::zip(converted, convertedFrom)) {
      auto type =
          context.vectorOf(typeOf(reduction->getResult(0)).getElementType());
      Value value = cast(
          ScalarExpr(context.builder, context.loc, context.inputs[from]), type);
      pointwise.define(reduction->getResult(0), value);
      results.push_back(value);
    }
    for (Operation *inner : finishing)
      results.push_back(pointwise.get(inner->getResult(0)));
    return results;
  };
  return sweep;
}

Expected<LoweredOp> RowSweepLowering::run() {
  findDomain();
  assignLevels();
  kernels::RowSweepSpec spec;
  spec.name = context.kernelName("rows");
  auto extents = extentsOf(domain, op);
  if (!extents)
    return fail(std::move(extents).error());
  spec.columns = extents->back();
  spec.rows.assign(extents->begin(), extents->end() - 1);
  for (Value input : body.getArguments())
    spec.buffers.push_back(bufferFor(typeOf(input)));
  for (Value output : op.getOutputs())
    spec.buffers.push_back(bufferFor(typeOf(output)));
  for (unsigned number = 0; number < plans.size(); ++number) {
    auto sweep = buildSweep(number);
    if (!sweep)
      return fail(std::move(sweep).error());
    spec.sweeps.push_back(std::move(*sweep));
  }
  for (auto [i, value] : llvm::enumerate(yield.getValues())) {
    if (!isRowValue(value))
      continue;
    spec.rowOutputs.push_back(
        {unsigned(op.getInputs().size() + i), stridesOf(typeOf(value)), 0});
    spec.rowValues.push_back(llvm::find(rowValueList, value) -
                             rowValueList.begin());
  }
  auto kernels = kernels::emitRowSweep(context.module, context.target, spec);
  if (!kernels)
    return fail(std::move(kernels).error());
  LoweredOp lowered{*kernels, {}};
  llvm::append_range(lowered.buffers, op.getInputs());
  llvm::append_range(lowered.buffers, op.getOutputs());
  return lowered;
}

Expected<LoweredOp> nnc::lowerRowSweepGroup(LoweringContext &context,
                                            FusionOp op) {
  return RowSweepLowering(context, op).run();
}
