//===- Recompute.cpp - Less memory for more arithmetic --------------------===//
//
// A choice is a set of ops of the forward part whose results are dropped. The
// backward part reads copies of them; what a copy reads that is dropped too is
// copied before it. Each dropped op has one copy, placed before the first op
// that needs it, so that a segment of the forward part comes back as a whole
// when the backward part reaches its end.
//
//===----------------------------------------------------------------------===//

#include "nnc/Dialect/NN/Transforms/Recompute.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "nnc/Dialect/NN/Transforms/Fusion.h"
#include "nnc/Dialect/NN/Transforms/Passes.h"
#include "llvm/ADT/StringMap.h"
#include <set>

using namespace mlir;
using namespace nnc::nn;

namespace nnc::nn {
#define GEN_PASS_DEF_RECOMPUTEPASS
#include "nnc/Dialect/NN/Transforms/Passes.h.inc"
} // namespace nnc::nn

static int64_t bytesOf(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return type.getNumElements() *
         std::max(1u, type.getElementTypeBitWidth() / 8);
}

static bool isConstant(Operation *op) {
  DenseElementsAttr elements;
  return matchPattern(op, m_Constant(&elements));
}

//===----------------------------------------------------------------------===//
// What is alive
//===----------------------------------------------------------------------===//

/// The value whose memory \p value shares.
static Value rootOf(Value value) {
  while (auto reshape = value.getDefiningOp<ReshapeOp>())
    value = reshape.getX();
  return value;
}

int64_t nnc::nn::liveBytes(func::FuncOp function) {
  Block &block = function.getBody().front();
  DenseMap<Value, unsigned> lastUse;
  DenseSet<Value> returned;
  unsigned step = 0;
  for (Operation &op : block) {
    for (Value operand : op.getOperands())
      lastUse[rootOf(operand)] = step;
    ++step;
  }
  for (Value operand : block.getTerminator()->getOperands())
    returned.insert(rootOf(operand));
  std::vector<int64_t> ending(step + 1, 0);
  int64_t alive = 0, most = 0;
  step = 0;
  for (Operation &op : block) {
    for (Value result : op.getResults()) {
      auto last = lastUse.find(result);
      if (isa<ReshapeOp>(op) || isConstant(&op) || returned.contains(result) ||
          last == lastUse.end())
        continue;
      alive += bytesOf(result);
      ending[last->second] += bytesOf(result);
    }
    most = std::max(most, alive);
    alive -= ending[step++];
  }
  return most;
}

//===----------------------------------------------------------------------===//
// The graph
//===----------------------------------------------------------------------===//

namespace {

/// A set of ops, by their numbers in the block.
using OpSet = std::vector<char>;

/// What the choices are made from; ops are numbered in the order of the block,
/// so that the numbers hold for copies of the function too.
class StepGraph {
public:
  explicit StepGraph(func::FuncOp function);

  /// Whether there is a backward part that reads the forward part.
  bool hasBackward() const { return savedBytes > 0; }
  /// The sets of ops worth dropping.
  std::vector<OpSet> choices() const;
  /// Of the ops in \p dropped those of which a copy is needed.
  OpSet copiesOf(const OpSet &dropped) const;
  /// Bytes that the backward part no longer finds kept.
  int64_t bytesOfSaved(const OpSet &dropped) const;
  int64_t flopOf(const OpSet &copies) const;
  /// Makes the copies in \p function, this graph's or a copy of it.
  void apply(func::FuncOp function, const OpSet &copies) const;

private:
  struct Node {
    /// Ops of the operands, -1 for arguments.
    SmallVector<int> operands;
    /// Of all results; of those that the backward part reads.
    int64_t bytes = 0, saved = 0;
    int64_t flop = 0;
    bool isForward = false;
    /// Its result is its operand's memory, or read through it.
    bool isView = false;
    /// Not worth dropping, or known without memory.
    bool isFree = false;
    /// The last op of the forward part that reads it, views looked through.
    int lastForwardUse = -1;
  };

  /// The op behind views, or -1.
  int behindViews(int op) const {
    while (op >= 0 && nodes[op].isView)
      op = nodes[op].operands[0];
    return op;
  }
  bool canDrop(int op) const {
    const Node &node = nodes[op];
    return node.isForward && !node.isView && !node.isFree;
  }
  /// The ops needed to compute \p op from values that are kept anyway.
  std::vector<int> coneOf(int op) const;
  void addCheapest(std::vector<OpSet> &sets) const;
  void addSegments(std::vector<OpSet> &sets, const OpSet &cheap) const;
  std::vector<int> cutInto(int segments) const;

  std::vector<Node> nodes;
  /// Bytes that the backward part reads of the forward part.
  int64_t savedBytes = 0;
};

} // namespace

