// RUN: nnc-opt %s --split-input-file --verify-diagnostics --nn-specialize="sizes=batch=32,time=28 bounded=batch"
// RUN: not nnc-opt %S/Inputs/empty.mlir --nn-specialize=sizes=batch 2>&1 | FileCheck %s --check-prefix=FORM
// RUN: not nnc-opt %S/Inputs/empty.mlir --nn-specialize=sizes=batch=1.5 2>&1 | FileCheck %s --check-prefix=NUMBER
// RUN: not nnc-opt %S/Inputs/empty.mlir --nn-specialize=sizes=batch=0 2>&1 | FileCheck %s --check-prefix=ZERO

// FORM: error: expected NAME=NUMBER, got 'batch'
// NUMBER: error: expected NAME=NUMBER, got 'batch=1.5'
// ZERO: error: size 'batch' must be from 1 to 1099511627776, got 0

// expected-error@+1 {{size 'units' is left open}}
func.func @argument(%x: tensor<?xf32, #nn.dims<units>>) {
  return
}

// -----

func.func @result() {
  // expected-error@+1 {{size 'units' is left open}}
  %i = nn.iota axis = 0 : tensor<?xi32, #nn.dims<batch + units>>
  return
}

// -----

func.func @dim_size() {
  // expected-error@+1 {{size 'units' is left open}}
  %n = nn.dim_size <units> : tensor<f32>
  return
}

// -----

func.func @negative() {
  // expected-error@+1 {{the sizes give a dimension the extent -72}}
  %i = nn.iota axis = 0 : tensor<?xi32, #nn.dims<(time + -100)>>
  return
}

// -----

func.func @no_number() {
  // expected-error@+1 {{the sizes give a dimension no extent that is a number}}
  %i = nn.iota axis = 0 : tensor<?xi32, #nn.dims<batch floordiv (time + -28)>>
  return
}

// -----

func.func @too_large() {
  // expected-error@+1 {{the sizes give a dimension the extent}}
  %i = nn.iota axis = 0 : tensor<?xi32, #nn.dims<time * 1000000000000>>
  return
}

// -----

// The two agree as long as nobody knows the time: an axis may not be empty.
func.func @empty(%x: tensor<?xf32, #nn.dims<(time + -28)>>) {
  // expected-error@+2 {{axis 0 is empty}}
  // expected-error@+1 {{failed to infer returned types}}
  %i = nn.argmax %x axis = 0 : tensor<?xf32, #nn.dims<(time + -28)>> -> tensor<i32>
  return
}
