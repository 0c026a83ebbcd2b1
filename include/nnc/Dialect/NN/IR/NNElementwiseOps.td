//===- NNElementwiseOps.td - Element-wise operations ----------------------===//
//
// One record an op; the scalar body and the gradient are expressions.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_DIALECT_NN_IR_NNELEMENTWISEOPS_TD
#define NNC_DIALECT_NN_IR_NNELEMENTWISEOPS_TD

include "nnc/Dialect/NN/IR/NNBase.td"

//===----------------------------------------------------------------------===//
// Classes
//===----------------------------------------------------------------------===//

/// y = f(x), same type.
class NN_UnaryOp<string mnemonic, Type tensor, list<Trait> traits = []>
    : NN_ElementwiseOp<mnemonic,
                       !listconcat([SameOperandsAndResultType], traits)> {
  let arguments = (ins tensor:$x);
  let results = (outs tensor:$y);
  let assemblyFormat = "$x attr-dict `:` type($y)";
  let scalarBindings = [{
    ScalarExpr x(builder, loc, operands[0]);
  }];
}

/// y = f(x) with the gradient given as one expression in x, y, dy.
class NN_DifferentiableUnaryOp<string mnemonic>
    : NN_UnaryOp<mnemonic, NN_FloatTensor, [DifferentiableOpInterface]> {
  code gradient = "";
  code gradientDefinition = [{
    void $cppClass::buildGradient(
        ::mlir::OpBuilder &builder, ::mlir::ValueRange resultGradients,
        ::llvm::SmallVectorImpl<::mlir::Value> &operandGradients) {
      [[maybe_unused]] TensorExpr x(builder, getLoc(), getX());
      [[maybe_unused]] TensorExpr y(builder, getLoc(), getY());
      TensorExpr dy(builder, getLoc(), resultGradients[0]);
      operandGradients.push_back(}] # gradient # [{);
    }
  }];
  code gradientDeclaration = [{
    void buildGradient(::mlir::OpBuilder &builder,
                       ::mlir::ValueRange resultGradients,
                       ::llvm::SmallVectorImpl<::mlir::Value> &operandGradients);
  }];
  let extraClassDeclaration =
      fusionDeclaration # scalarDeclaration # gradientDeclaration;
  let extraClassDefinition =
      fusionDefinition # scalarDefinition # gradientDefinition;
}

/// y = f(a, b), same type.
class NN_BinaryOp<string mnemonic, Type tensor, list<Trait> traits = []>
    : NN_ElementwiseOp<mnemonic,
                       !listconcat([SameOperandsAndResultType], traits)> {
  let arguments = (ins tensor:$a, tensor:$b);
  let results = (outs tensor:$y);
  let assemblyFormat = "$a `,` $b attr-dict `:` type($y)";
  let scalarBindings = [{
    ScalarExpr a(builder, loc, operands[0]), b(builder, loc, operands[1]);
  }];
}

/// y = f(a, b) with both gradients as expressions in a, b, y, dy.
class NN_DifferentiableBinaryOp<string mnemonic, Type tensor,
                                list<Trait> traits = []>
    : NN_BinaryOp<mnemonic, tensor,
                  !listconcat([DifferentiableOpInterface], traits)> {
  code gradientA = "";
  code gradientB = "";
  code gradientDefinition = [{
    void $cppClass::buildGradient(
        ::mlir::OpBuilder &builder, ::mlir::ValueRange resultGradients,
        ::llvm::SmallVectorImpl<::mlir::Value> &operandGradients) {
      [[maybe_unused]] TensorExpr a(builder, getLoc(), getA());
      [[maybe_unused]] TensorExpr b(builder, getLoc(), getB());
      [[maybe_unused]] TensorExpr y(builder, getLoc(), getY());
      TensorExpr dy(builder, getLoc(), resultGradients[0]);
      operandGradients.push_back(}] # gradientA # [{);
      operandGradients.push_back(}] # gradientB # [{);
    }
  }];
  code gradientDeclaration = [{
    void buildGradient(::mlir::OpBuilder &builder,
                       ::mlir::ValueRange resultGradients,
                       ::llvm::SmallVectorImpl<::mlir::Value> &operandGradients);
  }];
  let extraClassDeclaration =
      fusionDeclaration # scalarDeclaration # gradientDeclaration;
  let extraClassDefinition =
      fusionDefinition # scalarDefinition # gradientDefinition;
}

