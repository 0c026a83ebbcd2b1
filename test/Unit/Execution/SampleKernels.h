//===- SampleKernels.h - A module with every template -----------*- C++ -*-===//

#ifndef NNC_TEST_UNIT_EXECUTION_SAMPLEKERNELS_H
#define NNC_TEST_UNIT_EXECUTION_SAMPLEKERNELS_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "nnc/Kernels/Contraction.h"
#include "nnc/Kernels/Map.h"
#include "nnc/Kernels/ProgramEntry.h"
#include "nnc/Kernels/Reduce.h"
#include "nnc/Kernels/RowSweep.h"
#include "nnc/Pipelines/KernelsToLLVM.h"
#include <gtest/gtest.h>

namespace nnc::test {

/// A module of its own context with kernels of every template: x [7, 70],
/// w [70, 33], y [7, 33], s [1].
class SampleKernels {
public:
  explicit SampleKernels(const TargetDescription &target)
      : context(mlir::MLIRContext::Threading::DISABLED) {
    using namespace kernels;
    loadKernelDialects(context);
    module = mlir::ModuleOp::create(mlir::UnknownLoc::get(&context));
    mlir::Type f32 = mlir::Float32Type::get(&context);
    Buffer x{f32, 490}, w{f32, 70 * 33}, y{f32, 231}, s{f32, 1};
    for (bool transposed : {false, true}) {
      ContractionSpec product;
      product.name = transposed ? "turned" : "product";
      product.element = f32;
      product.m = Extent(7, 1);
      product.n = 33;
      product.k = 70;
      product.buffers = {x, w, y};
      product.lhs = {.buffer = 0, .rowStride = 70};
      product.rhs = {.buffer = 1,
                     .rowStride = transposed ? 70 : 33,
                     .transposed = transposed};
      product.outputs = {{2, {33, 1}}};
      add(emitContraction(*module, target, product), {0, 1, 2});
    }
    add(emitMap(*module, target,
                {.name = "map",
                 .domain = {231},
                 .buffers = {y},
                 .inputs = {{0, {1}}},
                 .outputs = {{0, {1}}},
                 .body = everyFunction}),
        {2});
    Sweep sweep;
    sweep.inputs = sweep.outputs = {{0, {33, 1}}};
    sweep.reductions = {{ReduceKind::argmax, f32}};
    sweep.body = [](BodyContext &c) -> llvm::SmallVector<mlir::Value> {
      return {c.inputs[0], c.inputs[0]};
    };
    RowSweepSpec rows;
    rows.name = "rows";
    rows.rows = {7};
    rows.columns = 33;
    rows.buffers = {y};
    rows.sweeps = {sweep};
    add(emitRowSweep(*module, target, rows), {2});
    ReduceSpec sum;
    sum.name = "sum";
    sum.reduced = {231};
    sum.buffers = {y, s};
    sum.inputs = {{0, {1}}};
    sum.reductions = {{ReduceKind::sum, f32}};
    sum.body = [](BodyContext &c) -> llvm::SmallVector<mlir::Value> {
      return {c.inputs[0]};
    };
    sum.outputs = {{1, {}}};
    add(emitReduce(*module, target, sum), {2, 3});
    spec.name = "sample";
    spec.constants = {std::vector<char>(100, 'c')};
    emitProgramEntry(*module, spec);
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;

private:
  void add(Expected<kernels::Kernels> emitted, std::vector<unsigned> operands) {
    ASSERT_TRUE(emitted.has_value()) << emitted.error().message;
    for (mlir::func::FuncOp phase : emitted->phases) {
      kernels::ProgramCall call{phase, {}};
      for (unsigned operand : operands)
        call.operands.push_back(
            {kernels::ProgramOperand::Kind::argument, operand, 0});
      spec.calls.push_back(call);
    }
  }

  /// x through every function of the math dialect, kept small on the way.
  static llvm::SmallVector<mlir::Value> everyFunction(kernels::BodyContext &c) {
    mlir::Value x = c.inputs[0];
    auto chain = [&]<typename... Ops>() {
      ((x = mlir::math::AtanOp::create(
            c.builder, c.loc, Ops::create(c.builder, c.loc, x).getResult())),
       ...);
    };
    using namespace mlir::math;
    chain.
    operator()<ExpOp, Exp2Op, ExpM1Op, LogOp, Log2Op, Log10Op, Log1pOp, TanhOp,
               SinhOp, CoshOp, AsinhOp, AcoshOp, AtanhOp, ErfOp, ErfcOp, SinOp,
               CosOp, TanOp, AsinOp, AcosOp, CbrtOp, RsqrtOp, SqrtOp, RoundOp,
               RoundEvenOp, FloorOp, CeilOp, TruncOp, AbsFOp>();
    x = PowFOp::create(c.builder, c.loc, x, c.inputs[0]);
    x = Atan2Op::create(c.builder, c.loc, x, c.inputs[0]);
    x = FmaOp::create(c.builder, c.loc, x, c.inputs[0], x);
    return {mlir::arith::RemFOp::create(c.builder, c.loc, x, c.inputs[0])};
  }

  kernels::ProgramSpec spec;
};

} // namespace nnc::test

#endif // NNC_TEST_UNIT_EXECUTION_SAMPLEKERNELS_H
