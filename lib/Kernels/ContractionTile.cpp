//===- ContractionTile.cpp - Register tiles of matrix products ------------===//

#include "ContractionAMX.h"
#include "ContractionEmitter.h"
#include "mlir/IR/SymbolTable.h"
#include <fmt/format.h>

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

/// Bytes of a panel behind which one tile asks for more.
static constexpr int64_t aheadBytes = 32 << 10;

bool ContractionEmitter::isLarge() const {
  int64_t bytes = spec.k.capacity * spec.n.capacity * spec.gates *
                  storageBytes(pairing ? element : rhsElement());
  for (auto [extent, stride] : llvm::zip(spec.batch, spec.rhs.batchStrides))
    bytes *= stride == 0 ? 1 : extent.capacity;
  return bytes > kernel.target.l2Bytes / 2;
}

bool ContractionEmitter::asksForLeft() const {
  int64_t bytes =
      spec.m.capacity * spec.k.capacity * storageBytes(lhsElement());
  return spec.lhs.transposed && !plan.leftInTiles && !pairing &&
         bytes > kernel.target.l2Bytes / 2;
}

int64_t ContractionEmitter::linesAhead() const {
  if (!spec.rhs.panelColumns || plan.tileRows == 1 ||
      (pairing && pairing->byTiles) || !isLarge())
    return 0;
  int64_t lines = plan.panelColumns * storageBytes(element) / lineBytes;
  return std::max<int64_t>(1, lines / plan.tiles);
}

void ContractionEmitter::emitRegisterTile(const Panel &panel, Value number,
                                          int64_t tileSize, Source source,
                                          Value firstRow, Value left,
                                          Value slot, Value from, Value steps) {
  left = kernel.pointer(
      lhs(), lhsElement(),
      kernel.add(panel.lhs, kernel.add(left, kernel.mul(from, leftStep()))));
  Value right = packed;
  if (source != Source::packed)
    right = kernel.pointer(
        rhs(), rhsElement(),
        kernel.add(panel.start, kernel.mul(from, rightStep(source))));
  Value target =
      writesOutput
          ? outputAt(panel, firstRow)
          : kernel.pointer(sums, element, kernel.mul(slot, plan.panelColumns));
  Value other = packed ? packed : right;
  if (int64_t lines = linesAhead()) {
    int64_t perTile = lines * lineBytes / storageBytes(element);
    Value part =
        kernel.rem(number, kernel.constant(plan.panelColumns / perTile));
    Value distance = kernel.mul(steps, plan.panelColumns);
    if (plan.tiles == 1)
      distance = kernel.min(
          distance, kernel.constant(aheadBytes / storageBytes(element)));
    other = kernel.pointer(right, element,
                           kernel.add(distance, kernel.mul(part, perTile)));
  }
  SmallVector<Value> operands{left, right, other, target};
  if (inputLines)
    operands.push_back(inputLines);
  operands.push_back(steps);
  if (endsWithOneRow(source)) {
    // One less if the steps up to the last pair's end are more than there are.
    Value last = kernel.mul(kernel.add(from, steps), 2);
    Value single = kernel.less(kernel.bound(pairing->steps), last);
    Value one = kernel.select(single, kernel.constant(1), kernel.constant(0));
    operands.back() = kernel.sub(steps, one);
    operands.push_back(one);
  }
  kernel.call(pairing && pairing->byTiles ? amxTile()
                                          : registerTile(tileSize, source),
              operands);
}

StringRef ContractionEmitter::commonName() const {
  // It stands before the dot.
  StringRef name(spec.name);
  return name.take_front(name.rfind('.') + 1);
}

int64_t ContractionEmitter::sumPitch() const {
  return writesOutput ? spec.outputs[0].strides[spec.batch.size()]
                      : plan.panelColumns;
}

