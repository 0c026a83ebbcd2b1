// RUN: nnc-opt %s --nnc-kernels-to-llvm --verify-diagnostics

func.func @left(%x: i32) -> i32 {
  // expected-error@+1 {{failed to legalize operation 'math.ipowi'}}
  %y = math.ipowi %x, %x : i32
  return %y : i32
}
