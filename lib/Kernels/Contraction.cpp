//===- Contraction.cpp - Matrix products ----------------------------------===//
//
// Register tiles with one packed panel, after K. Goto and R. van de Geijn,
// "Anatomy of high-performance matrix multiplication", ACM TOMS 34 (2008).
//
//===----------------------------------------------------------------------===//

#include "nnc/Kernels/Contraction.h"
#include "ContractionAMX.h"
#include "ContractionEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

/// Multiply-adds below which a further thread costs more than it gains: many
/// where they wait for arithmetic, fewer where a row of the right operand
/// serves few of them and they wait for memory.
static constexpr int64_t grain = 1 << 16, memoryGrain = 1 << 14;

/// Smaller tiles for calls with fewer rows than a tile has.
static constexpr int64_t smallTile = 4;

/// The plan of \p spec, that of \p pairing if there is one.
static ContractionPlan planOf(const ContractionSpec &spec,
                              const TargetDescription &target,
                              const Pairing *pairing) {
  ContractionPlan plan(spec, target, pairing ? pairing->tileRows : 0);
  plan.leftInTiles &= !pairing;
  return plan;
}

ContractionEmitter::ContractionEmitter(ModuleOp module,
                                       const TargetDescription &target,
                                       const ContractionSpec &given,
                                       const Pairing *pairing)
    : module(module), spec(pairing ? pairing->spec : given), pairing(pairing),
      plan(planOf(spec, target, pairing)),
      kernel(module, target, spec.name, spec.buffers,
             plan.leftInTiles || (pairing && pairing->scratchBytes > 0)),
      element(spec.element), asks(askingPlan()) {}

Expected<Kernels> ContractionEmitter::emit() {
  rows = kernel.bound(spec.m);
  int64_t ofSteps = pairing && pairing->byTiles ? 2 * amxPairs : 2;
  depth = pairing ? kernel.mul(kernel.ceilDiv(kernel.bound(pairing->steps),
                                              kernel.constant(ofSteps)),
                               ofSteps / 2)
                  : kernel.bound(spec.k);
  tileRows = kernel.constant(plan.tileRows);
  if (!spec.m.isStatic() && !padsRows()) {
    Value small = kernel.constant(smallTile);
    Value fallback =
        plan.tileRows > smallTile
            ? kernel.select(kernel.less(rows, small), kernel.constant(1), small)
            : kernel.constant(1);
    tileRows = kernel.select(kernel.less(rows, tileRows), fallback, tileRows);
  }
  tiles = kernel.ceilDiv(rows, tileRows);

  if (plan.method == ContractionPlan::Method::tiled && !plan.severalChunks &&
      !spec.epilogue && spec.inputs.empty() && spec.outputs.size() == 1) {
    const Access &output = spec.outputs.front();
    writesOutput =
        output.strides.back() == 1 &&
        spec.buffers[output.buffer].element == element &&
        plan.packing != ContractionPlan::Packing::elements &&
        (!padsRows() ||
         (spec.m.isStatic() && spec.m.capacity % plan.tileRows == 0)) &&
        (plan.masksRight || spec.n.capacity % plan.lanes == 0 ||
         spec.n.capacity >= plan.panelColumns) &&
        (!spec.rhs.panelColumns || spec.n.capacity % plan.panelColumns == 0);
  }
  if (plan.method != ContractionPlan::Method::inlined && !writesOutput)
    sums = kernel.stack(element,
                        plan.blockTiles * plan.tileRows * plan.panelColumns +
                            plan.tileColumns);
  if (plan.packing != ContractionPlan::Packing::none)
    packed = kernel.stack(element, plan.chunk * plan.panelColumns);

  if (asks.perStep > 0)
    inputLines = makeInputLines();

  auto [tileRange, panelRange] = divideWork();
  kernel.loop(panelRange.low, panelRange.high, 1,
              [&, tileRange = tileRange](Value number) {
                emitPanel(panelAt(number), tileRange);
              });
  if (auto finished = kernel.finish(); !finished)
    return fail(finished.error());
  Kernels kernels{{kernel.function}, 0};
  if (plan.leftInTiles) {
    kernels.phases.insert(kernels.phases.begin(),
                          emitLeftTiles(module, kernel.target, spec, plan));
    kernels.scratchBytes =
        leftTiles(spec, plan).elements * storageBytes(element);
  }
  return kernels;
}

