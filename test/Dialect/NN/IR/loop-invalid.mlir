// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @scan_c1_axes(%x: tensor<4x8xf32>) {
  // expected-error@+1 {{has 1 sources and 0 axes}}
  nn.scan steps = <4> sources (%x) axes = [] initial () invariants () stack_axes = [] : (tensor<4x8xf32>) -> () {
  ^bb0(%row: tensor<8xf32>):
    nn.next
  }
  return
}

// -----

func.func @scan_c1_rank(%x: tensor<4x8xf32>) {
  // expected-error@+1 {{axis 2 of source 0 is outside the rank 2}}
  nn.scan steps = <4> sources (%x) axes = [2] initial () invariants () stack_axes = [] : (tensor<4x8xf32>) -> () {
  ^bb0(%row: tensor<8xf32>):
    nn.next
  }
  return
}

// -----

func.func @scan_c1_steps(%x: tensor<4x8xf32>) {
  // expected-error@+1 {{source 0 has another size than the steps along axis 0: [4, 8]}}
  nn.scan steps = <5> sources (%x) axes = [0] initial () invariants () stack_axes = [] : (tensor<4x8xf32>) -> () {
  ^bb0(%row: tensor<8xf32>):
    nn.next
  }
  return
}

// -----

func.func @scan_c2_slice(%x: tensor<4x8xf32>) {
  // expected-error@+1 {{slice 0 must be 'tensor<4xf32>', is 'tensor<8xf32>'}}
  nn.scan steps = <8> sources (%x) axes = [1] initial () invariants () stack_axes = [] : (tensor<4x8xf32>) -> () {
  ^bb0(%row: tensor<8xf32>):
    nn.next
  }
  return
}

// -----

func.func @scan_c2_carried(%x: tensor<4xf32>, %h: tensor<f32>) {
  // expected-error@+1 {{carried value 0 changes its type}}
  %y = nn.scan steps = <4> sources (%x) axes = [0] initial (%h) invariants (%x) stack_axes = [] : (tensor<4xf32>, tensor<f32>, tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<f32>, %b: tensor<f32>, %c: tensor<4xf32>):
    nn.next %c : tensor<4xf32>
  }
  return
}

// -----

func.func @scan_c2_stacked(%x: tensor<4xf32>) {
  // expected-error@+1 {{stacked result 0 must have the sizes [4], has [5]}}
  %y = nn.scan steps = <4> sources (%x) axes = [0] initial () invariants () stack_axes = [0] : (tensor<4xf32>) -> tensor<5xf32> {
  ^bb0(%a: tensor<f32>):
    nn.next %a : tensor<f32>
  }
  return
}

// -----

func.func @scan_c2_arguments(%x: tensor<4xf32>) {
  // expected-error@+1 {{body has 2 arguments, expected one an operand}}
  nn.scan steps = <4> sources (%x) axes = [0] initial () invariants () stack_axes = [] : (tensor<4xf32>) -> () {
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    nn.next
  }
  return
}

// -----

func.func @scan_c3(%x: tensor<4xf32>) {
  // expected-error@+1 {{steps must be one size}}
  nn.scan steps = <4, 4> sources (%x) axes = [0] initial () invariants () stack_axes = [] : (tensor<4xf32>) -> () {
  ^bb0(%a: tensor<f32>):
    nn.next
  }
  return
}

// -----

func.func @scan_end(%x: tensor<4xf32>) {
  // expected-error@+1 {{expected 1 results and values of nn.next}}
  %y = nn.scan steps = <4> sources (%x) axes = [0] initial () invariants () stack_axes = [0] : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<f32>):
    nn.next
  }
  return
}
