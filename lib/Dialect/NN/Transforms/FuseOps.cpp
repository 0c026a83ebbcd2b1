//===- FuseOps.cpp - Grouping ops into kernels ----------------------------===//
//
// Groups grow from seeds: products first, then reductions along the last axis,
// then other reductions, then what is left element by element. A group takes in
// a neighbour if the template of its kind can hold it and if the groups, each
// taken as one node, still form a DAG. Arguments that a result replaces add
// edges from the readers of the old value to the writer of the new one.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "nnc/Dialect/NN/IR/Window.h"
#include "nnc/Dialect/NN/Transforms/Fusion.h"
#include "nnc/Dialect/NN/Transforms/Passes.h"
#include "nnc/Dialect/NN/Transforms/Recompute.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"
#include <set>

using namespace mlir;
using namespace nnc::nn;

namespace nnc::nn {
#define GEN_PASS_DEF_FUSEOPSPASS
#include "nnc/Dialect/NN/Transforms/Passes.h.inc"
} // namespace nnc::nn

//===----------------------------------------------------------------------===//
// Classes of ops
//===----------------------------------------------------------------------===//

static FusionClass classOf(Operation *op) {
  auto classed = dyn_cast<FusionOpInterface>(op);
  return classed ? classed.getFusionClass() : FusionClass::opaque;
}

bool nnc::nn::isImmediate(Operation *op) {
  if (isa<DimSizeOp>(op))
    return true;
  DenseElementsAttr elements;
  return matchPattern(op, m_Constant(&elements)) && elements.isSplat();
}

/// Ops that read their operand at an index which is an affine function of
/// their own: they fuse as an access of the operand.
static bool isAccess(Operation *op) {
  return isa<BroadcastOp, TransposeOp, SliceOp, ReverseOp>(op);
}

bool nnc::nn::isPointwise(Operation *op) {
  switch (classOf(op)) {
  case FusionClass::elementwise:
  case FusionClass::broadcast:
  case FusionClass::random:
    return true;
  case FusionClass::movement:
    return isAccess(op) || isa<IotaOp, OneHotOp>(op);
  default:
    return false;
  }
}

bool nnc::nn::isAlikeInImages(Operation *op) {
  auto broadcast = dyn_cast_or_null<BroadcastOp>(op);
  return broadcast && llvm::none_of(broadcast.getDimensions(),
                                    [](int64_t d) { return d == 0 || d >= 2; });
}

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// Same extents at run time and the same capacities.
static bool sameShape(RankedTensorType a, RankedTensorType b) {
  return a.getShape() == b.getShape() && sizesOf(a) == sizesOf(b);
}

/// The axes of a sum, product, maximum or minimum, or of an argmax.
static SmallVector<int64_t> axesOf(Operation *op) {
  if (auto axes = op->getAttrOfType<DenseI64ArrayAttr>("axes"))
    return SmallVector<int64_t>(axes.asArrayRef());
  if (auto axis = op->getAttrOfType<IntegerAttr>("axis"))
    return {axis.getInt()};
  return {};
}

//===----------------------------------------------------------------------===//
// Groups
//===----------------------------------------------------------------------===//

namespace {

struct Group {
  GroupKind kind;
  /// The shape that the group's loops run over.
  RankedTensorType domain;
  /// The shape of what is left after reducing; null for maps and products.
  RankedTensorType reducedDomain;
  /// The reduced axes of the domain.
  SmallVector<int64_t> axes;
  llvm::SetVector<Operation *> members;
  /// Their positions.
  SmallVector<unsigned> numbers;
};

class Grouping {
public:
  Grouping(func::FuncOp function, SmallVectorImpl<FusionRemark> *remarks,
           bool alone)
      : function(function), remarks(remarks), alone(alone) {}

