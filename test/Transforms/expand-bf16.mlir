// RUN: nnc-opt %s --nnc-expand-bf16 | FileCheck %s

// CHECK-LABEL: func.func @widens
// CHECK: arith.bitcast {{.*}} : vector<8xbf16> to vector<8xi16>
// CHECK: arith.extui {{.*}} : vector<8xi16> to vector<8xi32>
// CHECK: arith.shli
// CHECK: arith.bitcast {{.*}} : vector<8xi32> to vector<8xf32>
// CHECK-NOT: arith.extf
func.func @widens(%x: vector<8xbf16>) -> vector<8xf32> {
  %y = arith.extf %x : vector<8xbf16> to vector<8xf32>
  return %y : vector<8xf32>
}

// To nearest; NaN stays NaN.
// CHECK-LABEL: func.func @rounds
// CHECK: arith.cmpf une
// CHECK: arith.select
// CHECK: arith.bitcast {{.*}} : i16 to bf16
// CHECK-NOT: arith.truncf
func.func @rounds(%x: f32) -> bf16 {
  %y = arith.truncf %x : f32 to bf16
  return %y : bf16
}

// Other types stay.
// CHECK-LABEL: func.func @kept
// CHECK: arith.truncf {{.*}} : f64 to f32
// CHECK: arith.extf {{.*}} : f16 to f32
func.func @kept(%x: f64, %h: f16) -> (f32, f32) {
  %y = arith.truncf %x : f64 to f32
  %z = arith.extf %h : f16 to f32
  return %y, %z : f32, f32
}