std::pair<ContractionEmitter::Range, ContractionEmitter::Range>
ContractionEmitter::divideWork() {
  double work =
      double(spec.m.capacity) * spec.n.capacity * spec.gates * spec.k.capacity;
  int64_t panels = plan.panels;
  for (const Extent &extent : spec.batch) {
    work *= extent.capacity;
    panels *= extent.capacity;
  }
  Value allPanels = kernel.mul(kernel.volume(spec.batch), plan.panels);
  bool fewRows = plan.method != ContractionPlan::Method::inlined &&
                 plan.tiles == 1 && plan.tileRows <= 2;
  int64_t most = std::max<int64_t>(
      1, std::min(1e6, work / (fewRows ? memoryGrain : grain)));
  if (plan.tiles == 1 || most == 1) {
    auto [low, high] =
        kernel.share(allPanels, panels, 1, std::max<int64_t>(1, panels / most));
    return {{kernel.constant(0), tiles}, {low, high}};
  }

  // On a tie more parts of columns, as each part of rows packs panels of its
  // own or reads them from memory; more parts of rows else: a row that one
  // product gives is read by the next in the same core.
  GridShare part = kernel.shareGrid(tiles, allPanels, most,
                                    spec.rhs.panelColumns && !isLarge());
  return {{part.rows.first, part.rows.second},
          {part.columns.first, part.columns.second}};
}

ContractionEmitter::Panel ContractionEmitter::panelAt(Value number) {
  Panel panel;
  Value inMatrix = number;
  if (!spec.batch.empty()) {
    Value panels = kernel.constant(plan.panels);
    panel.batch = kernel.delinearize(kernel.div(number, panels), spec.batch);
    inMatrix = kernel.rem(number, panels);
  }
  if (plan.panels == 1)
    inMatrix = kernel.constant(0);
  auto start = [&](int64_t offset, ArrayRef<int64_t> strides) {
    Value at = kernel.constant(offset);
    for (auto [index, stride] : llvm::zip(panel.batch, strides))
      at = kernel.add(at, kernel.mul(index, stride));
    return at;
  };
  panel.lhs = plan.leftInTiles ? start(0, leftTiles(spec, plan).strides)
                               : start(spec.lhs.offset, spec.lhs.batchStrides);
  panel.rhs = start(spec.rhs.offset, spec.rhs.batchStrides);
  int64_t columns = spec.n.capacity;
  panel.column = kernel.mul(inMatrix, plan.gateColumns);
  panel.columns =
      columns % plan.gateColumns == 0
          ? kernel.constant(plan.gateColumns)
          : kernel.min(kernel.constant(plan.gateColumns),
                       kernel.sub(kernel.constant(columns), panel.column));
  panel.firstColumn = panel.column;
  if (spec.rhs.panelColumns) {
    panel.start = kernel.add(
        panel.rhs, kernel.mul(inMatrix, spec.k.capacity * plan.panelColumns));
    return panel;
  }
  if (plan.method == ContractionPlan::Method::tiled &&
      columns > plan.gateColumns && columns % plan.gateColumns != 0)
    panel.firstColumn =
        kernel.min(panel.column, kernel.constant(columns - plan.gateColumns));
  panel.start = kernel.add(panel.rhs, panel.firstColumn);
  return panel;
}

void ContractionEmitter::emitPanel(const Panel &panel, Range range) {
  Value zero = kernel.constant(0);
  if (plan.method == ContractionPlan::Method::inlined)
    return emitEpilogue(panel, range.low, range.high);
  if (!plan.severalChunks) {
    packPanel(panel, zero, depth);
    kernel.loop(range.low, range.high, 1, [&](Value tile) {
      emitTile(panel, tile, range.low, zero, zero, depth);
      if (!writesOutput)
        emitEpilogue(panel, tile, kernel.add(tile, 1));
    });
    return;
  }
  kernel.loop(range.low, range.high, plan.blockTiles, [&](Value first) {
    Value last = kernel.min(kernel.add(first, plan.blockTiles), range.high);
    Value size = kernel.mul(kernel.mul(kernel.sub(last, first), tileRows),
                            plan.panelColumns);
    Value zeros = kernel.splatConstant(element, plan.lanes, 0);
    kernel.loop(zero, size, plan.lanes, [&](Value at) {
      kernel.store(zeros, sums, at, Lanes{plan.lanes});
    });
    kernel.loop(zero, depth, plan.chunk, [&](Value from) {
      Value steps =
          kernel.min(kernel.constant(plan.chunk), kernel.sub(depth, from));
      packPanel(panel, from, steps);
      kernel.loop(first, last, 1, [&](Value tile) {
        emitTile(panel, tile, first,
                 kernel.mul(kernel.sub(tile, first), tileRows), from, steps);
      });
    });
    emitEpilogue(panel, first, last);
  });
}

