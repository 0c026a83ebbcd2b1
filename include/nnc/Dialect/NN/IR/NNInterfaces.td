//===- NNInterfaces.td - What an nn op can say of itself ------------------===//
//
// Interfaces for gradient, fusion class, scalar body, decomposition and
// reference evaluation.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_DIALECT_NN_IR_NNINTERFACES_TD
#define NNC_DIALECT_NN_IR_NNINTERFACES_TD

include "mlir/IR/OpBase.td"

def DifferentiableOpInterface : OpInterface<"DifferentiableOpInterface"> {
  let description = [{
    The vector-Jacobian product of an op (reverse mode).
  }];
  let cppNamespace = "::nnc::nn";
  let methods = [InterfaceMethod<
    /*desc=*/[{
      Emits nn ops that compute, from the gradients of the results (a null
      value: no gradient flows into this result), one gradient an operand,
      appended to `operandGradients`; a null value says that none flows there.
      Rules do not simplify, broadcast implicitly or accumulate.
    }],
    /*retTy=*/"void", /*methodName=*/"buildGradient",
    /*args=*/(ins "::mlir::OpBuilder &":$builder,
                  "::mlir::ValueRange":$resultGradients,
                  "::llvm::SmallVectorImpl<::mlir::Value> &":$operandGradients)
  >];
}

def FusionOpInterface : OpInterface<"FusionOpInterface"> {
  let description = [{ How the fusion pass may treat an op. }];
  let cppNamespace = "::nnc::nn";
  let methods = [InterfaceMethod<
    "The op's class.", "::nnc::nn::FusionClass", "getFusionClass">];
}

def ScalarBodyOpInterface : OpInterface<"ScalarBodyOpInterface"> {
  let description = [{ The body of an element-wise op. }];
  let cppNamespace = "::nnc::nn";
  let methods = [InterfaceMethod<
    /*desc=*/[{
      Emits arith and math ops that compute one element (scalars) or several
      (vectors) of the result from those of the operands. `resultType` is the
      scalar or vector type of the result. Booleans are i1.
    }],
    "::mlir::Value", "buildScalar",
    (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
         "::mlir::ValueRange":$operands, "::mlir::Type":$resultType)>];
}

def CompositeOpInterface : OpInterface<"CompositeOpInterface"> {
  let description = [{ An op that stands for a graph of primitive ops. }];
  let cppNamespace = "::nnc::nn";
  let methods = [InterfaceMethod<
    /*desc=*/[{
      Emits primitive ops that compute the op's results and appends those to
      `results`; the op itself stays.
    }],
    "void", "decompose",
    (ins "::mlir::OpBuilder &":$builder,
         "::llvm::SmallVectorImpl<::mlir::Value> &":$results)>];
}

def ReferenceOpInterface : OpInterface<"ReferenceOpInterface"> {
  let description = [{
    Plain evaluation in double precision: the oracle for compiled code. It is
    attached by the Reference library.
  }];
  let cppNamespace = "::nnc::nn";
  let methods = [InterfaceMethod<
    /*desc=*/[{
      Computes the elements of `results`, which come as zeros with the kinds
      and shapes of the op's results, from `operands`. `sizes` gives numbers
      for named sizes. Element-wise ops go by the number of elements alone, so
      that a constant filled with one number may be evaluated as a scalar.
      Failure comes with a diagnostic at the op.
    }],
    "::llvm::LogicalResult", "evaluate",
    (ins "::llvm::ArrayRef<const ::nnc::reference::Tensor *>":$operands,
         "::llvm::MutableArrayRef<::nnc::reference::Tensor>":$results,
         "const ::nnc::reference::Sizes &":$sizes)>];
}

#endif // NNC_DIALECT_NN_IR_NNINTERFACES_TD
