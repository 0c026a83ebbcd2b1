//===- PointwiseBody.cpp - Bodies of kernels from nn ops ------------------===//

#include "PointwiseBody.h"
#include "mlir/IR/Matchers.h"
#include "nnc/Dialect/NN/Transforms/Fusion.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::nn;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

Error nnc::unsupportedAt(Operation *op, const std::string &what) {
  std::string location;
  llvm::raw_string_ostream(location) << op->getLoc();
  SourcePosition position;
  LocationAttr found = op->getLoc()->findInstanceOf<FileLineColLoc>();
  if (auto file = dyn_cast_or_null<FileLineColLoc>(found))
    position = {file.getFilename().str(), file.getLine(), file.getColumn(), ""};
  return makeError(ErrorCode::unsupported,
                   what + " ('" + op->getName().getStringRef().str() + "')")
      .at(position);
}

Expected<std::vector<kernels::Extent>> nnc::extentsOf(RankedTensorType type,
                                                      Operation *op) {
  std::vector<kernels::Extent> extents;
  for (auto [size, capacity] : llvm::zip(sizesOf(type), type.getShape())) {
    if (isa<AffineConstantExpr>(size)) {
      extents.emplace_back(capacity);
      continue;
    }
    if (isa<AffineSymbolExpr>(size)) {
      extents.emplace_back(capacity, 1);
      continue;
    }
    auto product = dyn_cast<AffineBinaryOpExpr>(size);
    auto factor = product ? dyn_cast<AffineConstantExpr>(product.getRHS())
                          : AffineConstantExpr();
    if (!product || product.getKind() != AffineExprKind::Mul || !factor ||
        !isa<AffineSymbolExpr>(product.getLHS()))
      return fail(unsupportedAt(op, "a size that is no multiple of batch"));
    extents.emplace_back(capacity, factor.getValue());
  }
  return extents;
}

SmallVector<int64_t> nnc::stridesOf(RankedTensorType type) {
  SmallVector<int64_t> strides(type.getRank(), 1);
  for (int64_t i = type.getRank() - 2; i >= 0; --i)
    strides[i] = strides[i + 1] * type.getDimSize(i + 1);
  return strides;
}

//===----------------------------------------------------------------------===//
// GroupLoads
//===----------------------------------------------------------------------===//

namespace {
/// The index along one dimension: constant + scale * index(dimension), or just
/// the constant if dimension < 0.
struct AffineIndex {
  int64_t dimension = -1, scale = 0, constant = 0;
};
} // namespace

kernels::Access GroupLoads::identity(RankedTensorType type,
                                     unsigned buffer) const {
  SmallVector<int64_t> strides = stridesOf(type);
  kernels::Access access;
  access.buffer = buffer;
  for (int64_t dimension : domainOrder)
    access.strides.push_back(strides[dimension]);
  return access;
}

/// Loads \p value under the name \p key, following access ops to the argument.
Expected<void> GroupLoads::load(Value key, Value value) {
  SmallVector<AffineIndex> indices;
  for (int64_t i = 0; i < typeOf(value).getRank(); ++i)
    indices.push_back({i, 1, 0});
  while (Operation *op = value.getDefiningOp()) {
    SmallVector<AffineIndex> operandIndices(
        typeOf(op->getOperand(0)).getRank());
    if (auto broadcast = dyn_cast<BroadcastOp>(op)) {
      for (auto [i, place] : llvm::enumerate(broadcast.getDimensions()))
        operandIndices[i] = indices[place];
    } else if (auto transpose = dyn_cast<TransposeOp>(op)) {
      for (auto [i, place] : llvm::enumerate(transpose.getPermutation()))
        operandIndices[place] = indices[i];
    } else if (auto slice = dyn_cast<SliceOp>(op)) {
      for (auto [i, index] : llvm::enumerate(indices)) {
        int64_t step = slice.getSteps()[i];
        operandIndices[i] = {index.dimension, index.scale * step,
                             slice.getStarts()[i] + index.constant * step};
      }
    } else if (auto reverse = dyn_cast<ReverseOp>(op)) {
      operandIndices = indices;
      for (int64_t axis : reverse.getAxes()) {
        if (!isa<AffineConstantExpr>(sizesOf(reverse.getX())[axis]))
          return fail(unsupportedAt(op, "reversing a dimension of open size"));
        AffineIndex &index = operandIndices[axis];
        int64_t last = reverse.getX().getType().getDimSize(axis) - 1;
        index = {index.dimension, -index.scale, last - index.constant};
      }
    } else {
      return fail(unsupportedAt(op, "reading a value computed in its group"));
    }
    indices = operandIndices;
    value = op->getOperand(0);
  }
  kernels::Access access;
  access.buffer = bufferOf(value);
  access.strides.assign(domainOrder.size(), 0);
  for (auto [stride, index] : llvm::zip(stridesOf(typeOf(value)), indices)) {
    access.offset += stride * index.constant;
    for (auto [place, dimension] : llvm::enumerate(domainOrder))
      if (dimension == index.dimension)
        access.strides[place] += stride * index.scale;
  }
  accesses.push_back(std::move(access));
  values.push_back(key);
  return {};
}

