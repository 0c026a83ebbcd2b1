//===- Program.cpp - Kernels in order, values in memory -------------------===//

#include "GroupKernels.h"
#include "KernelDescription.h"
#include "PointwiseBody.h"
#include "PreparingKernels.h"
#include "mlir/IR/Matchers.h"
#include "nnc/Conversion/NNToKernels.h"
#include "nnc/Dialect/NN/Transforms/Fusion.h"
#include "nnc/Dialect/NN/Transforms/Recompute.h"
#include "nnc/Kernels/Contraction.h"
#include "nnc/Kernels/ProgramEntry.h"
#include "nnc/Transforms/DeduplicateKernels.h"
#include "nnc/Transforms/MemoryPlanner.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::nn;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

static int64_t bytesOf(RankedTensorType type) {
  unsigned bits = type.getElementTypeBitWidth();
  return type.getNumElements() * std::max(1u, bits / 8);
}

namespace {
/// A piece of memory that values share: a value and all its reshapes.
struct Storage {
  kernels::ProgramOperand place;
  int64_t bytes = 0;
  /// Number among the planned buffers of the arena, or -1.
  int64_t planned = -1;
  /// Its content is used in later calls of the program too.
  bool stays = false;
};

class ProgramLowering {
public:
  ProgramLowering(func::FuncOp function, const TargetDescription &target,
                  const std::string &entry, LoweringOptions options)
      : function(function), target(target), options(options),
        module(ModuleOp::create(function.getLoc())),
        context{module.get(), target, FixedValues(function)} {
    spec.name = entry;
  }

  Expected<KernelProgram> run();

private:
  /// One kernel call before memory is placed.
  struct Call {
    func::FuncOp kernel;
    SmallVector<unsigned> storages;
    bool barrierBefore = false;
    /// What it computes.
    Operation *op = nullptr;
    /// Bytes into each storage; empty: none.
    SmallVector<int64_t> offsets = {};
    /// Runs before all others, and not in every call of the program.
    bool prepares = false;
  };

  Expected<void> describeArguments();
  Expected<void> describeResults();
  Expected<void> lowerOps();
  Expected<void> lowerOp(Operation *op);
  Expected<void> finishResults();
  Expected<void> lowerConstant(Operation *op, DenseElementsAttr elements);
  unsigned storageOf(Value value);
  void addCalls(ArrayRef<LoweredOp> parts, Operation *op);
  void addClock();
  bool prepares(Operation *op) const;
  bool mayRunAhead(ArrayRef<LoweredOp> parts) const;
  void moveForward();
  Preparation splitPreparation();
  kernels::ProgramCall placed(const Call &call) const;
  std::vector<bool> usesOf(ArrayRef<kernels::ProgramCall> placedCalls) const;
  bool mayReplace(Operation *producer, BlockArgument argument);
  void planArena();
  MemoryInfo describeMemory() const;
  void placeBarriers();
  void shareKernels();
  Argument describe(RankedTensorType type, StringRef name) const;

  func::FuncOp function;
  const TargetDescription &target;
  LoweringOptions options;
  OwningOpRef<ModuleOp> module;
  LoweringContext context;
  kernels::ProgramSpec spec;
  Signature signature;
  std::vector<Storage> storages;
  DenseMap<Value, unsigned> storageIndex;
  std::vector<Call> calls;
  /// For each function result the argument whose memory receives it.
  SmallVector<unsigned> resultArgument;
  DenseMap<Operation *, unsigned> stepOf;
  MemoryPlan plan;
};
} // namespace

//===----------------------------------------------------------------------===//
// The signature
//===----------------------------------------------------------------------===//

static ElementType elementTypeOf(Type type) {
  if (type.isF64())
    return ElementType::f64;
  if (type.isF16())
    return ElementType::f16;
  if (type.isBF16())
    return ElementType::bf16;
  if (type.isInteger(64))
    return ElementType::i64;
  if (type.isInteger(32))
    return ElementType::i32;
  if (type.isInteger(1))
    return ElementType::boolean;
  return ElementType::f32;
}