void ContractionEmitter::emitTile(const Panel &panel, Value tile, Value first,
                                  Value slot, Value from, Value steps) {
  if (plan.method == ContractionPlan::Method::dot)
    return emitDotTile(panel, slot);
  // The last tile reaches back to stay inside the matrix; rows that it repeats
  // are dropped by the epilogue.
  Value firstRow = kernel.mul(tile, tileRows);
  if (!padsRows() &&
      (!spec.m.isStatic() || spec.m.capacity % plan.tileRows != 0))
    firstRow = kernel.min(firstRow, kernel.sub(rows, tileRows));
  Value left = plan.leftInTiles
                   ? kernel.mul(tile, plan.tileRows * spec.k.capacity)
                   : kernel.mul(firstRow, leftRowStep());
  if (!plan.severalChunks)
    askForInputs(panel, firstRow);
  auto equal = [&](Value a, Value b) {
    return arith::CmpIOp::create(kernel.builder, kernel.loc,
                                 arith::CmpIPredicate::eq, a, b);
  };
  auto emitSize = [&](int64_t size) {
    auto emitFrom = [&](Source source) {
      emitRegisterTile(panel, tile, size, source, firstRow, left, slot, from,
                       steps);
    };
    if (plan.packing == ContractionPlan::Packing::none)
      return emitFrom(Source::operand);
    if (plan.packing != ContractionPlan::Packing::rows)
      return emitFrom(Source::packed);
    // So few rows are not worth a copy.
    if (size < plan.tileRows)
      return emitFrom(Source::operand);
    kernel.ifElse(
        equal(tile, first), [&] { emitFrom(Source::copied); },
        [&] { emitFrom(Source::packed); });
  };
  if (spec.m.isStatic() || padsRows() || plan.tileRows == 1)
    return emitSize(plan.tileRows);
  SmallVector<int64_t> sizes{1, plan.tileRows};
  if (plan.tileRows > smallTile)
    sizes.push_back(smallTile);
  for (int64_t size : sizes)
    kernel.ifThen(equal(tileRows, kernel.constant(size)),
                  [&] { emitSize(size); });
}

Value ContractionEmitter::sumInline(const Panel &panel, Value row, Value column,
                                    const Lanes &lanes) {
  const MatrixOperand &a = spec.lhs, &b = spec.rhs;
  Value left =
      kernel.add(panel.lhs, kernel.mul(row, a.transposed ? 1 : a.rowStride));
  Value right = kernel.add(panel.rhs, column);
  Value zeros = kernel.splatConstant(element, lanes.width, 0);
  auto step = [&](Value at, Value sum) -> Value {
    Value factor = kernel.widen(kernel.loadScalar(
        lhs(), lhsElement(),
        kernel.add(left, kernel.mul(at, a.transposed ? a.rowStride : 1))));
    Value columns = kernel.widen(
        kernel.load(rhs(), rhsElement(),
                    kernel.add(right, kernel.mul(at, b.rowStride)), lanes));
    return kernel.fma(kernel.splat(factor, lanes.width), columns, sum);
  };
  if (auto steps = kernel.constantOf(depth)) {
    Value sum = zeros;
    for (int64_t at = 0; at < *steps; ++at)
      sum = step(kernel.constant(at), sum);
    return sum;
  }
  return kernel.loop(kernel.constant(0), depth, 1, {zeros},
                     [&](Value at, ValueRange carried) -> SmallVector<Value> {
                       return {step(at, carried[0])};
                     })[0];
}