  void run();

private:
  void duplicateAccesses();
  void number();
  void seed(Operation *op);
  bool canTakeAll(ArrayRef<SliceOp> gates) const {
    return !gates.empty() && llvm::none_of(gates, [&](SliceOp gate) {
      return groupOf.count(gate);
    });
  }
  void grow(unsigned id);
  MaxPool2dOp poolBehind(const Group &group) const;
  void takePool(unsigned id);
  bool takeProducers(unsigned id, Operation *member);
  bool takeConsumers(unsigned id, Operation *member);
  bool admits(const Group &group, Operation *op, bool asProducer) const;
  bool createsCycle(unsigned id, Operation *op);
  void add(unsigned id, Operation *op);
  void visitPredecessors(Operation *op,
                         function_ref<void(Operation *)> visit) const;
  void remark(Operation *producer, Operation *consumer, StringRef reason) {
    if (remarks)
      remarks->push_back({producer->getName().getStringRef().str(),
                          consumer->getName().getStringRef().str(),
                          producer->getLoc(), consumer->getLoc(),
                          reason.str()});
  }
  void rebuild();

  func::FuncOp function;
  SmallVectorImpl<FusionRemark> *remarks;
  /// Groups do not grow beyond their seed.
  bool alone;
  SmallVector<Operation *> order;
  DenseMap<Operation *, unsigned> position;
  std::vector<Group> groups;
  DenseMap<Operation *, unsigned> groupOf;
  /// Ops that make the new value of an argument, and that argument.
  DenseMap<Operation *, SmallVector<Value>> replaces;

  /// By position: the ops that an op waits for, and its group.
  std::vector<SmallVector<unsigned, 4>> waitsFor;
  std::vector<std::optional<unsigned>> groupAt;
  /// The last search that saw an op or a group.
  std::vector<unsigned> seenOps, seenGroups;
  unsigned search = 0;
};

} // namespace

/// Gives each user its own copy of what costs nothing to compute again, so that
/// it can join the user's group.
void Grouping::duplicateAccesses() {
  for (Operation &op : llvm::make_early_inc_range(function.getBody().front())) {
    if (!isAccess(&op) && !isa<IotaOp>(op))
      continue;
    // Products never take them in: they share one copy.
    SmallVector<OpOperand *> uses;
    bool ofProduct = false;
    for (OpOperand &use : op.getUses())
      if (classOf(use.getOwner()) == FusionClass::contraction)
        ofProduct = true;
      else
        uses.push_back(&use);
    if (!ofProduct && !uses.empty())
      uses.pop_back();
    for (OpOperand *use : uses) {
      OpBuilder builder(&op);
      use->set(builder.clone(op)->getResult(0));
    }
  }
}

/// Whether something that \p op computes reaches \p target.
static bool reaches(Operation *op, Operation *target) {
  SmallVector<Operation *> stack{op};
  DenseSet<Operation *> seen;
  while (!stack.empty()) {
    Operation *current = stack.pop_back_val();
    if (current == target)
      return true;
    for (Operation *user : current->getUsers())
      if (seen.insert(user).second)
        stack.push_back(user);
  }
  return false;
}

void Grouping::number() {
  Block &block = function.getBody().front();
  for (Operation &op : block) {
    position[&op] = order.size();
    order.push_back(&op);
  }
  Operation *terminator = block.getTerminator();
  llvm::StringMap<Value> argumentByName;
  for (BlockArgument argument : block.getArguments())
    if (auto name = function.getArgAttrOfType<StringAttr>(
            argument.getArgNumber(), "nn.name"))
      argumentByName[name.getValue()] = argument;
  for (OpOperand &operand : terminator->getOpOperands()) {
    auto updates = function.getResultAttrOfType<StringAttr>(
        operand.getOperandNumber(), "nn.updates");
    Operation *producer = operand.get().getDefiningOp();
    if (!updates || !producer || !argumentByName.count(updates.getValue()))
      continue;
    Value argument = argumentByName[updates.getValue()];
    // A reader of the old value that waits for the new one cannot come first:
    // such an argument is replaced by a copy at the end.
    bool possible = llvm::none_of(argument.getUsers(), [&](Operation *reader) {
      return reader != producer && reader != terminator &&
             reaches(producer, reader);
    });
    if (possible)
      replaces[producer].push_back(argument);
  }
  waitsFor.resize(order.size());
  groupAt.resize(order.size());
  seenOps.resize(order.size(), 0);
  for (auto [number, op] : llvm::enumerate(order))
    visitPredecessors(op, [&, number = number](Operation *before) {
      waitsFor[number].push_back(position[before]);
    });
}

