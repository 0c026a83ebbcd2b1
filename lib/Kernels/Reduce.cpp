//===- Reduce.cpp - Reductions along any dimensions -----------------------===//

#include "nnc/Kernels/Reduce.h"
#include "KernelBuilder.h"
#include "VectorReduction.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

/// Elements below which a further thread costs more than it gains.
static constexpr int64_t grain = 4096;
/// A reduction of fewer results than this many vectors, over more elements
/// than `splitFrom`, is split into blocks of about `blockElements`.
static constexpr int64_t fewVectors = 32;
static constexpr int64_t splitFrom = 32768;
static constexpr int64_t blockElements = 8192;
static constexpr int64_t mostBlocks = 64;
/// Vectors of results that one walk over the reduced dimensions sums, so that
/// it reads whole stretches of memory; not worth it for shorter walks.
static constexpr int64_t groupVectors = 4, longWalk = 16;

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

static int64_t volumeOf(ArrayRef<Extent> domain) {
  int64_t volume = 1;
  for (const Extent &extent : domain)
    volume *= extent.capacity;
  return volume;
}

namespace {

/// Emits the kernels of one reduction. Lanes run along the last kept dimension
/// or along the last reduced one.
class ReduceEmitter {
public:
  ReduceEmitter(ModuleOp module, const TargetDescription &target,
                const ReduceSpec &given)
      : module(module), target(target), spec(given) {
    if (spec.reduced.empty()) {
      spec.reduced.push_back(1);
      for (Access &access : spec.inputs)
        access.strides.push_back(0);
    }
    collapse();
    width = vectorWidth(target, spec.buffers);
    chooseLanes();
    chooseBlocks();
  }

  Expected<Kernels> emit() {
    Kernels result;
    for (bool combines : {false, true}) {
      if (combines && blocks == 1)
        break;
      bool hasScratch = blocks > 1;
      KernelBuilder builder(module, target,
                            combines ? spec.name + ".combine" : spec.name,
                            spec.buffers, hasScratch);
      kernel = &builder;
      if (combines)
        emitCombine();
      else
        emitReduce();
      if (auto finished = builder.finish(); !finished)
        return fail(finished.error());
      result.phases.push_back(builder.function);
      if (hasScratch)
        result.scratchBytes = scratchBytes();
    }
    return result;
  }

private:
  //===--------------------------------------------------------------------===//
  // Decisions
  //===--------------------------------------------------------------------===//

  /// Joins dimensions that every access walks through as one.
  void collapse() {
    if (spec.usesIndices)
      return;
    size_t keptRank = spec.kept.size();
    for (size_t d = keptRank + spec.reduced.size(); d-- > 0;) {
      bool isKept = d < keptRank;
      std::vector<Extent> &dimensions = isKept ? spec.kept : spec.reduced;
      size_t at = isKept ? d : d - keptRank;
      std::vector<std::vector<Access> *> lists{&spec.inputs};
      if (isKept)
        lists.insert(lists.end(), {&spec.finishInputs, &spec.outputs});
      Extent extent = dimensions[at];
      bool drops = extent.isStatic() && extent.capacity == 1 &&
                   (isKept || dimensions.size() > 1);
      bool joins = at > 0 && extent.isStatic() && dimensions[at - 1].run == 1;
      for (auto *accesses : lists)
        for (const Access &access : *accesses)
          joins = joins &&
                  access.strides[d - 1] == access.strides[d] * extent.capacity;
      if (!drops && !joins)
        continue;
      if (!drops) {
        Extent &outer = dimensions[at - 1];
        outer.capacity *= extent.capacity;
        if (outer.perBatch)
          *outer.perBatch *= extent.capacity;
      }
      for (auto *accesses : lists)
        for (Access &access : *accesses)
          access.strides.erase(access.strides.begin() + (drops ? d : d - 1));
      dimensions.erase(dimensions.begin() + at);
      keptRank = spec.kept.size();
    }
  }

