//===- NNBase.td - The nn dialect, its attributes and op classes ----------===//
//
// What every family of ops builds on.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_DIALECT_NN_IR_NNBASE_TD
#define NNC_DIALECT_NN_IR_NNBASE_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/TensorEncoding.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "nnc/Dialect/NN/IR/NNInterfaces.td"

def NN_Dialect : Dialect {
  let name = "nn";
  let cppNamespace = "::nnc::nn";
  let summary = "neural networks as static graphs of pure tensor operations";
  let description = [{
    A model is a function of pure operations over ranked tensors. Broadcasting
    is explicit. Sizes may be named: a tensor type then carries `#nn.dims`.

    Arguments of a model function say what they are by attributes:
    `nn.name` (string), `nn.role` ("input", "parameter", "state", "optimizer",
    "scalar"), and for parameters `nn.initializer` (string). Results have
    `nn.name` and, where they replace an argument, `nn.updates` (the argument's
    name).
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasOperationAttrVerify = 0;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
  let hasConstantMaterializer = 1;
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect",
                           "::mlir::func::FuncDialect"];
  let extraClassDeclaration = [{
    /// The affine symbol that stands for the dimension called \p name in this
    /// context; the same name always gives the same symbol.
    ::mlir::AffineExpr dimensionSymbol(::llvm::StringRef name);
    /// The name behind a symbol's position.
    std::string dimensionName(unsigned position);

  private:
    std::mutex dimensionMutex;
    ::llvm::SmallVector<std::string> dimensionNames;

  public:
  }];
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

def NN_DimsAttr : AttrDef<NN_Dialect, "Dims",
    [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let mnemonic = "dims";
  let summary = "sizes of a tensor with named dimensions";
  let description = [{
    One affine expression a dimension, over named sizes:
    `tensor<?x64xf32, #nn.dims<batch, 64>>`. Where the type's size is static and
    the expression is not, the size is a capacity and the expression the extent
    at run time: `tensor<32x64xf32, #nn.dims<batch, 64>>`.
  }];
  let parameters = (ins ArrayRefParameter<"::mlir::AffineExpr">:$sizes);
  let hasCustomAssemblyFormat = 1;
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

def NN_Float : AnyTypeOf<[F32, F64, BF16, F16]>;
def NN_Integer : AnyTypeOf<[I32, I64]>;
def NN_Number : AnyTypeOf<[F32, F64, BF16, F16, I32, I64]>;
def NN_Element : AnyTypeOf<[F32, F64, BF16, F16, I32, I64, I1]>;

/// Each size is a number or an expression of names, so that no shape is open.
def NN_SizesGiven : CPred<"::nnc::nn::areSizesGiven($_self)">;
class NN_TensorOf<Type element>
    : ConfinedType<RankedTensorOf<[element]>, [NN_SizesGiven],
                   RankedTensorOf<[element]>.summary # " with given sizes",
                   "::mlir::RankedTensorType">;

def NN_FloatTensor : NN_TensorOf<NN_Float>;
def NN_IntegerTensor : NN_TensorOf<NN_Integer>;
def NN_NumberTensor : NN_TensorOf<NN_Number>;
def NN_I64Scalar
    : Type<CPred<"$_self == ::mlir::RankedTensorType::get({}, "
                 "::mlir::IntegerType::get($_self.getContext(), 64))">,
           "scalar tensor of i64", "::mlir::RankedTensorType">,
      BuildableType<"::mlir::RankedTensorType::get({}, $_builder.getI64Type())">;
def NN_BoolTensor : NN_TensorOf<I1>;
def NN_Tensor : NN_TensorOf<NN_Element>;

//===----------------------------------------------------------------------===//
// Traits and op classes
//===----------------------------------------------------------------------===//

/// The gradient is zero on purpose, wherever it exists; the description says
/// why.
def NonDifferentiable : NativeOpTrait<"NonDifferentiable"> {
  let cppNamespace = "::nnc::nn";
}

class NN_Op<string mnemonic, list<Trait> traits = []>
    : Op<NN_Dialect, mnemonic, !listconcat([Pure], traits)>;

/// An op that says how the fusion pass may treat it.
class NN_ClassedOp<string mnemonic, string fusionClassName,
                   list<Trait> traits = []>
    : NN_Op<mnemonic, !listconcat([FusionOpInterface], traits)> {
  code fusionDefinition = [{
    ::nnc::nn::FusionClass $cppClass::getFusionClass() {
      return ::nnc::nn::FusionClass::}] # fusionClassName # [{;
    }
  }];
  code fusionDeclaration = [{
    ::nnc::nn::FusionClass getFusionClass();
  }];
  let extraClassDeclaration = fusionDeclaration;
  let extraClassDefinition = fusionDefinition;
}

/// An element-wise op: one scalar expression, in terms of the operands' names
/// as `ScalarExpr`, is its body for scalars and vectors alike.
class NN_ElementwiseOp<string mnemonic, list<Trait> traits = []>
    : NN_ClassedOp<mnemonic, "elementwise",
                   !listconcat([ScalarBodyOpInterface], traits)> {
  /// Binds the operands' names from `operands`.
  code scalarBindings = "";
  /// One C++ expression of type ScalarExpr.
  code scalar = "";
  code scalarDefinition = [{
    ::mlir::Value $cppClass::buildScalar(::mlir::OpBuilder &builder,
                                         ::mlir::Location loc,
                                         ::mlir::ValueRange operands,
                                         ::mlir::Type resultType) {
      }] # scalarBindings # [{
      return (}] # scalar # [{);
    }
  }];
  code scalarDeclaration = [{
    ::mlir::Value buildScalar(::mlir::OpBuilder &builder, ::mlir::Location loc,
                              ::mlir::ValueRange operands,
                              ::mlir::Type resultType);
  }];
  let extraClassDeclaration = fusionDeclaration # scalarDeclaration;
  let extraClassDefinition = fusionDefinition # scalarDefinition;
}

#endif // NNC_DIALECT_NN_IR_NNBASE_TD