void Grouping::visitPredecessors(Operation *op,
                                 function_ref<void(Operation *)> visit) const {
  for (Value operand : op->getOperands())
    if (Operation *producer = operand.getDefiningOp())
      visit(producer);
  auto replaced = replaces.find(op);
  if (replaced == replaces.end())
    return;
  for (Value argument : replaced->second)
    for (Operation *reader : argument.getUsers())
      if (reader != op && !reader->hasTrait<OpTrait::IsTerminator>())
        visit(reader);
}

/// Whether \p op repeats a value of each row along the row.
static bool repeatsRowValue(const Group &group, Operation *op) {
  auto broadcast = dyn_cast<BroadcastOp>(op);
  return broadcast && group.kind == GroupKind::row_sweep &&
         sameShape(broadcast.getType(), group.domain) &&
         sameShape(broadcast.getX().getType(), group.reducedDomain) &&
         llvm::equal(broadcast.getDimensions(),
                     llvm::seq<int64_t>(0, group.domain.getRank() - 1));
}

/// Whether \p op repeats a part of memory that \p producer alone names, as a
/// gate's part of a bias: both are one access.
static bool readsPartOf(const Group &group, Operation *op,
                        Operation *producer) {
  return (group.kind == GroupKind::map ||
          group.kind == GroupKind::contraction) &&
         isa<BroadcastOp>(op) && isa<SliceOp>(producer) &&
         producer->hasOneUse() && isa<BlockArgument>(producer->getOperand(0));
}

bool Grouping::admits(const Group &group, Operation *op,
                      bool asProducer) const {
  auto inside = [&](Value value) {
    return value.getDefiningOp() &&
           group.members.contains(value.getDefiningOp());
  };
  if (op->getNumResults() != 1 || isImmediate(op))
    return false;
  RankedTensorType type = typeOf(op->getResult(0));

  // A further reduction of the same domain along the same axes.
  if (classOf(op) == FusionClass::reduction) {
    return group.kind == GroupKind::row_sweep &&
           sameShape(typeOf(op->getOperand(0)), group.domain) &&
           axesOf(op) == group.axes;
  }
  if (!isPointwise(op))
    return false;

  // Accesses read memory: of a value of this group only where the template
  // repeats a row's value along the row.
  if (isAccess(op) && inside(op->getOperand(0)))
    return repeatsRowValue(group, op);

  bool onDomain = sameShape(type, group.domain);
  if (group.kind == GroupKind::map || group.kind == GroupKind::contraction)
    return onDomain;

  bool onReduced = group.reducedDomain && sameShape(type, group.reducedDomain);
  if (group.kind == GroupKind::column_reduce) {
    // Before the reduction on the whole domain, after it on what is left.
    return asProducer ? onDomain || onReduced : onReduced && !isAccess(op);
  }
  // Row sweeps: values of a row come from the row's reductions only.
  if (onDomain && (!onReduced || asProducer))
    return true;
  if (!onReduced || asProducer || isa<OneHotOp, IotaOp>(op) ||
      classOf(op) != FusionClass::elementwise)
    return false;
  return llvm::all_of(op->getOperands(), [&](Value operand) {
    if (inside(operand))
      return true;
    Operation *producer = operand.getDefiningOp();
    if (auto broadcast = dyn_cast_or_null<BroadcastOp>(producer))
      producer = broadcast.getX().getDefiningOp();
    return producer && isImmediate(producer);
  });
}

/// Whether the group and the op, taken as one node, would reach themselves:
/// whether some predecessor of the op outside the group depends on the group,
/// all groups being single nodes.
bool Grouping::createsCycle(unsigned id, Operation *op) {
  ++search;
  unsigned self = position[op], first = self;
  SmallVector<unsigned> stack;
  // Notes what an op waits for; whether the group and the op are among that.
  auto visit = [&](unsigned number) {
    bool reaches = false;
    for (unsigned before : waitsFor[number]) {
      if (before == self || groupAt[before] == id) {
        reaches = true;
      } else if (seenOps[before] != search) {
        seenOps[before] = search;
        stack.push_back(before);
      }
    }
    return reaches;
  };
  visit(self);
  // What the members already wait for may in turn wait for the new op.
  for (unsigned member : groups[id].numbers) {
    first = std::min(first, member);
    visit(member);
  }
  seenGroups.resize(groups.size(), 0);
  while (!stack.empty()) {
    unsigned current = stack.pop_back_val();
    if (std::optional<unsigned> group = groupAt[current]) {
      if (seenGroups[*group] == search)
        continue;
      seenGroups[*group] = search;
      if (llvm::any_of(groups[*group].numbers, visit))
        return true;
      continue;
    }
    // Before the first member nothing depends on the group, but through the
    // edges of replaced arguments, which lead back to later readers.
    if ((current > first || replaces.count(order[current])) && visit(current))
      return true;
  }
  return false;
}