Expected<void> GroupLoads::require(Value value, const DenseSet<Value> &known) {
  // A worklist, as groups may be deep.
  SmallVector<Value> pending{value};
  while (!pending.empty()) {
    Value current = pending.pop_back_val();
    if (known.contains(current) || !visited.insert(current).second)
      continue;
    Operation *op = current.getDefiningOp();
    if (!op) {
      if (auto loaded = load(current, current); !loaded)
        return loaded;
      continue;
    }
    if (isImmediate(op) || isa<IotaOp>(op))
      continue;
    if (auto oneHot = dyn_cast<OneHotOp>(op)) {
      if (known.contains(oneHot.getIndices()))
        continue;
      if (auto loaded = load(current, oneHot.getIndices()); !loaded)
        return loaded;
      continue;
    }
    if (isa<BroadcastOp, TransposeOp, SliceOp, ReverseOp>(op)) {
      Value source = op->getOperand(0);
      Operation *producer = source.getDefiningOp();
      if (known.contains(source) || (producer && isImmediate(producer)))
        continue;
      if (auto loaded = load(current, current); !loaded)
        return loaded;
      continue;
    }
    if (isa<RandomUniformOp, RandomNormalOp>(op)) {
      // The scalars seed and step are loaded under their own names.
      for (Value scalar : op->getOperands())
        if (visited.insert(scalar).second)
          if (auto loaded = load(scalar, scalar); !loaded)
            return loaded;
      continue;
    }
    if (!isa<ScalarBodyOpInterface>(op))
      return fail(unsupportedAt(op, "an op without a scalar body in a group"));
    for (Value operand : llvm::reverse(op->getOperands()))
      pending.push_back(operand);
  }
  return {};
}

//===----------------------------------------------------------------------===//
// PointwiseBody
//===----------------------------------------------------------------------===//

void PointwiseBody::defineLoads(const GroupLoads &loads, unsigned skip) {
  for (auto [i, value] : llvm::enumerate(loads.values)) {
    Value vector = context.inputs[skip + i];
    if (value.getDefiningOp<OneHotOp>())
      indices[value] = vector;
    else
      vectors[value] = vector;
  }
}

Value PointwiseBody::get(Value value) {
  SmallVector<Value> pending{value};
  while (!pending.empty()) {
    Value current = pending.back();
    if (vectors.contains(current)) {
      pending.pop_back();
      continue;
    }
    Operation *op = current.getDefiningOp();
    bool ready = true;
    bool readsOperands = isa<ScalarBodyOpInterface>(op) ||
                         (isa<BroadcastOp>(op) && !isImmediate(op)) ||
                         (isa<OneHotOp>(op) && !indices.contains(current));
    if (readsOperands)
      for (Value operand : op->getOperands())
        if (!vectors.contains(operand)) {
          pending.push_back(operand);
          ready = false;
        }
    if (!ready)
      continue;
    vectors[current] = build(op);
    pending.pop_back();
  }
  return vectors[value];
}

Value PointwiseBody::indexAlong(int64_t dimension) {
  for (auto [place, ordered] : llvm::enumerate(domainOrder))
    if (ordered == dimension)
      return context.index(place);
  llvm_unreachable("the domain has all dimensions of its tensors");
}

Value PointwiseBody::linearIndex(RankedTensorType type) {
  ScalarExpr sum(
      context.builder, context.loc,
      arith::ConstantOp::create(
          context.builder, context.loc,
          DenseElementsAttr::get(context.vectorOf(context.builder.getI64Type()),
                                 int64_t(0))));
  for (auto [dimension, stride] : llvm::enumerate(stridesOf(type))) {
    ScalarExpr index(context.builder, context.loc, indexAlong(dimension));
    sum = sum + index * index.constant(stride);
  }
  return sum;
}

