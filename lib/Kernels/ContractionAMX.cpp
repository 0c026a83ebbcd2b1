//===- ContractionAMX.cpp - Products of bf16 by tiles of AMX --------------===//
//
// AMX multiplies a tile of 16 rows of 16 pairs of steps by one of 16 pairs of
// steps of 16 columns (Intel, "Architecture Instruction Set Extensions
// Programming Reference", chapter 3). Four tiles of sums stay in registers, two
// of each operand or one and four feed them. LLVM configures the tiles where a
// function begins to use them, and releases them at its end.
//
//===----------------------------------------------------------------------===//

#include "ContractionAMX.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

/// With fewer rows, laying out the right operand costs more than tiles gain;
/// with fewer columns or steps most of a tile is empty.
static constexpr int64_t leastRows = 32, leastColumns = 16, leastSteps = 24;
/// Elements that are worth a further thread when an operand is laid out.
static constexpr int64_t grain = 1 << 14;

/// What marks a module with such kernels.
static constexpr const char *tilesAttribute = "nnc.tiles";

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

static bool isEven(const MatrixOperand &operand) {
  return operand.rowStride % 2 == 0 && operand.offset % 2 == 0 &&
         llvm::all_of(operand.batchStrides,
                      [](int64_t stride) { return stride % 2 == 0; });
}

/// Gives \p operand the batch strides of matrices of \p matrix pairs, one for
/// each entry that has its own. The pairs of all.
static int64_t layOut(MatrixOperand &operand, const MatrixOperand &from,
                      const ContractionSpec &spec, int64_t matrix) {
  for (size_t d = spec.batch.size(); d-- > 0;) {
    if (from.batchStrides[d] == 0)
      continue;
    operand.batchStrides[d] = matrix;
    matrix *= spec.batch[d].capacity;
  }
  return matrix;
}

std::optional<Pairing> kernels::amxPairing(const ContractionSpec &spec,
                                           const TargetDescription &target) {
  bool isNarrow = spec.buffers[spec.lhs.buffer].element.isBF16() &&
                  spec.buffers[spec.rhs.buffer].element.isBF16();
  if (!target.amx || !isNarrow || spec.m.capacity < leastRows ||
      spec.n.capacity < leastColumns || spec.k.capacity < leastSteps)
    return std::nullopt;
  // Of a right operand in columns pairs are moved as they lie.
  bool evenSteps = spec.k.isStatic() && spec.k.capacity % 2 == 0;
  if (spec.rhs.transposed && !(evenSteps && isEven(spec.rhs)))
    return std::nullopt;

  Pairing pairing{spec, spec.k};
  ContractionSpec &tiled = pairing.spec;
  pairing.byTiles = true;
  int64_t across =
      spec.gates == 1 && spec.n.capacity > amxColumns ? 2 : spec.gates;
  pairing.tileRows = across <= 2 ? 2 * amxRows : amxRows;
  int64_t pairs = ceilDiv(spec.k.capacity, 2 * amxPairs) * amxPairs;
  tiled.k = pairs;

  bool wholeTiles = spec.k.isStatic() && spec.k.capacity % (2 * amxPairs) == 0;
  if (spec.lhs.transposed || !wholeTiles || !spec.m.isStatic() ||
      !isEven(spec.lhs)) {
    pairing.leftInScratch = true;
    int64_t rows =
        ceilDiv(spec.m.capacity, pairing.tileRows) * pairing.tileRows;
    tiled.lhs.transposed = false;
    tiled.lhs.rowStride = pairs;
    tiled.lhs.offset = 0;
    pairing.scratchBytes = 4 * layOut(tiled.lhs, spec.lhs, spec, rows * pairs);
  } else {
    tiled.lhs.rowStride /= 2;
    tiled.lhs.offset /= 2;
    for (int64_t &stride : tiled.lhs.batchStrides)
      stride /= 2;
  }

  tiled.rhs.transposed = false;
  tiled.rhs.panelColumns = across * amxColumns;
  tiled.rhs.offset = pairing.scratchBytes / 4;
  int64_t panels = ceilDiv(spec.n.capacity, across * amxColumns / spec.gates);
  pairing.scratchBytes += 4 * layOut(tiled.rhs, spec.rhs, spec,
                                     panels * pairs * tiled.rhs.panelColumns);
  return pairing;
}