void Grouping::add(unsigned id, Operation *op) {
  groups[id].members.insert(op);
  groups[id].numbers.push_back(position[op]);
  groupOf[op] = id;
  groupAt[position[op]] = id;
}

/// Takes in the producers of \p member that no other group needs.
bool Grouping::takeProducers(unsigned id, Operation *member) {
  // Operands of a product are read in its own way, those of an access where
  // the access says.
  if (classOf(member) == FusionClass::contraction)
    return false;
  bool changed = false;
  for (Value operand : member->getOperands()) {
    Operation *producer = operand.getDefiningOp();
    if (producer && !groupOf.count(producer) &&
        readsPartOf(groups[id], member, producer)) {
      add(id, producer);
      changed = true;
      continue;
    }
    if (!producer || groupOf.count(producer) ||
        !admits(groups[id], producer, /*asProducer=*/true))
      continue;
    bool reduction = classOf(producer) == FusionClass::reduction;
    if (isAccess(member) && !reduction)
      continue;
    // A map may also give what the function returns, as a new optimiser state.
    bool mayReturn = groups[id].kind == GroupKind::map &&
                     producer->getResult(0).getType() == groups[id].domain;
    bool onlyHere = llvm::all_of(producer->getUsers(), [&](Operation *user) {
      if (mayReturn && user->hasTrait<OpTrait::IsTerminator>())
        return true;
      if (!groups[id].members.contains(user) ||
          classOf(user) == FusionClass::contraction)
        return false;
      return !isAccess(user) ||
             (reduction && repeatsRowValue(groups[id], user));
    });
    if (onlyHere && !createsCycle(id, producer)) {
      add(id, producer);
      changed = true;
    }
  }
  return changed;
}

bool Grouping::takeConsumers(unsigned id, Operation *member) {
  bool changed = false;
  SmallVector<Operation *> users(member->getUsers());
  llvm::sort(users, [&](Operation *a, Operation *b) {
    return position[a] < position[b];
  });
  for (Operation *user : users) {
    if (groupOf.count(user) || user->hasTrait<OpTrait::IsTerminator>())
      continue;
    // What is computed again later must not be computed now, and leaves other
    // groups as they were.
    if (!isAccess(member) && user->hasAttr(recomputedAttribute) !=
                                 member->hasAttr(recomputedAttribute))
      continue;
    if (!admits(groups[id], user, /*asProducer=*/false)) {
      remark(member, user, "the template cannot hold the consumer");
      continue;
    }
    if (createsCycle(id, user)) {
      remark(member, user,
             "the consumer also waits for others that wait for this group");
      continue;
    }
    add(id, user);
    changed = true;
  }
  return changed;
}

void Grouping::grow(unsigned id) {
  bool changed = true;
  while (changed) {
    changed = false;
    for (unsigned i = 0; i < groups[id].members.size(); ++i) {
      if (groups[id].members.size() >= maximumGroupSize)
        return;
      Operation *member = groups[id].members[i];
      changed |= takeProducers(id, member);
      changed |= takeConsumers(id, member);
    }
  }
}

/// Whether the windows of \p pool are inside of the images and apart, and so
/// few that kernels unroll them.
static bool hasWindowsApart(MaxPool2dOp pool) {
  RankedTensorType x = pool.getX().getType(), y = pool.getY().getType();
  Windows windows =
      makeWindows(pool.getKernel(), pool.getStrides(), pool.getPadding());
  constexpr int64_t mostTaps = 9;
  for (unsigned i = 0; i < 2; ++i) {
    const Window &window = windows[i];
    int64_t last = window.element(y.getDimSize(2 + i) - 1, window.taps - 1);
    if (window.low != 0 || window.taps > window.stride ||
        last >= x.getDimSize(2 + i))
      return false;
  }
  return windows[0].taps * windows[1].taps <= mostTaps;
}

