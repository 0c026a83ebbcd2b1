//===- Map.cpp - Element-wise kernels -------------------------------------===//

#include "nnc/Kernels/Map.h"
#include "KernelBuilder.h"
#include "llvm/ADT/DenseMap.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

/// Elements below which a further thread costs more than it gains.
static constexpr int64_t grain = 2048;

namespace {

/// The domain after collapsing, with the accesses that fit it.
struct Collapsed {
  std::vector<Extent> domain;
  std::vector<Access> inputs, outputs;
};

} // namespace

/// Joins dimension \p d with the one after it in all of \p accesses.
static void joinStrides(std::vector<Access> &accesses, size_t d) {
  for (Access &access : accesses)
    access.strides.erase(access.strides.begin() + d);
}

/// Whether dimensions \p d and d + 1 are one for \p access.
static bool joins(const Access &access, size_t d, int64_t innerExtent) {
  return access.strides[d] == access.strides[d + 1] * innerExtent;
}

static Collapsed collapse(const MapSpec &spec) {
  Collapsed result{spec.domain, spec.inputs, spec.outputs};
  if (spec.usesIndices)
    return result;
  auto drop = [&](size_t d) {
    result.domain.erase(result.domain.begin() + d);
    joinStrides(result.inputs, d);
    joinStrides(result.outputs, d);
  };
  for (size_t d = result.domain.size(); d-- > 0;)
    if (result.domain[d].isStatic() && result.domain[d].capacity == 1)
      drop(d);
  for (size_t d = result.domain.size(); d-- > 1;) {
    Extent inner = result.domain[d];
    auto joinable = [&](const Access &access) {
      return joins(access, d - 1, inner.capacity);
    };
    if (!inner.isStatic() || !llvm::all_of(result.inputs, joinable) ||
        !llvm::all_of(result.outputs, joinable))
      continue;
    Extent &outer = result.domain[d - 1];
    outer.capacity *= inner.capacity;
    if (outer.perBatch)
      *outer.perBatch *= inner.capacity;
    result.domain.erase(result.domain.begin() + d);
    joinStrides(result.inputs, d - 1);
    joinStrides(result.outputs, d - 1);
  }
  return result;
}

namespace {

/// Emits the loops of one map.
class MapEmitter {
public:
  MapEmitter(KernelBuilder &kernel, const MapSpec &spec)
      : kernel(kernel), spec(spec), shape(collapse(spec)) {
    if (!shape.domain.empty()) {
      inner = shape.domain.back();
      outer = ArrayRef<Extent>(shape.domain).drop_back();
    }
    for (const Extent &extent : outer)
      rows *= extent.capacity;
    width = vectorWidth(kernel.target, spec.buffers);
    if (inner.isStatic() && inner.capacity == 1)
      width = 1;
  }

  void emit() {
    if (std::optional<size_t> turned = turnedDimension())
      emitTiles(*turned);
    else
      emitRows();
  }

private:
  bool isTurned(const Access &access) const {
    int64_t stride = access.strides.empty() ? 0 : access.strides.back();
    return stride != 0 && stride != 1;
  }

  /// The dimension along which the inputs that are not contiguous along the
  /// last one are, if tiles of both can be turned in registers.
  std::optional<size_t> turnedDimension() const {
    std::optional<size_t> found;
    for (const Access &access : shape.inputs) {
      if (!isTurned(access))
        continue;
      if (storageBytes(spec.buffers[access.buffer].element) < 4)
        return std::nullopt;
      for (size_t d = 0; d < outer.size(); ++d)
        if (access.strides[d] == 1 && (!found || *found == d)) {
          found = d;
          break;
        } else if (d + 1 == outer.size()) {
          return std::nullopt;
        }
    }
    bool fits = found && inner.isStatic() && inner.capacity >= 4 &&
                outer[*found].isStatic() && outer[*found].capacity >= 4 &&
                llvm::none_of(shape.outputs, [&](const Access &access) {
                  return isTurned(access);
                });
    // Edges are masked; without masks there must be none.
    bool even = fits && inner.capacity % width == 0 &&
                outer[*found].capacity % width == 0;
    bool masked = kernel.target.maskedWords && kernel.target.maskedBytes;
    return fits && (even || masked) ? found : std::nullopt;
  }

  /// Emits one vector. \p turned gives the vectors of inputs that were turned.
  void emitVector(ArrayRef<Value> row, const RowAccesses &inputs,
                  const RowAccesses &outputs, Value column, const Lanes &lanes,
                  llvm::function_ref<Value(unsigned)> turned) {
    SmallVector<Value> operands;
    for (unsigned number = 0; number < spec.inputs.size(); ++number) {
      Value ready = turned(number);
      operands.push_back(ready ? ready
                               : inputs.load(kernel, number, column, lanes));
    }
    auto indexOf = [&](unsigned d) {
      return d < row.size() ? kernel.splat(row[d], lanes.width)
                            : kernel.iota(column, lanes.width);
    };
    auto batchOf = [&] { return kernel.batch(); };
    BodyContext context(kernel.builder, kernel.loc, lanes.width, operands,
                        indexOf, batchOf);
    SmallVector<Value> results = spec.body(context);
    kernel.expectResults(results.size(), spec.outputs.size());
    for (auto [number, result] : llvm::enumerate(results))
      outputs.store(kernel, number, result, column, lanes);
  }