/// The ops of the forward part: what all results depend on but the updates of
/// parameters and of optimiser state.
static DenseSet<Operation *> forwardOps(func::FuncOp function) {
  llvm::StringMap<StringRef> roles;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    auto name = function.getArgAttrOfType<StringAttr>(i, "nn.name");
    auto role = function.getArgAttrOfType<StringAttr>(i, "nn.role");
    if (name && role)
      roles[name.getValue()] = role.getValue();
  }
  SmallVector<Operation *> stack;
  DenseSet<Operation *> forward;
  auto visit = [&](Value value) {
    if (Operation *op = value.getDefiningOp(); op && forward.insert(op).second)
      stack.push_back(op);
  };
  Operation *terminator = function.getBody().front().getTerminator();
  for (OpOperand &operand : terminator->getOpOperands()) {
    auto updates = function.getResultAttrOfType<StringAttr>(
        operand.getOperandNumber(), "nn.updates");
    StringRef role = updates ? roles.lookup(updates.getValue()) : "";
    if (role != "parameter" && role != "optimizer")
      visit(operand.get());
  }
  while (!stack.empty())
    for (Value operand : stack.pop_back_val()->getOperands())
      visit(operand);
  return forward;
}

StepGraph::StepGraph(func::FuncOp function) {
  DenseSet<Operation *> forward = forwardOps(function);
  DenseMap<Operation *, int> numbers;
  for (Operation &op : function.getBody().front()) {
    int number = nodes.size();
    numbers[&op] = number;
    Node &node = nodes.emplace_back();
    node.isForward = forward.contains(&op);
    node.isView = isa<ReshapeOp, BroadcastOp>(op);
    node.isFree = isImmediate(&op) || isConstant(&op) || op.getNumRegions() > 0;
    node.flop = countFlop(&op);
    for (Value operand : op.getOperands()) {
      Operation *producer = operand.getDefiningOp();
      node.operands.push_back(producer ? numbers.lookup(producer) : -1);
    }
    for (Value result : op.getResults())
      node.bytes += bytesOf(result);
    if (op.hasTrait<OpTrait::IsTerminator>())
      continue;
    for (Value operand : op.getOperands()) {
      Operation *producer = operand.getDefiningOp();
      int from = behindViews(producer ? numbers.lookup(producer) : -1);
      if (from < 0 || node.isView)
        continue;
      if (node.isForward)
        nodes[from].lastForwardUse = number;
      else if (nodes[from].isForward && !nodes[from].isFree)
        nodes[from].saved = nodes[from].bytes;
    }
  }
  for (const Node &node : nodes)
    savedBytes += node.saved;
  // Thousands of such values are nothing.
  constexpr int64_t negligible = 1024;
  for (Node &node : nodes)
    node.isFree |= node.bytes <= savedBytes / negligible;
}

std::vector<int> StepGraph::coneOf(int op) const {
  std::vector<int> cone{op};
  std::set<int> seen{op};
  for (size_t i = 0; i < cone.size(); ++i)
    for (int operand : nodes[cone[i]].operands) {
      operand = behindViews(operand);
      if (operand >= 0 && canDrop(operand) && !nodes[operand].saved &&
          seen.insert(operand).second)
        cone.push_back(operand);
    }
  return cone;
}

OpSet StepGraph::copiesOf(const OpSet &dropped) const {
  // Views of what is dropped are dropped with it.
  OpSet lost(nodes.size(), 0), copies(nodes.size(), 0);
  for (size_t i = 0; i < nodes.size(); ++i)
    lost[i] = nodes[i].isView
                  ? nodes[i].operands[0] >= 0 && nodes[i].isForward &&
                        lost[nodes[i].operands[0]]
                  : dropped[i];
  std::vector<int> stack;
  auto visit = [&](int op) {
    if (op >= 0 && lost[op] && !copies[op]) {
      copies[op] = 1;
      stack.push_back(op);
    }
  };
  // The terminator, which is the last, returns the forward part's own values.
  for (size_t i = 0; i + 1 < nodes.size(); ++i)
    if (!nodes[i].isForward)
      for (int operand : nodes[i].operands)
        visit(operand);
  while (!stack.empty()) {
    int op = stack.back();
    stack.pop_back();
    for (int operand : nodes[op].operands)
      visit(operand);
  }
  return copies;
}

int64_t StepGraph::bytesOfSaved(const OpSet &dropped) const {
  int64_t bytes = 0;
  for (size_t i = 0; i < nodes.size(); ++i)
    bytes += dropped[i] ? nodes[i].saved : 0;
  return bytes;
}

int64_t StepGraph::flopOf(const OpSet &copies) const {
  int64_t flop = 0;
  for (size_t i = 0; i < nodes.size(); ++i)
    flop += copies[i] && !nodes[i].isView ? nodes[i].flop : 0;
  return flop;
}

