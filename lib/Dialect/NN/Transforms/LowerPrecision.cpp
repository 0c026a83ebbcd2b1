//===- LowerPrecision.cpp - Storing values as bf16 ------------------------===//
//
// Works on groups, whose results are what a program keeps in memory: a value
// is rounded where it is stored, and what stays in registers is not.
//
//===----------------------------------------------------------------------===//

#include "nnc/Dialect/NN/IR/NN.h"
#include "nnc/Dialect/NN/Transforms/FixedValues.h"
#include "nnc/Dialect/NN/Transforms/Passes.h"
#include "nnc/Dialect/NN/Transforms/Recompute.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/MapVector.h"

namespace nnc::nn {
#define GEN_PASS_DEF_LOWERPRECISIONPASS
#include "nnc/Dialect/NN/Transforms/Passes.h.inc"
} // namespace nnc::nn

using namespace mlir;
using namespace nnc::nn;

/// A copy of what products read less often takes longer than they gain: it
/// moves six bytes of each element, once a step.
static constexpr double leastReads = 24;
/// Products with shorter sums are computed in f32, whatever they read.
static constexpr int64_t leastDepth = 10;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

static bool isF32(Value value) {
  return typeOf(value).getElementType().isF32();
}

static RankedTensorType withElement(RankedTensorType type, Type element) {
  return RankedTensorType::get(type.getShape(), element, type.getEncoding());
}

/// Whether \p op gives its operands' elements in memory as they are.
static bool passesOn(Operation *op) { return isa<ReshapeOp, ConcatOp>(op); }

/// Whether \p op reads an argument of its group where an index says, so that
/// the argument must be its operand.
static bool isAccess(Operation *op) {
  return isa<BroadcastOp, TransposeOp, SliceOp, ReverseOp>(op);
}

static bool isReduction(Operation *op) {
  auto classed = dyn_cast<FusionOpInterface>(op);
  return classed && classed.getFusionClass() == FusionClass::reduction;
}

/// Whether \p op reads best what is f32: a convolution, whose kernels take f32
/// and f64, or a product with short sums.
static bool isWide(Operation *op) {
  if (isa<MatmulOp>(op))
    return depthOf(op) < leastDepth;
  auto classed = dyn_cast<FusionOpInterface>(op);
  return classed && classed.getFusionClass() == FusionClass::contraction;
}

/// Whether a reader of \p value takes f32 only.
static bool isReadWide(Value value) {
  for (OpOperand &use : value.getUses()) {
    auto group = dyn_cast<FusionOp>(use.getOwner());
    if (!group) {
      if (!passesOn(use.getOwner()))
        return true;
      continue;
    }
    Value argument =
        group.getBody().front().getArgument(use.getOperandNumber());
    if (llvm::any_of(argument.getUsers(), isWide))
      return true;
  }
  return false;
}

namespace {

class Lowering {
public:
  Lowering(func::FuncOp function, int64_t least, bool keepsPrepared)
      : function(function), block(function.front()), least(least),
        keepsPrepared(keepsPrepared), fixed(function) {}

  void run();
  unsigned narrowed = 0;

private:
  void findKept();
  bool isEligible(Value value) const;
  SmallVector<Value> findNarrow();
  void narrow(Value value);
  void narrowUses(Value value);
  void readNarrow(FusionOp group, unsigned number);
  void countReads(FusionOp group);
  bool paysFor(FusionOp group, MatmulOp matmul) const;
  void narrowProducts(FusionOp group);
  Value roundedCopy(Value value, Operation *user);

  func::FuncOp function;
  Block &block;
  int64_t least;
  bool keepsPrepared;
  FixedValues fixed;
  /// How often products read each element of a value that stays f32.
  DenseMap<Value, double> reads;
  /// Results, new values of arguments, and what those are computed from.
  DenseSet<Value> kept;
  /// Copies for products of values that stay f32.
  DenseMap<Value, Value> copies;
};

} // namespace

/// Results of the function stay f32, as do the gradients and sums that new
/// values of arguments are computed from.
void Lowering::findKept() {
  SmallVector<Value> updates;
  for (OpOperand &operand : block.getTerminator()->getOpOperands()) {
    kept.insert(operand.get());
    if (function.getResultAttr(operand.getOperandNumber(), "nn.updates"))
      updates.push_back(operand.get());
  }
  DenseSet<Value> seen(updates.begin(), updates.end());
  while (!updates.empty()) {
    Value value = updates.pop_back_val();
    kept.insert(value);
    Operation *producer = value.getDefiningOp();
    if (!producer)
      continue;
    auto group = dyn_cast<FusionOp>(producer);
    if (group ? group.getKind() != GroupKind::map : !passesOn(producer))
      continue;
    for (Value operand : producer->getOperands())
      if (seen.insert(operand).second)
        updates.push_back(operand);
  }
}