/// The pool of images that a convolution's group computes for it alone, all
/// over them in the same way.
MaxPool2dOp Grouping::poolBehind(const Group &group) const {
  if (!isa<Conv2dOp>(group.members.front()))
    return nullptr;
  MaxPool2dOp pool;
  for (Operation *member : group.members) {
    for (Operation *user : member->getUsers())
      if (!group.members.contains(user)) {
        auto found = dyn_cast<MaxPool2dOp>(user);
        if (!found || (pool && pool != found))
          return nullptr;
        pool = found;
      }
    if (member == group.members.front() || isAlikeInImages(member))
      continue;
    if (!isa<ScalarBodyOpInterface>(member))
      return nullptr;
    for (Value operand : member->getOperands()) {
      Operation *producer = operand.getDefiningOp();
      if (!producer ||
          (!group.members.contains(producer) && !isAlikeInImages(producer)))
        return nullptr;
    }
  }
  Operation *convolution = group.members.front();
  if (!pool || groupOf.count(pool) || pool.getY().use_empty() ||
      !hasWindowsApart(pool) ||
      pool->hasAttr(recomputedAttribute) !=
          convolution->hasAttr(recomputedAttribute))
    return nullptr;
  return pool;
}

void Grouping::takePool(unsigned id) {
  MaxPool2dOp pool = poolBehind(groups[id]);
  if (!pool)
    return;
  add(id, pool);
  if (remarks)
    llvm::erase_if(*remarks, [&](const FusionRemark &remark) {
      return remark.consumer == MaxPool2dOp::getOperationName() &&
             remark.consumerPlace == pool.getLoc();
    });
}

void Grouping::seed(Operation *op) {
  Group group;
  RankedTensorType result = typeOf(op->getResult(0));
  SmallVector<Operation *> slices;
  switch (classOf(op)) {
  case FusionClass::contraction:
    group.kind = GroupKind::contraction;
    group.domain = result;
    if (!alone)
      if (SmallVector<SliceOp> gates = gatesOf(op); canTakeAll(gates)) {
        group.domain = gates[0].getType();
        slices.assign(gates.begin(), gates.end());
      }
    break;
  case FusionClass::reduction: {
    group.domain = typeOf(op->getOperand(0));
    group.reducedDomain = result;
    group.axes = axesOf(op);
    int64_t last = group.domain.getRank() - 1;
    bool alongRows =
        last >= 1 && group.axes.size() == 1 && group.axes[0] == last;
    group.kind = alongRows ? GroupKind::row_sweep : GroupKind::column_reduce;
    break;
  }
  default:
    group.kind = GroupKind::map;
    group.domain = result;
  }
  groups.push_back(std::move(group));
  add(groups.size() - 1, op);
  for (Operation *slice : slices)
    add(groups.size() - 1, slice);
  if (alone)
    return;
  grow(groups.size() - 1);
  takePool(groups.size() - 1);
}

//===----------------------------------------------------------------------===//
// Rewriting
//===----------------------------------------------------------------------===//

/// Whether \p op repeats an immediate: it is copied into each group that uses
/// it and never computed by itself where that can be avoided.
static bool isImmediateBroadcast(Operation *op) {
  auto broadcast = dyn_cast<BroadcastOp>(op);
  return broadcast && broadcast.getX().getDefiningOp() &&
         isImmediate(broadcast.getX().getDefiningOp());
}

/// Whether the group of \p user computes \p producer, an immediate or its
/// repetition, for itself; products read their operands from memory.
static bool isCopiedFor(Operation *producer, Operation *user) {
  return producer && classOf(user) != FusionClass::contraction &&
         (isImmediate(producer) || isImmediateBroadcast(producer));
}

