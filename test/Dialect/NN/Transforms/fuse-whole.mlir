// RUN: nnc-opt %s --split-input-file --nn-decompose --nn-simplify --nn-fuse-ops \
// RUN:   | FileCheck %s

// What a training step is made of becomes few groups: an optimiser's update is
// one, a loss of its logits one, a chain with a reduction at either end one.

// CHECK-LABEL: func.func @adam
// CHECK: %[[N:.+]]:3 = nn.fusion map({{.*}}tensor<4x6xf32>
// CHECK: nn.sqrt %{{.+}} : tensor<4x6xf32>
// CHECK: nn.sub %{{.+}} : tensor<4x6xf32>
// CHECK: nn.yield
// CHECK-NOT: nn.fusion
// CHECK: return %[[N]]#
func.func @adam(%w: tensor<4x6xf32> {nn.name = "w"}, %g: tensor<4x6xf32>,
    %m: tensor<4x6xf32> {nn.name = "m"}, %v: tensor<4x6xf32> {nn.name = "v"},
    %rate: tensor<f32>, %step: tensor<i64>)
    -> (tensor<4x6xf32> {nn.updates = "w"}, tensor<4x6xf32> {nn.updates = "m"},
        tensor<4x6xf32> {nn.updates = "v"}) {
  %n:3 = nn.adam %w, %g states(%m, %v) learning_rate(%rate) step(%step)
      : (tensor<4x6xf32>, tensor<4x6xf32>, tensor<4x6xf32>, tensor<4x6xf32>, tensor<f32>, tensor<i64>) -> (tensor<4x6xf32>, tensor<4x6xf32>, tensor<4x6xf32>)
  return %n#0, %n#1, %n#2 : tensor<4x6xf32>, tensor<4x6xf32>, tensor<4x6xf32>
}

// -----

// Plain descent goes behind the product that makes the gradient.

// CHECK-LABEL: func.func @sgd_behind_product
// CHECK: nn.fusion contraction(
// CHECK: nn.matmul
// CHECK: nn.sub
// CHECK: nn.yield
// CHECK-NOT: nn.fusion
// CHECK: return
func.func @sgd_behind_product(%x: tensor<8x4xf32>, %d: tensor<8x6xf32>,
    %w: tensor<4x6xf32> {nn.name = "w"}) -> (tensor<4x6xf32> {nn.updates = "w"}) {
  %g = nn.matmul %x, %d transpose_a : (tensor<8x4xf32>, tensor<8x6xf32>) -> tensor<4x6xf32>
  %c = nn.constant dense<0.1> : tensor<f32>
  %rate = nn.broadcast %c dimensions = [] : tensor<f32> -> tensor<4x6xf32>
  %s = nn.mul %rate, %g : tensor<4x6xf32>
  %n = nn.sub %w, %s : tensor<4x6xf32>
  return %n : tensor<4x6xf32>
}

// -----

// Near miss: a clip by the norm of the whole gradient needs all of it first.

// CHECK-LABEL: func.func @clipped
// CHECK: %[[G:.+]] = nn.fusion contraction(
// CHECK: nn.matmul
// CHECK: nn.yield
// CHECK: nn.reduce_sum
// CHECK: nn.yield
// CHECK: nn.fusion map(
// CHECK: nn.sub
// CHECK: return
func.func @clipped(%x: tensor<8x4xf32>, %d: tensor<8x6xf32>,
    %w: tensor<4x6xf32> {nn.name = "w"}) -> (tensor<4x6xf32> {nn.updates = "w"}) {
  %g = nn.matmul %x, %d transpose_a : (tensor<8x4xf32>, tensor<8x6xf32>) -> tensor<4x6xf32>
  %q = nn.mul %g, %g : tensor<4x6xf32>
  %n2 = nn.reduce_sum %q axes = [0, 1] : tensor<4x6xf32> -> tensor<f32>
  %r = nn.rsqrt %n2 : tensor<f32>
  %rb = nn.broadcast %r dimensions = [] : tensor<f32> -> tensor<4x6xf32>
  %s = nn.mul %rb, %g : tensor<4x6xf32>
  %n = nn.sub %w, %s : tensor<4x6xf32>
  return %n : tensor<4x6xf32>
}

// -----

// The losses of a batch and the gradient of its logits are one sweep.

// CHECK-LABEL: func.func @loss_and_gradient
// CHECK: nn.fusion row_sweep(
// CHECK: nn.reduce_max
// CHECK: nn.exp
// CHECK: nn.reduce_sum
// CHECK: nn.log
// CHECK: nn.yield
// CHECK-NOT: nn.fusion
// CHECK: return
func.func @loss_and_gradient(%z: tensor<4x6xf32>, %t: tensor<4x6xf32>)
    -> (tensor<4xf32>, tensor<4x6xf32>) {
  %e = nn.softmax_cross_entropy %z, %t : tensor<4x6xf32> -> tensor<4xf32>
  %p = nn.softmax %z : tensor<4x6xf32>
  %d = nn.sub %p, %t : tensor<4x6xf32>
  return %e, %d : tensor<4xf32>, tensor<4x6xf32>
}

