//===- TileInterpreter.h - Tiles of AMX without AMX -------------*- C++ -*-===//
//
// Kernels with tile registers run on processors that lack them: each tile is
// memory on the stack, and each instruction a call of a function here that
// does what Intel's manual says of it.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_TEST_UNIT_KERNELS_TILEINTERPRETER_H
#define NNC_TEST_UNIT_KERNELS_TILEINTERPRETER_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "nnc/Support/HalfFloat.h"
#include <cstring>
#include <gtest/gtest.h>

namespace nnc::test {

/// A tile register at its full size: 16 rows of 64 bytes.
struct Tile {
  char bytes[16][64];
};

inline void expectFull(int16_t rows, int16_t columnBytes) {
  EXPECT_EQ(rows, 16);
  EXPECT_EQ(columnBytes, 64);
}

inline void tilezero(Tile *result, int16_t rows, int16_t columnBytes) {
  expectFull(rows, columnBytes);
  std::memset(result, 0, sizeof(Tile));
}

inline void tileloadd64(Tile *result, int16_t rows, int16_t columnBytes,
                        const char *from, int64_t stride) {
  expectFull(rows, columnBytes);
  for (int row = 0; row < 16; ++row)
    std::memcpy(result->bytes[row], from + row * stride, 64);
}

inline void tilestored64(int16_t rows, int16_t columnBytes, char *to,
                         int64_t stride, const Tile *tile) {
  expectFull(rows, columnBytes);
  for (int row = 0; row < 16; ++row)
    std::memcpy(to + row * stride, tile->bytes[row], 64);
}

/// Row m and column n of the sums gain the products of the pairs in row m of
/// \p left and those in column n of \p right, the first of all pairs apart from
/// the second of all as in the manual.
inline void tdpbf16ps(Tile *result, int16_t rows, int16_t columnBytes,
                      int16_t pairBytes, const Tile *sums, const Tile *left,
                      const Tile *right) {
  expectFull(rows, columnBytes);
  expectFull(rows, pairBytes);
  auto half = [](const Tile *tile, int row, int number) {
    uint16_t bits;
    std::memcpy(&bits, tile->bytes[row] + 2 * number, sizeof(bits));
    return bf16ToFloat(bits);
  };
  for (int row = 0; row < 16; ++row)
    for (int column = 0; column < 16; ++column) {
      float sum, parts[2] = {0, 0};
      std::memcpy(&sum, sums->bytes[row] + 4 * column, sizeof(sum));
      for (int pair = 0; pair < 16; ++pair)
        for (int side : {0, 1})
          parts[side] += half(left, row, 2 * pair + side) *
                         half(right, pair, 2 * column + side);
      sum += parts[0] + parts[1];
      std::memcpy(result->bytes[row] + 4 * column, &sum, sizeof(sum));
    }
}

/// Replaces the intrinsics of AMX in \p module by calls of the functions above.
inline void interpretTiles(mlir::ModuleOp module) {
  using namespace mlir;
  Type tile = LLVM::LLVMX86AMXType::get(module.getContext());
  Type pointer = LLVM::LLVMPointerType::get(module.getContext());
  auto retype = [&](Value value) {
    if (value.getType() == tile)
      value.setType(pointer);
  };
  SmallVector<LLVM::CallIntrinsicOp> calls;
  module.walk([&](Operation *op) {
    llvm::for_each(op->getResults(), retype);
    for (Region &region : op->getRegions())
      for (Block &block : region)
        llvm::for_each(block.getArguments(), retype);
    if (auto call = dyn_cast<LLVM::CallIntrinsicOp>(op))
      calls.push_back(call);
  });
  std::pair<StringRef, void *> functions[] = {
      {"llvm.x86.tilezero.internal", reinterpret_cast<void *>(&tilezero)},
      {"llvm.x86.tileloadd64.internal", reinterpret_cast<void *>(&tileloadd64)},
      {"llvm.x86.tilestored64.internal",
       reinterpret_cast<void *>(&tilestored64)},
      {"llvm.x86.tdpbf16ps.internal", reinterpret_cast<void *>(&tdpbf16ps)}};
  for (LLVM::CallIntrinsicOp call : calls)
    for (auto [name, function] : functions) {
      if (call.getIntrin() != name)
        continue;
      OpBuilder builder(call);
      Location loc = call.getLoc();
      auto number = [&](int64_t value) -> Value {
        return LLVM::ConstantOp::create(builder, loc, builder.getI64Type(),
                                        value);
      };
      Value address = LLVM::IntToPtrOp::create(
          builder, loc, pointer, number(reinterpret_cast<int64_t>(function)));
      SmallVector<Value> operands{address};
      if (call->getNumResults() == 1) {
        OpBuilder::InsertionGuard guard(builder);
        builder.setInsertionPointToStart(
            &call->getParentOfType<func::FuncOp>().front());
        operands.push_back(LLVM::AllocaOp::create(
            builder, loc, pointer, builder.getI8Type(), number(sizeof(Tile)),
            alignof(std::max_align_t)));
      }
      llvm::append_range(operands, call.getArgs());
      SmallVector<Type> types;
      for (Value operand : llvm::drop_begin(operands))
        types.push_back(operand.getType());
      LLVM::CallOp::create(
          builder, loc,
          LLVM::LLVMFunctionType::get(
              LLVM::LLVMVoidType::get(module.getContext()), types),
          operands);
      if (call->getNumResults() == 1)
        call->getResult(0).replaceAllUsesWith(operands[1]);
      call->erase();
      break;
    }
}

} // namespace nnc::test

#endif // NNC_TEST_UNIT_KERNELS_TILEINTERPRETER_H