func::FuncOp ContractionEmitter::amxTile() {
  std::string name =
      fmt::format("{}tile{}x{}_amx_{}_{}{}", commonName().str(), plan.tileRows,
                  plan.panelColumns, spec.lhs.rowStride, sumPitch(),
                  plan.severalChunks ? "_onto" : "");
  if (auto found = module.lookupSymbol<func::FuncOp>(name))
    return found;
  KernelBuilder tile(module, kernel.target, name, /*pointers=*/4,
                     /*numbers=*/1);
  emitAMXTile(tile, plan.tileRows, plan.panelColumns, spec.lhs.rowStride,
              sumPitch(), plan.severalChunks);
  (void)tile.finish();
  return tile.function;
}

bool ContractionEmitter::endsWithOneRow(Source source) const {
  return joinsRows() && source != Source::packed &&
         !(pairing->steps.isStatic() && pairing->steps.capacity % 2 == 0);
}

Value ContractionEmitter::outputAt(const Panel &panel, Value row) {
  SmallVector<Value> indices(panel.batch);
  indices.append({row, panel.firstColumn});
  const Access &output = spec.outputs.front();
  return kernel.pointer(kernel.pointerOf(output), element,
                        kernel.element(output, indices));
}

int64_t ContractionEmitter::rightStep(Source source) const {
  if (source == Source::packed || spec.rhs.panelColumns)
    return plan.panelColumns;
  return joinsRows() ? 2 * spec.rhs.rowStride : spec.rhs.rowStride;
}

//===----------------------------------------------------------------------===//
// The function of a tile
//===----------------------------------------------------------------------===//

/// Emits one register tile: `rows` rows by the vectors of a panel, read from
/// `source`.
class ContractionEmitter::RegisterTile {
public:
  RegisterTile(ContractionEmitter &product, int64_t rows, Source source)
      : product(product), plan(product.plan), spec(product.spec), rows(rows),
        source(source), element(product.element) {
    inPlace = source != Source::packed && !spec.rhs.panelColumns;
    int64_t ofGate = plan.gateColumns / plan.lanes;
    if (inPlace || product.writesOutput)
      lastLanes =
          std::min(plan.lanes, spec.n.capacity - (ofGate - 1) * plan.lanes);
    else
      lastLanes = plan.lanes;
    // What is small may be in a cache already, and comes sooner unasked.
    asks = source == Source::copied ||
           (source == Source::operand && rows == 1 && product.isLarge() &&
            !spec.rhs.panelColumns);
    linesAhead = product.linesAhead();
    joins = product.joinsRows() && source != Source::packed;
    single = product.endsWithOneRow(source);
    // On the stack the panel is wide.
    rightElement = source == Source::packed ? element : product.rhsElement();
  }

  /// Tiles of one name are the same.
  std::string name() const;
  func::FuncOp emit(StringRef name);

private:
  /// Gates lie apart but where they are packed.
  bool gatesLieApart() const { return inPlace && spec.gates > 1; }
  Value sumAt(KernelBuilder &tile, int64_t row, int64_t vector) const {
    return tile.constant(row * product.sumPitch() + vector * plan.lanes);
  }
  SmallVector<Value> firstSums(KernelBuilder &tile) const;
  /// Asks memory for what is read in later steps, and by other tiles.
  void askAhead(KernelBuilder &tile, Value step, Value left, Value right,
                bool hasSecond) const;
  Value readColumns(KernelBuilder &tile, Value right, int64_t vector,
                    bool hasSecond) const;
  /// Adds the products of one step of k, or of a pair of which the second may
  /// be missing. Carried are the sums, then where the operands are read.
  SmallVector<Value> emitStep(KernelBuilder &tile, Value step,
                              ValueRange carried, bool hasSecond) const;

  ContractionEmitter &product;
  const ContractionPlan &plan;
  const ContractionSpec &spec;
  int64_t rows;
  Source source;
  Type element, rightElement;
  /// The panel is read from a matrix in rows, perhaps under a mask.
  bool inPlace = false;
  /// Lanes of the last vector of each gate that count.
  int64_t lastLanes = 0;
  bool asks = false;
  int64_t linesAhead = 0;
  /// Pairs are made of two rows, the last of which may stand alone.
  bool joins = false, single = false;
  /// Of a panel's vectors, as they are read and as they are written.
  SmallVector<Lanes> read, written;
};

