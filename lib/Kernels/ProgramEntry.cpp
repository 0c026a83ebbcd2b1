//===- ProgramEntry.cpp - The function that runs a program ----------------===//

#include "nnc/Kernels/ProgramEntry.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

namespace {

/// Builds one entry; its arguments as nnc_rt_entry has them.
class EntryBuilder {
public:
  EntryBuilder(ModuleOp module, const ProgramSpec &spec)
      : builder(module.getContext()), loc(module.getLoc()), module(module),
        spec(spec), pointer(LLVM::LLVMPointerType::get(module.getContext())) {}

  func::FuncOp build() {
    Type i64 = builder.getI64Type();
    addConstants();
    addBarrier();
    builder.setInsertionPointToEnd(module.getBody());
    auto entry = func::FuncOp::create(
        builder, loc, spec.name,
        builder.getFunctionType({pointer, pointer, pointer, i64, i64, pointer},
                                {}));
    // It only calls: better code for it gains nothing and takes long to make.
    entry->setAttr("passthrough",
                   builder.getStrArrayAttr({"noinline", "optnone"}));
    builder.setInsertionPointToStart(entry.addEntryBlock());
    Value extents = entry.getArgument(2), index = entry.getArgument(3);
    count = entry.getArgument(4);
    table = entry.getArgument(0);
    arena = entry.getArgument(1);
    team = entry.getArgument(5);
    auto emitCall = [&](const ProgramCall &call) {
      SmallVector<Value> operands;
      for (const ProgramOperand &operand : call.operands)
        operands.push_back(address(operand));
      operands.append({extents, index, count});
      func::FuncOp kernel = call.kernel;
      func::CallOp::create(builder, loc, kernel, operands);
    };
    ArrayRef<ProgramCall> calls(spec.calls);
    if (spec.preparing > 0) {
      auto first = scf::IfOp::create(builder, loc, isFirstCall(extents));
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(first.thenBlock());
      for (const ProgramCall &call : calls.take_front(spec.preparing)) {
        if (call.barrierBefore)
          emitBarrier();
        emitCall(call);
      }
      emitBarrier();
    }
    calls = calls.drop_front(spec.preparing);
    for (const auto &[number, call] : llvm::enumerate(calls)) {
      if (number > 0 && (call.barrierBefore || spec.clock))
        emitBarrier();
      readClock(number, index);
      emitCall(call);
    }
    if (spec.clock && !calls.empty())
      emitBarrier();
    readClock(calls.size(), index);
    func::ReturnOp::create(builder, loc);
    return entry;
  }

private:
  std::string constantName(unsigned number) const {
    return spec.name + ".constant." + std::to_string(number);
  }

  void addConstants() {
    builder.setInsertionPointToStart(module.getBody());
    for (const auto &[number, bytes] : llvm::enumerate(spec.constants)) {
      auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), bytes.size());
      LLVM::GlobalOp::create(
          builder, loc, type, /*isConstant=*/true, LLVM::Linkage::Internal,
          constantName(number),
          builder.getStringAttr(StringRef(bytes.data(), bytes.size())),
          /*alignment=*/64);
    }
  }

  Value isFirstCall(Value extents) {
    Type i64 = builder.getI64Type();
    Value flag = LLVM::LoadOp::create(builder, loc, i64,
                                      shifted(extents, sizeof(int64_t)), 8);
    Value zero =
        arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(0));
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, flag,
                                 zero);
  }

  /// The helper (team, count) by which a team of several waits.
  void addBarrier() {
    builder.setInsertionPointToEnd(module.getBody());
    barrier = func::FuncOp::create(
        builder, loc, "barrier",
        builder.getFunctionType({pointer, builder.getI64Type()}, {}));
    Block &body = *barrier.addEntryBlock();
    builder.setInsertionPointToStart(&body);
    Value one =
        arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(1));
    Value several = arith::CmpIOp::create(
        builder, loc, arith::CmpIPredicate::sgt, body.getArgument(1), one);
    auto ifOp = scf::IfOp::create(builder, loc, several);
    func::ReturnOp::create(builder, loc);
    builder.setInsertionPointToStart(ifOp.thenBlock());
    Value function =
        LLVM::LoadOp::create(builder, loc, pointer, body.getArgument(0), 8);
    auto type = LLVM::LLVMFunctionType::get(
        LLVM::LLVMVoidType::get(builder.getContext()), {pointer});
    LLVM::CallOp::create(builder, loc, type,
                         ValueRange{function, body.getArgument(0)});
  }

  void emitBarrier() {
    func::CallOp::create(builder, loc, barrier, ValueRange{team, count});
  }

  /// Thread 0 notes the clock of a profiled program before call \p number.
  void readClock(int64_t number, Value index) {
    if (!spec.clock)
      return;
    Value zero =
        arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(0));
    Value isFirst = arith::CmpIOp::create(
        builder, loc, arith::CmpIPredicate::eq, index, zero);
    auto ifOp = scf::IfOp::create(builder, loc, isFirst);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(ifOp.thenBlock());
    auto ticks = LLVM::CallIntrinsicOp::create(
        builder, loc, builder.getI64Type(),
        builder.getStringAttr("llvm.readcyclecounter"), ValueRange());
    ProgramOperand place{ProgramOperand::Kind::argument, *spec.clock,
                         number * int64_t(sizeof(int64_t))};
    LLVM::StoreOp::create(builder, loc, ticks.getResult(0), address(place), 8);
  }

  Value shifted(Value base, int64_t bytes) {
    if (bytes == 0)
      return base;
    Value offset = arith::ConstantOp::create(builder, loc,
                                             builder.getI64IntegerAttr(bytes));
    return LLVM::GEPOp::create(builder, loc, pointer, builder.getI8Type(), base,
                               ValueRange{offset});
  }

  Value address(const ProgramOperand &operand) {
    switch (operand.kind) {
    case ProgramOperand::Kind::argument: {
      Value slot = shifted(table, operand.number * sizeof(void *));
      return shifted(LLVM::LoadOp::create(builder, loc, pointer, slot, 8),
                     operand.offset);
    }
    case ProgramOperand::Kind::arena:
      return shifted(arena, operand.offset);
    case ProgramOperand::Kind::constant:
      return shifted(LLVM::AddressOfOp::create(builder, loc, pointer,
                                               constantName(operand.number)),
                     operand.offset);
    }
    llvm_unreachable("unknown kind of operand");
  }

  OpBuilder builder;
  Location loc;
  ModuleOp module;
  const ProgramSpec &spec;
  Type pointer;
  func::FuncOp barrier;
  Value table, arena, team, count;
};

} // namespace

func::FuncOp kernels::emitProgramEntry(ModuleOp module,
                                       const ProgramSpec &spec) {
  return EntryBuilder(module, spec).build();
}
