//===- Differentiate.cpp - Gradients of graphs ----------------------------===//
//
// The chain rule over a block: dL/dz is the sum over all consumers of z of the
// consumer's adjoint times the local derivative.
//
//===----------------------------------------------------------------------===//

#include "nnc/Dialect/NN/Transforms/Differentiate.h"
#include "ScanGradient.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "nnc/Dialect/NN/Transforms/Passes.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

namespace nnc::nn {
#define GEN_PASS_DEF_DIFFERENTIATEPASS
#include "nnc/Dialect/NN/Transforms/Passes.h.inc"
} // namespace nnc::nn

using namespace mlir;
using namespace nnc::nn;

static bool carriesGradient(Value value) {
  return isa<FloatType>(getElementTypeOrSelf(value.getType()));
}

//===----------------------------------------------------------------------===//
// What lies between wrt and y
//===----------------------------------------------------------------------===//

namespace {
/// The values that depend on wrt, and the ops that both depend on it and reach
/// y, in the block's order.
struct Path {
  Path(Value y, ArrayRef<Value> wrt);

  llvm::DenseSet<Value> dependent;
  SmallVector<Operation *> ops;
};
} // namespace

/// The ops of \p y's block that y is computed from.
static llvm::DenseSet<Operation *> findProducers(Value y) {
  llvm::DenseSet<Operation *> producers;
  SmallVector<Operation *> pending;
  Block *block = y.getParentBlock();
  auto visit = [&](Value value) {
    Operation *op = value.getDefiningOp();
    if (op && op->getBlock() == block && producers.insert(op).second)
      pending.push_back(op);
  };
  visit(y);
  while (!pending.empty())
    for (Value operand : pending.pop_back_val()->getOperands())
      visit(operand);
  return producers;
}

Path::Path(Value y, ArrayRef<Value> wrt) {
  dependent.insert(wrt.begin(), wrt.end());
  llvm::DenseSet<Operation *> producers = findProducers(y);
  for (Operation &op : *y.getParentBlock()) {
    if (!producers.contains(&op) || op.hasTrait<NonDifferentiable>() ||
        llvm::none_of(op.getOperands(),
                      [&](Value v) { return dependent.contains(v); }))
      continue;
    bool reached = false;
    for (Value result : op.getResults())
      if (carriesGradient(result)) {
        dependent.insert(result);
        reached = true;
      }
    if (reached)
      ops.push_back(&op);
  }
}

/// Decomposes the composite ops of \p path that have no rule of their own, and
/// lets \p y and \p wrt follow. Returns whether there was one.
static bool decomposeOpsWithoutRule(const Path &path, Value &y,
                                    MutableArrayRef<Value> wrt) {
  bool changed = false;
  for (Operation *op : path.ops) {
    auto composite = dyn_cast<CompositeOpInterface>(op);
    if (!composite || isa<DifferentiableOpInterface>(op))
      continue;
    OpBuilder builder(op);
    SmallVector<Value> replacements;
    composite.decompose(builder, replacements);
    for (auto [result, replacement] :
         llvm::zip_equal(op->getResults(), replacements)) {
      if (y == result)
        y = replacement;
      for (Value &value : wrt)
        if (value == result)
          value = replacement;
      result.replaceAllUsesWith(replacement);
    }
    changed = true;
  }
  return changed;
}

//===----------------------------------------------------------------------===//
// The sweep back
//===----------------------------------------------------------------------===//

namespace {
/// One adjoint a value: the sum of what its consumers have contributed so far.
class Adjoints {
public:
  explicit Adjoints(OpBuilder &builder) : builder(builder) {}

  Value lookup(Value value) const { return adjoints.lookup(value); }

  void add(Value value, Value contribution) {
    assert(value.getType() == contribution.getType() &&
           "a gradient has the type of its operand");
    Value &adjoint = adjoints[value];
    adjoint =
        adjoint ? AddOp::create(builder, value.getLoc(), adjoint, contribution)
                      .getY()
                : contribution;
  }

private:
  OpBuilder &builder;
  llvm::DenseMap<Value, Value> adjoints;
};
} // namespace

/// Erases the ops before \p builder's insertion point and after \p start (null:
/// the block's beginning) that nothing uses, but for those that define one of
/// \p kept: rules also emit the gradients that nobody asked for.
static void eraseUnused(OpBuilder &builder, Operation *start,
                        ArrayRef<Value> kept) {
  llvm::DenseSet<Operation *> needed;
  for (Value value : kept)
    if (value)
      needed.insert(value.getDefiningOp());
  Block *block = builder.getInsertionBlock();
  auto first = start ? std::next(start->getIterator()) : block->begin();
  auto it = builder.getInsertionPoint();
  while (it != first) {
    Operation &op = *--it;
    if (needed.contains(&op) || !isOpTriviallyDead(&op))
      continue;
    it = std::next(it);
    op.erase();
  }
}