std::string ContractionEmitter::RegisterTile::name() const {
  const char *kind = product.joinsRows()             ? "rows"
                     : product.pairing               ? "pairs"
                     : product.lhsElement().isBF16() ? "bf"
                                                     : "f";
  std::string name = fmt::format(
      "{}tile{}x{}_{}{}_{}_{}_{}_{}", product.commonName().str(), rows,
      (plan.tileColumns - 1) * plan.lanes + lastLanes, kind,
      storageBytes(product.lhsElement()) * 8, product.leftRowStep(),
      product.leftStep(), product.rightStep(source), product.sumPitch());
  if (gatesLieApart())
    name += fmt::format("_{}x{}", spec.gates, spec.n.capacity);
  if (source != Source::packed)
    name += source == Source::copied ? "_copy" : "_in_place";
  if (asks)
    name += "_ahead";
  else if (linesAhead)
    name += fmt::format("_ahead{}", linesAhead);
  if (product.asksForLeft())
    name += "_left";
  if (product.asks.perStep > 0)
    name +=
        fmt::format("_lines{}x{}", product.asks.perStep, product.asks.entries);
  if (plan.severalChunks)
    name += "_onto";
  if (single)
    return name + "_odd";
  return inPlace ? name : name + "_wide";
}

SmallVector<Value>
ContractionEmitter::RegisterTile::firstSums(KernelBuilder &tile) const {
  SmallVector<Value> sums;
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t vector = 0; vector < plan.tileColumns; ++vector)
      sums.push_back(plan.severalChunks
                         ? tile.load(tile.function.getArgument(3), element,
                                     sumAt(tile, row, vector),
                                     Lanes{plan.lanes})
                         : tile.splatConstant(element, plan.lanes, 0));
  return sums;
}

void ContractionEmitter::RegisterTile::askAhead(KernelBuilder &tile, Value step,
                                                Value left, Value right,
                                                bool hasSecond) const {
  // Rows that do not start with a cache line reach into one more.
  int64_t line = lineBytes / storageBytes(rightElement);
  int64_t rightStep = product.rightStep(source);
  int64_t rowStride = joins ? spec.rhs.rowStride : rightStep;
  int64_t touched = plan.gateColumns + (rowStride % line == 0 ? 0 : line - 1);
  // The first to read a part of the operand waits for the memory: one row,
  // which needs each column once, and the tile that copies. That one asks for
  // the panel to the right too, of which it is near.
  for (int64_t gate = 0; gate < spec.gates; ++gate)
    for (int64_t row = 0; row <= (joins && hasSecond); ++row) {
      int64_t start = gate * spec.n.capacity + row * spec.rhs.rowStride;
      if (asks)
        tile.prefetch(right, rightElement, prefetchSteps * rightStep + start,
                      touched);
      if (source == Source::copied)
        tile.prefetch(right, rightElement, plan.gateColumns + start, touched);
    }
  // Its steps lie in lines of their own, which may begin before the rows do.
  if (product.asksForLeft())
    tile.prefetch(left, product.lhsElement(),
                  prefetchSteps * product.leftStep(), rows + line - 1);
  for (int64_t i = 0; i < product.asks.perStep; ++i) {
    Value number = tile.add(tile.mul(step, product.asks.perStep), i);
    Value entry = tile.rem(number, tile.constant(product.asks.entries));
    tile.prefetch(tile.loadAddress(tile.function.getArgument(4), entry),
                  element, 0, 1);
  }
  if (linesAhead)
    tile.prefetch(tile.pointer(tile.function.getArgument(2), element,
                               tile.mul(step, plan.panelColumns)),
                  element, 0, linesAhead * lineBytes / storageBytes(element),
                  Prefetch::later);
}

