// RUN: nnc-opt %s --canonicalize | FileCheck %s

//===----------------------------------------------------------------------===//
// Identities
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func @neutral
// CHECK-SAME: (%[[X:[^:]+]]: tensor<4xf32>
// CHECK-NEXT: return %[[X]], %[[X]], %[[X]], %[[X]] :
func.func @neutral(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %one = nn.constant dense<1.0> : tensor<4xf32>
  %zero = nn.constant dense<0.0> : tensor<4xf32>
  %minus_zero = nn.constant dense<-0.0> : tensor<4xf32>
  %0 = nn.add %minus_zero, %x : tensor<4xf32>
  %1 = nn.sub %x, %zero : tensor<4xf32>
  %2 = nn.mul %one, %x : tensor<4xf32>
  %3 = nn.div %x, %one : tensor<4xf32>
  return %0, %1, %2, %3 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// Near misses: -0.0 + 0.0 is 0.0, and so is -0.0 - -0.0; x * 0.0 may be NaN.
// CHECK-LABEL: func @not_neutral
// CHECK: nn.add
// CHECK: nn.sub
// CHECK: nn.mul
func.func @not_neutral(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %zero = nn.constant dense<0.0> : tensor<4xf32>
  %minus_zero = nn.constant dense<-0.0> : tensor<4xf32>
  %0 = nn.add %x, %zero : tensor<4xf32>
  %1 = nn.sub %x, %minus_zero : tensor<4xf32>
  %2 = nn.mul %x, %zero : tensor<4xf32>
  return %0, %1, %2 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// Integers have one zero; a repeated scalar constant is one, too.
// CHECK-LABEL: func @neutral_integers
// CHECK-SAME: (%[[X:[^:]+]]: tensor<4xi32>
// CHECK-NEXT: return %[[X]], %[[X]] :
func.func @neutral_integers(%x: tensor<4xi32>) -> (tensor<4xi32>, tensor<4xi32>) {
  %zero = nn.constant dense<0> : tensor<i32>
  %zeros = nn.broadcast %zero dimensions = [] : tensor<i32> -> tensor<4xi32>
  %one = nn.constant dense<1> : tensor<4xi32>
  %0 = nn.add %x, %zeros : tensor<4xi32>
  %1 = nn.mul %x, %one : tensor<4xi32>
  return %0, %1 : tensor<4xi32>, tensor<4xi32>
}

// CHECK-LABEL: func @same_operand
// CHECK-SAME: (%[[X:[^:]+]]: tensor<4xf32>, %[[C:[^:]+]]: tensor<4xi1>)
// CHECK-NEXT: return %[[X]], %[[X]], %[[C]], %[[C]], %[[X]] :
func.func @same_operand(%x: tensor<4xf32>, %c: tensor<4xi1>)
    -> (tensor<4xf32>, tensor<4xf32>, tensor<4xi1>, tensor<4xi1>, tensor<4xf32>) {
  %0 = nn.maximum %x, %x : tensor<4xf32>
  %1 = nn.minimum %x, %x : tensor<4xf32>
  %2 = nn.and %c, %c : tensor<4xi1>
  %3 = nn.or %c, %c : tensor<4xi1>
  %4 = nn.select %c, %x, %x : tensor<4xi1>, tensor<4xf32>
  return %0, %1, %2, %3, %4 : tensor<4xf32>, tensor<4xf32>, tensor<4xi1>, tensor<4xi1>, tensor<4xf32>
}

// x - x is NaN for infinite x.
// CHECK-LABEL: func @difference_of_same
// CHECK: nn.sub
// CHECK: nn.div
func.func @difference_of_same(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %0 = nn.sub %x, %x : tensor<4xf32>
  %1 = nn.div %x, %x : tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

//===----------------------------------------------------------------------===//
// Signs
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func @negations
// CHECK-SAME: (%[[A:[^:]+]]: tensor<4xf32>, %[[B:[^:]+]]: tensor<4xf32>)
func.func @negations(%a: tensor<4xf32>, %b: tensor<4xf32>)
    -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %na = nn.neg %a : tensor<4xf32>
  %nb = nn.neg %b : tensor<4xf32>
  %nna = nn.neg %na : tensor<4xf32>
  // CHECK-NEXT: %[[R0:.+]] = nn.sub %[[A]], %[[B]]
  %0 = nn.add %nna, %nb : tensor<4xf32>
  // CHECK-NEXT: %[[R1:.+]] = nn.sub %[[B]], %[[A]]
  %1 = nn.add %na, %b : tensor<4xf32>
  // CHECK-NEXT: %[[R2:.+]] = nn.add %[[A]], %[[B]]
  %2 = nn.sub %a, %nb : tensor<4xf32>
  // CHECK-NEXT: %[[R3:.+]] = nn.mul %[[A]], %[[B]]
  %3 = nn.mul %na, %nb : tensor<4xf32>
  // CHECK-NEXT: %[[R4:.+]] = nn.div %[[A]], %[[B]]
  %4 = nn.div %na, %nb : tensor<4xf32>
  // CHECK-NEXT: %[[R5:.+]] = nn.abs %[[A]]
  %5 = nn.abs %na : tensor<4xf32>
  // CHECK-NEXT: return %[[R0]], %[[R1]], %[[R2]], %[[R3]], %[[R4]], %[[R5]]
  return %0, %1, %2, %3, %4, %5 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func @minus_one
// CHECK-NEXT: %[[N:.+]] = nn.neg
// CHECK-NEXT: %[[D:.+]] = nn.neg
// CHECK-NEXT: %[[S:.+]] = nn.neg
// CHECK-NEXT: return %[[N]], %[[D]], %[[S]]
func.func @minus_one(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %minus_one = nn.constant dense<-1.0> : tensor<4xf32>
  %minus_zero = nn.constant dense<-0.0> : tensor<4xf32>
  %0 = nn.mul %x, %minus_one : tensor<4xf32>
  %1 = nn.div %x, %minus_one : tensor<4xf32>
  %2 = nn.sub %minus_zero, %x : tensor<4xf32>
  return %0, %1, %2 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// Near misses: 0.0 - 0.0 is not -0.0; -(a - b) is -0.0 where a = b, b - a is
// not; integers have no negation.
// CHECK-LABEL: func @signs_stay
// CHECK: nn.sub
// CHECK: nn.sub
// CHECK: nn.neg
// CHECK: nn.mul
func.func @signs_stay(%a: tensor<4xf32>, %b: tensor<4xf32>, %i: tensor<4xi32>)
    -> (tensor<4xf32>, tensor<4xf32>, tensor<4xi32>) {
  %zero = nn.constant dense<0.0> : tensor<4xf32>
  %minus_one = nn.constant dense<-1> : tensor<4xi32>
  %0 = nn.sub %zero, %a : tensor<4xf32>
  %1 = nn.sub %a, %b : tensor<4xf32>
  %2 = nn.neg %1 : tensor<4xf32>
  %3 = nn.mul %i, %minus_one : tensor<4xi32>
  return %0, %2, %3 : tensor<4xf32>, tensor<4xf32>, tensor<4xi32>
}

//===----------------------------------------------------------------------===//
// Repeated application
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func @idempotent
// CHECK-NEXT: %[[A:.+]] = nn.abs
// CHECK-NEXT: %[[R:.+]] = nn.relu
// CHECK-NEXT: return %[[A]], %[[R]]
func.func @idempotent(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %0 = nn.abs %x : tensor<4xf32>
  %1 = nn.abs %0 : tensor<4xf32>
  %2 = nn.relu %x : tensor<4xf32>
  %3 = nn.relu %2 : tensor<4xf32>
  return %1, %3 : tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func @powers
// CHECK-SAME: (%[[X:[^:]+]]: tensor<4xf32>)
// CHECK: %[[ONE:.+]] = nn.constant dense<1.0
// CHECK: %[[ONES:.+]] = nn.broadcast %[[ONE]]
// CHECK-NEXT: %[[SQUARE:.+]] = nn.mul %[[X]], %[[X]]
// CHECK-NEXT: %[[ROOT:.+]] = nn.pow
// CHECK-NEXT: return %[[ONES]], %[[X]], %[[SQUARE]], %[[ROOT]]
func.func @powers(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %zero = nn.constant dense<0.0> : tensor<4xf32>
  %one = nn.constant dense<1.0> : tensor<4xf32>
  %two = nn.constant dense<2.0> : tensor<4xf32>
  %half = nn.constant dense<0.5> : tensor<4xf32>
  %0 = nn.pow %x, %zero : tensor<4xf32>
  %1 = nn.pow %x, %one : tensor<4xf32>
  %2 = nn.pow %x, %two : tensor<4xf32>
  %3 = nn.pow %x, %half : tensor<4xf32>
  return %0, %1, %2, %3 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

//===----------------------------------------------------------------------===//
// Booleans and choices
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func @booleans
// CHECK-SAME: (%[[C:[^:]+]]: tensor<4xi1>)
// CHECK-DAG: %[[TRUE:.+]] = nn.constant dense<true>
// CHECK-DAG: %[[FALSE:.+]] = nn.constant dense<false>
// CHECK: return %[[C]], %[[FALSE]], %[[TRUE]], %[[C]], %[[C]] :
func.func @booleans(%c: tensor<4xi1>) -> (tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>) {
  %true = nn.constant dense<true> : tensor<4xi1>
  %false = nn.constant dense<false> : tensor<4xi1>
  %0 = nn.and %c, %true : tensor<4xi1>
  %1 = nn.and %c, %false : tensor<4xi1>
  %2 = nn.or %c, %true : tensor<4xi1>
  %3 = nn.or %c, %false : tensor<4xi1>
  %4 = nn.not %c : tensor<4xi1>
  %5 = nn.not %4 : tensor<4xi1>
  return %0, %1, %2, %3, %5 : tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>
}

// CHECK-LABEL: func @opposite
// CHECK-NEXT: %[[NE:.+]] = nn.compare ne, {{.+}} : tensor<4xf32>
// CHECK-NEXT: %[[EQ:.+]] = nn.compare eq, {{.+}} : tensor<4xf32>
// CHECK-NEXT: %[[GE:.+]] = nn.compare ge, {{.+}} : tensor<4xi32>
// CHECK-NEXT: %[[LE:.+]] = nn.compare le, {{.+}} : tensor<4xi32>
// CHECK-NEXT: %[[LT:.+]] = nn.compare lt, {{.+}} : tensor<4xf32>
// CHECK-NEXT: %[[NOT:.+]] = nn.not %[[LT]]
// CHECK-NEXT: return %[[NE]], %[[EQ]], %[[GE]], %[[LE]], %[[NOT]]
func.func @opposite(%a: tensor<4xf32>, %i: tensor<4xi32>, %j: tensor<4xi32>)
    -> (tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>) {
  %eq = nn.compare eq, %a, %a : tensor<4xf32>
  %0 = nn.not %eq : tensor<4xi1>
  %ne = nn.compare ne, %a, %a : tensor<4xf32>
  %1 = nn.not %ne : tensor<4xi1>
  %lt = nn.compare lt, %i, %j : tensor<4xi32>
  %2 = nn.not %lt : tensor<4xi1>
  %gt = nn.compare gt, %i, %j : tensor<4xi32>
  %3 = nn.not %gt : tensor<4xi1>
  // Near miss: both are false for NaN.
  %less = nn.compare lt, %a, %a : tensor<4xf32>
  %4 = nn.not %less : tensor<4xi1>
  return %0, %1, %2, %3, %4 : tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>
}

// CHECK-LABEL: func @choices
// CHECK-SAME: (%[[C:[^:]+]]: tensor<4xi1>, %[[A:[^:]+]]: tensor<4xf32>, %[[B:[^:]+]]: tensor<4xf32>, %[[D:[^:]+]]: tensor<4xf32>)
// CHECK-NEXT: %[[SWAPPED:.+]] = nn.select %[[C]], %[[B]], %[[A]]
// CHECK-NEXT: %[[DECIDED:.+]] = nn.select %[[C]], %[[A]], %[[D]]
// CHECK-NEXT: return %[[A]], %[[B]], %[[SWAPPED]], %[[DECIDED]]
func.func @choices(%c: tensor<4xi1>, %a: tensor<4xf32>, %b: tensor<4xf32>, %d: tensor<4xf32>)
    -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %true = nn.constant dense<true> : tensor<4xi1>
  %false = nn.constant dense<false> : tensor<4xi1>
  %0 = nn.select %true, %a, %b : tensor<4xi1>, tensor<4xf32>
  %1 = nn.select %false, %a, %b : tensor<4xi1>, tensor<4xf32>
  %not = nn.not %c : tensor<4xi1>
  %2 = nn.select %not, %a, %b : tensor<4xi1>, tensor<4xf32>
  %inner = nn.select %c, %a, %b : tensor<4xi1>, tensor<4xf32>
  %3 = nn.select %c, %inner, %d : tensor<4xi1>, tensor<4xf32>
  return %0, %1, %2, %3 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// Near miss: another condition.
// CHECK-LABEL: func @two_conditions
// CHECK: nn.select
// CHECK: nn.select
func.func @two_conditions(%c: tensor<4xi1>, %d: tensor<4xi1>, %a: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<4xf32> {
  %inner = nn.select %d, %a, %b : tensor<4xi1>, tensor<4xf32>
  %0 = nn.select %c, %inner, %b : tensor<4xi1>, tensor<4xf32>
  return %0 : tensor<4xf32>
}

//===----------------------------------------------------------------------===//
// Conversions
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func @exact_casts
// CHECK-SAME: (%[[F:[^:]+]]: tensor<4xf32>, %[[I:[^:]+]]: tensor<4xi32>, %[[C:[^:]+]]: tensor<4xi1>)
// CHECK-NEXT: %[[HALF:.+]] = nn.cast %[[F]] : tensor<4xf32> to tensor<4xf16>
// CHECK-NEXT: %[[SINGLE:.+]] = nn.cast %[[I]] : tensor<4xi32> to tensor<4xf32>
// CHECK-NEXT: %[[WIDE:.+]] = nn.cast %[[C]] : tensor<4xi1> to tensor<4xf64>
// CHECK-NEXT: return %[[F]], %[[HALF]], %[[SINGLE]], %[[WIDE]]
func.func @exact_casts(%f: tensor<4xf32>, %i: tensor<4xi32>, %c: tensor<4xi1>)
    -> (tensor<4xf32>, tensor<4xf16>, tensor<4xf32>, tensor<4xf64>) {
  %0 = nn.cast %f : tensor<4xf32> to tensor<4xf64>
  %1 = nn.cast %0 : tensor<4xf64> to tensor<4xf32>
  %2 = nn.cast %0 : tensor<4xf64> to tensor<4xf16>
  %3 = nn.cast %i : tensor<4xi32> to tensor<4xf64>
  %4 = nn.cast %3 : tensor<4xf64> to tensor<4xf32>
  %5 = nn.cast %c : tensor<4xi1> to tensor<4xi64>
  %6 = nn.cast %5 : tensor<4xi64> to tensor<4xf64>
  return %1, %2, %4, %6 : tensor<4xf32>, tensor<4xf16>, tensor<4xf32>, tensor<4xf64>
}

// Near misses: bits are lost on the way.
// CHECK-LABEL: func @rounding_casts
// CHECK-COUNT-6: nn.cast
func.func @rounding_casts(%f: tensor<4xf32>, %i: tensor<4xi32>, %h: tensor<4xf16>)
    -> (tensor<4xf32>, tensor<4xi32>, tensor<4xf16>) {
  %0 = nn.cast %f : tensor<4xf32> to tensor<4xf16>
  %1 = nn.cast %0 : tensor<4xf16> to tensor<4xf32>
  %2 = nn.cast %i : tensor<4xi32> to tensor<4xf32>
  %3 = nn.cast %2 : tensor<4xf32> to tensor<4xi32>
  %4 = nn.cast %h : tensor<4xf16> to tensor<4xbf16>
  %5 = nn.cast %4 : tensor<4xbf16> to tensor<4xf16>
  return %1, %3, %5 : tensor<4xf32>, tensor<4xi32>, tensor<4xf16>
}

// The gradient of what was cut in three is put together again, in any order.
// CHECK-LABEL: func @add_of_neighbours
// CHECK-SAME: (%[[A:[^:]+]]: tensor<2x1xf32>, %[[B:[^:]+]]: tensor<2x2xf32>, %[[C:[^:]+]]: tensor<2x3xf32>)
// CHECK-NEXT: %[[Y:.+]] = nn.concat %[[A]], %[[B]], %[[C]] axis = 1
// CHECK-NEXT: return %[[Y]]
func.func @add_of_neighbours(%a: tensor<2x1xf32>, %b: tensor<2x2xf32>, %c: tensor<2x3xf32>) -> tensor<2x6xf32> {
  %p = nn.pad %a value = 0.0 low = [0, 0] high = [0, 5] interior = [0, 0] : tensor<2x1xf32> -> tensor<2x6xf32>
  %q = nn.pad %b value = 0.0 low = [0, 1] high = [0, 3] interior = [0, 0] : tensor<2x2xf32> -> tensor<2x6xf32>
  %r = nn.pad %c value = 0.0 low = [0, 3] high = [0, 0] interior = [0, 0] : tensor<2x3xf32> -> tensor<2x6xf32>
  %s = nn.add %r, %q : tensor<2x6xf32>
  %y = nn.add %s, %p : tensor<2x6xf32>
  return %y : tensor<2x6xf32>
}

// Margins that overlap, of another value or along two axes stay as they are.
// CHECK-LABEL: func @add_of_others
// CHECK-NOT: nn.concat
// CHECK: return
func.func @add_of_others(%a: tensor<2x2xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>) {
  %p = nn.pad %a value = 0.0 low = [0, 0] high = [0, 2] interior = [0, 0] : tensor<2x2xf32> -> tensor<2x4xf32>
  %q = nn.pad %a value = 0.0 low = [0, 1] high = [0, 1] interior = [0, 0] : tensor<2x2xf32> -> tensor<2x4xf32>
  %r = nn.pad %a value = 1.0 low = [0, 2] high = [0, 0] interior = [0, 0] : tensor<2x2xf32> -> tensor<2x4xf32>
  %s = nn.pad %a value = 0.0 low = [0, 0] high = [0, 2] interior = [0, 0] : tensor<2x2xf32> -> tensor<2x4xf32>
  %x = nn.add %p, %q : tensor<2x4xf32>
  %y = nn.add %r, %s : tensor<2x4xf32>
  return %x, %y : tensor<2x4xf32>, tensor<2x4xf32>
}