void Grouping::rebuild() {
  // Nodes in an order that respects all edges: by their place, each after
  // what it waits for. A value is then read soon after it is made, as a
  // gradient by the product that updates weights.
  unsigned groupCount = groups.size();
  SmallVector<SmallVector<Operation *>> nodes(groupCount);
  DenseMap<Operation *, unsigned> nodeOf;
  for (Operation *op : order) {
    auto it = groupOf.find(op);
    unsigned node;
    if (it != groupOf.end()) {
      node = it->second;
    } else {
      node = nodes.size();
      nodes.emplace_back();
    }
    nodes[node].push_back(op);
    nodeOf[op] = node;
  }
  SmallVector<std::set<std::pair<unsigned, unsigned>>> waitsFor(nodes.size());
  // A group stands where its first op that computes something stands, a product
  // or reduction where that stands.
  auto keyOf = [&](unsigned node) {
    auto computes = [&](Operation *op) {
      return node >= groupCount || groups[node].kind == GroupKind::map
                 ? !isAccess(op)
                 : op == groups[node].members.front();
    };
    auto found = llvm::find_if(nodes[node], computes);
    Operation *first =
        found == nodes[node].end() ? nodes[node].front() : *found;
    return std::pair(position[first], node);
  };
  for (Operation *op : order)
    visitPredecessors(op, [&](Operation *predecessor) {
      unsigned from = nodeOf[predecessor], to = nodeOf[op];
      if (from != to)
        waitsFor[to].insert(keyOf(from));
    });
  std::vector<std::pair<unsigned, unsigned>> keys;
  for (unsigned node = 0; node < nodes.size(); ++node)
    keys.push_back(keyOf(node));
  llvm::sort(keys);
  SmallVector<unsigned> placed;
  std::vector<char> isPlaced(nodes.size(), 0);
  SmallVector<unsigned> stack;
  for (auto [first, start] : keys) {
    stack.push_back(start);
    while (!stack.empty()) {
      unsigned node = stack.back();
      auto &waiting = waitsFor[node];
      while (!waiting.empty() && isPlaced[waiting.begin()->second])
        waiting.erase(waiting.begin());
      if (!waiting.empty()) {
        stack.push_back(waiting.begin()->second);
        continue;
      }
      stack.pop_back();
      if (!isPlaced[node])
        placed.push_back(node);
      isPlaced[node] = 1;
    }
  }

  Operation *terminator = order.back();
  OpBuilder builder(terminator);
  for (unsigned node : placed) {
    if (node >= groupCount) {
      if (nodes[node].front() != terminator)
        nodes[node].front()->moveBefore(terminator);
      continue;
    }
    const Group &group = groups[node];
    llvm::SetVector<Value> inputs;
    SmallVector<Value> outputs;
    SmallVector<Location> locations;
    for (Operation *op : nodes[node]) {
      locations.push_back(op->getLoc());
      for (Value operand : op->getOperands()) {
        Operation *producer = operand.getDefiningOp();
        if (!isCopiedFor(producer, op) &&
            !(producer && group.members.contains(producer)))
          inputs.insert(operand);
      }
      for (Value result : op->getResults())
        if (llvm::any_of(result.getUsers(), [&](Operation *user) {
              return !group.members.contains(user) &&
                     !(isCopiedFor(op, user) && groupOf.count(user));
            }))
          outputs.push_back(result);
    }
    auto fusion = FusionOp::create(
        builder, builder.getFusedLoc(locations), ValueRange(outputs).getTypes(),
        GroupKindAttr::get(builder.getContext(), group.kind),
        inputs.getArrayRef());
    Block &body = fusion.getBody().emplaceBlock();
    IRMapping mapping;
    for (Value input : inputs)
      mapping.map(input, body.addArgument(input.getType(), input.getLoc()));
    OpBuilder inner = OpBuilder::atBlockEnd(&body);
    auto copyImmediate = [&](Value operand) {
      Operation *producer = operand.getDefiningOp();
      if (!producer || mapping.contains(operand))
        return;
      if (isImmediateBroadcast(producer) &&
          !mapping.contains(producer->getOperand(0)))
        inner.clone(*producer->getOperand(0).getDefiningOp(), mapping);
      if (isImmediate(producer) || isImmediateBroadcast(producer))
        inner.clone(*producer, mapping);
    };
    for (Operation *op : nodes[node]) {
      if (mapping.contains(op->getResult(0)))
        continue;
      for (Value operand : op->getOperands())
        copyImmediate(operand);
      inner.clone(*op, mapping);
    }
    SmallVector<Value> yielded;
    for (Value output : outputs)
      yielded.push_back(mapping.lookup(output));
    YieldOp::create(inner, fusion.getLoc(), yielded);
    for (auto [output, result] : llvm::zip(outputs, fusion.getOutputs()))
      output.replaceUsesWithIf(result, [&](OpOperand &use) {
        return !group.members.contains(use.getOwner());
      });
  }
  for (Operation *op : llvm::reverse(order))
    if (op->use_empty() && op != terminator)
      op->erase();
}