//===----------------------------------------------------------------------===//
// Choices
//===----------------------------------------------------------------------===//

/// Adds the values that cost least for each of their bytes: sets that save
/// more and more.
void StepGraph::addCheapest(std::vector<OpSet> &sets) const {
  struct Candidate {
    double cost;
    int op;
    std::vector<int> cone;
  };
  std::vector<Candidate> candidates;
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (!nodes[i].saved || !canDrop(i))
      continue;
    Candidate candidate{0, int(i), coneOf(i)};
    for (int op : candidate.cone)
      candidate.cost += double(nodes[op].flop);
    candidate.cost /= double(nodes[i].saved);
    candidates.push_back(std::move(candidate));
  }
  llvm::sort(candidates, [](const Candidate &a, const Candidate &b) {
    return std::pair(a.cost, a.op) < std::pair(b.cost, b.op);
  });
  constexpr int64_t steps = 16;
  OpSet set(nodes.size(), 0);
  int64_t saved = 0, noted = 0;
  for (const Candidate &candidate : candidates) {
    for (int op : candidate.cone)
      set[op] = 1;
    saved += nodes[candidate.op].saved;
    if ((saved - noted) * steps < savedBytes &&
        &candidate != &candidates.back())
      continue;
    noted = saved;
    sets.push_back(set);
  }
}

/// Where to cut the forward part so that about the same number of saved bytes
/// lies between the cuts and few bytes cross them; with 0 before and the number
/// of ops after the cuts.
std::vector<int> StepGraph::cutInto(int segments) const {
  int count = nodes.size();
  std::vector<int64_t> before(count + 1, 0), crossing(count + 1, 0);
  for (int i = 0; i < count; ++i) {
    const Node &node = nodes[i];
    before[i + 1] = before[i] + node.saved;
    if (!canDrop(i) || node.lastForwardUse <= i)
      continue;
    // What is kept anyway is cheaper to keep than what a cut makes kept.
    int64_t bytes = node.saved ? node.bytes : 2 * node.bytes;
    crossing[i + 1] += bytes;
    crossing[node.lastForwardUse + 1] -= bytes;
  }
  for (int i = 1; i <= count; ++i)
    crossing[i] += crossing[i - 1];
  std::vector<int> cuts{0};
  for (int segment = 1; segment < segments; ++segment) {
    int64_t slack = savedBytes / (4 * segments);
    int64_t target = savedBytes * segment / segments;
    int best = -1;
    for (int at = cuts.back() + 1; at < count; ++at) {
      if (before[at] < target - slack)
        continue;
      if (before[at] > target + slack)
        break;
      if (best < 0 || crossing[at] < crossing[best])
        best = at;
    }
    if (best >= 0)
      cuts.push_back(best);
  }
  cuts.push_back(count);
  return cuts;
}

/// Adds, for several numbers of segments, all of the first segments but what
/// later ones read, together with \p cheap.
void StepGraph::addSegments(std::vector<OpSet> &sets,
                            const OpSet &cheap) const {
  for (int segments : {2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32, 48}) {
    std::vector<int> cuts = cutInto(segments);
    std::vector<int> segmentOf(nodes.size());
    int count = cuts.size() - 1;
    for (int i = 0; i < count; ++i)
      std::fill(segmentOf.begin() + cuts[i], segmentOf.begin() + cuts[i + 1],
                i);
    for (int first : {count / 4, count / 2, 3 * count / 4, count - 1, count}) {
      OpSet set(nodes.size(), 0);
      for (size_t i = 0; i < nodes.size(); ++i) {
        int use = nodes[i].lastForwardUse;
        bool leaves = use >= 0 && segmentOf[use] != segmentOf[i];
        if (canDrop(i) && !leaves && (segmentOf[i] < first || cheap[i]))
          set[i] = 1;
      }
      sets.push_back(std::move(set));
    }
  }
}

std::vector<OpSet> StepGraph::choices() const {
  std::vector<OpSet> sets;
  addCheapest(sets);
  // Without products: at most so many operations a byte.
  constexpr int64_t cheapest = 4;
  OpSet cheap(nodes.size(), 0);
  for (size_t i = 0; i < nodes.size(); ++i)
    cheap[i] = canDrop(i) && nodes[i].flop <= cheapest * nodes[i].bytes;
  addSegments(sets, OpSet(nodes.size(), 0));
  addSegments(sets, cheap);
  return sets;
}

//===----------------------------------------------------------------------===//
// Copies
//===----------------------------------------------------------------------===//