void ContractionEmitter::emitEpilogue(const Panel &panel, Value firstTile,
                                      Value lastTile) {
  Value firstRow = kernel.mul(firstTile, tileRows);
  Value lastRow = kernel.min(kernel.mul(lastTile, tileRows), rows);
  bool masked = canMask(kernel.target, spec.buffers, spec.inputs, spec.outputs);
  bool even =
      padsRows() || (spec.m.isStatic() && spec.m.capacity % plan.tileRows == 0);
  Value lastStart = kernel.mul(kernel.sub(tiles, kernel.constant(1)), tileRows);
  Value reach = kernel.sub(lastStart, kernel.sub(rows, tileRows));
  unsigned rank = spec.batch.size();

  unsigned early = spec.outputs.size() - spec.finish.outputs;
  ArrayRef<Access> allInputs(spec.inputs);
  ArrayRef<Access> earlyInputs = allInputs.drop_back(spec.finish.inputs);
  ArrayRef<Access> lateInputs = allInputs.take_back(spec.finish.inputs);
  auto emitRow = [&](Value row, bool begins, bool finishes) {
    Value slot = kernel.sub(row, firstRow);
    if (!even)
      slot = kernel.add(slot, kernel.select(kernel.less(row, lastStart),
                                            kernel.constant(0), reach));
    // Position of the panel's first column among the sums.
    Value sumBase = kernel.add(kernel.mul(slot, plan.panelColumns),
                               kernel.sub(panel.column, panel.firstColumn));
    if (plan.method == ContractionPlan::Method::dot)
      sumBase = kernel.add(sumBase, plan.tileColumns);
    SmallVector<Value> indices(panel.batch);
    indices.push_back(row);
    RowAccesses inputs(kernel, begins ? earlyInputs : ArrayRef<Access>(),
                       indices, true);
    RowAccesses furtherInputs(
        kernel, finishes ? lateInputs : ArrayRef<Access>(), indices, true);
    RowAccesses stores(kernel, spec.outputs, indices, false);

    auto emitVector = [&](Value inPanel, const Lanes &lanes) {
      Value column = kernel.add(panel.column, inPanel);
      // Values to keep take the places of the gates' sums.
      auto placeOf = [&](int64_t gate) {
        return kernel.add(kernel.add(sumBase, inPanel),
                          gate * plan.gateColumns);
      };
      auto indexOf = [&](unsigned dimension) {
        return dimension <= rank ? kernel.splat(indices[dimension], lanes.width)
                                 : kernel.iota(column, lanes.width);
      };
      auto batchOf = [&] { return kernel.batch(); };
      auto apply = [&](const Body &body, SmallVector<Value> operands,
                       ArrayRef<Access> accesses, const RowAccesses &rowOf) {
        for (unsigned number = 0; number < accesses.size(); ++number)
          operands.push_back(rowOf.load(kernel, number, column, lanes));
        BodyContext context(kernel.builder, kernel.loc, lanes.width, operands,
                            indexOf, batchOf);
        return body(context);
      };
      SmallVector<Value> results, kept;
      if (begins) {
        SmallVector<Value> gates;
        for (int64_t gate = 0; gate < spec.gates; ++gate)
          gates.push_back(
              sums ? kernel.load(sums, element, placeOf(gate),
                                 Lanes{lanes.width})
                   : sumInline(panel, row,
                               kernel.add(column, gate * spec.n.capacity),
                               lanes));
        results = spec.epilogue
                      ? apply(spec.epilogue, gates, earlyInputs, inputs)
                      : SmallVector<Value>{gates[0]};
        kernel.expectResults(results.size(), early + spec.finish.kept);
        for (unsigned number = 0; number < early; ++number)
          stores.store(kernel, number, results[number], column, lanes);
        kept.assign(results.begin() + early, results.end());
      }
      if (begins != finishes) {
        for (int64_t number = 0; number < spec.finish.kept; ++number)
          if (begins)
            kernel.store(kept[number], sums, placeOf(number), lanes);
          else
            kept.push_back(kernel.load(sums, element, placeOf(number),
                                       Lanes{lanes.width}));
      }
      if (finishes && spec.finish.body) {
        results = apply(spec.finish.body, kept, lateInputs, furtherInputs);
        kernel.expectResults(results.size(), spec.finish.outputs);
        for (auto [number, result] : llvm::enumerate(results))
          stores.store(kernel, early + number, result, column, lanes);
      }
    };
    vectorLoop(kernel, kernel.constant(0), panel.columns, plan.lanes, masked,
               spec.n.capacity >= plan.lanes, spec.n.capacity % plan.lanes != 0,
               emitVector);
  };
  bool sweepsTwice = spec.finish.body && sums;
  kernel.loop(firstRow, lastRow, 1,
              [&](Value row) { emitRow(row, true, !sweepsTwice); });
  if (sweepsTwice)
    kernel.loop(firstRow, lastRow, 1,
                [&](Value row) { emitRow(row, false, true); });
}

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