  /// Lanes run where fewer inputs must be gathered.
  void chooseLanes() {
    if (spec.kept.empty())
      return;
    auto gathers = [&](size_t d) {
      return llvm::count_if(spec.inputs, [&](const Access &access) {
        return access.strides[d] != 0 && access.strides[d] != 1;
      });
    };
    size_t keptLast = spec.kept.size() - 1;
    auto ofKept = gathers(keptLast),
         ofReduced = gathers(keptLast + spec.reduced.size());
    alongKept = ofKept != ofReduced ? ofKept < ofReduced
                                    : spec.kept.back().capacity >= width;
  }

  void chooseBlocks() {
    int64_t kept = volumeOf(spec.kept), reduced = volumeOf(spec.reduced);
    if (kept == 0 || reduced == 0)
      return;
    int64_t vectors = alongKept ? kept / spec.kept.back().capacity *
                                      ceilDiv(spec.kept.back().capacity, width)
                                : kept;
    int64_t first = spec.reduced[0].capacity;
    if (vectors >= fewVectors || kept * reduced < splitFrom || first < 2)
      return;
    int64_t wanted =
        std::clamp<int64_t>(kept * reduced / blockElements, 2, mostBlocks);
    block = ceilDiv(first, wanted);
    if (!alongKept && spec.reduced.size() == 1)
      block = ceilDiv(block, width) * width;
    blocks = ceilDiv(first, block);
  }

  //===--------------------------------------------------------------------===//
  // Reducing
  //===--------------------------------------------------------------------===//

  /// Loops over the reduced dimensions from \p d on (but for the last one if
  /// lanes run along it), the first between \p low and \p high.
  SmallVector<Value>
  reduceNest(size_t d, Value low, Value high, SmallVector<Value> &indices,
             ValueRange carried,
             llvm::function_ref<SmallVector<Value>(ArrayRef<Value>, ValueRange)>
                 body) {
    size_t depth = spec.reduced.size() - (alongKept ? 0 : 1);
    if (d >= depth)
      return body(indices, carried);
    Value from = d == 0 ? low : kernel->constant(0);
    Value to = d == 0 ? high : kernel->bound(spec.reduced[d]);
    return kernel->loop(from, to, 1, carried, [&](Value at, ValueRange states) {
      indices.push_back(at);
      SmallVector<Value> next =
          reduceNest(d + 1, low, high, indices, states, body);
      indices.pop_back();
      return next;
    });
  }

  /// The row-major position of \p indices in the reduced dimensions, where
  /// missing trailing ones count as 0.
  Value positionOf(ArrayRef<Value> indices) {
    Value position = kernel->constant(0);
    for (size_t d = 0; d < spec.reduced.size(); ++d) {
      position = kernel->mul(position, kernel->bound(spec.reduced[d]));
      if (d < indices.size())
        position = kernel->add(position, indices[d]);
    }
    return position;
  }

  SmallVector<Value> buildBody(const Body &body, int64_t lanes,
                               ValueRange operands,
                               llvm::function_ref<Value(unsigned)> indexOf) {
    auto batchOf = [&] { return kernel->batch(); };
    BodyContext context(kernel->builder, kernel->loc, lanes, operands, indexOf,
                        batchOf);
    return body(context);
  }

  /// The states of the vector of results at \p column of \p row, with the
  /// element at \p reduced.
  SmallVector<Value> addToLanes(Accumulators &accumulators, ArrayRef<Value> row,
                                Value column, const Lanes &lanes,
                                ArrayRef<Value> reduced, ValueRange states) {
    size_t laneDimension = row.size();
    SmallVector<Value> operands;
    for (const Access &access : spec.inputs) {
      SmallVector<Value> all(row);
      all.push_back(column);
      llvm::append_range(all, reduced);
      operands.push_back(kernel->load(
          kernel->pointerOf(access), kernel->elementOf(access),
          kernel->element(access, all), lanes, access.strides[laneDimension]));
    }
    auto indexOf = [&](unsigned d) {
      if (d == laneDimension)
        return kernel->iota(column, lanes.width);
      return kernel->splat(d < laneDimension ? row[d]
                                             : reduced[d - laneDimension - 1],
                           lanes.width);
    };
    SmallVector<Value> values =
        buildBody(spec.body, lanes.width, operands, indexOf);
    kernel->expectResults(values.size(), spec.reductions.size());
    auto position = [&] {
      return kernel->splat(positionOf(reduced), lanes.width);
    };
    return accumulators.accumulate(states, values, Lanes{lanes.width},
                                   position);
  }

