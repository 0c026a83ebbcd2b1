// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @fusion_c1(%x: tensor<4xf32>) {
  // expected-error@+1 {{body arguments have the types 'tensor<3xf32>', operands 'tensor<4xf32>'}}
  %y = nn.fusion map (%x) : (tensor<4xf32>) -> tensor<3xf32> {
  ^bb0(%a: tensor<3xf32>):
    nn.yield %a : tensor<3xf32>
  }
  return
}

// -----

func.func @fusion_c2(%x: tensor<4xf32>) {
  // expected-error@+1 {{body yields the types 'tensor<4xf32>', results are 'tensor<3xf32>'}}
  %y = nn.fusion map (%x) : (tensor<4xf32>) -> tensor<3xf32> {
  ^bb0(%a: tensor<4xf32>):
    nn.yield %a : tensor<4xf32>
  }
  return
}
