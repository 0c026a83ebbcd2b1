//===- GroupKernels.cpp - Maps, products and reductions -------------------===//

#include "GroupKernels.h"
#include "PointwiseBody.h"
#include "SecondSweep.h"
#include "nnc/Dialect/NN/Transforms/Fusion.h"
#include "nnc/Kernels/Contraction.h"
#include "nnc/Kernels/Map.h"
#include "nnc/Kernels/Reduce.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::nn;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

static SmallVector<int64_t> inOrder(int64_t rank) {
  return llvm::to_vector(llvm::seq<int64_t>(0, rank));
}

kernels::Buffer nnc::bufferFor(RankedTensorType type) {
  return {type.getElementType(), type.getNumElements()};
}

kernels::Reduction nnc::reductionOf(Operation *op) {
  using kernels::ReduceKind;
  ReduceKind kind =
      llvm::TypeSwitch<Operation *, ReduceKind>(op)
          .Case<ReduceSumOp>([](auto) { return ReduceKind::sum; })
          .Case<ReduceProdOp>([](auto) { return ReduceKind::product; })
          .Case<ReduceMaxOp>([](auto) { return ReduceKind::maximum; })
          .Case<ReduceMinOp>([](auto) { return ReduceKind::minimum; })
          .Case<ArgmaxOp>([](auto) { return ReduceKind::argmax; })
          .Case<ArgminOp>([](auto) { return ReduceKind::argmin; });
  return {kind, typeOf(op->getOperand(0)).getElementType()};
}

SmallVector<int64_t> nnc::reducedAxes(Operation *op) {
  if (auto axis = op->getAttrOfType<IntegerAttr>("axis"))
    return {axis.getInt()};
  return SmallVector<int64_t>(
      op->getAttrOfType<DenseI64ArrayAttr>("axes").asArrayRef());
}

namespace {
/// The operands and results of a group as numbered buffers.
class GroupBuffers {
public:
  GroupBuffers(const LoweringContext &context, FusionOp op)
      : context(context), op(op) {
    Block &body = op.getBody().front();
    yield = cast<YieldOp>(body.getTerminator());
    for (BlockArgument argument : body.getArguments())
      buffers.push_back(bufferFor(typeOf(argument)));
    values.assign(op.getInputs().begin(), op.getInputs().end());
  }
  /// Adds the memory of the group's results, which \p loads describes; gives
  /// the yielded value for each of \p outputs.
  SmallVector<Value> addOutputs(const GroupLoads &loads,
                                std::vector<kernels::Access> &outputs) {
    SmallVector<Value> results;
    auto addOutput = [&](Value result, Value target, kernels::Access access) {
      results.push_back(result);
      values.push_back(target);
      buffers.push_back(bufferFor(typeOf(target)));
      unsigned bits = typeOf(target).getElementTypeBitWidth();
      offsets.resize(buffers.size(), 0);
      offsets.back() = access.offset * std::max(1u, bits / 8);
      buffers.back().elements -= access.offset;
      access.offset = 0;
      outputs.push_back(std::move(access));
    };
    for (auto [result, output] :
         llvm::zip_equal(yield.getValues(), op.getOutputs())) {
      if (!context.onlyInPlaces.contains(output))
        addOutput(result, output,
                  loads.identity(typeOf(output), buffers.size()));
      auto places = context.places.find(output);
      if (places == context.places.end())
        continue;
      for (const ValuePlace &place : places->second) {
        kernels::Access access{unsigned(buffers.size()), {}, place.offset};
        for (int64_t dimension : loads.order())
          access.strides.push_back(place.strides[dimension]);
        addOutput(result, place.target, std::move(access));
      }
    }
    return results;
  }
  std::function<unsigned(Value)> numbers() const {
    return
        [](Value value) { return cast<BlockArgument>(value).getArgNumber(); };
  }
  /// \p accesses from where the first of each buffer begins, except of the
  /// buffers in \p fixed, which are read in other ways too.
  std::vector<kernels::Access>
  withOffsets(std::vector<kernels::Access> accesses,
              ArrayRef<unsigned> fixed = {}) {
    offsets.resize(buffers.size(), 0);
    for (unsigned number = 0; number < op.getInputs().size(); ++number) {
      std::optional<int64_t> first;
      bool forwards = !llvm::is_contained(fixed, number);
      for (const kernels::Access &access : accesses) {
        if (access.buffer != number)
          continue;
        first = std::min(first.value_or(access.offset), access.offset);
        forwards &= llvm::all_of(access.strides,
                                 [](int64_t stride) { return stride >= 0; });
      }
      if (!forwards || !first || *first <= 0)
        continue;
      for (kernels::Access &access : accesses)
        if (access.buffer == number)
          access.offset -= *first;
      unsigned bits = buffers[number].element.getIntOrFloatBitWidth();
      offsets[number] = *first * std::max(1u, bits / 8);
    }
    return accesses;
  }
  LoweredOp finish(kernels::Kernels kernels) {
    return {std::move(kernels), values, offsets};
  }