  /// Reduces vectors of results, lanes along the kept dimension, that begin at
  /// \p columns of \p row: their states, one vector's after another's.
  SmallVector<Value> reduceLanesOfKept(Accumulators &accumulators,
                                       ArrayRef<Value> row,
                                       ArrayRef<Value> columns,
                                       const Lanes &lanes, Value low,
                                       Value high) {
    SmallVector<Value> indices, start;
    for (size_t i = 0; i < columns.size(); ++i)
      llvm::append_range(start, accumulators.identity(lanes.width));
    size_t each = start.size() / columns.size();
    return reduceNest(0, low, high, indices, start,
                      [&](ArrayRef<Value> reduced, ValueRange states) {
                        SmallVector<Value> next;
                        for (auto [i, column] : llvm::enumerate(columns))
                          llvm::append_range(
                              next, addToLanes(accumulators, row, column, lanes,
                                               reduced,
                                               states.slice(i * each, each)));
                        return next;
                      });
  }

  /// Reduces one result with lanes along the last reduced dimension.
  SmallVector<Value> reduceOne(Accumulators &accumulators, ArrayRef<Value> kept,
                               Value low, Value high) {
    const Extent &last = spec.reduced.back();
    bool isFirst = spec.reduced.size() == 1;
    bool masked = canMask(target, spec.buffers, spec.inputs, {});
    int64_t span = isFirst ? std::min(block, last.capacity) : last.capacity;
    bool rest = !last.isStatic() || last.capacity % width != 0;
    LaneReduction reduction(*kernel, accumulators, width, masked, span >= width,
                            rest);
    SmallVector<Value> indices;
    SmallVector<Value> states = reduceNest(
        0, low, high, indices, reduction.start(),
        [&](ArrayRef<Value> reduced, ValueRange carried) {
          SmallVector<Value> row(kept);
          llvm::append_range(row, reduced);
          RowAccesses inputs(*kernel, spec.inputs, row, true);
          auto emitVector = [&](Value column, const Lanes &lanes) {
            SmallVector<Value> operands;
            for (unsigned number = 0; number < spec.inputs.size(); ++number)
              operands.push_back(inputs.load(*kernel, number, column, lanes));
            auto indexOf = [&](unsigned d) {
              return d < row.size() ? kernel->splat(row[d], lanes.width)
                                    : kernel->iota(column, lanes.width);
            };
            SmallVector<Value> values =
                buildBody(spec.body, lanes.width, operands, indexOf);
            kernel->expectResults(values.size(), spec.reductions.size());
            return values;
          };
          Value from = isFirst ? low : kernel->constant(0);
          Value to = isFirst ? high : kernel->bound(last);
          return reduction.run(carried, from, to, positionOf(reduced),
                               emitVector);
        });
    return reduction.end(states);
  }

  //===--------------------------------------------------------------------===//
  // Results
  //===--------------------------------------------------------------------===//

  /// Finishes reduced \p values and writes the outputs at \p row, \p column
  /// (null where the lanes are one result at \p row).
  void writeResults(ValueRange values, ArrayRef<Value> row, Value column,
                    const Lanes &lanes) {
    SmallVector<Value> results(values);
    auto place = [&](const Access &access) {
      Value at = kernel->element(access, row);
      return column
                 ? kernel->add(at, kernel->mul(column, access.strides.back()))
                 : at;
    };
    auto strideOf = [&](const Access &access) {
      return column ? access.strides.back() : 1;
    };
    if (spec.finish) {
      SmallVector<Value> operands(values);
      for (const Access &access : spec.finishInputs)
        operands.push_back(
            kernel->load(kernel->pointerOf(access), kernel->elementOf(access),
                         place(access), lanes, strideOf(access)));
      auto indexOf = [&](unsigned d) {
        return d < row.size() ? kernel->splat(row[d], lanes.width)
                              : kernel->iota(column, lanes.width);
      };
      results = buildBody(spec.finish, lanes.width, operands, indexOf);
    }
    kernel->expectResults(results.size(), spec.outputs.size());
    for (auto [access, value] : llvm::zip(spec.outputs, results))
      kernel->store(value, access, place(access), lanes);
  }