/// What \p group computes \p value, its result, by.
static Operation *computerOf(FusionOp group, Value value) {
  auto yield = cast<YieldOp>(group.getBody().front().getTerminator());
  unsigned number = cast<OpResult>(value).getResultNumber();
  return yield.getValues()[number].getDefiningOp();
}

/// Whether \p value, a group's result, is large, no sum along rows or columns,
/// and not pooled.
bool Lowering::isEligible(Value value) const {
  auto group = value.getDefiningOp<FusionOp>();
  if (!group || !isF32(value) || typeOf(value).getNumElements() < least ||
      group.getKind() == GroupKind::column_reduce)
    return false;
  if (isa_and_present<MaxPool2dOp>(computerOf(group, value)))
    return false;
  if (group.getKind() != GroupKind::row_sweep)
    return true;
  for (Operation &op : group.getBody().front())
    if (isReduction(&op))
      return typeOf(op.getOperand(0)).getShape() == typeOf(value).getShape();
  return false;
}

/// What is stored as bf16: eligible values, and what passes such on, if groups
/// read them and nothing needs them in f32: to write a value and a wide copy of
/// it takes longer than to write and read it in f32.
SmallVector<Value> Lowering::findNarrow() {
  llvm::EquivalenceClasses<Value> classes;
  for (Operation &op : block.without_terminator())
    for (Value result : op.getResults()) {
      classes.insert(result);
      if (passesOn(&op))
        for (Value operand : op.getOperands())
          classes.unionSets(result, operand);
    }
  DenseMap<Value, bool> isNarrow, isRead;
  auto leaderOf = [&](Value value) { return classes.getLeaderValue(value); };
  for (const auto *member : classes) {
    Value value = member->getData();
    Operation *producer = value.getDefiningOp();
    bool passes = producer && passesOn(producer) && isF32(value);
    bool &narrow = isNarrow.try_emplace(leaderOf(value), true).first->second;
    narrow &= !kept.contains(value) && (passes || isEligible(value)) &&
              !isReadWide(value);
    bool &read = isRead.try_emplace(leaderOf(value), false).first->second;
    read |= llvm::any_of(value.getUsers(),
                         [](Operation *user) { return isa<FusionOp>(user); });
  }
  SmallVector<Value> result;
  for (Operation &op : block.without_terminator())
    for (Value value : op.getResults())
      if (Value leader = leaderOf(value);
          isNarrow.lookup(leader) && isRead.lookup(leader))
        result.push_back(value);
  return result;
}

/// Makes the type of \p value narrow, and its group round it.
void Lowering::narrow(Value value) {
  Type element = BFloat16Type::get(value.getContext());
  RankedTensorType type = withElement(typeOf(value), element);
  if (auto group = value.getDefiningOp<FusionOp>()) {
    auto yield = cast<YieldOp>(group.getBody().front().getTerminator());
    OpOperand &yielded =
        yield->getOpOperand(cast<OpResult>(value).getResultNumber());
    OpBuilder builder(yield);
    yielded.set(CastOp::create(builder, group.getLoc(), type, yielded.get()));
  }
  value.setType(type);
  ++narrowed;
}

/// The one copy of \p value for products, of which \p user is the first.
Value Lowering::roundedCopy(Value value, Operation *user) {
  Value &copy = copies[value];
  if (copy)
    return copy;
  OpBuilder builder(user);
  RankedTensorType type =
      withElement(typeOf(value), BFloat16Type::get(value.getContext()));
  auto group =
      FusionOp::create(builder, user->getLoc(), TypeRange(type),
                       GroupKindAttr::get(builder.getContext(), GroupKind::map),
                       ValueRange(value));
  Block &body = group.getBody().emplaceBlock();
  Value argument = body.addArgument(value.getType(), value.getLoc());
  OpBuilder inner = OpBuilder::atBlockEnd(&body);
  Value made = CastOp::create(inner, user->getLoc(), type, argument);
  YieldOp::create(inner, user->getLoc(), made);
  return copy = group.getResult(0);
}