//===----------------------------------------------------------------------===//
// Operands in scratch
//===----------------------------------------------------------------------===//

namespace {

/// Emits one of the kernels that lay an operand out.
class OperandEmitter {
public:
  OperandEmitter(ModuleOp module, const TargetDescription &target,
                 const ContractionSpec &spec, const Pairing &pairing,
                 StringRef name, bool left)
      : kernel(module, target, name, spec.buffers, /*hasScratch=*/true),
        spec(spec), from(left ? spec.lhs : spec.rhs),
        to(left ? pairing.spec.lhs : pairing.spec.rhs), batch(spec.batch),
        pairs(pairing.spec.k.capacity), bf16(kernel.builder.getBF16Type()),
        f32(kernel.builder.getF32Type()) {
    for (auto [extent, stride] : llvm::zip(batch, from.batchStrides))
      if (stride == 0)
        extent = Extent(1);
    source = kernel.function.getArgument(from.buffer);
    steps = kernel.bound(spec.k);
    blocks = kernel.ceilDiv(steps, kernel.constant(2 * amxPairs));
  }

  func::FuncOp emitLeft() {
    if (from.transposed)
      emitLeftColumns();
    else
      emitLeftRows();
    return finish();
  }

  func::FuncOp emitRight() {
    int64_t panels = ceilDiv(spec.n.capacity, to.panelColumns / spec.gates);
    forEach({Extent(panels), blockExtent()}, 2 * amxPairs * to.panelColumns,
            [&](ValueRange place) {
              Value at = kernel.add(
                  toStart, kernel.mul(place[0], pairs * to.panelColumns));
              at = kernel.add(at,
                              kernel.mul(place[1], amxPairs * to.panelColumns));
              emitRightBlock(place[0], kernel.mul(place[1], amxPairs), at);
            });
    return finish();
  }

private:
  /// Blocks of steps of a tile.
  Extent blockExtent() const { return Extent(pairs / amxPairs); }

  /// Calls \p emit for this thread's part of \p domain in all batch entries;
  /// the last extent counts blocks, as many as there are at run time.
  void forEach(ArrayRef<Extent> domain, int64_t elements,
               llvm::function_ref<void(ValueRange)> emit) {
    SmallVector<Value> bounds;
    int64_t capacity = 1;
    Value total = kernel.constant(1);
    SmallVector<Extent> all(batch.begin(), batch.end());
    llvm::append_range(all, domain);
    for (const Extent &extent : all) {
      capacity *= extent.capacity;
      bounds.push_back(kernel.bound(extent));
    }
    bounds.back() = blocks;
    for (Value bound : bounds)
      total = kernel.mul(total, bound);
    auto [low, high] = kernel.share(total, capacity, 1,
                                    std::max<int64_t>(1, grain / elements));
    kernel.loop(low, high, 1, [&](Value number) {
      SmallVector<Value> indices(bounds.size());
      for (size_t d = bounds.size(); d-- > 0;) {
        indices[d] = d == 0 ? number : kernel.rem(number, bounds[d]);
        number = kernel.div(number, bounds[d]);
      }
      fromStart = kernel.constant(from.offset);
      toStart = kernel.constant(to.offset);
      for (auto [index, stride, toStride] :
           llvm::zip(indices, from.batchStrides, to.batchStrides)) {
        fromStart = kernel.add(fromStart, kernel.mul(index, stride));
        toStart = kernel.add(toStart, kernel.mul(index, toStride));
      }
      emit(ValueRange(indices).drop_front(batch.size()));
    });
  }

  /// A block of a row, with 0 behind its last step.
  void emitLeftRows() {
    forEach({spec.m, blockExtent()}, 2 * amxPairs, [&](ValueRange place) {
      Value step = kernel.mul(place[1], 2 * amxPairs);
      Value at = kernel.add(
          fromStart, kernel.add(kernel.mul(place[0], from.rowStride), step));
      Lanes live = kernel.firstLanes(kernel.sub(steps, step), 2 * amxPairs);
      Value row = kernel.load(source, bf16, at, live);
      Value target =
          kernel.add(toStart, kernel.add(kernel.mul(place[0], pairs),
                                         kernel.mul(place[1], amxPairs)));
      kernel.store(row, kernel.pointer(kernel.scratch, f32, target),
                   kernel.constant(0), Lanes{2 * amxPairs});
    });
  }