  /// Calls \p emit for this thread's part of the kept dimensions, or with
  /// blocks of `blocks` copies of them: row indices, the columns of vectors and
  /// their lanes (no columns where lanes run along the reduced dimension), and
  /// the block.
  void forKept(bool vectorised, int64_t copies, int64_t work,
               llvm::function_ref<void(ArrayRef<Value>, ArrayRef<Value>,
                                       const Lanes &, Value)>
                   emit) {
    ArrayRef<Extent> outer = spec.kept;
    Extent inner = 1;
    if (vectorised) {
      inner = outer.back();
      outer = outer.drop_back();
    }
    int64_t rows = volumeOf(outer) * copies;
    int64_t each = std::max<int64_t>(1, inner.capacity * work);
    Value rowCount = kernel->volume(outer);
    Value low = kernel->constant(0), high = kernel->bound(inner);
    Value rowLow = low, rowHigh = kernel->mul(rowCount, copies);
    if (vectorised && rows < 8)
      std::tie(low, high) = kernel->share(
          high, inner.capacity, width,
          std::max<int64_t>(1, grain / std::max<int64_t>(1, rows * work)));
    else
      std::tie(rowLow, rowHigh) =
          kernel->share(rowHigh, rows, 1, std::max<int64_t>(1, grain / each));
    bool masked = maskedKept();
    kernel->loop(rowLow, rowHigh, 1, [&](Value number) {
      Value copy = copies > 1 ? kernel->div(number, rowCount) : Value();
      Value inCopy = copies > 1 ? kernel->rem(number, rowCount) : number;
      SmallVector<Value> row = kernel->delinearize(inCopy, outer);
      if (!vectorised)
        return emit(row, {}, Lanes{1}, copy);
      bool exact = inner.isStatic() && inner.capacity % width == 0;
      Value rest = low;
      int64_t group = groupVectors * width;
      if (work >= longWalk && spec.inputs.size() <= 2 &&
          inner.capacity >= group) {
        rest = kernel->sub(
            high, kernel->rem(kernel->sub(high, low), kernel->constant(group)));
        kernel->loop(low, rest, group, [&](Value column) {
          SmallVector<Value> columns;
          for (int64_t i = 0; i < groupVectors; ++i)
            columns.push_back(kernel->add(column, i * width));
          emit(row, columns, Lanes{width}, copy);
        });
      }
      vectorLoop(*kernel, rest, high, width, masked, inner.capacity >= width,
                 !exact, [&](Value column, const Lanes &lanes) {
                   emit(row, column, lanes, copy);
                 });
    });
  }

  /// Whether edges of the last kept dimension may be masked.
  bool maskedKept() {
    if (spec.kept.empty())
      return false;
    for (const Reduction &reduction : spec.reductions)
      if (storageBytes(reduction.element) < 4 && !target.maskedBytes)
        return false;
    std::vector<Access> loads = spec.finishInputs;
    for (Access access : spec.inputs) {
      access.strides.resize(spec.kept.size());
      loads.push_back(access);
    }
    return canMask(target, spec.buffers, loads, spec.outputs);
  }

  void emitReduce() {
    Accumulators accumulators(*kernel, spec.reductions);
    int64_t work = ceilDiv(volumeOf(spec.reduced), blocks);
    forKept(alongKept, blocks, work,
            [&](ArrayRef<Value> row, ArrayRef<Value> columns,
                const Lanes &lanes, Value copy) {
              Value low = kernel->constant(0);
              Value high = spec.reduced.empty()
                               ? kernel->constant(1)
                               : kernel->bound(spec.reduced[0]);
              if (copy) {
                low = kernel->mul(copy, block);
                high = kernel->min(kernel->add(low, block), high);
                low = kernel->min(low, high);
              }
              SmallVector<Value> states =
                  alongKept ? reduceLanesOfKept(accumulators, row, columns,
                                                lanes, low, high)
                            : reduceOne(accumulators, row, low, high);
              auto emitVector = [&](Value column, ValueRange states) {
                if (!copy)
                  return writeResults(accumulators.results(states), row, column,
                                      lanes);
                Value at = keptNumber(row, column);
                for (auto [state, base] :
                     llvm::zip(states, partialsAt(accumulators, copy)))
                  kernel->store(state, base, at, lanes);
              };
              if (!alongKept)
                return emitVector(nullptr, states);
              size_t each = states.size() / columns.size();
              for (auto [i, column] : llvm::enumerate(columns))
                emitVector(column, ValueRange(states).slice(i * each, each));
            });
  }