void Grouping::run() {
  duplicateAccesses();
  number();
  auto seedAll = [&](auto accepts) {
    for (Operation *op : order)
      if (!groupOf.count(op) && op->getNumResults() == 1 && op->getDialect() &&
          isa<NNDialect>(op->getDialect()) && accepts(op))
        seed(op);
  };
  // Gates last: what only a step of the gradient reads goes with that step.
  for (bool hasGates : {false, true})
    seedAll([&](Operation *op) {
      return classOf(op) == FusionClass::contraction &&
             (hasGates || alone || gatesOf(op).empty());
    });
  auto alongRows = [](Operation *op) {
    int64_t last = typeOf(op->getOperand(0)).getRank() - 1;
    return last >= 1 && axesOf(op) == SmallVector<int64_t>{last};
  };
  seedAll([&](Operation *op) {
    return classOf(op) == FusionClass::reduction && alongRows(op);
  });
  seedAll([&](Operation *op) { return classOf(op) == FusionClass::reduction; });
  seedAll([&](Operation *op) {
    return isPointwise(op) && !isImmediate(op) && !isImmediateBroadcast(op);
  });
  // A repeated immediate that leaves the function or feeds an opaque op or a
  // product.
  seedAll([&](Operation *op) {
    return isImmediateBroadcast(op) &&
           llvm::any_of(op->getUsers(), [&](Operation *user) {
             return !groupOf.count(user) || !isCopiedFor(op, user);
           });
  });
  rebuild();
}

/// Transposes a right operand once that many products read transposed, as the
/// steps of a recurrence's gradient read the weights, instead of in each.
static void shareTransposed(func::FuncOp function) {
  constexpr unsigned manyProducts = 4;
  llvm::MapVector<Value, SmallVector<MatmulOp>> readers;
  for (auto matmul : function.getBody().front().getOps<MatmulOp>())
    if (matmul.getTransposeB())
      readers[matmul.getB()].push_back(matmul);
  for (auto &[value, products] : readers) {
    if (products.size() < manyProducts)
      continue;
    OpBuilder builder(products.front());
    SmallVector<int64_t> order =
        llvm::to_vector(llvm::seq<int64_t>(0, typeOf(value).getRank()));
    std::swap(order[order.size() - 1], order[order.size() - 2]);
    Value turned =
        TransposeOp::create(builder, products.front().getLoc(), value, order);
    for (MatmulOp matmul : products) {
      matmul.getBMutable().assign(turned);
      matmul.setTransposeB(false);
    }
  }
}

void nnc::nn::fuseOps(func::FuncOp function,
                      SmallVectorImpl<FusionRemark> *remarks, bool alone) {
  if (function.isExternal() || !function.getBody().hasOneBlock())
    return;
  if (!alone) {
    exposeGates(function);
    shareTransposed(function);
  }
  // A group of what nobody uses would have no result.
  for (Operation &op :
       llvm::make_early_inc_range(llvm::reverse(function.front())))
    if (isOpTriviallyDead(&op))
      op.erase();
  Grouping(function, remarks, alone).run();
}

namespace {
struct FuseOpsPass : nnc::nn::impl::FuseOpsPassBase<FuseOpsPass> {
  using FuseOpsPassBase::FuseOpsPassBase;
  void runOnOperation() override {
    fuseOps(getOperation(), nullptr, alone);
    getOperation().walk([&](FusionOp) { ++groups; });
  }
};
} // namespace
