// RUN: nnc-opt %s --nn-fold-constants --verify-diagnostics

func.func @rows_of_nothing() -> tensor<2x3xf32> {
  %x = nn.constant dense<> : tensor<0x3xf32>
  %i = nn.constant dense<[0, 1]> : tensor<2xi32>
  // expected-error@+1 {{'nn.gather' op chooses from no rows}}
  %y = nn.gather %x, %i : (tensor<0x3xf32>, tensor<2xi32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}