// -----

// A chain before a sum, and what follows the sum.

// CHECK-LABEL: func.func @chain_with_reduction
// CHECK: nn.fusion
// CHECK: nn.sub
// CHECK: nn.mul
// CHECK: nn.reduce_sum
// CHECK: nn.sqrt
// CHECK-NOT: nn.fusion
// CHECK: return
func.func @chain_with_reduction(%x: tensor<4x6xf32>, %y: tensor<4x6xf32>) -> tensor<4xf32> {
  %d = nn.sub %x, %y : tensor<4x6xf32>
  %q = nn.mul %d, %d : tensor<4x6xf32>
  %s = nn.reduce_sum %q axes = [1] : tensor<4x6xf32> -> tensor<4xf32>
  %r = nn.sqrt %s : tensor<4xf32>
  return %r : tensor<4xf32>
}

// -----

// Near miss: what is summed along one axis and again along the other has no
// order of rows in which both are done at once.

// CHECK-LABEL: func.func @two_axes
// CHECK: nn.reduce_sum {{.*}} axes = [1]
// CHECK: nn.yield
// CHECK: nn.fusion
// CHECK: nn.reduce_sum {{.*}} axes = [0]
// CHECK: return
func.func @two_axes(%x: tensor<4x6xf32>) -> tensor<6xf32> {
  %s = nn.reduce_sum %x axes = [1] : tensor<4x6xf32> -> tensor<4xf32>
  %b = nn.broadcast %s dimensions = [0] : tensor<4xf32> -> tensor<4x6xf32>
  %d = nn.div %x, %b : tensor<4x6xf32>
  %r = nn.reduce_sum %d axes = [0] : tensor<4x6xf32> -> tensor<6xf32>
  return %r : tensor<6xf32>
}

// -----

// A group has a size limit, so that long chains compile in linear time: of 100
// ops in a row some are left for a second group.

// CHECK-LABEL: func.func @long_chain
// CHECK-COUNT-2: nn.fusion map(
// CHECK-NOT: nn.fusion
// CHECK: return
func.func @long_chain(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = nn.tanh %x : tensor<4xf32>
  %1 = nn.sin %0 : tensor<4xf32>
  %2 = nn.tanh %1 : tensor<4xf32>
  %3 = nn.sin %2 : tensor<4xf32>
  %4 = nn.tanh %3 : tensor<4xf32>
  %5 = nn.sin %4 : tensor<4xf32>
  %6 = nn.tanh %5 : tensor<4xf32>
  %7 = nn.sin %6 : tensor<4xf32>
  %8 = nn.tanh %7 : tensor<4xf32>
  %9 = nn.sin %8 : tensor<4xf32>
  %10 = nn.tanh %9 : tensor<4xf32>
  %11 = nn.sin %10 : tensor<4xf32>
  %12 = nn.tanh %11 : tensor<4xf32>
  %13 = nn.sin %12 : tensor<4xf32>
  %14 = nn.tanh %13 : tensor<4xf32>
  %15 = nn.sin %14 : tensor<4xf32>
  %16 = nn.tanh %15 : tensor<4xf32>
  %17 = nn.sin %16 : tensor<4xf32>
  %18 = nn.tanh %17 : tensor<4xf32>
  %19 = nn.sin %18 : tensor<4xf32>
  %20 = nn.tanh %19 : tensor<4xf32>
  %21 = nn.sin %20 : tensor<4xf32>
  %22 = nn.tanh %21 : tensor<4xf32>
  %23 = nn.sin %22 : tensor<4xf32>
  %24 = nn.tanh %23 : tensor<4xf32>
  %25 = nn.sin %24 : tensor<4xf32>
  %26 = nn.tanh %25 : tensor<4xf32>
  %27 = nn.sin %26 : tensor<4xf32>
  %28 = nn.tanh %27 : tensor<4xf32>
  %29 = nn.sin %28 : tensor<4xf32>
  %30 = nn.tanh %29 : tensor<4xf32>
  %31 = nn.sin %30 : tensor<4xf32>
  %32 = nn.tanh %31 : tensor<4xf32>
  %33 = nn.sin %32 : tensor<4xf32>
  %34 = nn.tanh %33 : tensor<4xf32>
  %35 = nn.sin %34 : tensor<4xf32>
  %36 = nn.tanh %35 : tensor<4xf32>
  %37 = nn.sin %36 : tensor<4xf32>
  %38 = nn.tanh %37 : tensor<4xf32>
  %39 = nn.sin %38 : tensor<4xf32>
  %40 = nn.tanh %39 : tensor<4xf32>
  %41 = nn.sin %40 : tensor<4xf32>
  %42 = nn.tanh %41 : tensor<4xf32>
  %43 = nn.sin %42 : tensor<4xf32>
  %44 = nn.tanh %43 : tensor<4xf32>
  %45 = nn.sin %44 : tensor<4xf32>
  %46 = nn.tanh %45 : tensor<4xf32>
  %47 = nn.sin %46 : tensor<4xf32>
  %48 = nn.tanh %47 : tensor<4xf32>
  %49 = nn.sin %48 : tensor<4xf32>
  %50 = nn.tanh %49 : tensor<4xf32>
  %51 = nn.sin %50 : tensor<4xf32>
  %52 = nn.tanh %51 : tensor<4xf32>
  %53 = nn.sin %52 : tensor<4xf32>
  %54 = nn.tanh %53 : tensor<4xf32>
  %55 = nn.sin %54 : tensor<4xf32>
  %56 = nn.tanh %55 : tensor<4xf32>
  %57 = nn.sin %56 : tensor<4xf32>
  %58 = nn.tanh %57 : tensor<4xf32>
  %59 = nn.sin %58 : tensor<4xf32>
  %60 = nn.tanh %59 : tensor<4xf32>
  %61 = nn.sin %60 : tensor<4xf32>
  %62 = nn.tanh %61 : tensor<4xf32>
  %63 = nn.sin %62 : tensor<4xf32>
  %64 = nn.tanh %63 : tensor<4xf32>
  %65 = nn.sin %64 : tensor<4xf32>
  %66 = nn.tanh %65 : tensor<4xf32>
  %67 = nn.sin %66 : tensor<4xf32>
  %68 = nn.tanh %67 : tensor<4xf32>
  %69 = nn.sin %68 : tensor<4xf32>
  %70 = nn.tanh %69 : tensor<4xf32>
  %71 = nn.sin %70 : tensor<4xf32>
  %72 = nn.tanh %71 : tensor<4xf32>
  %73 = nn.sin %72 : tensor<4xf32>
  %74 = nn.tanh %73 : tensor<4xf32>
  %75 = nn.sin %74 : tensor<4xf32>
  %76 = nn.tanh %75 : tensor<4xf32>
  %77 = nn.sin %76 : tensor<4xf32>
  %78 = nn.tanh %77 : tensor<4xf32>
  %79 = nn.sin %78 : tensor<4xf32>
  %80 = nn.tanh %79 : tensor<4xf32>
  %81 = nn.sin %80 : tensor<4xf32>
  %82 = nn.tanh %81 : tensor<4xf32>
  %83 = nn.sin %82 : tensor<4xf32>
  %84 = nn.tanh %83 : tensor<4xf32>
  %85 = nn.sin %84 : tensor<4xf32>
  %86 = nn.tanh %85 : tensor<4xf32>
  %87 = nn.sin %86 : tensor<4xf32>
  %88 = nn.tanh %87 : tensor<4xf32>
  %89 = nn.sin %88 : tensor<4xf32>
  %90 = nn.tanh %89 : tensor<4xf32>
  %91 = nn.sin %90 : tensor<4xf32>
  %92 = nn.tanh %91 : tensor<4xf32>
  %93 = nn.sin %92 : tensor<4xf32>
  %94 = nn.tanh %93 : tensor<4xf32>
  %95 = nn.sin %94 : tensor<4xf32>
  %96 = nn.tanh %95 : tensor<4xf32>
  %97 = nn.sin %96 : tensor<4xf32>
  %98 = nn.tanh %97 : tensor<4xf32>
  %99 = nn.sin %98 : tensor<4xf32>
  return %99 : tensor<4xf32>
}