Argument ProgramLowering::describe(RankedTensorType type,
                                   StringRef name) const {
  Argument argument;
  argument.name = name.str();
  argument.type = elementTypeOf(type.getElementType());
  argument.shape.assign(type.getShape().begin(), type.getShape().end());
  return argument;
}

/// Marks the leading dimension as bounded by the batch; fails where another
/// one is.
static Expected<void> describeBatch(Argument &argument, RankedTensorType type,
                                    Operation *op) {
  auto extents = extentsOf(type, op);
  if (!extents)
    return fail(std::move(extents).error());
  for (auto [i, extent] : llvm::enumerate(*extents)) {
    if (extent.isStatic())
      continue;
    if (i != 0)
      return fail(unsupportedAt(op, "an open size other than the first of an "
                                    "argument or result"));
    argument.batched = true;
    argument.rowsPerSample = *extent.perBatch;
  }
  return {};
}

Expected<void> ProgramLowering::describeArguments() {
  for (BlockArgument value : function.getArguments()) {
    unsigned number = value.getArgNumber();
    auto text = [&](StringRef name) {
      auto attribute = function.getArgAttrOfType<StringAttr>(number, name);
      return attribute ? attribute.getValue().str() : std::string();
    };
    Argument argument = describe(typeOf(value), text("nn.name"));
    if (auto marked = describeBatch(argument, typeOf(value), function); !marked)
      return marked;
    std::string role = text("nn.role");
    for (Role candidate : {Role::input, Role::parameter, Role::state,
                           Role::optimizer, Role::scalar})
      if (nameOf(candidate) == role)
        argument.role = candidate;
    argument.initializer = text("nn.initializer");
    argument.owner = text("nn.owner");
    storageIndex[value] = storages.size();
    storages.push_back({{kernels::ProgramOperand::Kind::argument, number, 0},
                        bytesOf(typeOf(value)),
                        -1});
    signature.arguments.push_back(std::move(argument));
  }
  return {};
}

Expected<void> ProgramLowering::describeResults() {
  auto *terminator = function.getBody().front().getTerminator();
  for (OpOperand &operand : terminator->getOpOperands()) {
    unsigned number = operand.getOperandNumber();
    auto text = [&](StringRef name) {
      auto attribute = function.getResultAttrOfType<StringAttr>(number, name);
      return attribute ? attribute.getValue().str() : std::string();
    };
    std::string updates = text("nn.updates");
    if (!updates.empty()) {
      auto found =
          llvm::find_if(signature.arguments, [&](const Argument &argument) {
            return argument.name == updates;
          });
      if (found == signature.arguments.end())
        return fail(ErrorCode::internal,
                    "a result updates the unknown argument '" + updates + "'");
      resultArgument.push_back(found - signature.arguments.begin());
      continue;
    }
    RankedTensorType type = typeOf(operand.get());
    Argument argument = describe(type, text("nn.name"));
    argument.role = Role::output;
    if (auto marked = describeBatch(argument, type, function); !marked)
      return marked;
    resultArgument.push_back(signature.arguments.size());
    storages.push_back({{kernels::ProgramOperand::Kind::argument,
                         unsigned(signature.arguments.size()), 0},
                        bytesOf(type),
                        -1});
    signature.arguments.push_back(std::move(argument));
  }
  return {};
}

//===----------------------------------------------------------------------===//
// Values in storages
//===----------------------------------------------------------------------===//

/// The value whose memory \p value shares: reshapes move nothing.
static Value rootOf(Value value) {
  while (auto reshape = value.getDefiningOp<ReshapeOp>())
    value = reshape.getX();
  return value;
}

unsigned ProgramLowering::storageOf(Value value) {
  value = rootOf(value);
  auto [it, inserted] = storageIndex.try_emplace(value, storages.size());
  if (inserted)
    storages.push_back(
        {{}, bytesOf(typeOf(value).clone({context.elementsOf(value)})), -1});
  return it->second;
}