  /// Pairs of 16 columns of a block, turned.
  void emitLeftColumns() {
    Value square = kernel.stack(f32, amxPairs * amxColumns);
    Value rows = kernel.bound(spec.m);
    Extent columns(ceilDiv(spec.m.capacity, amxColumns));
    forEach(
        {columns, blockExtent()}, 2 * amxPairs * amxColumns,
        [&](ValueRange place) {
          Value row = kernel.mul(place[0], amxColumns);
          Value pair = kernel.mul(place[1], amxPairs);
          Value live =
              kernel.min(kernel.sub(rows, row), kernel.constant(amxColumns));
          joinRows(kernel.add(fromStart, row), pair, live, square,
                   kernel.constant(0), amxColumns);
          Turn turn;
          turn.from = square;
          turn.fromStride = kernel.constant(amxColumns);
          turn.to = kernel.pointer(
              kernel.scratch, f32,
              kernel.add(toStart, kernel.add(kernel.mul(row, pairs), pair)));
          turn.toStride = kernel.constant(pairs);
          turn.columns = live;
          kernel.turn(f32, amxPairs, turn);
        });
  }

  /// Writes the pairs of 16 columns at \p from of a matrix in rows, of which
  /// \p live count, to \p at in \p target: those of pairs of steps from \p pair
  /// on, each \p pitch behind the one before. What is missing counts as 0.
  void joinRows(Value from, Value pair, Value live, Value target, Value at,
                int64_t pitch) {
    int64_t rowStride = this->from.rowStride;
    auto load = [&](Value step) {
      Value columns =
          kernel.select(kernel.less(step, steps), live, kernel.constant(0));
      return kernel.load(source, bf16,
                         kernel.add(from, kernel.mul(step, rowStride)),
                         kernel.firstLanes(columns, amxColumns));
    };
    kernel.loop(kernel.constant(0), kernel.constant(amxPairs), 1,
                [&](Value number) {
                  Value step = kernel.mul(kernel.add(pair, number), 2);
                  Value joined = kernel.pairUp(
                      load(step), load(kernel.add(step, kernel.constant(1))));
                  kernel.store(joined, target,
                               kernel.add(at, kernel.mul(number, pitch)),
                               Lanes{amxColumns});
                });
  }

  /// 16 pairs of steps from \p pair on of panel \p panel, to \p at in scratch.
  void emitRightBlock(Value panel, Value pair, Value at) {
    int64_t ofGate = to.panelColumns / spec.gates;
    for (int64_t first = 0; first < to.panelColumns; first += amxColumns) {
      Value column = kernel.add(kernel.mul(panel, ofGate), first % ofGate);
      Value live = kernel.sub(kernel.constant(spec.n.capacity), column);
      Value source = kernel.add(column, first / ofGate * spec.n.capacity);
      Value target = kernel.add(at, first);
      if (!from.transposed) {
        joinRows(kernel.add(fromStart, source), pair, live, kernel.scratch,
                 target, to.panelColumns);
        continue;
      }
      Value whole = kernel.div(steps, kernel.constant(2));
      Turn turn;
      turn.from = kernel.pointer(
          this->source, f32,
          kernel.add(kernel.div(kernel.add(fromStart,
                                           kernel.mul(column, from.rowStride)),
                                kernel.constant(2)),
                     pair));
      turn.fromStride = kernel.constant(from.rowStride / 2);
      turn.to = kernel.pointer(kernel.scratch, f32, target);
      turn.toStride = kernel.constant(to.panelColumns);
      turn.columns =
          kernel.min(kernel.sub(whole, pair), kernel.constant(amxPairs));
      turn.rows = live;
      kernel.turn(f32, amxColumns, turn);
      Value zeros = kernel.splatConstant(f32, amxColumns, 0);
      kernel.loop(
          turn.columns, kernel.constant(amxPairs), 1, [&](Value number) {
            kernel.store(zeros, turn.to, kernel.mul(number, to.panelColumns),
                         Lanes{amxColumns});
          });
    }
  }

  func::FuncOp finish() {
    (void)kernel.finish();
    return kernel.function;
  }

