// RUN: nnc-opt %s --nnc-approximate-math | FileCheck %s

// CHECK-LABEL: func.func @expanded
// CHECK-NOT: math.exp
// CHECK: math.fma {{.*}} : vector<16xf32>
// CHECK-NOT: math.exp
// CHECK: return
func.func @expanded(%x: vector<16xf32>) -> vector<16xf32> {
  %y = math.exp %x : vector<16xf32>
  return %y : vector<16xf32>
}

// Rare functions of f32 are evaluated in f64.
// CHECK-LABEL: func.func @widened
// CHECK: arith.extf {{.*}} : vector<4xf32> to vector<4xf64>
// CHECK-NOT: math.sin
// CHECK: arith.truncf {{.*}} : vector<4xf64> to vector<4xf32>
func.func @widened(%x: vector<4xf32>) -> vector<4xf32> {
  %y = math.sin %x : vector<4xf32>
  return %y : vector<4xf32>
}

// CHECK-LABEL: func.func @scalar
// CHECK-NOT: math.tanh
// CHECK: math.copysign {{.*}} : f64
func.func @scalar(%x: f64) -> f64 {
  %y = math.tanh %x : f64
  return %y : f64
}

// CHECK-LABEL: func.func @remainder
// CHECK-NOT: arith.remf
// CHECK: return
func.func @remainder(%x: vector<8xf64>, %y: vector<8xf64>) -> vector<8xf64> {
  %z = arith.remf %x, %y : vector<8xf64>
  return %z : vector<8xf64>
}

// What has an instruction of its own, and other types, stay.
// CHECK-LABEL: func.func @kept
// CHECK: math.sqrt
// CHECK: math.floor
// CHECK: math.exp {{.*}} : f16
func.func @kept(%x: vector<8xf32>, %h: f16) -> (vector<8xf32>, f16) {
  %y = math.sqrt %x : vector<8xf32>
  %z = math.floor %y : vector<8xf32>
  %g = math.exp %h : f16
  return %z, %g : vector<8xf32>, f16
}
