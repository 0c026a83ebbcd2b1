// RUN: nnc-opt %s --nnc-kernels-to-llvm | FileCheck %s

// A loop, vectors and memory in one conversion.
// CHECK-LABEL: llvm.func @kernel
// CHECK-SAME: (%{{.*}}: !llvm.ptr, %{{.*}}: i64)
// CHECK: llvm.cond_br
// CHECK: llvm.intr.fma({{.*}}) : (vector<8xf32>, vector<8xf32>, vector<8xf32>)
// CHECK: llvm.store {{.*}} : vector<8xf32>, !llvm.ptr
// CHECK-NOT: builtin.unrealized_conversion_cast
// CHECK: llvm.return
func.func @kernel(%x: !llvm.ptr, %n: i64) {
  %zero = arith.constant 0 : i64
  %step = arith.constant 8 : i64
  %half = arith.constant dense<0.5> : vector<8xf32>
  scf.for %i = %zero to %n step %step : i64 {
    %at = llvm.getelementptr %x[%i] : (!llvm.ptr, i64) -> !llvm.ptr, f32
    %v = llvm.load %at : !llvm.ptr -> vector<8xf32>
    %w = math.fma %v, %half, %v : vector<8xf32>
    llvm.store %w, %at : vector<8xf32>, !llvm.ptr
  }
  return
}