/// The value of \p expr, an expression of the samples alone, as i64.
static Value buildSize(OpBuilder &builder, Location loc, AffineExpr expr,
                       Value samples) {
  if (isa<AffineSymbolExpr>(expr))
    return samples;
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return arith::ConstantOp::create(
        builder, loc, builder.getI64IntegerAttr(constant.getValue()));
  auto binary = cast<AffineBinaryOpExpr>(expr);
  Value lhs = buildSize(builder, loc, binary.getLHS(), samples);
  Value rhs = buildSize(builder, loc, binary.getRHS(), samples);
  if (expr.getKind() == AffineExprKind::Add)
    return arith::AddIOp::create(builder, loc, lhs, rhs);
  if (expr.getKind() == AffineExprKind::Mul)
    return arith::MulIOp::create(builder, loc, lhs, rhs);
  // Division as LLVM has it rounds towards 0. Divisors are positive; ceil(a/b)
  // is floor((a + b - 1) / b).
  if (expr.getKind() == AffineExprKind::CeilDiv)
    lhs = arith::AddIOp::create(
        builder, loc, lhs,
        arith::SubIOp::create(builder, loc, rhs,
                              arith::ConstantOp::create(
                                  builder, loc, builder.getI64IntegerAttr(1))));
  Value remainder = arith::RemSIOp::create(builder, loc, lhs, rhs);
  remainder = arith::RemSIOp::create(
      builder, loc, arith::AddIOp::create(builder, loc, remainder, rhs), rhs);
  if (expr.getKind() == AffineExprKind::Mod)
    return remainder;
  return arith::DivSIOp::create(
      builder, loc, arith::SubIOp::create(builder, loc, lhs, remainder), rhs);
}

Value PointwiseBody::immediate(Operation *op) {
  OpBuilder &builder = context.builder;
  Type element = typeOf(op->getResult(0)).getElementType();
  VectorType vector = context.vectorOf(element);
  if (auto dimSize = dyn_cast<DimSizeOp>(op)) {
    Value size =
        buildSize(builder, context.loc, dimSize.getSize().getSizes().front(),
                  context.batch());
    Value scalar = cast(ScalarExpr(builder, context.loc, size), element);
    return vector::BroadcastOp::create(builder, context.loc, vector, scalar);
  }
  DenseElementsAttr elements;
  matchPattern(op, m_Constant(&elements));
  return arith::ConstantOp::create(
      builder, context.loc,
      DenseElementsAttr::get(vector, elements.getSplatValue<Attribute>()));
}

/// The low or high word of each i64 lane.
static Value wordOf(OpBuilder &builder, Location loc, Value value,
                    bool highWord) {
  ScalarExpr x(builder, loc, value);
  auto type = llvm::cast<VectorType>(value.getType());
  auto words = VectorType::get(type.getShape(), builder.getI32Type());
  if (highWord)
    x = ScalarExpr(
        builder, loc,
        arith::ShRUIOp::create(builder, loc, x.value, x.constant(32).value));
  return arith::TruncIOp::create(builder, loc, words, x.value);
}