  KernelBuilder kernel;
  const ContractionSpec &spec;
  const MatrixOperand &from, &to;
  std::vector<Extent> batch;
  int64_t pairs;
  Type bf16, f32;
  Value source, steps, blocks, fromStart, toStart;
};

} // namespace

SmallVector<func::FuncOp, 2>
kernels::emitAMXOperands(ModuleOp module, const TargetDescription &target,
                         const ContractionSpec &spec, const Pairing &pairing) {
  SmallVector<func::FuncOp, 2> functions;
  if (pairing.leftInScratch)
    functions.push_back(
        OperandEmitter(module, target, spec, pairing, spec.name + "_left", true)
            .emitLeft());
  functions.push_back(
      OperandEmitter(module, target, spec, pairing, spec.name + "_right", false)
          .emitRight());
  return functions;
}

//===----------------------------------------------------------------------===//
// Tiles in registers
//===----------------------------------------------------------------------===//

void kernels::emitAMXTile(KernelBuilder &tile, int64_t rows, int64_t columns,
                          int64_t leftPitch, int64_t sumPitch, bool onto) {
  OpBuilder &builder = tile.builder;
  Type type = LLVM::LLVMX86AMXType::get(builder.getContext());
  Type f32 = builder.getF32Type();
  constexpr int64_t tileBytes = 64;
  auto shape = [&](int64_t number) -> Value {
    return arith::ConstantOp::create(builder, tile.loc,
                                     builder.getI16IntegerAttr(number));
  };
  Value tall = shape(amxRows), wide = shape(tileBytes);
  auto name = [&](StringRef instruction) {
    return builder.getStringAttr("llvm.x86." + instruction + ".internal");
  };
  auto call = [&](StringRef instruction, ValueRange operands) -> Value {
    return LLVM::CallIntrinsicOp::create(builder, tile.loc, type,
                                         name(instruction), operands)
        .getResult(0);
  };
  auto load = [&](Value base, int64_t at, int64_t pitch) -> Value {
    return call("tileloadd64",
                {tall, wide, tile.pointer(base, f32, tile.constant(at)),
                 tile.constant(4 * pitch)});
  };
  int64_t down = rows / amxRows, across = columns / amxColumns;
  Value sums = tile.function.getArgument(3);
  auto sumAt = [&](int64_t row, int64_t column) {
    return row * amxRows * sumPitch + column * amxColumns;
  };

  SmallVector<Value> carried;
  for (int64_t row = 0; row < down; ++row)
    for (int64_t column = 0; column < across; ++column)
      carried.push_back(onto ? load(sums, sumAt(row, column), sumPitch)
                             : call("tilezero", {tall, wide}));
  carried.append({tile.function.getArgument(0), tile.function.getArgument(1)});
  SmallVector<Value> results = tile.loop(
      tile.constant(0), tile.function.getArgument(4), amxPairs, carried,
      [&](Value, ValueRange values) {
        SmallVector<Value> next(values), right;
        Value left = values[values.size() - 2], panel = values.back();
        for (int64_t column = 0; column < across; ++column)
          right.push_back(load(panel, column * amxColumns, columns));
        for (int64_t row = 0; row < down; ++row) {
          Value factor = load(left, row * amxRows * leftPitch, leftPitch);
          for (int64_t column = 0; column < across; ++column) {
            Value &sum = next[row * across + column];
            sum = call("tdpbf16ps",
                       {tall, wide, wide, sum, factor, right[column]});
          }
        }
        next[next.size() - 2] =
            tile.pointer(left, f32, tile.constant(amxPairs));
        next.back() =
            tile.pointer(panel, f32, tile.constant(amxPairs * columns));
        return next;
      });
  for (int64_t row = 0; row < down; ++row)
    for (int64_t column = 0; column < across; ++column)
      LLVM::CallIntrinsicOp::create(
          builder, tile.loc, name("tilestored64"),
          ValueRange{tall, wide,
                     tile.pointer(sums, f32, tile.constant(sumAt(row, column))),
                     tile.constant(4 * sumPitch),
                     results[row * across + column]});
  tile.function->getParentOfType<ModuleOp>()->setAttr(tilesAttribute,
                                                      builder.getUnitAttr());
}

bool kernels::usesTiles(ModuleOp module) {
  return module->hasAttr(tilesAttribute);
}