/// \p operand as an access over (batch…, rows, columns).
static Access asAccess(const MatrixOperand &operand) {
  Access access{operand.buffer, operand.batchStrides, operand.offset};
  access.strides.push_back(operand.transposed ? 1 : operand.rowStride);
  access.strides.push_back(operand.transposed ? operand.rowStride : 1);
  return access;
}

static Expected<void> check(const ContractionSpec &spec,
                            const TargetDescription &target) {
  if (!spec.n.isStatic())
    return fail(ErrorCode::unsupported,
                "a matrix product with a number of columns known only at run "
                "time");
  if (!spec.element.isF32() && !spec.element.isF64())
    return fail(ErrorCode::unsupported,
                "a matrix product of elements other than f32 and f64");
  if (spec.gates < 1 || spec.gates > 4 ||
      (spec.gates > 1 && (spec.rhs.transposed || !spec.epilogue)))
    return fail(ErrorCode::internal,
                "kernel '" + spec.name + "': a product with gates");
  if (spec.finish.body && (!spec.epilogue || spec.finish.kept > spec.gates ||
                           spec.finish.inputs > int64_t(spec.inputs.size()) ||
                           spec.finish.outputs > int64_t(spec.outputs.size())))
    return fail(ErrorCode::internal,
                "kernel '" + spec.name + "': a second sweep of other values");
  auto over = [&](Extent a, Extent b) {
    std::vector<Extent> domain = spec.batch;
    domain.insert(domain.end(), {a, b});
    return domain;
  };
  std::vector<Extent> rhsDomain = over(spec.k, spec.gates * spec.n.capacity);
  Access rhs = asAccess(spec.rhs);
  if (int64_t width = spec.rhs.panelColumns) {
    int64_t lanes = target.lanes(storageBytes(spec.element));
    int64_t most = spec.m.isStatic() && spec.m.capacity == 1 ? 8 : 4;
    if (width % (spec.gates * lanes) != 0 || width < 0 ||
        width > most * lanes || spec.rhs.transposed || spec.lhs.panelColumns)
      return fail(ErrorCode::internal,
                  "kernel '" + spec.name + "': panels that do not fit");
    int64_t ofGate = width / spec.gates;
    rhsDomain = over((spec.n.capacity + ofGate - 1) / ofGate, spec.k);
    rhsDomain.push_back(width);
    rhs.strides = spec.rhs.batchStrides;
    rhs.strides.append({spec.k.capacity * width, width, 1});
  }
  for (auto [domain, accesses] :
       {std::pair(over(spec.m, spec.k), std::vector{asAccess(spec.lhs)}),
        std::pair(rhsDomain, std::vector{rhs}),
        std::pair(over(spec.m, spec.n), spec.inputs),
        std::pair(over(spec.m, spec.n), spec.outputs)})
    if (auto checked = checkAccesses(spec.name, domain, spec.buffers, accesses);
        !checked)
      return checked;
  Type left = spec.buffers[spec.lhs.buffer].element,
       right = spec.buffers[spec.rhs.buffer].element;
  bool widens = spec.element.isF32() && left.isBF16() && !spec.rhs.panelColumns;
  if (left != right || (left != spec.element && !widens))
    return fail(ErrorCode::internal,
                "kernel '" + spec.name + "': an operand has another type");
  return {};
}

Expected<Kernels> kernels::emitContraction(ModuleOp module,
                                           const TargetDescription &target,
                                           const ContractionSpec &spec) {
  if (auto checked = check(spec, target); !checked)
    return fail(checked.error());
  std::optional<Pairing> pairing = amxPairing(spec, target);
  if (!pairing)
    pairing = Pairing::of(spec, target);
  if (!pairing)
    return ContractionEmitter(module, target, spec, nullptr).emit();
  Kernels kernels;
  kernels.scratchBytes = pairing->scratchBytes;
  if (pairing->byTiles)
    kernels.phases = emitAMXOperands(module, target, spec, *pairing);
  else if (pairing->leftInScratch)
    kernels.phases.push_back(emitLeftPairs(module, target, spec, *pairing));
  auto product = ContractionEmitter(module, target, spec, &*pairing).emit();
  if (!product)
    return product;
  kernels.phases.append(product->phases);
  return kernels;
}