  const LoweringContext &context;
  FusionOp op;
  YieldOp yield;
  std::vector<kernels::Buffer> buffers;
  /// What each buffer holds, and where in that value's memory it begins.
  SmallVector<Value> values;
  SmallVector<int64_t> offsets;
};
} // namespace

//===----------------------------------------------------------------------===//
// Maps
//===----------------------------------------------------------------------===//

static bool usesIndices(FusionOp op) {
  return llvm::any_of(op.getBody().front(), [](Operation &inner) {
    return isa<IotaOp, OneHotOp, RandomUniformOp, RandomNormalOp>(inner);
  });
}

Expected<LoweredOp> nnc::lowerMapGroup(LoweringContext &context, FusionOp op) {
  GroupBuffers group(context, op);
  RankedTensorType domain = typeOf(op.getOutputs().front());
  SmallVector<int64_t> order = inOrder(domain.getRank());
  kernels::MapSpec spec;
  spec.name = context.kernelName("map");
  auto extents = extentsOf(domain, op);
  if (!extents)
    return fail(std::move(extents).error());
  spec.domain = *extents;
  spec.usesIndices = usesIndices(op);
  GroupLoads loads(order, group.numbers());
  for (Value result : group.yield.getValues())
    if (auto required = loads.require(result, {}); !required)
      return fail(std::move(required).error());
  spec.inputs = group.withOffsets(loads.accesses);
  SmallVector<Value> results = group.addOutputs(loads, spec.outputs);
  spec.buffers = group.buffers;
  spec.body = [=](kernels::BodyContext &body) {
    PointwiseBody pointwise(body, order);
    pointwise.defineLoads(loads);
    return llvm::map_to_vector(
        results, [&](Value result) { return pointwise.get(result); });
  };
  auto kernels = kernels::emitMap(context.module, context.target, spec);
  if (!kernels)
    return fail(std::move(kernels).error());
  return group.finish(*kernels);
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// Rows from which chains of arithmetic in the write-back overlap in a second
/// sweep over them.
static constexpr int64_t leastSweepRows = 16;

Expected<LoweredOp> nnc::lowerContractionGroup(LoweringContext &context,
                                               FusionOp op) {
  GroupBuffers group(context, op);
  MatmulOp matmul;
  PanelMatmulOp ofPanels;
  for (Operation &inner : op.getBody().front()) {
    if (isa<Conv2dOp, Conv2dDataGradientOp, WinogradConv2dOp>(inner))
      return lowerConvolutionGroup(context, op, &inner);
    if (auto found = dyn_cast<MatmulOp>(inner))
      matmul = found;
    if (auto found = dyn_cast<PanelMatmulOp>(inner))
      ofPanels = found;
  }
  Value product = matmul ? matmul.getY() : ofPanels.getY();
  Value left = matmul ? matmul.getA() : ofPanels.getA();
  bool isTurned = matmul && matmul.getTransposeA();
  // Of a product that is cut into gates only the gates are known.
  SmallVector<SliceOp> gates;
  for (Operation *user : product.getUsers())
    if (auto slice = dyn_cast<SliceOp>(user))
      gates.push_back(slice);
  RankedTensorType domain =
      gates.empty() ? typeOf(product) : gates[0].getType();
  int64_t rank = domain.getRank();
  SmallVector<int64_t> order = inOrder(rank);
  auto extents = extentsOf(domain, op);
  if (!extents)
    return fail(std::move(extents).error());
  auto lhsExtents = extentsOf(typeOf(left), op);
  if (!lhsExtents)
    return fail(std::move(lhsExtents).error());

  kernels::ContractionSpec spec;
  spec.name = context.kernelName("matmul");
  spec.element = domain.getElementType();
  spec.batch.assign(extents->begin(), extents->end() - 2);
  spec.m = (*extents)[rank - 2];
  spec.n = (*extents)[rank - 1];
  if (!gates.empty())
    spec.gates = typeOf(product).getDimSize(rank - 1) / spec.n.capacity;
  spec.k = (*lhsExtents)[isTurned ? rank - 2 : rank - 1];
  auto matrix = [&](Value operand, bool transposed) {
    SmallVector<int64_t> strides = stridesOf(typeOf(operand));
    kernels::MatrixOperand result;
    result.buffer = cast<BlockArgument>(operand).getArgNumber();
    result.rowStride = strides[rank - 2];
    result.transposed = transposed;
    result.batchStrides.assign(strides.begin(), strides.end() - 2);
    return result;
  };
  spec.lhs = matrix(left, isTurned);
  if (matmul) {
    spec.rhs = matrix(matmul.getB(), matmul.getTransposeB());
  } else {
    if (int64_t(ofPanels.getGates()) != spec.gates)
      return fail(ErrorCode::unsupported,
                  "a product with panels of gates that its group does not cut");
    spec.rhs.buffer = cast<BlockArgument>(ofPanels.getP()).getArgNumber();
    spec.rhs.panelColumns = ofPanels.getP().getType().getDimSize(2);
  }

  SmallVector<Value> products(gates.begin(), gates.end());
  if (products.empty())
    products.push_back(product);
  // Few rows leave nothing to overlap.
  SecondSweep second;
  if (spec.m.capacity >= leastSweepRows)
    second = SecondSweep::of(op, products, spec.gates);
  GroupLoads loads(order, group.numbers()), lateLoads(loads);
  int64_t columns = spec.n.capacity, gateCount = spec.gates;
  DenseSet<Value> known(products.begin(), products.end());
  known.insert(product);
  DenseSet<Value> keptValues(second.kept.begin(), second.kept.end());
  for (Value result : group.yield.getValues()) {
    bool late = second.results.contains(result);
    if (auto required = late ? lateLoads.require(result, keptValues)
                             : loads.require(result, known);
        !required)
      return fail(std::move(required).error());
  }
  SmallVector<Value> kept;
  if (!second.results.empty())
    kept = second.kept;
  for (Value value : kept)
    if (auto required = loads.require(value, known); !required)
      return fail(std::move(required).error());
  std::vector<kernels::Access> accesses(loads.accesses);
  llvm::append_range(accesses, lateLoads.accesses);
  spec.inputs = group.withOffsets(std::move(accesses),
                                  {spec.lhs.buffer, spec.rhs.buffer});
  SmallVector<Value> early, late;
  std::vector<kernels::Access> outputs;
  SmallVector<Value> results = group.addOutputs(loads, outputs);
  for (bool isLate : {false, true})
    for (auto [result, access] : llvm::zip_equal(results, outputs))
      if (second.results.contains(result) == isLate) {
        (isLate ? late : early).push_back(result);
        spec.outputs.push_back(access);
      }
  spec.buffers = group.buffers;
  bool isProduct = results.size() == 1 && results.front() == product;
  llvm::append_range(early, kept);
  if (!isProduct)
    spec.epilogue = [=](kernels::BodyContext &body) {
      PointwiseBody pointwise(body, order);
      if (gates.empty())
        pointwise.define(product, body.inputs[0]);
      for (SliceOp gate : gates)
        pointwise.define(gate.getY(),
                         body.inputs[gate.getStarts().back() / columns]);
      pointwise.defineLoads(loads, /*skip=*/gateCount);
      return llvm::map_to_vector(
          early, [&](Value result) { return pointwise.get(result); });
    };
  if (!late.empty()) {
    spec.finish.inputs = lateLoads.accesses.size();
    spec.finish.outputs = late.size();
    spec.finish.kept = kept.size();
    spec.finish.body = [=](kernels::BodyContext &body) {
      PointwiseBody pointwise(body, order);
      for (auto [number, value] : llvm::enumerate(kept))
        pointwise.define(value, body.inputs[number]);
      pointwise.defineLoads(lateLoads, /*skip=*/kept.size());
      return llvm::map_to_vector(
          late, [&](Value result) { return pointwise.get(result); });
    };
  }
  auto kernels = kernels::emitContraction(context.module, context.target, spec);
  if (!kernels)
    return fail(std::move(kernels).error());
  return group.finish(*kernels);
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

/// The value that a reduction's template gives, as the nn op's result type:
/// positions come as i64 and are i32 in nn.
static Value asResult(kernels::BodyContext &body, Operation *reduction,
                      Value value) {
  auto type = body.vectorOf(typeOf(reduction->getResult(0)).getElementType());
  return cast(ScalarExpr(body.builder, body.loc, value), type);
}

/// If \p images, which \p spec reduces to sums of channels, lie in tiles, lets
/// it read them so.
static void readTiles(LoweringContext &context, Value images,
                      kernels::ReduceSpec &spec,
                      std::vector<kernels::Buffer> &buffers) {
  auto found = context.tiles.find(images);
  if (found == context.tiles.end())
    return;
  const kernels::ImageTiles &tiles = found->second;
  kernels::Access &access = spec.inputs.front();
  spec.reduced.front() = spec.reduced.front().runsOf(tiles.lanes);
  spec.reduced.push_back(tiles.lanes);
  access.strides = {tiles.channelStride(), tiles.tileStride(),
                    tiles.rowStride(), tiles.columnStride(), 1};
  buffers[access.buffer].elements = context.elementsOf(images);
}

Expected<LoweredOp> nnc::lowerReduceGroup(LoweringContext &context,
                                          FusionOp op) {
  GroupBuffers group(context, op);
  Operation *reduction = nullptr;
  for (Operation &inner : op.getBody().front())
    if (auto classed = dyn_cast<FusionOpInterface>(inner))
      if (classed.getFusionClass() == FusionClass::reduction)
        reduction = &inner;
  Value input = reduction->getOperand(0);
  SmallVector<int64_t> axes = reducedAxes(reduction), kept;
  for (int64_t i = 0; i < typeOf(input).getRank(); ++i)
    if (!llvm::is_contained(axes, i))
      kept.push_back(i);
  SmallVector<int64_t> order(kept);
  llvm::append_range(order, axes);
  auto extents = extentsOf(typeOf(input), op);
  if (!extents)
    return fail(std::move(extents).error());

  kernels::ReduceSpec spec;
  spec.name = context.kernelName("reduce");
  for (int64_t dimension : kept)
    spec.kept.push_back((*extents)[dimension]);
  for (int64_t dimension : axes)
    spec.reduced.push_back((*extents)[dimension]);
  spec.reductions = {reductionOf(reduction)};
  GroupLoads loads(order, group.numbers());
  if (auto required = loads.require(input, {}); !required)
    return fail(std::move(required).error());
  spec.inputs = loads.accesses;
  if (auto argument = dyn_cast<BlockArgument>(input))
    readTiles(context, op.getInputs()[argument.getArgNumber()], spec,
              group.buffers);
  spec.body = [=](kernels::BodyContext &body) {
    PointwiseBody pointwise(body, order);
    pointwise.defineLoads(loads);
    return SmallVector<Value>{pointwise.get(input)};
  };

  SmallVector<int64_t> finishOrder = inOrder(kept.size());
  GroupLoads finishLoads(finishOrder, group.numbers());
  Value reduced = reduction->getResult(0);
  DenseSet<Value> known{reduced};
  for (Value result : group.yield.getValues())
    if (auto required = finishLoads.require(result, known); !required)
      return fail(std::move(required).error());
  spec.finishInputs = finishLoads.accesses;
  SmallVector<Value> results = group.addOutputs(finishLoads, spec.outputs);
  spec.buffers = group.buffers;
  spec.finish = [=](kernels::BodyContext &body) {
    PointwiseBody pointwise(body, finishOrder);
    pointwise.define(reduced, asResult(body, reduction, body.inputs[0]));
    pointwise.defineLoads(finishLoads, /*skip=*/1);
    return llvm::map_to_vector(
        results, [&](Value result) { return pointwise.get(result); });
  };
  auto kernels = kernels::emitReduce(context.module, context.target, spec);
  if (!kernels)
    return fail(std::move(kernels).error());
  return group.finish(*kernels);
}