  void emitRows() {
    bool masked =
        canMask(kernel.target, spec.buffers, shape.inputs, shape.outputs);
    // A few long rows are split along themselves, else rows are dealt out.
    bool splitInner = rows < 8 && inner.capacity > grain;
    Value low = kernel.constant(0), high = kernel.bound(inner);
    Value rowLow = low, rowHigh = kernel.volume(outer);
    if (splitInner)
      std::tie(low, high) = kernel.share(high, inner.capacity, 64,
                                         grain / std::max<int64_t>(rows, 1));
    else
      std::tie(rowLow, rowHigh) = kernel.share(
          rowHigh, rows, 1,
          std::max<int64_t>(1, grain / std::max<int64_t>(1, inner.capacity)));
    bool exact = inner.isStatic() && inner.capacity % width == 0;
    kernel.loop(rowLow, rowHigh, 1, [&](Value number) {
      SmallVector<Value> row = kernel.delinearize(number, outer);
      RowAccesses inputs(kernel, shape.inputs, row, width > 1);
      RowAccesses outputs(kernel, shape.outputs, row, false);
      vectorLoop(kernel, low, high, width, masked, inner.capacity >= width,
                 !exact, [&](Value column, const Lanes &lanes) {
                   emitVector(row, inputs, outputs, column, lanes,
                              [](unsigned) { return Value(); });
                 });
    });
  }

  /// Goes through square tiles of the last dimension and \p turned: turned
  /// inputs are read along the latter and transposed onto the stack.
  void emitTiles(size_t turned) {
    SmallVector<unsigned> numbers;
    for (auto [number, access] : llvm::enumerate(shape.inputs))
      if (isTurned(access))
        numbers.push_back(number);
    llvm::DenseMap<unsigned, Value> tiles;
    for (unsigned number : numbers)
      tiles[number] =
          kernel.stack(kernel.elementOf(shape.inputs[number]), width * width);

    std::vector<Extent> blocks(outer.begin(), outer.end());
    int64_t length = outer[turned].capacity;
    blocks[turned] = (length + width - 1) / width;
    int64_t blockCount = 1;
    for (const Extent &extent : blocks)
      blockCount *= extent.capacity;
    auto [low, high] =
        kernel.share(kernel.volume(blocks), blockCount, 1,
                     std::max<int64_t>(1, grain / (inner.capacity * width)));
    Value zero = kernel.constant(0);
    kernel.loop(low, high, 1, [&](Value block) {
      SmallVector<Value> first = kernel.delinearize(block, blocks);
      first[turned] = kernel.mul(first[turned], width);
      Value liveRows =
          kernel.min(kernel.constant(width),
                     kernel.sub(kernel.constant(length), first[turned]));
      if (length % width == 0)
        liveRows = kernel.constant(width);
      kernel.loop(zero, kernel.constant(inner.capacity), width, [&](Value at) {
        for (unsigned number : numbers)
          turnTile(shape.inputs[number], first, at, liveRows, tiles[number]);
        Lanes lanes{width};
        if (inner.capacity % width != 0)
          lanes = kernel.firstLanes(
              kernel.sub(kernel.constant(inner.capacity), at), width);
        kernel.loop(zero, liveRows, 1, [&](Value inTile) {
          SmallVector<Value> row(first);
          row[turned] = kernel.add(first[turned], inTile);
          RowAccesses inputs(kernel, shape.inputs, row, false);
          RowAccesses outputs(kernel, shape.outputs, row, false);
          emitVector(row, inputs, outputs, at, lanes, [&](unsigned number) {
            auto tile = tiles.find(number);
            return tile == tiles.end()
                       ? Value()
                       : kernel.load(tile->second,
                                     kernel.elementOf(shape.inputs[number]),
                                     kernel.mul(inTile, width), Lanes{width});
          });
        });
      });
    });
  }

  /// Transposes the tile of \p access at \p first, column \p at, to \p tile.
  void turnTile(const Access &access, ArrayRef<Value> first, Value at,
                Value liveRows, Value tile) {
    Turn turn;
    turn.from =
        kernel.pointer(kernel.pointerOf(access), kernel.elementOf(access),
                       kernel.add(kernel.element(access, first),
                                  kernel.mul(at, access.strides.back())));
    turn.fromStride = kernel.constant(access.strides.back());
    turn.to = tile;
    turn.toStride = kernel.constant(width);
    turn.columns = liveRows;
    // Columns past the edge repeat the last one.
    if (inner.capacity % width != 0)
      turn.rows = kernel.sub(kernel.constant(inner.capacity), at);
    kernel.turn(kernel.elementOf(access), width, turn);
  }

  KernelBuilder &kernel;
  const MapSpec &spec;
  Collapsed shape;
  ArrayRef<Extent> outer;
  Extent inner = 1;
  int64_t rows = 1, width = 1;
};

} // namespace

Expected<Kernels> kernels::emitMap(ModuleOp module,
                                   const TargetDescription &target,
                                   const MapSpec &spec) {
  for (const auto *accesses : {&spec.inputs, &spec.outputs})
    if (auto checked =
            checkAccesses(spec.name, spec.domain, spec.buffers, *accesses);
        !checked)
      return fail(checked.error());
  KernelBuilder kernel(module, target, spec.name, spec.buffers, false);
  MapEmitter(kernel, spec).emit();
  if (auto finished = kernel.finish(); !finished)
    return fail(finished.error());
  return Kernels{{kernel.function}, 0};
}