/// Whether \p group reads \p value only at the index that it writes.
static bool readsInPlace(FusionOp group, Value value) {
  if (group.getKind() == GroupKind::row_sweep)
    return false;
  for (auto [operand, argument] :
       llvm::zip(group.getInputs(), group.getBody().getArguments())) {
    if (rootOf(operand) != value)
      continue;
    if (operand != value)
      return false;
    for (Operation *user : argument.getUsers())
      if (!isa<ScalarBodyOpInterface, YieldOp>(user))
        return false;
  }
  return true;
}

/// Whether the new value of \p argument may be written over the old one where
/// \p producer computes it.
bool ProgramLowering::mayReplace(Operation *producer, BlockArgument argument) {
  if (!isa<FusionOp>(producer))
    return false;
  SmallVector<Value> views{argument};
  while (!views.empty()) {
    Value view = views.pop_back_val();
    for (Operation *user : view.getUsers()) {
      if (isa<ReshapeOp>(user)) {
        views.push_back(user->getResult(0));
        continue;
      }
      // An old value that leaves the program is copied at the end.
      if (user->hasTrait<OpTrait::IsTerminator>())
        return false;
      if (user == producer) {
        if (!readsInPlace(cast<FusionOp>(producer), argument))
          return false;
      } else if (!user->isBeforeInBlock(producer)) {
        return false;
      }
    }
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

/// Adds the calls of \p parts, which together compute \p op.
void ProgramLowering::addCalls(ArrayRef<LoweredOp> parts, Operation *op) {
  bool early = !parts.empty() && prepares(op) && mayRunAhead(parts);
  if (early)
    for (Value result : op->getResults())
      storages[storageOf(result)].stays = true;
  for (const LoweredOp &part : parts) {
    SmallVector<unsigned> used;
    for (Value buffer : part.buffers)
      used.push_back(storageOf(buffer));
    if (part.kernels.scratchBytes > 0) {
      used.push_back(storages.size());
      storages.push_back({{}, part.kernels.scratchBytes, -1});
    }
    for (func::FuncOp phase : part.kernels.phases)
      calls.push_back({phase, used, false, op, part.offsets, early});
  }
}

/// Whether what \p parts compute may be prepared where the program is to be.
bool ProgramLowering::mayRunAhead(ArrayRef<LoweredOp> parts) const {
  return !options.preparesOn || llvm::all_of(parts, [&](const LoweredOp &part) {
    return llvm::all_of(part.kernels.phases, [&](func::FuncOp kernel) {
      return givesSameBits(kernel, target, *options.preparesOn);
    });
  });
}

/// Whether \p op computes, from parameters, constants and what was prepared
/// from them, values that stay.
bool ProgramLowering::prepares(Operation *op) const {
  auto isReady = [&](Value operand) {
    Value root = rootOf(operand);
    if (!context.fixed.contains(root) || isa<BlockArgument>(root))
      return context.fixed.contains(root);
    auto found = storageIndex.find(root);
    if (found == storageIndex.end())
      return false;
    const Storage &storage = storages[found->second];
    return storage.stays ||
           storage.place.kind == kernels::ProgramOperand::Kind::constant;
  };
  // Results that the caller receives are computed in every call.
  auto isKept = [&](Value result) {
    auto found = storageIndex.find(result);
    return context.fixed.contains(result) &&
           (found == storageIndex.end() ||
            storages[found->second].place.kind ==
                kernels::ProgramOperand::Kind::arena);
  };
  return op->getNumResults() > 0 && llvm::all_of(op->getOperands(), isReady) &&
         llvm::all_of(op->getResults(), isKept);
}

/// Puts the calls that prepare before all others, in their order.
void ProgramLowering::moveForward() {
  std::vector<Call> first, rest;
  for (Call &call : calls)
    (call.prepares ? first : rest).push_back(std::move(call));
  spec.preparing = first.size();
  calls = std::move(first);
  llvm::append_range(calls, rest);
}

/// Takes the calls that prepare out of the program. The values that they leave
/// to it become data that it declares.
Preparation ProgramLowering::splitPreparation() {
  auto behind = calls.begin() + spec.preparing;
  std::vector<Call> rest(behind, calls.end());
  calls.erase(behind, calls.end());
  llvm::SmallSetVector<unsigned, 16> left;
  for (const Call &call : rest)
    for (unsigned number : call.storages)
      if (storages[number].stays)
        left.insert(number);
  for (auto [number, storage] : llvm::enumerate(storages))
    storage.stays = left.contains(number);
  planArena();
  placeBarriers();

  Preparation result;
  result.entry = spec.name + ".prepare";
  result.arenaBytes = plan.arenaBytes;
  result.module = module->clone();
  SymbolTable copies(*result.module);
  kernels::ProgramSpec own;
  own.name = result.entry;
  own.constants = spec.constants;
  for (const Call &call : calls) {
    own.calls.push_back(placed(call));
    own.calls.back().kernel =
        copies.lookup<func::FuncOp>(own.calls.back().kernel.getSymNameAttr());
  }
  result.reads = usesOf(own.calls);
  kernels::emitProgramEntry(*result.module, own);
  eraseUnused(*result.module, result.entry);

  for (unsigned number : left) {
    Storage &storage = storages[number];
    unsigned place = spec.preparedBytes.size();
    result.values.push_back({kernels::preparedName(spec.name, place),
                             storage.place.offset, storage.bytes});
    storage.place = {kernels::ProgramOperand::Kind::prepared, place, 0};
    storage.planned = -1;
    spec.preparedBytes.push_back(storage.bytes);
  }
  calls = std::move(rest);
  spec.preparing = 0;
  return result;
}

Expected<void> ProgramLowering::lowerConstant(Operation *op,
                                              DenseElementsAttr elements) {
  RankedTensorType type = typeOf(op->getResult(0));
  std::vector<char> bytes(bytesOf(type));
  if (type.getElementType().isInteger(1)) {
    for (auto [i, value] : llvm::enumerate(elements.getValues<bool>()))
      bytes[i] = value;
  } else {
    ArrayRef<char> raw = elements.getRawData();
    size_t width = elements.isSplat() ? raw.size() : bytes.size();
    for (size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = raw[i % width];
  }
  storageIndex[op->getResult(0)] = storages.size();
  storages.push_back({{kernels::ProgramOperand::Kind::constant,
                       unsigned(spec.constants.size()), 0},
                      bytesOf(type),
                      -1});
  spec.constants.push_back(std::move(bytes));
  return {};
}

Expected<void> ProgramLowering::lowerOp(Operation *op) {
  if (auto reshape = dyn_cast<ReshapeOp>(op)) {
    // Rows of an open number stay a prefix only if the number stays in front.
    for (Value value : {Value(reshape.getX()), Value(reshape.getY())}) {
      auto extents = extentsOf(typeOf(value), op);
      if (!extents)
        return fail(std::move(extents).error());
      for (const kernels::Extent &extent :
           llvm::drop_begin(*extents, extents->empty() ? 0 : 1))
        if (!extent.isStatic())
          return fail(unsupportedAt(
              op, "reshaping with an open size that is not the first"));
    }
    return {};
  }
  DenseElementsAttr elements;
  if (matchPattern(op, m_Constant(&elements)))
    return lowerConstant(op, elements);
  if (isa<DimSizeOp>(op)) {
    auto lowered = lowerImmediate(context, op);
    if (!lowered)
      return fail(std::move(lowered).error());
    addCalls(*lowered, op);
    return {};
  }
  if (auto group = dyn_cast<FusionOp>(op)) {
    Expected<LoweredOp> lowered = [&] {
      switch (group.getKind()) {
      case GroupKind::map:
        return lowerMapGroup(context, group);
      case GroupKind::contraction:
        return lowerContractionGroup(context, group);
      case GroupKind::column_reduce:
        return lowerReduceGroup(context, group);
      case GroupKind::row_sweep:
        return lowerRowSweepGroup(context, group);
      }
      llvm_unreachable("all kinds are above");
    }();
    if (!lowered)
      return fail(std::move(lowered).error());
    addCalls(*lowered, op);
    return {};
  }
  auto lowered = lowerMovement(context, op);
  if (!lowered)
    return fail(std::move(lowered).error());
  addCalls(*lowered, op);
  return {};
}

Expected<void> ProgramLowering::lowerOps() {
  Block &block = function.getBody().front();
  auto *terminator = block.getTerminator();
  // Results go straight to the memory that the caller gives, where they can.
  for (OpOperand &operand : terminator->getOpOperands()) {
    unsigned argument = resultArgument[operand.getOperandNumber()];
    Value value = rootOf(operand.get());
    Operation *producer = value.getDefiningOp();
    DenseElementsAttr elements;
    if (!producer || storageIndex.contains(value) ||
        matchPattern(producer, m_Constant(&elements)))
      continue;
    bool updates = argument < function.getNumArguments();
    if (updates && !mayReplace(producer, function.getArgument(argument)))
      continue;
    auto storage = llvm::find_if(storages, [&](const Storage &candidate) {
      return candidate.place.kind == kernels::ProgramOperand::Kind::argument &&
             candidate.place.number == argument;
    });
    storageIndex[value] = storage - storages.begin();
  }
  placeParts(context, function);
  planImageLayouts(context, function);
  for (Operation &op : block.without_terminator())
    if (auto lowered = lowerOp(&op); !lowered)
      return lowered;
  return finishResults();
}

/// Copies the results that are not yet where they belong.
Expected<void> ProgramLowering::finishResults() {
  auto *terminator = function.getBody().front().getTerminator();
  // Old values leave before anything is written over them.
  SmallVector<OpOperand *> copies;
  for (bool updates : {false, true})
    for (OpOperand &operand : terminator->getOpOperands()) {
      unsigned argument = resultArgument[operand.getOperandNumber()];
      const Storage &storage = storages[storageOf(operand.get())];
      bool inPlace =
          storage.place.kind == kernels::ProgramOperand::Kind::argument &&
          storage.place.number == argument;
      if (!inPlace && (argument < function.getNumArguments()) == updates)
        copies.push_back(&operand);
    }
  for (OpOperand *operand : copies) {
    auto lowered =
        lowerCopy(context, terminator, operand->get(), operand->get());
    if (!lowered)
      return fail(std::move(lowered).error());
    unsigned argument = resultArgument[operand->getOperandNumber()];
    auto target = llvm::find_if(storages, [&](const Storage &candidate) {
      return candidate.place.kind == kernels::ProgramOperand::Kind::argument &&
             candidate.place.number == argument;
    });
    calls.push_back(
        {lowered->kernels.phases.front(),
         {storageOf(operand->get()), unsigned(target - storages.begin())},
         false,
         terminator});
  }
  return {};
}

//===----------------------------------------------------------------------===//
// Memory and barriers
//===----------------------------------------------------------------------===//

void ProgramLowering::planArena() {
  std::vector<LiveBuffer> buffers;
  for (auto [step, call] : llvm::enumerate(calls))
    for (unsigned number : call.storages) {
      Storage &storage = storages[number];
      if (storage.place.kind != kernels::ProgramOperand::Kind::arena)
        continue;
      if (storage.planned < 0) {
        storage.planned = buffers.size();
        buffers.push_back(
            {storage.bytes, storage.stays ? 0 : int64_t(step), int64_t(step)});
      }
      buffers[storage.planned].last =
          storage.stays ? int64_t(calls.size()) - 1 : int64_t(step);
    }
  plan = planMemory(buffers);
  for (Storage &storage : storages)
    if (storage.planned >= 0)
      storage.place.offset = plan.offsets[storage.planned];
  signature.arenaBytes = plan.arenaBytes;
}

/// What lies in the arena when, and what the kernels are.
MemoryInfo ProgramLowering::describeMemory() const {
  MemoryInfo info;
  info.lowerBound = plan.lowerBound;
  info.peak = plan.peak;
  DenseMap<unsigned, Value> valueOf;
  for (auto [value, number] : storageIndex)
    valueOf[number] = value;
  SmallVector<int64_t> bufferOf(storages.size(), -1);
  for (auto [step, call] : llvm::enumerate(calls)) {
    KernelInfo kernel = describeKernel(call.op);
    std::string layers = llvm::join(kernel.layers, ", ");
    info.kernels.push_back(layers.empty() ? kernel.work
                                          : kernel.work + " of " + layers);
    for (unsigned number : call.storages) {
      const Storage &storage = storages[number];
      if (storage.planned < 0)
        continue;
      if (bufferOf[number] < 0) {
        bufferOf[number] = info.buffers.size();
        BufferInfo buffer;
        if (Value value = valueOf.lookup(number)) {
          buffer.content = describeValue(value);
          buffer.type = describeType(typeOf(value));
          if (auto tiles = context.tiles.find(value);
              tiles != context.tiles.end())
            buffer.content +=
                fmt::format(", {} images a vector", tiles->second.lanes);
        } else {
          buffer.content = "scratch of " + info.kernels.back();
        }
        buffer.bytes = storage.bytes;
        buffer.offset = storage.place.offset;
        buffer.first = step;
        buffer.stays = storage.stays;
        info.buffers.push_back(std::move(buffer));
      }
      info.buffers[bufferOf[number]].last = step;
    }
  }
  return info;
}

namespace {
/// Bytes that a call may read or write.
struct Range {
  kernels::ProgramOperand::Kind kind;
  unsigned number;
  int64_t first, last;
  bool overlaps(const Range &other) const {
    return kind == other.kind && number == other.number && first < other.last &&
           other.first < last;
  }
};
} // namespace

void ProgramLowering::placeBarriers() {
  // A call waits if it touches memory that a call since the last barrier
  // touches too, unless both only read. Which buffers a kernel writes is known
  // from the values: constants and pure inputs never.
  auto isReadOnly = [&](const Storage &storage) {
    if (storage.place.kind == kernels::ProgramOperand::Kind::constant ||
        storage.place.kind == kernels::ProgramOperand::Kind::prepared)
      return true;
    if (storage.place.kind != kernels::ProgramOperand::Kind::argument)
      return false;
    unsigned argument = storage.place.number;
    return argument < function.getNumArguments() &&
           !llvm::is_contained(resultArgument, argument);
  };
  std::vector<Range> written, read;
  for (auto [position, call] : llvm::enumerate(calls)) {
    if (position == spec.preparing) {
      written.clear();
      read.clear();
    }
    std::vector<Range> writes, reads;
    for (auto [i, number] : llvm::enumerate(call.storages)) {
      const Storage &storage = storages[number];
      Range range{storage.place.kind, storage.place.number,
                  storage.place.offset, storage.place.offset + storage.bytes};
      if (range.kind == kernels::ProgramOperand::Kind::arena)
        range.number = 0;
      auto writtenArguments =
          call.kernel->getAttrOfType<DenseI32ArrayAttr>("nnc.writes");
      bool mayWrite = writtenArguments
                          ? llvm::is_contained(writtenArguments.asArrayRef(), i)
                          : !isReadOnly(storage);
      (mayWrite ? writes : reads).push_back(range);
    }
    auto anyOverlap = [](const std::vector<Range> &a,
                         const std::vector<Range> &b) {
      return llvm::any_of(a, [&](const Range &x) {
        return llvm::any_of(b, [&](const Range &y) { return x.overlaps(y); });
      });
    };
    call.barrierBefore = anyOverlap(writes, written) ||
                         anyOverlap(writes, read) || anyOverlap(reads, written);
    if (call.barrierBefore) {
      written.clear();
      read.clear();
    }
    llvm::append_range(written, writes);
    llvm::append_range(read, reads);
  }
}

/// Lets calls that compute the same name the same kernel, so that the entry
/// sees which calls are repeated.
void ProgramLowering::shareKernels() {
  auto replacements =
      mergeEqualFunctions(module.get(), [](func::FuncOp) { return true; });
  for (Call &call : calls)
    if (auto found = replacements.find(call.kernel);
        found != replacements.end())
      call.kernel = found->second;
}

//===----------------------------------------------------------------------===//
// The whole
//===----------------------------------------------------------------------===//

static int64_t productsFlop(func::FuncOp function) {
  int64_t flop = 0;
  function.walk([&](Operation *op) { flop += productFlop(op); });
  return flop;
}

/// \p call with its operands where they lie in memory.
kernels::ProgramCall ProgramLowering::placed(const Call &call) const {
  kernels::ProgramCall result{call.kernel, {}, call.barrierBefore};
  for (auto [i, number] : llvm::enumerate(call.storages)) {
    result.operands.push_back(storages[number].place);
    if (i < call.offsets.size())
      result.operands.back().offset += call.offsets[i];
  }
  return result;
}

/// Of each argument of the program whether \p placedCalls take it.
std::vector<bool>
ProgramLowering::usesOf(ArrayRef<kernels::ProgramCall> placedCalls) const {
  std::vector<bool> uses(signature.arguments.size(), false);
  for (const kernels::ProgramCall &call : placedCalls)
    for (const kernels::ProgramOperand &operand : call.operands)
      if (operand.kind == kernels::ProgramOperand::Kind::argument)
        uses[operand.number] = true;
  return uses;
}

/// The output for the clock's ticks of a profiled program.
void ProgramLowering::addClock() {
  Argument argument;
  argument.name = clockName;
  argument.role = Role::output;
  argument.type = ElementType::i64;
  argument.shape = {int64_t(calls.size() - spec.preparing) + 1};
  spec.clock = signature.arguments.size();
  signature.arguments.push_back(std::move(argument));
}

Expected<KernelProgram> ProgramLowering::run() {
  signature.entry = spec.name;
  signature.target = target.name;
  if (auto described = describeArguments(); !described)
    return fail(std::move(described).error());
  if (auto described = describeResults(); !described)
    return fail(std::move(described).error());
  if (auto lowered = lowerOps(); !lowered)
    return fail(std::move(lowered).error());
  moveForward();
  shareKernels();
  KernelProgram program;
  if (options.preparesOn && spec.preparing > 0)
    program.preparation = splitPreparation();
  planArena();
  placeBarriers();
  int64_t bytes = 0;
  Operation *previous = nullptr;
  for (const Call &call : calls) {
    int64_t callBytes = 0;
    for (unsigned number : call.storages)
      callBytes += storages[number].bytes;
    spec.calls.push_back(placed(call));
    if (call.prepares)
      continue;
    bytes += callBytes;
    if (!options.profile)
      continue;
    KernelInfo info = describeKernel(call.op);
    func::FuncOp kernel = call.kernel;
    info.name = kernel.getSymName().str();
    info.bytes = callBytes;
    info.continues = call.op == previous;
    previous = call.op;
    program.kernels.push_back(std::move(info));
  }
  if (options.profile)
    addClock();
  signature.usesTiles = kernels::usesTiles(*module);
  signature.flop = productsFlop(function);
  function.walk([&](Operation *op) {
    if (op->hasAttr(recomputedAttribute))
      signature.recomputedFlop += nn::countFlop(op);
  });
  // A team costs about a microsecond a program and a tenth a barrier: below
  // some 50 microseconds of one thread's work it does not pay.
  constexpr int64_t smallWork = 2'000'000;
  signature.preferredThreads =
      signature.flop + 4 * bytes < smallWork ? 1 : 1024;
  kernels::emitProgramEntry(module.get(), spec);
  if (program.preparation)
    eraseUnused(*module, spec.name);
  program.uses = usesOf(spec.calls);
  program.module = std::move(module);
  program.signature = std::move(signature);
  if (options.describeMemory)
    program.memory = describeMemory();
  return program;
}

Expected<KernelProgram> nnc::lowerToKernels(func::FuncOp function,
                                            const TargetDescription &target,
                                            const std::string &entry,
                                            LoweringOptions options) {
  return ProgramLowering(function, target, entry, options).run();
}
