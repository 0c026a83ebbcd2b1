//===- Passes.td - Passes below the graph level ------------*- tablegen -*-===//

#ifndef NNC_TRANSFORMS_PASSES
#define NNC_TRANSFORMS_PASSES

include "mlir/Pass/PassBase.td"

def DeduplicateKernelsPass
    : Pass<"nnc-deduplicate-kernels", "mlir::ModuleOp"> {
  let summary = "Keep one of several functions with the same body";
  let description = [{
    Input: a module of `func.func`. Functions that are called and differ in
    nothing but their name and those of equal functions they call become one,
    and calls name the one that stays: the first. Functions that nothing in the module calls are left alone.
  }];
  let statistics = [
    Statistic<"removed", "removed-kernels", "Functions replaced by another">
  ];
}

def ApproximateMathPass : Pass<"nnc-approximate-math"> {
  let summary = "Expand mathematical functions into arithmetic";
  let description = [{
    Input: any op that holds math ops on f32 and f64, scalar or vector. Output:
    arith ops and those math ops that have an instruction of their own (absf,
    fma, sqrt, floor, ceil, trunc, roundeven, copysign), so that the code calls
    no library. Relative error at most 4 ulp in f32 and 1e-14 in f64; special
    values as in C. Other element types are left alone.
  }];
  let dependentDialects = ["mlir::arith::ArithDialect",
                           "mlir::math::MathDialect",
                           "mlir::vector::VectorDialect"];
}

def ExpandBF16Pass : Pass<"nnc-expand-bf16"> {
  let summary = "Expand conversions between bf16 and f32 into arithmetic";
  let description = [{
    Input: any op that holds `arith.extf` of bf16 to f32 and `arith.truncf` of
    f32 to bf16, scalar or vector. Output: shifts, additions and selections of
    integers instead, which round to nearest, ties to even, and keep NaN. For
    targets without instructions that round: LLVM would call a library for each
    element.
  }];
  let dependentDialects = ["mlir::arith::ArithDialect"];
}

def KernelsToLLVMPass : Pass<"nnc-kernels-to-llvm", "mlir::ModuleOp"> {
  let summary = "Convert kernels to the llvm dialect in one go";
  let description = [{
    Input: functions of scf, cf, arith, math, vector, func and llvm ops, index
    type of 64 bits, pointers as arguments. Output: the llvm dialect alone; an
    op that remains is an error.
  }];
  let dependentDialects = ["mlir::LLVM::LLVMDialect",
                           "mlir::cf::ControlFlowDialect"];
}

#endif // NNC_TRANSFORMS_PASSES
