// RUN: nnc-opt %s --nnc-deduplicate-kernels | FileCheck %s

// CHECK-LABEL: func.func @first
func.func @first(%x: !llvm.ptr, %n: i64) {
  %one = arith.constant 1.0 : f32
  llvm.store %one, %x : f32, !llvm.ptr
  return
}

// The same but for its name.
// CHECK-NOT: @second
func.func @second(%x: !llvm.ptr, %n: i64) {
  %one = arith.constant 1.0 : f32
  llvm.store %one, %x : f32, !llvm.ptr
  return
}

// Another constant.
// CHECK-LABEL: func.func @third
func.func @third(%x: !llvm.ptr, %n: i64) {
  %two = arith.constant 2.0 : f32
  llvm.store %two, %x : f32, !llvm.ptr
  return
}

// The same as @first, but nobody calls it.
// CHECK-LABEL: func.func @exported
func.func @exported(%x: !llvm.ptr, %n: i64) {
  %one = arith.constant 1.0 : f32
  llvm.store %one, %x : f32, !llvm.ptr
  return
}

// Equal once what they call is one.
// CHECK-LABEL: func.func @outer
func.func @outer(%x: !llvm.ptr, %n: i64) {
  call @first(%x, %n) : (!llvm.ptr, i64) -> ()
  return
}

// CHECK-NOT: @outer_again
func.func @outer_again(%x: !llvm.ptr, %n: i64) {
  call @second(%x, %n) : (!llvm.ptr, i64) -> ()
  return
}

// CHECK-LABEL: func.func @program
// CHECK-NEXT: call @first
// CHECK-NEXT: call @first
// CHECK-NEXT: call @third
// CHECK-NEXT: call @outer(
// CHECK-NEXT: call @outer(
func.func @program(%x: !llvm.ptr, %n: i64) {
  call @first(%x, %n) : (!llvm.ptr, i64) -> ()
  call @second(%x, %n) : (!llvm.ptr, i64) -> ()
  call @third(%x, %n) : (!llvm.ptr, i64) -> ()
  call @outer(%x, %n) : (!llvm.ptr, i64) -> ()
  call @outer_again(%x, %n) : (!llvm.ptr, i64) -> ()
  return
}
