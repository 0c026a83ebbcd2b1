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
    declarePrepared();
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
    auto emitKernelCall = [&](func::FuncOp kernel,
                              SmallVector<Value> operands) {
      operands.append({extents, index, count});
      func::CallOp::create(builder, loc, kernel, operands);
    };
    auto emitCall = [&](const ProgramCall &call) {
      SmallVector<Value> operands;
      for (const ProgramOperand &operand : call.operands)
        operands.push_back(address(operand));
      emitKernelCall(call.kernel, operands);
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
    for (size_t number = 0; number < calls.size();) {
      // A clock tells calls apart; the first call never waits.
      Repetition repetition;
      if (!spec.clock && number > 0)
        repetition = findRepetition(calls.drop_front(number));
      if (repetition.count > 1) {
        emitRepetition(calls.slice(number, repetition.length()), repetition,
                       emitKernelCall);
        number += repetition.length();
        continue;
      }
      if (number > 0 && (calls[number].barrierBefore || spec.clock))
        emitBarrier();
      readClock(number, index);
      emitCall(calls[number]);
      ++number;
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
    for (const auto &[number, bytes] : llvm::enumerate(spec.constants))
      addConstant(constantName(number), StringRef(bytes.data(), bytes.size()));
  }

  void addConstant(const std::string &name, StringRef bytes) {
    addData(name, bytes.size(), LLVM::Linkage::Internal,
            builder.getStringAttr(bytes));
  }

  void declarePrepared() {
    for (const auto &[number, bytes] : llvm::enumerate(spec.preparedBytes))
      addData(preparedName(spec.name, number), bytes, LLVM::Linkage::External,
              /*value=*/{});
  }

  void addData(const std::string &name, int64_t bytes, LLVM::Linkage linkage,
               Attribute value) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(module.getBody());
    auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), bytes);
    LLVM::GlobalOp::create(builder, loc, type, /*isConstant=*/true, linkage,
                           name, value, /*alignment=*/64);
  }

  /// Calls of the same kernels in the same order several times, as the steps of
  /// a recurrence: so many calls, so often.
  struct Repetition {
    size_t period = 1, count = 1;
    size_t length() const { return period * count; }
  };

  /// Whether \p a and \p b differ at most in where in their memory operands
  /// begin.
  static bool areAlike(const ProgramCall &a, const ProgramCall &b) {
    return a.kernel == b.kernel && a.barrierBefore == b.barrierBefore &&
           llvm::equal(a.operands, b.operands,
                       [](const ProgramOperand &x, const ProgramOperand &y) {
                         return x.kind == y.kind && x.number == y.number;
                       });
  }

  /// The repetition at the start of \p calls that saves most calls; a count of
  /// one if none saves enough to be worth a loop.
  static Repetition findRepetition(ArrayRef<ProgramCall> calls) {
    constexpr size_t longestPeriod = 12, leastSaved = 4;
    Repetition best;
    size_t mostSaved = leastSaved - 1;
    for (size_t period = 1; period <= std::min(longestPeriod, calls.size() / 2);
         ++period) {
      size_t alike = 0;
      while (alike + period < calls.size() &&
             areAlike(calls[alike], calls[alike + period]))
        ++alike;
      size_t saved = alike / period * period;
      if (saved > mostSaved) {
        mostSaved = saved;
        best = {period, alike / period + 1};
      }
    }
    return best;
  }

  /// A loop over \p calls. What changes from turn to turn is in a table.
  void emitRepetition(
      ArrayRef<ProgramCall> calls, Repetition repetition,
      llvm::function_ref<void(func::FuncOp, SmallVector<Value>)> emitCall) {
    // The operands, call by call, that do not stay where they are.
    SmallVector<std::pair<size_t, size_t>> moving;
    auto operandAt = [&](size_t turn, size_t call, size_t number) {
      return calls[turn * repetition.period + call].operands[number];
    };
    for (size_t call = 0; call < repetition.period; ++call)
      for (size_t number = 0; number < calls[call].operands.size(); ++number)
        for (size_t turn = 1; turn < repetition.count; ++turn)
          if (operandAt(turn, call, number).offset !=
              operandAt(0, call, number).offset) {
            moving.push_back({call, number});
            break;
          }
    SmallVector<int64_t> offsets;
    for (size_t turn = 0; turn < repetition.count; ++turn)
      for (auto [call, number] : moving)
        offsets.push_back(operandAt(turn, call, number).offset);
    std::string name = spec.name + ".offsets." + std::to_string(tables++);
    if (!moving.empty())
      addConstant(name, StringRef(reinterpret_cast<char *>(offsets.data()),
                                  offsets.size() * sizeof(int64_t)));
    auto number = [&](int64_t value) -> Value {
      return arith::ConstantOp::create(builder, loc,
                                       builder.getI64IntegerAttr(value));
    };
    auto loop = scf::ForOp::create(builder, loc, number(0),
                                   number(repetition.count), number(1));
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    Value row;
    if (!moving.empty())
      row = LLVM::GEPOp::create(
          builder, loc, pointer,
          LLVM::LLVMArrayType::get(builder.getI64Type(), moving.size()),
          LLVM::AddressOfOp::create(builder, loc, pointer, name),
          ValueRange{loop.getInductionVar()});
    size_t next = 0;
    for (size_t call = 0; call < repetition.period; ++call) {
      if (calls[call].barrierBefore)
        emitBarrier();
      SmallVector<Value> operands;
      for (size_t at = 0; at < calls[call].operands.size(); ++at) {
        ProgramOperand operand = calls[call].operands[at];
        if (next == moving.size() || moving[next] != std::pair(call, at)) {
          operands.push_back(address(operand));
          continue;
        }
        operand.offset = 0;
        Value offset = LLVM::LoadOp::create(
            builder, loc, builder.getI64Type(),
            shifted(row, int64_t(next++ * sizeof(int64_t))), 8);
        operands.push_back(
            LLVM::GEPOp::create(builder, loc, pointer, builder.getI8Type(),
                                address(operand), ValueRange{offset}));
      }
      emitCall(calls[call].kernel, std::move(operands));
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
    case ProgramOperand::Kind::prepared:
      return shifted(
          LLVM::AddressOfOp::create(builder, loc, pointer,
                                    preparedName(spec.name, operand.number)),
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
  /// Tables of offsets so far.
  unsigned tables = 0;
};

} // namespace

std::string kernels::preparedName(StringRef entry, size_t number) {
  return (entry + ".prepared." + std::to_string(number)).str();
}

func::FuncOp kernels::emitProgramEntry(ModuleOp module,
                                       const ProgramSpec &spec) {
  return EntryBuilder(module, spec).build();
}