// -----

// Groups stand soon after what they wait for, wherever the graph computes that:
// the update of v, whose rate comes last, is made as soon as its gradient is
// there, before the next gradient.

// CHECK-LABEL: func.func @updates_come_soon
// CHECK: %[[D:.+]] = nn.fusion contraction(%arg1, %arg2)
// CHECK-SAME: -> tensor<8x6xf32>
// CHECK: %[[RATE:.+]] = nn.fusion map(%arg4)
// CHECK: nn.fusion contraction(%arg0, %arg1, %[[RATE]], %arg2)
// CHECK: nn.matmul %{{.+}} transpose_a
// CHECK: %[[E:.+]] = nn.fusion contraction(%[[D]], %arg3)
// CHECK: return
func.func @updates_come_soon(%h: tensor<8x6xf32>, %d: tensor<8x4xf32>,
    %v: tensor<6x4xf32> {nn.name = "v"}, %w: tensor<5x6xf32>,
    %rate: tensor<f32>)
    -> (tensor<6x4xf32> {nn.updates = "v"}, tensor<8x5xf32>) {
  %dh = nn.matmul %d, %v transpose_b : (tensor<8x4xf32>, tensor<6x4xf32>) -> tensor<8x6xf32>
  %dv = nn.matmul %h, %d transpose_a : (tensor<8x6xf32>, tensor<8x4xf32>) -> tensor<6x4xf32>
  %dx = nn.matmul %dh, %w transpose_b : (tensor<8x6xf32>, tensor<5x6xf32>) -> tensor<8x5xf32>
  %s = nn.sqrt %rate : tensor<f32>
  %b = nn.broadcast %s dimensions = [] : tensor<f32> -> tensor<6x4xf32>
  %scaled = nn.mul %b, %dv : tensor<6x4xf32>
  %n = nn.sub %v, %scaled : tensor<6x4xf32>
  return %n, %dx : tensor<6x4xf32>, tensor<8x5xf32>
}
