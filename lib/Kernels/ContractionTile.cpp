//===- ContractionTile.cpp - Register tiles of matrix products ------------===//

#include "ContractionAMX.h"
#include "ContractionEmitter.h"
#include "mlir/IR/SymbolTable.h"
#include <fmt/format.h>

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

static constexpr int64_t lineBytes = 64;
/// Bytes of a panel behind which one tile asks for more.
static constexpr int64_t aheadBytes = 32 << 10;

bool ContractionEmitter::isLarge() const {
  int64_t bytes = spec.k.capacity * spec.n.capacity * spec.gates *
                  storageBytes(pairing ? element : rhsElement());
  for (auto [extent, stride] : llvm::zip(spec.batch, spec.rhs.batchStrides))
    bytes *= stride == 0 ? 1 : extent.capacity;
  return bytes > kernel.target.l2Bytes / 2;
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
  SmallVector<Value> operands{left, right, other, target, steps};
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

func::FuncOp ContractionEmitter::registerTile(int64_t rows, Source source) {
  int64_t rowStep = leftRowStep(), depthStep = leftStep();
  int64_t rightStep = this->rightStep(source);
  int64_t vectors = plan.tileColumns, lanes = plan.lanes;
  int64_t sumPitch = this->sumPitch();
  int64_t ofGate = plan.gateColumns / lanes;
  int64_t lastLanes = std::min(lanes, spec.n.capacity - (ofGate - 1) * lanes);
  bool masksRight = source != Source::packed && !spec.rhs.panelColumns;
  if (!masksRight && !writesOutput)
    lastLanes = lanes;
  // Gates lie apart but where they are packed.
  bool apart =
      source != Source::packed && !spec.rhs.panelColumns && spec.gates > 1;

  // What is small may be in a cache already, and comes sooner unasked.
  bool asks =
      source == Source::copied || (source == Source::operand && rows == 1 &&
                                   isLarge() && !spec.rhs.panelColumns);
  int64_t lines = linesAhead();

  std::string name = fmt::format(
      "{}tile{}x{}_{}{}_{}_{}_{}_{}{}{}{}{}{}{}", commonName().str(), rows,
      (vectors - 1) * lanes + lastLanes,
      joinsRows()             ? "rows"
      : pairing               ? "pairs"
      : lhsElement().isBF16() ? "bf"
                              : "f",
      storageBytes(lhsElement()) * 8, rowStep, depthStep, rightStep, sumPitch,
      apart ? fmt::format("_{}x{}", spec.gates, spec.n.capacity) : "",
      source == Source::copied ? "_copy" : "",
      source == Source::operand ? "_in_place" : "",
      asks    ? "_ahead"
      : lines ? fmt::format("_ahead{}", lines)
              : "",
      plan.severalChunks ? "_onto" : "",
      endsWithOneRow(source) ? "_odd"
      : masksRight           ? ""
                             : "_wide");
  if (auto found = module.lookupSymbol<func::FuncOp>(name))
    return found;

  bool single = endsWithOneRow(source);
  KernelBuilder tile(module, kernel.target, name, 4, single ? 2 : 1);
  // On the stack the panel is wide.
  Type rightElement = source == Source::packed ? element : rhsElement();
  Value other = tile.function.getArgument(2),
        sums = tile.function.getArgument(3);
  SmallVector<Lanes> live(vectors, Lanes{lanes}), all(live);
  if (lastLanes < lanes)
    for (int64_t vector = ofGate - 1; vector < vectors; vector += ofGate)
      live[vector] = tile.firstLanes(tile.constant(lastLanes), lanes);
  const SmallVector<Lanes> &read = masksRight ? live : all;
  const SmallVector<Lanes> &written = writesOutput ? live : all;
  auto sumAt = [&](int64_t row, int64_t vector) {
    return tile.constant(row * sumPitch + vector * lanes);
  };
  SmallVector<Value> carried;
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t vector = 0; vector < vectors; ++vector)
      carried.push_back(
          plan.severalChunks
              ? tile.load(sums, element, sumAt(row, vector), Lanes{lanes})
              : tile.splatConstant(element, lanes, 0));
  carried.append({tile.function.getArgument(0), tile.function.getArgument(1)});

  Value zero = tile.constant(0);
  bool joins = joinsRows() && source != Source::packed;
  auto readColumns = [&](Value right, int64_t vector, bool hasSecond) {
    int64_t at = apart ? plan.columnOf(spec, vector) : vector * lanes;
    Value first =
        tile.load(right, rightElement, tile.constant(at), read[vector]);
    if (!joins)
      return tile.widen(first);
    Value second = hasSecond ? tile.load(right, rightElement,
                                         tile.constant(at + spec.rhs.rowStride),
                                         read[vector])
                             : tile.splatConstant(rightElement, lanes, 0);
    return tile.pairUp(first, second);
  };
  auto emitStep = [&](Value step, ValueRange values,
                      bool hasSecond) -> SmallVector<Value> {
    SmallVector<Value> next(values);
    Value left = values[values.size() - 2], right = values.back();
    // Rows that do not start with a cache line reach into one more.
    int64_t line = 64 / storageBytes(rightElement);
    int64_t rowStride = joins ? spec.rhs.rowStride : rightStep;
    int64_t touched = plan.gateColumns + (rowStride % line == 0 ? 0 : line - 1);
    // The first to read a part of the operand waits for the memory: one
    // row, which needs each column once, and the tile that copies. That one
    // asks for the panel to the right too, of which it is near.
    for (int64_t gate = 0; gate < spec.gates; ++gate)
      for (int64_t row = 0; row <= (joins && hasSecond); ++row) {
        int64_t start = gate * spec.n.capacity + row * spec.rhs.rowStride;
        if (asks)
          tile.prefetch(right, rightElement, prefetchSteps * rightStep + start,
                        touched);
        if (source == Source::copied)
          tile.prefetch(right, rightElement, plan.gateColumns + start, touched);
      }
    if (lines)
      tile.prefetch(
          tile.pointer(other, element, tile.mul(step, plan.panelColumns)),
          element, 0, lines * lineBytes / storageBytes(element),
          Prefetch::later);
    SmallVector<Value> columns;
    for (int64_t vector = 0; vector < vectors; ++vector)
      columns.push_back(readColumns(right, vector, hasSecond));
    if (source == Source::copied)
      for (int64_t vector = 0; vector < vectors; ++vector)
        tile.store(columns[vector], other,
                   tile.add(tile.mul(step, plan.panelColumns), vector * lanes),
                   Lanes{lanes});
    for (int64_t row = 0; row < rows; ++row) {
      Value factor =
          tile.splat(tile.widen(tile.loadScalar(left, lhsElement(),
                                                tile.constant(row * rowStep))),
                     lanes);
      for (int64_t vector = 0; vector < vectors; ++vector) {
        Value &sum = next[row * vectors + vector];
        sum = multiplyAdd(tile, factor, columns[vector], sum);
      }
    }
    next[next.size() - 2] =
        tile.pointer(left, lhsElement(), tile.constant(depthStep));
    next.back() = tile.pointer(right, rightElement, tile.constant(rightStep));
    return next;
  };
  SmallVector<Value> results =
      tile.loop(zero, tile.function.getArgument(4), 1, carried,
                [&](Value step, ValueRange values) {
                  return emitStep(step, values, /*hasSecond=*/true);
                });
  if (single)
    results = tile.loop(
        zero, tile.function.getArgument(5), 1, results,
        [&](Value step, ValueRange values) {
          return emitStep(tile.add(tile.function.getArgument(4), step), values,
                          /*hasSecond=*/false);
        });
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t vector = 0; vector < vectors; ++vector)
      tile.store(results[row * vectors + vector], sums, sumAt(row, vector),
                 written[vector]);
  (void)tile.finish();
  return tile.function;
}
