//===- ContractionAhead.cpp - Memory asked for before a write-back --------===//
//
// What the write-back of a tile reads beside its sums lies far apart, in the
// rows of matrices. Asked for all at once it keeps the tile itself from memory,
// so tiles ask for a line or a few at each step of k.
//
//===----------------------------------------------------------------------===//

#include "ContractionEmitter.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

/// Inputs of no more bytes are near.
static constexpr int64_t nearBytes = 128 << 10;
/// More lines at each step would take the time of multiply-adds.
static constexpr int64_t mostPerStep = 4;

SmallVector<const Access *> ContractionEmitter::inputsInRows() const {
  SmallVector<const Access *> accesses;
  for (const Access &access : spec.inputs) {
    bool seen = llvm::any_of(accesses, [&](const Access *other) {
      return other->buffer == access.buffer && other->offset == access.offset &&
             other->strides == access.strides;
    });
    if (!seen && access.strides.back() == 1 &&
        access.strides[spec.batch.size()] != 0)
      accesses.push_back(&access);
  }
  return accesses;
}

int64_t ContractionEmitter::linesOf(const Access &access) const {
  int64_t line = lineBytes / storageBytes(spec.buffers[access.buffer].element);
  // Rows that do not start with a cache line reach into one more.
  bool begins = access.strides[spec.batch.size()] % line == 0;
  return llvm::divideCeil(plan.gateColumns + (begins ? 0 : line - 1), line);
}

ContractionEmitter::AskingPlan ContractionEmitter::askingPlan() const {
  if (plan.method != ContractionPlan::Method::tiled || plan.severalChunks ||
      pairing)
    return {};
  int64_t bytes = 0, lines = 0;
  for (const Access *access : inputsInRows()) {
    bytes += spec.m.capacity * spec.n.capacity *
             storageBytes(spec.buffers[access->buffer].element);
    lines += plan.tileRows * linesOf(*access);
  }
  int64_t perStep =
      llvm::divideCeil(lines, std::max<int64_t>(1, spec.k.capacity));
  if (bytes <= nearBytes || perStep > mostPerStep)
    return {};
  return {perStep, int64_t(llvm::PowerOf2Ceil(lines))};
}

Value ContractionEmitter::makeInputLines() {
  Type address = kernel.builder.getI64Type();
  Value list = kernel.stack(address, asks.entries);
  kernel.loop(kernel.constant(0), kernel.constant(asks.entries), 1,
              [&](Value at) { kernel.storeAddress(list, list, at); });
  return list;
}

void ContractionEmitter::askForInputs(const Panel &panel, Value firstRow) {
  SmallVector<const Access *> accesses = inputsInRows();
  if (accesses.empty())
    return;
  int64_t perRow = 0;
  for (const Access *access : accesses)
    perRow += linesOf(*access);
  kernel.loop(kernel.constant(0), tileRows, 1, [&](Value row) {
    SmallVector<Value> indices(panel.batch);
    indices.append({kernel.add(firstRow, row), panel.column});
    Value place = kernel.mul(row, perRow);
    int64_t listed = 0;
    for (const Access *access : accesses) {
      Type type = kernel.elementOf(*access);
      int64_t line = lineBytes / storageBytes(type);
      Value start = kernel.pointer(kernel.pointerOf(*access), type,
                                   kernel.element(*access, indices));
      if (!inputLines) {
        kernel.prefetch(start, type, 0, linesOf(*access) * line);
        continue;
      }
      for (int64_t i = 0; i < linesOf(*access); ++i)
        kernel.storeAddress(
            kernel.pointer(start, type, kernel.constant(i * line)), inputLines,
            kernel.add(place, listed++));
    }
  });
}
