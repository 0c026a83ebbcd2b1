//===- Loops.cpp - Loops at run time --------------------------------------===//

#include "nnc/Graph/Loops.h"
#include "GraphImpl.h"
#include "nnc/Dialect/NN/IR/Loops.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace nnc;

namespace {
/// While it lives, ops are built at the end of another block.
class InsideBlock {
public:
  InsideBlock(GraphImpl &graph, Block &block) : guard(graph.builder) {
    graph.builder.setInsertionPointToEnd(&block);
  }

private:
  OpBuilder::InsertionGuard guard;
};
} // namespace

/// Makes the values from outside that \p region uses invariants of \p parts.
static void captureInvariants(Region &region, nn::ScanParts &parts) {
  Block &block = region.front();
  llvm::SetVector<Value> outer;
  auto visit = [&](Value value) {
    if (!region.isAncestor(value.getParentRegion()))
      outer.insert(value);
  };
  region.walk([&](Operation *op) {
    for (Value operand : op->getOperands())
      visit(operand);
  });
  for (Value value : parts.yields)
    visit(value);
  for (Value value : parts.next)
    visit(value);
  for (Value value : outer) {
    BlockArgument argument = block.addArgument(value.getType(), parts.loc);
    parts.invariants.push_back(value);
    parts.invariantArguments.push_back(argument);
    for (OpOperand &use : llvm::make_early_inc_range(value.getUses()))
      if (region.isAncestor(use.getOwner()->getParentRegion()))
        use.set(argument);
    llvm::replace(parts.yields, value, Value(argument));
    llvm::replace(parts.next, value, Value(argument));
  }
}

static ScanResult poison(GraphImpl *graph, const ScanStep &step,
                         size_t carried) {
  Tensor bad(graph, nullptr);
  return {std::vector<Tensor>(step.yields.size(), bad),
          std::vector<Tensor>(carried, bad)};
}

ScanResult nnc::scan(const std::vector<Tensor> &initial,
                     const std::vector<ScanSource> &sources,
                     const ScanBody &body, bool reverse,
                     std::source_location place) {
  GraphImpl *impl = sources.empty() ? nullptr : sources.front().tensor.graph;
  bool good = impl != nullptr;
  for (const ScanSource &source : sources)
    good &= source.tensor.isValid();
  for (const Tensor &tensor : initial)
    good &= tensor.isValid();
  if (!good)
    return poison(impl, {}, initial.size());
  GraphImpl &graph = *impl;
  Call call(&graph, place);

  Dim steps;
  for (const ScanSource &source : sources) {
    if (source.tensor.graph != impl) {
      graph.fail(ErrorCode::graphsDiffer, "scan");
      return poison(impl, {}, initial.size());
    }
    if (source.axis < 0 || source.axis >= source.tensor.rank()) {
      graph.fail(ErrorCode::axisOutOfRange, "scan", source.axis,
                 source.tensor.str());
      return poison(impl, {}, initial.size());
    }
    Dim size = source.tensor.size(source.axis);
    if (&source == &sources.front()) {
      steps = size;
    } else if (!(size == steps)) {
      graph.fail(ErrorCode::shapesDiffer, "scan", sources.front().tensor.str(),
                 source.tensor.str(), steps.str(), size.str());
      return poison(impl, {}, initial.size());
    }
  }

  Region region;
  region.push_back(new Block());
  Block &block = region.front();
  nn::ScanParts parts(graph.location(),
                      nn::DimsAttr::get(graph.context, graph.affine(steps)));
  parts.reverse = reverse;
  std::vector<Tensor> slices, carried;
  for (const ScanSource &source : sources) {
    Value value = valueOf(source.tensor);
    parts.sources.push_back(value);
    parts.axes.push_back(source.axis);
    parts.slices.push_back(block.addArgument(
        nn::sliceType(typeOf(value), source.axis), parts.loc));
    slices.push_back(graph.tensor(parts.slices.back()));
  }
  parts.capacity = typeOf(parts.sources[0]).getDimSize(parts.axes[0]);
  for (const Tensor &tensor : initial) {
    parts.initial.push_back(valueOf(tensor));
    parts.carried.push_back(
        block.addArgument(valueOf(tensor).getType(), parts.loc));
    carried.push_back(graph.tensor(parts.carried.back()));
  }
  ScanStep step;
  {
    InsideBlock inside(graph, block);
    step = body(carried, slices);
  }
  auto abandon = [&] {
    // Handles to the body's values die with it.
    for (GraphLayer &layer : graph.layers)
      if (layer.result && region.isAncestor(layer.result.getParentRegion()))
        layer.result = nullptr;
    return poison(impl, step, initial.size());
  };
  for (const std::vector<Tensor> *tensors : {&step.yields, &step.next})
    for (const Tensor &tensor : *tensors)
      if (!tensor.isValid())
        return abandon();
  if (step.next.size() != initial.size()) {
    graph.fail(ErrorCode::internal, "a step must give each carried value");
    return abandon();
  }
  for (size_t i = 0; i < initial.size(); ++i)
    if (valueOf(step.next[i]).getType() != valueOf(initial[i]).getType()) {
      graph.fail(ErrorCode::tensorExpected, "the carried value",
                 initial[i].str(), step.next[i].str());
      return abandon();
    }
  int64_t axis = sources.front().axis;
  for (const Tensor &tensor : step.yields) {
    if (axis > tensor.rank()) {
      graph.fail(ErrorCode::axisOutOfRange, "yield", axis, tensor.str());
      return abandon();
    }
    parts.yields.push_back(valueOf(tensor));
    parts.stackAxes.push_back(axis);
  }
  for (const Tensor &tensor : step.next)
    parts.next.push_back(valueOf(tensor));
  // The gradient reads the values before each step.
  for (BlockArgument argument : parts.carried) {
    parts.yields.push_back(argument);
    parts.stackAxes.push_back(typeOf(argument).getRank() > 0);
  }
  for (GraphLayer &layer : graph.layers)
    if (layer.result && region.isAncestor(layer.result.getParentRegion()))
      layer.result = nullptr;
  captureInvariants(region, parts);
  nn::ScanOp op = nn::createScan(graph.builder, parts, region);
  ScanResult result;
  for (size_t i = 0; i < step.yields.size(); ++i)
    result.yields.push_back(graph.tensor(op.getResult(i)));
  for (size_t i = 0; i < initial.size(); ++i)
    result.last.push_back(graph.tensor(op.getResult(parts.yields.size() + i)));
  return result;
}