Value ContractionEmitter::RegisterTile::readColumns(KernelBuilder &tile,
                                                    Value right, int64_t vector,
                                                    bool hasSecond) const {
  int64_t at =
      gatesLieApart() ? plan.columnOf(spec, vector) : vector * plan.lanes;
  Value first = tile.load(right, rightElement, tile.constant(at), read[vector]);
  if (!joins)
    return tile.widen(first);
  Value second = hasSecond ? tile.load(right, rightElement,
                                       tile.constant(at + spec.rhs.rowStride),
                                       read[vector])
                           : tile.splatConstant(rightElement, plan.lanes, 0);
  return tile.pairUp(first, second);
}

SmallVector<Value> ContractionEmitter::RegisterTile::emitStep(
    KernelBuilder &tile, Value step, ValueRange carried, bool hasSecond) const {
  SmallVector<Value> next(carried);
  Value left = carried[carried.size() - 2], right = carried.back();
  int64_t vectors = plan.tileColumns, lanes = plan.lanes;
  askAhead(tile, step, left, right, hasSecond);
  SmallVector<Value> columns;
  for (int64_t vector = 0; vector < vectors; ++vector)
    columns.push_back(readColumns(tile, right, vector, hasSecond));
  if (source == Source::copied)
    for (int64_t vector = 0; vector < vectors; ++vector)
      tile.store(columns[vector], tile.function.getArgument(2),
                 tile.add(tile.mul(step, plan.panelColumns), vector * lanes),
                 Lanes{lanes});
  for (int64_t row = 0; row < rows; ++row) {
    Value factor = tile.splat(
        tile.widen(tile.loadScalar(left, product.lhsElement(),
                                   tile.constant(row * product.leftRowStep()))),
        lanes);
    for (int64_t vector = 0; vector < vectors; ++vector) {
      Value &sum = next[row * vectors + vector];
      sum = product.multiplyAdd(tile, factor, columns[vector], sum);
    }
  }
  next[next.size() - 2] = tile.pointer(left, product.lhsElement(),
                                       tile.constant(product.leftStep()));
  next.back() = tile.pointer(right, rightElement,
                             tile.constant(product.rightStep(source)));
  return next;
}

func::FuncOp ContractionEmitter::RegisterTile::emit(StringRef name) {
  unsigned pointers = product.asks.perStep > 0 ? 5 : 4;
  KernelBuilder tile(product.module, product.kernel.target, name, pointers,
                     single ? 2 : 1);
  int64_t vectors = plan.tileColumns, lanes = plan.lanes;
  SmallVector<Lanes> all(vectors, Lanes{lanes}), live(all);
  if (lastLanes < lanes) {
    int64_t ofGate = plan.gateColumns / lanes;
    for (int64_t vector = ofGate - 1; vector < vectors; vector += ofGate)
      live[vector] = tile.firstLanes(tile.constant(lastLanes), lanes);
  }
  read = inPlace ? live : all;
  written = product.writesOutput ? live : all;

  SmallVector<Value> carried = firstSums(tile);
  carried.append({tile.function.getArgument(0), tile.function.getArgument(1)});
  Value zero = tile.constant(0), steps = tile.function.getArgument(pointers);
  SmallVector<Value> results =
      tile.loop(zero, steps, 1, carried, [&](Value step, ValueRange values) {
        return emitStep(tile, step, values, /*hasSecond=*/true);
      });
  if (single)
    results = tile.loop(zero, tile.function.getArgument(pointers + 1), 1,
                        results, [&](Value step, ValueRange values) {
                          return emitStep(tile, tile.add(steps, step), values,
                                          /*hasSecond=*/false);
                        });
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t vector = 0; vector < vectors; ++vector)
      tile.store(results[row * vectors + vector], tile.function.getArgument(3),
                 sumAt(tile, row, vector), written[vector]);
  (void)tile.finish();
  return tile.function;
}

func::FuncOp ContractionEmitter::registerTile(int64_t rows, Source source) {
  RegisterTile tile(*this, rows, source);
  std::string name = tile.name();
  if (auto found = module.lookupSymbol<func::FuncOp>(name))
    return found;
  return tile.emit(name);
}
