// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @integers(%x: tensor<4xi32>) {
  // expected-error@+1 {{operand #0 must be ranked tensor of 32-bit float or 64-bit float or bfloat16 type or 16-bit float values}}
  %y = "nn.exp"(%x) : (tensor<4xi32>) -> tensor<4xi32>
  return
}

// -----

func.func @unranked(%x: tensor<*xf32>) {
  // expected-error@+1 {{operand #0 must be ranked tensor}}
  %y = "nn.exp"(%x) : (tensor<*xf32>) -> tensor<*xf32>
  return
}

// -----

func.func @open_size(%x: tensor<?xf32>) {
  // expected-error@+1 {{operand #0 must be ranked tensor of 32-bit float or 64-bit float or bfloat16 type or 16-bit float values with given sizes, but got 'tensor<?xf32>'}}
  %y = "nn.exp"(%x) : (tensor<?xf32>) -> tensor<?xf32>
  return
}

// -----

func.func @other_encoding(%x: tensor<4xf32, 7 : i32>) {
  // expected-error@+1 {{operand #0 must be ranked tensor}}
  %y = "nn.exp"(%x) : (tensor<4xf32, 7 : i32>) -> tensor<4xf32, 7 : i32>
  return
}

// -----

func.func @shapes_differ(%a: tensor<4xf32>, %b: tensor<3xf32>) {
  // expected-error@+1 {{requires the same type for all operands and results}}
  %y = "nn.add"(%a, %b) : (tensor<4xf32>, tensor<3xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @names_differ(%a: tensor<?xf32, #nn.dims<batch>>,
                        %b: tensor<?xf32, #nn.dims<time>>) {
  // expected-error@+1 {{requires the same encoding for all operands and results}}
  %y = "nn.add"(%a, %b) : (tensor<?xf32, #nn.dims<batch>>, tensor<?xf32, #nn.dims<time>>) -> tensor<?xf32, #nn.dims<batch>>
  return
}

// -----

func.func @compare_types_differ(%a: tensor<4xf32>, %b: tensor<4xf64>) {
  // expected-error@+1 {{failed to verify that all of {a, b} have same type}}
  %y = "nn.compare"(%a, %b) {predicate = #nn<predicate eq>} : (tensor<4xf32>, tensor<4xf64>) -> tensor<4xi1>
  return
}

// -----

func.func @compare_predicate(%a: tensor<4xf32>) {
  // expected-error@+2 {{expected ::nnc::nn::ComparePredicate to be one of: eq, ne, lt, le, gt, ge}}
  // expected-error@+1 {{failed to parse NN_ComparePredicateAttr parameter 'value'}}
  %y = nn.compare less, %a, %a : tensor<4xf32>
  return
}

// -----

func.func @select_c1(%c: tensor<3xi1>, %a: tensor<4xf32>) {
  // expected-error@+1 {{condition has the shape [3], operands [4]}}
  %y = nn.select %c, %a, %a : tensor<3xi1>, tensor<4xf32>
  return
}

// -----

func.func @cast_c1(%a: tensor<4xf32>) {
  // expected-error@+1 {{operand has the shape [4], result [3]}}
  %y = nn.cast %a : tensor<4xf32> to tensor<3xf64>
  return
}