  //===--------------------------------------------------------------------===//
  // Partial results
  //===--------------------------------------------------------------------===//

  int64_t scratchBytes() {
    Accumulators accumulators(*kernel, spec.reductions);
    int64_t bytes = 0;
    for (Type type : accumulators.types())
      bytes += areaBytes(type);
    return bytes;
  }

  /// Bytes of the partial results of one state.
  int64_t areaBytes(Type type) {
    return ceilDiv(volumeOf(spec.kept) * blocks * storageBytes(type), 64) * 64;
  }

  /// Where block \p copy of each state starts in scratch.
  SmallVector<Value> partialsAt(Accumulators &accumulators, Value copy) {
    SmallVector<Value> bases;
    int64_t offset = 0;
    Value first = kernel->mul(copy, volumeOf(spec.kept));
    for (Type type : accumulators.types()) {
      Value area = kernel->pointer(kernel->scratch, kernel->builder.getI8Type(),
                                   kernel->constant(offset));
      bases.push_back(kernel->pointer(area, type, first));
      offset += areaBytes(type);
    }
    return bases;
  }

  /// The row-major number of a result.
  Value keptNumber(ArrayRef<Value> row, Value column) {
    Value number = kernel->constant(0);
    for (size_t d = 0; d < spec.kept.size(); ++d) {
      number = kernel->mul(number, spec.kept[d].capacity);
      number = kernel->add(number, d < row.size() ? row[d] : column);
    }
    return number;
  }

  void emitCombine() {
    Accumulators accumulators(*kernel, spec.reductions);
    auto combine = [&](ArrayRef<Value> row, Value column, const Lanes &lanes) {
      Value at = keptNumber(row, column);
      SmallVector<Value> states = kernel->loop(
          kernel->constant(0), kernel->constant(blocks), 1,
          accumulators.identity(lanes.width),
          [&](Value copy, ValueRange carried) {
            SmallVector<Value> partial;
            for (auto [type, base] : llvm::zip(accumulators.types(),
                                               partialsAt(accumulators, copy)))
              partial.push_back(kernel->load(base, type, at, lanes));
            return accumulators.merge(carried, partial);
          });
      writeResults(accumulators.results(states), row, column, lanes);
    };
    forKept(!spec.kept.empty(), 1, blocks,
            [&](ArrayRef<Value> row, ArrayRef<Value> columns,
                const Lanes &lanes, Value) {
              if (columns.empty())
                return combine(row, nullptr, lanes);
              for (Value column : columns)
                combine(row, column, lanes);
            });
  }

  ModuleOp module;
  const TargetDescription &target;
  ReduceSpec spec;
  KernelBuilder *kernel = nullptr;
  int64_t width = 1;
  bool alongKept = false;
  /// Elements of the first reduced dimension a block has, and their number.
  int64_t block = INT64_MAX, blocks = 1;
};

} // namespace

static Expected<void> check(const ReduceSpec &spec) {
  std::vector<Extent> all = spec.kept;
  all.insert(all.end(), spec.reduced.begin(), spec.reduced.end());
  if (auto checked = checkAccesses(spec.name, all, spec.buffers, spec.inputs);
      !checked)
    return checked;
  for (const auto *accesses : {&spec.finishInputs, &spec.outputs})
    if (auto checked =
            checkAccesses(spec.name, spec.kept, spec.buffers, *accesses);
        !checked)
      return checked;
  return {};
}

Expected<Kernels> kernels::emitReduce(ModuleOp module,
                                      const TargetDescription &target,
                                      const ReduceSpec &spec) {
  if (auto checked = check(spec); !checked)
    return fail(checked.error());
  return ReduceEmitter(module, target, spec).emit();
}