/// Lets \p group read its operand \p number, which is narrow now.
void Lowering::readNarrow(FusionOp group, unsigned number) {
  Value value = group.getInputs()[number];
  Block &body = group.getBody().front();
  BlockArgument argument = body.getArgument(number);
  RankedTensorType wide = typeOf(argument);
  argument.setType(value.getType());
  auto atStart = OpBuilder::atBlockBegin(&body);
  Value cast;
  for (OpOperand &use : llvm::make_early_inc_range(argument.getUses())) {
    Operation *user = use.getOwner();
    if (isa<MatmulOp>(user) || isAccess(user))
      continue;
    if (!cast)
      cast = CastOp::create(atStart, group.getLoc(), wide, argument);
    use.set(cast);
  }
  // Accesses of accesses too, up to the last.
  SmallVector<Operation *> accesses;
  for (Operation *user : argument.getUsers())
    if (isAccess(user))
      accesses.push_back(user);
  while (!accesses.empty()) {
    Operation *access = accesses.pop_back_val();
    Value result = access->getResult(0);
    RankedTensorType type = typeOf(result);
    result.setType(withElement(type, typeOf(argument).getElementType()));
    OpBuilder after(access->getBlock(), std::next(access->getIterator()));
    Value read;
    for (OpOperand &use : llvm::make_early_inc_range(result.getUses())) {
      if (isAccess(use.getOwner())) {
        if (!llvm::is_contained(accesses, use.getOwner()))
          accesses.push_back(use.getOwner());
        continue;
      }
      if (!read)
        read = CastOp::create(after, access->getLoc(), type, result);
      use.set(read);
    }
  }
}

void Lowering::narrowUses(Value value) {
  SmallVector<OpOperand *> uses;
  for (OpOperand &use : value.getUses())
    uses.push_back(&use);
  for (OpOperand *use : uses) {
    if (auto group = dyn_cast<FusionOp>(use->getOwner()))
      readNarrow(group, use->getOperandNumber());
  }
}

void Lowering::countReads(FusionOp group) {
  for (MatmulOp matmul : group.getBody().front().getOps<MatmulOp>()) {
    if (isWide(matmul))
      continue;
    for (Value operand : matmul->getOperands()) {
      Value value =
          group.getInputs()[cast<BlockArgument>(operand).getArgNumber()];
      reads[value] += productFlop(matmul) / 2.0 /
                      std::max<int64_t>(1, typeOf(value).getNumElements());
    }
  }
}

/// Whether the copies that \p matmul needs cost less than it gains.
bool Lowering::paysFor(FusionOp group, MatmulOp matmul) const {
  bool pays = true;
  for (Value operand : matmul->getOperands()) {
    // With one operand in bf16 the other must be.
    if (!isF32(operand))
      return true;
    Value value =
        group.getInputs()[cast<BlockArgument>(operand).getArgNumber()];
    bool isKept = keepsPrepared && fixed.contains(value);
    pays &= isKept || reads.lookup(value) >= leastReads;
  }
  return pays;
}

/// Gives both operands of products as bf16.
void Lowering::narrowProducts(FusionOp group) {
  Block &body = group.getBody().front();
  for (MatmulOp matmul : body.getOps<MatmulOp>()) {
    if (!isF32(matmul.getY()) || isWide(matmul) || !paysFor(group, matmul))
      continue;
    DenseMap<Value, Value> made;
    for (OpOperand &operand : matmul->getOpOperands()) {
      auto argument = cast<BlockArgument>(operand.get());
      if (!isF32(argument))
        continue;
      Value &narrow = made[argument];
      if (!narrow) {
        Value copy =
            roundedCopy(group.getInputs()[argument.getArgNumber()], group);
        group.getInputsMutable().append(copy);
        narrow = body.addArgument(copy.getType(), argument.getLoc());
      }
      operand.set(narrow);
    }
  }
  // Arguments that only products read are gone.
  for (unsigned number = body.getNumArguments(); number-- > 0;)
    if (body.getArgument(number).use_empty()) {
      body.eraseArgument(number);
      group->eraseOperand(number);
    }
}

void Lowering::run() {
  findKept();
  SmallVector<Value> values = findNarrow();
  for (Value value : values)
    narrow(value);
  for (Value value : values)
    narrowUses(value);
  SmallVector<FusionOp> products;
  for (auto group : block.getOps<FusionOp>())
    if (group.getKind() == GroupKind::contraction)
      products.push_back(group);
  llvm::for_each(products, [&](FusionOp group) { countReads(group); });
  llvm::for_each(products, [&](FusionOp group) { narrowProducts(group); });
}

namespace {
struct LowerPrecisionPass
    : nnc::nn::impl::LowerPrecisionPassBase<LowerPrecisionPass> {
  using LowerPrecisionPassBase::LowerPrecisionPassBase;
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal() || !function.getBody().hasOneBlock())
      return;
    Lowering lowering(function, least, keepsPrepared);
    lowering.run();
    narrowed += lowering.narrowed;
  }
};
} // namespace