LogicalResult nnc::nn::differentiate(OpBuilder &builder, Value y,
                                     ArrayRef<Value> wrt,
                                     SmallVectorImpl<Value> &gradients,
                                     AdjointObserver observe) {
  if (!carriesGradient(y))
    return emitError(y.getLoc(), "only floating-point values have a gradient, "
                                 "got ")
           << y.getType();
  SmallVector<Value> inputs(wrt);
  Path path(y, inputs);
  while (decomposeOpsWithoutRule(path, y, inputs))
    path = Path(y, inputs);

  Block *block = builder.getInsertionBlock();
  Operation *start = builder.getInsertionPoint() == block->begin()
                         ? nullptr
                         : &*std::prev(builder.getInsertionPoint());
  Adjoints adjoints(builder);
  if (path.dependent.contains(y)) {
    Value one = createFull(builder, y.getLoc(),
                           cast<RankedTensorType>(y.getType()), 1.0);
    adjoints.add(y, one);
    if (observe)
      observe(nullptr, y, one, one);
  }
  for (Operation *op : llvm::reverse(path.ops)) {
    SmallVector<Value> resultGradients, operandGradients;
    for (Value result : op->getResults())
      resultGradients.push_back(adjoints.lookup(result));
    if (llvm::none_of(resultGradients, [](Value v) { return bool(v); }))
      continue;
    if (auto scan = dyn_cast<ScanOp>(op)) {
      if (failed(buildScanGradient(builder, scan, resultGradients,
                                   operandGradients)))
        return failure();
    } else if (auto differentiable = dyn_cast<DifferentiableOpInterface>(op)) {
      differentiable.buildGradient(builder, resultGradients, operandGradients);
    } else {
      return op->emitOpError("has no gradient rule");
    }
    for (auto [operand, gradient] :
         llvm::zip_equal(op->getOperands(), operandGradients))
      if (gradient && path.dependent.contains(operand)) {
        adjoints.add(operand, gradient);
        if (observe)
          observe(op, operand, gradient, adjoints.lookup(operand));
      }
  }
  gradients.clear();
  for (Value input : inputs)
    gradients.push_back(adjoints.lookup(input));
  if (!observe)
    eraseUnused(builder, start, gradients);
  return success();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

static std::string nameOfArgument(func::FuncOp function, unsigned index) {
  if (auto name = function.getArgAttrOfType<StringAttr>(index, "nn.name"))
    return name.str();
  return "arg" + std::to_string(index);
}

namespace {
struct DifferentiatePass
    : nnc::nn::impl::DifferentiatePassBase<DifferentiatePass> {
  using DifferentiatePassBase::DifferentiatePassBase;

  void runOnOperation() override {
    if (failed(replaceByGradients(getOperation())))
      signalPassFailure();
  }

  /// The arguments that the options choose.
  FailureOr<SmallVector<unsigned>> chooseArguments(func::FuncOp function);
  LogicalResult replaceByGradients(func::FuncOp function);
};
} // namespace

FailureOr<SmallVector<unsigned>>
DifferentiatePass::chooseArguments(func::FuncOp function) {
  SmallVector<unsigned> parameters, numbers, named;
  llvm::StringMap<unsigned> byName;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    byName[nameOfArgument(function, i)] = i;
    if (!carriesGradient(function.getArgument(i)))
      continue;
    numbers.push_back(i);
    auto role = function.getArgAttrOfType<StringAttr>(i, "nn.role");
    if (role && role.getValue() == "parameter")
      parameters.push_back(i);
  }
  for (const std::string &name : wrt) {
    auto it = byName.find(name);
    if (it == byName.end())
      return function.emitOpError("has no argument '") << name << "'";
    if (!carriesGradient(function.getArgument(it->second)))
      return function.emitOpError("argument '")
             << name << "' is of no floating-point type";
    named.push_back(it->second);
  }
  if (!wrt.empty())
    return named;
  return parameters.empty() ? numbers : parameters;
}

/// The sum of all elements of \p values, a scalar; null if all are null.
static Value sumAll(OpBuilder &builder, ArrayRef<Value> values) {
  Value total;
  for (Value value : values) {
    if (!value)
      continue;
    int64_t rank = cast<RankedTensorType>(value.getType()).getRank();
    Value sum =
        ReduceSumOp::create(builder, value.getLoc(), value,
                            llvm::to_vector(llvm::seq<int64_t>(0, rank)));
    total =
        total ? AddOp::create(builder, value.getLoc(), total, sum).getY() : sum;
  }
  return total;
}

LogicalResult DifferentiatePass::replaceByGradients(func::FuncOp function) {
  if (function.isExternal() || !function.getBody().hasOneBlock())
    return function.emitOpError("must have one block to be differentiated");
  Operation *terminator = function.front().getTerminator();
  if (terminator->getNumOperands() != 1)
    return function.emitOpError("must have one result to be differentiated, "
                                "has ")
           << terminator->getNumOperands();
  FailureOr<SmallVector<unsigned>> chosen = chooseArguments(function);
  if (failed(chosen))
    return failure();
  SmallVector<Value> inputs, gradients;
  for (unsigned index : *chosen)
    inputs.push_back(function.getArgument(index));

  OpBuilder builder(terminator);
  Value y = terminator->getOperand(0);
  for (unsigned i = 0; i < order && y; ++i) {
    if (failed(differentiate(builder, y, inputs, gradients)))
      return failure();
    if (i + 1 < order)
      y = sumAll(builder, gradients);
  }
  if (!y || order == 0)
    gradients.assign(inputs.size(), Value());

  SmallVector<Type> types;
  SmallVector<Attribute> attributes;
  for (auto [index, input, gradient] :
       llvm::zip_equal(*chosen, inputs, gradients)) {
    auto type = cast<RankedTensorType>(input.getType());
    if (!gradient)
      gradient = createFull(builder, terminator->getLoc(), type, 0.0);
    types.push_back(type);
    attributes.push_back(builder.getDictionaryAttr(builder.getNamedAttr(
        "nn.name",
        builder.getStringAttr("gradient." + nameOfArgument(function, index)))));
  }
  terminator->setOperands(gradients);
  function.setFunctionType(
      builder.getFunctionType(function.getArgumentTypes(), types));
  function.setResAttrsAttr(builder.getArrayAttr(attributes));
  return success();
}