/// Random numbers as the descriptions of the random ops define them.
static Value buildRandom(OpBuilder &builder, Location loc, Operation *op,
                         Value index, Value seed, Value step, int32_t stream,
                         VectorType resultType) {
  bool normal = isa<RandomNormalOp>(op);
  ScalarExpr i(builder, loc, index);
  auto wrap = [&](Value value) { return ScalarExpr(builder, loc, value); };
  int64_t perBlock = normal ? 2 : 4;
  ScalarExpr block = wrap(arith::ShRUIOp::create(
      builder, loc, i.value, i.constant(normal ? 1 : 2).value));
  ScalarExpr within = i & i.constant(perBlock - 1);
  auto words = VectorType::get(resultType.getShape(), builder.getI32Type());
  Value streamWord = arith::ConstantOp::create(
      builder, loc,
      DenseElementsAttr::get(words, builder.getI32IntegerAttr(stream)));
  std::array<Value, 4> random = emitPhilox(
      builder, loc,
      {wordOf(builder, loc, block.value, false),
       wordOf(builder, loc, block.value, true),
       wordOf(builder, loc, step, false), streamWord},
      {wordOf(builder, loc, seed, false), wordOf(builder, loc, seed, true)});
  auto floating = [&](Value word, bool plusOne) {
    ScalarExpr shifted = wrap(word);
    shifted = wrap(arith::ShRUIOp::create(builder, loc, shifted.value,
                                          shifted.constant(8).value));
    if (plusOne)
      shifted = shifted + shifted.constant(1);
    ScalarExpr number =
        wrap(arith::SIToFPOp::create(builder, loc, resultType, shifted.value));
    return number * number.constant(0x1p-24);
  };
  auto isLane = [&](int64_t lane) {
    return compare(ComparePredicate::eq, within, within.constant(lane));
  };
  if (!normal) {
    ScalarExpr word = wrap(random[3]);
    for (int64_t lane = 2; lane >= 0; --lane)
      word = select(isLane(lane), wrap(random[lane]), word);
    return floating(word, false);
  }
  ScalarExpr first = isLane(0);
  ScalarExpr u1 =
      floating(select(first, wrap(random[0]), wrap(random[2])), true);
  ScalarExpr u2 =
      floating(select(first, wrap(random[1]), wrap(random[3])), false);
  return sqrt(u1.constant(-2.0) * log(u1)) *
         cos(u2 * u2.constant(6.283185307179586));
}

Value PointwiseBody::build(Operation *op) {
  OpBuilder &builder = context.builder;
  Location loc = context.loc;
  RankedTensorType type = typeOf(op->getResult(0));
  VectorType vector = context.vectorOf(type.getElementType());
  if (isImmediate(op))
    return immediate(op);
  if (isa<BroadcastOp>(op))
    return vectors[op->getOperand(0)];
  if (auto iota = dyn_cast<IotaOp>(op))
    return cast(ScalarExpr(builder, loc, indexAlong(iota.getAxis())), vector);
  if (auto oneHot = dyn_cast<OneHotOp>(op)) {
    Value label = indices.contains(op->getResult(0))
                      ? indices[op->getResult(0)]
                      : vectors[oneHot.getIndices()];
    ScalarExpr wanted = cast(ScalarExpr(builder, loc, label),
                             context.vectorOf(builder.getI64Type()));
    ScalarExpr place(builder, loc, indexAlong(type.getRank() - 1));
    return cast(wanted == place, vector);
  }
  if (isa<RandomUniformOp, RandomNormalOp>(op)) {
    auto stream = op->getAttrOfType<IntegerAttr>("stream").getInt();
    return buildRandom(builder, loc, op, linearIndex(type),
                       vectors[op->getOperand(0)], vectors[op->getOperand(1)],
                       stream, vector);
  }
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(vectors[operand]);
  return llvm::cast<ScalarBodyOpInterface>(op).buildScalar(builder, loc,
                                                           operands, vector);
}

//===----------------------------------------------------------------------===//
// Philox
//===----------------------------------------------------------------------===//

std::array<Value, 4> nnc::emitPhilox(OpBuilder &builder, Location loc,
                                     std::array<Value, 4> counter,
                                     std::array<Value, 2> key) {
  auto type = llvm::cast<VectorType>(counter[0].getType());
  auto constant = [&](uint32_t value) -> Value {
    return arith::ConstantOp::create(
        builder, loc,
        DenseElementsAttr::get(type,
                               builder.getI32IntegerAttr((int32_t)value)));
  };
  Value multiplier0 = constant(0xD2511F53u),
        multiplier1 = constant(0xCD9E8D57u);
  Value weyl0 = constant(0x9E3779B9u), weyl1 = constant(0xBB67AE85u);
  auto exclusiveOr = [&](Value a, Value b) -> Value {
    return arith::XOrIOp::create(builder, loc, a, b);
  };
  for (int round = 0; round < 10; ++round) {
    auto product0 =
        arith::MulUIExtendedOp::create(builder, loc, multiplier0, counter[0]);
    auto product1 =
        arith::MulUIExtendedOp::create(builder, loc, multiplier1, counter[2]);
    counter = {exclusiveOr(exclusiveOr(product1.getHigh(), counter[1]), key[0]),
               product1.getLow(),
               exclusiveOr(exclusiveOr(product0.getHigh(), counter[3]), key[1]),
               product0.getLow()};
    key = {arith::AddIOp::create(builder, loc, key[0], weyl0),
           arith::AddIOp::create(builder, loc, key[1], weyl1)};
  }
  return counter;
}