//===----------------------------------------------------------------------===//
// Unary, differentiable
//===----------------------------------------------------------------------===//

def NN_NegOp : NN_DifferentiableUnaryOp<"neg"> {
  let summary = "negation";
  let description = [{
    `y = -x`. Gradient: `-dy`.

    Example: `%y = nn.neg %x : tensor<4xf32>`
  }];
  let gradient = "-dy";
  let scalar = "-x";
  let hasFolder = 1;
}

def NN_AbsOp : NN_DifferentiableUnaryOp<"abs"> {
  let summary = "absolute value";
  let description = [{
    `y = |x|`. Gradient: `dy * sign(x)`, 0 at 0.

    Example: `%y = nn.abs %x : tensor<4xf32>`
  }];
  let gradient = "dy * sign(x)";
  let scalar = "abs(x)";
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def NN_ExpOp : NN_DifferentiableUnaryOp<"exp"> {
  let summary = "exponential";
  let description = [{
    `y = e^x`. Gradient: `dy * y`. exp(-inf) = 0, exp(inf) = inf.

    Example: `%y = nn.exp %x : tensor<4xf32>`
  }];
  let gradient = "dy * y";
  let scalar = "exp(x)";
}

def NN_Expm1Op : NN_DifferentiableUnaryOp<"expm1"> {
  let summary = "exponential minus one, accurate near 0";
  let description = [{
    `y = e^x - 1`. Gradient: `dy * (y + 1)`.

    Example: `%y = nn.expm1 %x : tensor<4xf32>`
  }];
  let gradient = "dy * (y + 1.0)";
  let scalar = "expm1(x)";
}

def NN_LogOp : NN_DifferentiableUnaryOp<"log"> {
  let summary = "natural logarithm";
  let description = [{
    `y = ln x`. Gradient: `dy / x`. log(0) = -inf; negative x gives NaN.

    Example: `%y = nn.log %x : tensor<4xf32>`
  }];
  let gradient = "dy / x";
  let scalar = "log(x)";
}

def NN_Log1pOp : NN_DifferentiableUnaryOp<"log1p"> {
  let summary = "logarithm of one plus x, accurate near 0";
  let description = [{
    `y = ln(1 + x)`. Gradient: `dy / (1 + x)`.

    Example: `%y = nn.log1p %x : tensor<4xf32>`
  }];
  let gradient = "dy / (x + 1.0)";
  let scalar = "log1p(x)";
}

def NN_SqrtOp : NN_DifferentiableUnaryOp<"sqrt"> {
  let summary = "square root";
  let description = [{
    `y = sqrt(x)`. Gradient: `dy / (2 y)`, infinite at 0. Negative x gives NaN.

    Example: `%y = nn.sqrt %x : tensor<4xf32>`
  }];
  let gradient = "dy * 0.5 / y";
  let scalar = "sqrt(x)";
}

def NN_RsqrtOp : NN_DifferentiableUnaryOp<"rsqrt"> {
  let summary = "reciprocal square root";
  let description = [{
    `y = 1 / sqrt(x)`. Gradient: `-dy * y^3 / 2`.

    Example: `%y = nn.rsqrt %x : tensor<4xf32>`
  }];
  let gradient = "dy * -0.5 * y * y * y";
  let scalar = "x.constant(1.0) / sqrt(x)";
}

def NN_SinOp : NN_DifferentiableUnaryOp<"sin"> {
  let summary = "sine";
  let description = [{
    `y = sin x` (radians). Gradient: `dy * cos(x)`.

    Example: `%y = nn.sin %x : tensor<4xf32>`
  }];
  let gradient = "dy * cos(x)";
  let scalar = "sin(x)";
}

def NN_CosOp : NN_DifferentiableUnaryOp<"cos"> {
  let summary = "cosine";
  let description = [{
    `y = cos x` (radians). Gradient: `-dy * sin(x)`.

    Example: `%y = nn.cos %x : tensor<4xf32>`
  }];
  let gradient = "-(dy * sin(x))";
  let scalar = "cos(x)";
}

def NN_ArctanOp : NN_DifferentiableUnaryOp<"arctan"> {
  let summary = "inverse tangent";
  let description = [{
    `y = arctan x`, in (-pi/2, pi/2). Gradient: `dy / (1 + x^2)`.

    Example: `%y = nn.arctan %x : tensor<4xf32>`
  }];
  let gradient = "dy / (x * x + 1.0)";
  let scalar = "atan(x)";
}

def NN_ErfOp : NN_DifferentiableUnaryOp<"erf"> {
  let summary = "error function";
  let description = [{
    `y = 2/sqrt(pi) * integral of e^(-t^2) from 0 to x`.
    Gradient: `dy * 2/sqrt(pi) * e^(-x^2)`.

    Example: `%y = nn.erf %x : tensor<4xf32>`
  }];
  let gradient = "dy * 1.1283791670955126 * exp(-(x * x))";
  let scalar = "erf(x)";
}

def NN_TanhOp : NN_DifferentiableUnaryOp<"tanh"> {
  let summary = "hyperbolic tangent";
  let description = [{
    `y = (e^x - e^-x) / (e^x + e^-x)`. Gradient: `dy * (1 - y^2)`.

    Example: `%y = nn.tanh %x : tensor<4xf32>`
  }];
  let gradient = "dy * (1.0 - y * y)";
  let scalar = "tanh(x)";
}

def NN_SigmoidOp : NN_DifferentiableUnaryOp<"sigmoid"> {
  let summary = "logistic function";
  let description = [{
    `y = 1 / (1 + e^-x)`; 0 and 1 at -inf and inf, never NaN for a number.
    Gradient: `dy * y * (1 - y)`.

    Example: `%y = nn.sigmoid %x : tensor<4xf32>`
  }];
  let gradient = "dy * (y * (1.0 - y))";
  let scalar = "x.constant(1.0) / (x.constant(1.0) + exp(-x))";
}

def NN_SoftplusOp : NN_DifferentiableUnaryOp<"softplus"> {
  let summary = "smooth rectifier";
  let description = [{
    `y = ln(1 + e^x)`, computed as `max(x, 0) + log1p(e^-|x|)`.
    Gradient: `dy * sigmoid(x)`.

    Example: `%y = nn.softplus %x : tensor<4xf32>`
  }];
  let gradient = "dy * sigmoid(x)";
  let scalar = "max(x, x.constant(0.0)) + log1p(exp(-abs(x)))";
}

def NN_ReluOp : NN_DifferentiableUnaryOp<"relu"> {
  let summary = "rectified linear unit";
  let description = [{
    `y = max(x, 0)`; NaN stays NaN. Gradient: `dy` where x > 0, else 0 (also at
    exactly 0).

    Example: `%y = nn.relu %x : tensor<4xf32>`
  }];
  let gradient = "select(y > 0.0, dy, 0.0)";
  let scalar = "max(x, x.constant(0.0))";
  let hasFolder = 1;
}

//===----------------------------------------------------------------------===//
// Unary, piecewise constant
//===----------------------------------------------------------------------===//

class NN_StepUnaryOp<string mnemonic>
    : NN_UnaryOp<mnemonic, NN_FloatTensor, [NonDifferentiable]>;

def NN_SignOp : NN_StepUnaryOp<"sign"> {
  let summary = "sign: -1, 0 or 1";
  let description = [{
    -1 for x < 0, 0 at 0, 1 for x > 0, NaN for NaN. The gradient is zero
    wherever it exists: the function is piecewise constant.

    Example: `%y = nn.sign %x : tensor<4xf32>`
  }];
  let scalar = "select(x > x.constant(0.0), x.constant(1.0), "
               "select(x < x.constant(0.0), x.constant(-1.0), x * x.constant(0.0)))";
}

def NN_FloorOp : NN_StepUnaryOp<"floor"> {
  let summary = "largest integer not above x";
  let description = [{
    Rounds towards -inf. The gradient is zero: piecewise constant.

    Example: `%y = nn.floor %x : tensor<4xf32>`
  }];
  let scalar = "floor(x)";
}

def NN_CeilOp : NN_StepUnaryOp<"ceil"> {
  let summary = "smallest integer not below x";
  let description = [{
    Rounds towards inf. The gradient is zero: piecewise constant.

    Example: `%y = nn.ceil %x : tensor<4xf32>`
  }];
  let scalar = "ceil(x)";
}

def NN_RoundOp : NN_StepUnaryOp<"round"> {
  let summary = "nearest integer, halves to even";
  let description = [{
    Rounds to nearest, ties to even. The gradient is zero: piecewise constant.

    Example: `%y = nn.round %x : tensor<4xf32>`
  }];
  let scalar = "round(x)";
}

def NN_StopGradientOp : NN_UnaryOp<"stop_gradient", NN_Tensor,
                                   [NonDifferentiable]> {
  let summary = "identity that no gradient passes";
  let description = [{
    `y = x`. No gradient flows to x: that is the op's purpose.

    Example: `%y = nn.stop_gradient %x : tensor<4xf32>`
  }];
  let scalar = "x";
}

//===----------------------------------------------------------------------===//
// Binary
//===----------------------------------------------------------------------===//

def NN_AddOp : NN_DifferentiableBinaryOp<"add", NN_NumberTensor,
                                         [Commutative]> {
  let summary = "sum of two tensors";
  let description = [{
    `y = a + b`. Gradients: `dy`, `dy`.

    Example: `%y = nn.add %a, %b : tensor<4xf32>`
  }];
  let gradientA = "dy";
  let gradientB = "dy";
  let scalar = "a + b";
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def NN_SubOp : NN_DifferentiableBinaryOp<"sub", NN_NumberTensor> {
  let summary = "difference of two tensors";
  let description = [{
    `y = a - b`. Gradients: `dy`, `-dy`.

    Example: `%y = nn.sub %a, %b : tensor<4xf32>`
  }];
  let gradientA = "dy";
  let gradientB = "-dy";
  let scalar = "a - b";
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def NN_MulOp : NN_DifferentiableBinaryOp<"mul", NN_NumberTensor,
                                         [Commutative]> {
  let summary = "element-wise (Hadamard) product";
  let description = [{
    `y = a * b`. Gradients: `dy * b`, `dy * a`.

    Example: `%y = nn.mul %a, %b : tensor<4xf32>`
  }];
  let gradientA = "dy * b";
  let gradientB = "dy * a";
  let scalar = "a * b";
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def NN_DivOp : NN_DifferentiableBinaryOp<"div", NN_FloatTensor> {
  let summary = "quotient of two tensors";
  let description = [{
    `y = a / b`, by IEEE rules. Gradients: `dy / b`, `-dy * y / b`.

    Example: `%y = nn.div %a, %b : tensor<4xf32>`
  }];
  let gradientA = "dy / b";
  let gradientB = "-(dy * y / b)";
  let scalar = "a / b";
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def NN_MaximumOp : NN_DifferentiableBinaryOp<"maximum", NN_NumberTensor,
                                             [Commutative]> {
  let summary = "element-wise maximum";
  let description = [{
    `y = max(a, b)`; NaN if either is NaN. The gradient goes to the larger
    operand, half to each where they are equal.

    Example: `%y = nn.maximum %a, %b : tensor<4xf32>`
  }];
  let gradientA = "dy * select(a > b, 1.0, select(a == b, dy.like(0.5), 0.0))";
  let gradientB = "dy * select(b > a, 1.0, select(a == b, dy.like(0.5), 0.0))";
  let scalar = "max(a, b)";
  let hasFolder = 1;
}

def NN_MinimumOp : NN_DifferentiableBinaryOp<"minimum", NN_NumberTensor,
                                             [Commutative]> {
  let summary = "element-wise minimum";
  let description = [{
    `y = min(a, b)`; NaN if either is NaN. The gradient goes to the smaller
    operand, half to each where they are equal.

    Example: `%y = nn.minimum %a, %b : tensor<4xf32>`
  }];
  let gradientA = "dy * select(a < b, 1.0, select(a == b, dy.like(0.5), 0.0))";
  let gradientB = "dy * select(b < a, 1.0, select(a == b, dy.like(0.5), 0.0))";
  let scalar = "min(a, b)";
  let hasFolder = 1;
}

def NN_PowOp : NN_DifferentiableBinaryOp<"pow", NN_FloatTensor> {
  let summary = "power";
  let description = [{
    `y = a ^ b`, as IEEE pow; 0^0 = 1. Gradients: `dy * b * a^(b-1)` (0 where
    b = 0) and `dy * y * ln a` (0 where a <= 0).

    Example: `%y = nn.pow %a, %b : tensor<4xf32>`
  }];
  let gradientA = "select(b == 0.0, dy.like(0.0), dy * b * pow(a, b - 1.0))";
  let gradientB = "select(a > 0.0, dy * y * log(select(a > 0.0, a, 1.0)), 0.0)";
  let scalar = "pow(a, b)";
  let hasCanonicalizer = 1;
}

def NN_FloorDivOp : NN_BinaryOp<"floor_div", NN_NumberTensor,
                                [NonDifferentiable]> {
  let summary = "quotient rounded towards minus infinity";
  let description = [{
    `y = floor(a / b)`; integers too (0 where b = 0). The gradient is zero:
    piecewise constant.

    Example: `%y = nn.floor_div %a, %b : tensor<4xi32>`
  }];
  let scalar = "floorDiv(a, b)";
}

def NN_ModOp : NN_BinaryOp<"mod", NN_NumberTensor, [NonDifferentiable]> {
  let summary = "remainder of the floor division";
  let description = [{
    `y = a - floor(a / b) * b`, with b's sign; integers too (a where b = 0). No
    gradient is defined.

    Example: `%y = nn.mod %a, %b : tensor<4xi32>`
  }];
  let scalar = "a - floorDiv(a, b) * b";
}

def NN_AndOp : NN_BinaryOp<"and", NN_BoolTensor,
                           [Commutative, NonDifferentiable]> {
  let summary = "logical and";
  let description = [{
    Of booleans, which carry no gradient.

    Example: `%y = nn.and %a, %b : tensor<4xi1>`
  }];
  let scalar = "a & b";
  let hasFolder = 1;
}

def NN_OrOp : NN_BinaryOp<"or", NN_BoolTensor,
                          [Commutative, NonDifferentiable]> {
  let summary = "logical or";
  let description = [{
    Of booleans, which carry no gradient.

    Example: `%y = nn.or %a, %b : tensor<4xi1>`
  }];
  let scalar = "a | b";
  let hasFolder = 1;
}

def NN_NotOp : NN_UnaryOp<"not", NN_BoolTensor, [NonDifferentiable]> {
  let summary = "logical not";
  let description = [{
    Of booleans, which carry no gradient.

    Example: `%y = nn.not %x : tensor<4xi1>`
  }];
  let scalar = "!x";
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

//===----------------------------------------------------------------------===//
// Mixed types
//===----------------------------------------------------------------------===//

def NN_ComparePredicate : I32EnumAttr<"ComparePredicate", "order of two numbers", [
  I32EnumAttrCase<"eq", 0>, I32EnumAttrCase<"ne", 1>, I32EnumAttrCase<"lt", 2>,
  I32EnumAttrCase<"le", 3>, I32EnumAttrCase<"gt", 4>, I32EnumAttrCase<"ge", 5>
]> {
  let cppNamespace = "::nnc::nn";
  let genSpecializedAttr = 0;
}
def NN_ComparePredicateAttr
    : EnumAttr<NN_Dialect, NN_ComparePredicate, "predicate">;

def NN_CompareOp : NN_ElementwiseOp<"compare",
    [AllTypesMatch<["a", "b"]>, NonDifferentiable,
     InferTypeOpAdaptor]> {
  let summary = "comparison, element by element";
  let description = [{
    `y = a <predicate> b` with predicates eq, ne, lt, le, gt, ge. A comparison
    with NaN is false, but for ne. The result carries no gradient.

    Example: `%y = nn.compare lt, %a, %b : tensor<4xf32>`
  }];
  let arguments = (ins NN_ComparePredicateAttr:$predicate, NN_Tensor:$a,
                       NN_Tensor:$b);
  let results = (outs NN_BoolTensor:$y);
  let assemblyFormat = "$predicate `,` $a `,` $b attr-dict `:` type($a)";
  let scalarBindings = [{
    ScalarExpr a(builder, loc, operands[0]), b(builder, loc, operands[1]);
  }];
  let scalar = "compare(getPredicate(), a, b)";
}

def NN_SelectOp : NN_ElementwiseOp<"select",
    [AllTypesMatch<["a", "b", "y"]>, DifferentiableOpInterface]> {
  let summary = "choice between two tensors, element by element";
  let description = [{
    `y = condition ? a : b`. Gradients: `dy` where chosen, else 0; none to the
    condition.

    C1: the condition has the shape of the operands.

    Example: `%y = nn.select %c, %a, %b : tensor<4xi1>, tensor<4xf32>`
  }];
  let arguments = (ins NN_BoolTensor:$condition, NN_Tensor:$a, NN_Tensor:$b);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = [{
    $condition `,` $a `,` $b attr-dict `:` type($condition) `,` type($y)
  }];
  let scalarBindings = [{
    ScalarExpr c(builder, loc, operands[0]), a(builder, loc, operands[1]),
        b(builder, loc, operands[2]);
  }];
  let scalar = "select(c, a, b)";
  let hasVerifier = 1;
  let extraClassDeclaration = fusionDeclaration # scalarDeclaration # [{
    void buildGradient(::mlir::OpBuilder &builder,
                       ::mlir::ValueRange resultGradients,
                       ::llvm::SmallVectorImpl<::mlir::Value> &operandGradients);
  }];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def NN_CastOp : NN_ElementwiseOp<"cast", [DifferentiableOpInterface]> {
  let summary = "conversion of the element type";
  let description = [{
    Rounds to nearest between floating-point types, truncates towards zero to
    integers (saturating; NaN gives 0), gives 0 and 1 for booleans, and
    `x != 0` to booleans. Gradient: `dy` cast back between floating-point types,
    none otherwise.

    C1: operand and result have the same shape.

    Example: `%y = nn.cast %x : tensor<4xi32> to tensor<4xf32>`
  }];
  let arguments = (ins NN_Tensor:$x);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$x attr-dict `:` type($x) `to` type($y)";
  let scalarBindings = [{
    ScalarExpr x(builder, loc, operands[0]);
  }];
  let scalar = "cast(x, resultType)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let extraClassDeclaration = fusionDeclaration # scalarDeclaration # [{
    void buildGradient(::mlir::OpBuilder &builder,
                       ::mlir::ValueRange resultGradients,
                       ::llvm::SmallVectorImpl<::mlir::Value> &operandGradients);
  }];
  let hasCanonicalizer = 1;
}

class NN_ClassifyOp<string mnemonic>
    : NN_ElementwiseOp<mnemonic,
        [NonDifferentiable, InferTypeOpAdaptor]> {
  let arguments = (ins NN_FloatTensor:$x);
  let results = (outs NN_BoolTensor:$y);
  let assemblyFormat = "$x attr-dict `:` type($x)";
  let scalarBindings = [{
    ScalarExpr x(builder, loc, operands[0]);
  }];
}

def NN_IsNanOp : NN_ClassifyOp<"is_nan"> {
  let summary = "whether an element is not a number";
  let description = [{
    The result carries no gradient.

    Example: `%y = nn.is_nan %x : tensor<4xf32>`
  }];
  let scalar = "compare(ComparePredicate::ne, x, x)";
}

def NN_IsInfOp : NN_ClassifyOp<"is_inf"> {
  let summary = "whether an element is infinite";
  let description = [{
    Either sign. The result carries no gradient.

    Example: `%y = nn.is_inf %x : tensor<4xf32>`
  }];
  let scalar = "abs(x) == x.constant(std::numeric_limits<double>::infinity())";
}

#endif // NNC_DIALECT_NN_IR_NNELEMENTWISEOPS_TD