void StepGraph::apply(func::FuncOp function, const OpSet &copies) const {
  Block &block = function.getBody().front();
  SmallVector<Operation *> ops;
  DenseMap<Operation *, int> numbers;
  for (Operation &op : block) {
    numbers[&op] = ops.size();
    ops.push_back(&op);
  }
  Operation *terminator = block.getTerminator();
  for (Operation *op : ops)
    if (!nodes[numbers[op]].isForward && op != terminator)
      op->moveBefore(terminator);

  IRMapping copyOf;
  auto isLost = [&](Value value) {
    Operation *producer = value.getDefiningOp();
    return producer && copies[numbers.lookup(producer)];
  };
  for (Operation *reader : ops) {
    if (nodes[numbers[reader]].isForward || reader == terminator)
      continue;
    std::set<int> wanted;
    SmallVector<Operation *> stack{reader};
    while (!stack.empty())
      for (Value operand : stack.pop_back_val()->getOperands())
        if (isLost(operand) && !copyOf.contains(operand) &&
            wanted.insert(numbers[operand.getDefiningOp()]).second)
          stack.push_back(operand.getDefiningOp());
    OpBuilder builder(reader);
    for (int number : wanted) {
      Operation *copy = builder.clone(*ops[number], copyOf);
      if (!nodes[number].isView)
        copy->setAttr(recomputedAttribute, builder.getUnitAttr());
    }
    for (OpOperand &operand : reader->getOpOperands())
      operand.set(copyOf.lookupOrDefault(operand.get()));
  }
  for (Operation *op : llvm::reverse(ops))
    if (isOpTriviallyDead(op))
      op->erase();
}

Recomputation
nnc::nn::recompute(func::FuncOp function, int64_t budget,
                   llvm::function_ref<void(func::FuncOp)> fuse,
                   llvm::function_ref<int64_t(func::FuncOp)> measure) {
  StepGraph graph(function);
  OwningOpRef<ModuleOp> place = ModuleOp::create(function.getLoc());
  auto fused = [&](const OpSet &copies) {
    place->getBody()->clear();
    func::FuncOp copy = function.clone();
    place->push_back(copy);
    if (llvm::is_contained(copies, 1))
      graph.apply(copy, copies);
    fuse(copy);
    return copy;
  };
  Recomputation result;
  func::FuncOp plain = fused({});
  int64_t plainBytes = liveBytes(plain);
  result.bytes = result.least = measure(plain);
  if (result.bytes <= budget || !graph.hasBackward())
    return result;

  struct Choice {
    OpSet copies;
    int64_t flop, most;
  };
  std::vector<Choice> choices;
  std::set<OpSet> seen;
  for (const OpSet &set : graph.choices()) {
    OpSet copies = graph.copiesOf(set);
    if (seen.insert(copies).second)
      choices.push_back({copies, graph.flopOf(copies),
                         plainBytes - graph.bytesOfSaved(copies)});
  }
  llvm::sort(choices, [](const Choice &a, const Choice &b) {
    return std::tie(a.flop, a.copies) < std::tie(b.flop, b.copies);
  });
  std::vector<std::pair<int64_t, const Choice *>> smallest;
  // Those that might fit, then, to tell the least, all others.
  for (bool mayFit : {true, false})
    for (const Choice &choice : choices) {
      if ((choice.most <= budget) != mayFit)
        continue;
      func::FuncOp tried = fused(choice.copies);
      int64_t bytes = liveBytes(tried);
      if (bytes > budget) {
        smallest.emplace_back(bytes, &choice);
        continue;
      }
      bytes = measure(tried);
      result.least = std::min(result.least, bytes);
      if (bytes > budget)
        continue;
      graph.apply(function, choice.copies);
      result.bytes = bytes;
      result.flop = choice.flop;
      result.ops = llvm::count(choice.copies, 1);
      return result;
    }
  // What is alive is not all that counts: some of the best are measured.
  constexpr size_t mostMeasured = 8;
  llvm::sort(smallest);
  for (size_t i = 0; i < std::min(smallest.size(), mostMeasured); ++i)
    result.least =
        std::min(result.least, measure(fused(smallest[i].second->copies)));
  return result;
}

namespace {
struct RecomputePass : nnc::nn::impl::RecomputePassBase<RecomputePass> {
  using RecomputePassBase::RecomputePassBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (budget <= 0 || function.isExternal() ||
        !function.getBody().hasOneBlock())
      return;
    Recomputation result = recompute(function, budget, [&](func::FuncOp copy) {
      fuseOps(copy, nullptr, alone);
    });
    copies += result.ops;
    if (result.bytes <= budget)
      return;
    emitError(function.getLoc())
        << "the step needs at least " << result.least
        << " bytes for the values that are alive at once, more "
        << "than the budget of " << budget.getValue();
    signalPassFailure();
  }
};
} // namespace
