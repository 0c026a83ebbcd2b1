// RUN: nnc-opt %s --nn-differentiate --canonicalize --cse | FileCheck %s
// RUN: nnc-opt %s --nn-differentiate=order=2 --canonicalize --cse \
// RUN:   | FileCheck %s --check-prefix=SECOND

// A scan back over the stored states. The sum that is the weight's gradient has
// become one product of all steps.
// CHECK-LABEL: func @recurrence
// CHECK-SAME: (%[[X:[^:]+]]: tensor<?x3x2xf64, {{[^,]+, [^,]+, [^)]+}}>, %[[W:[^:]+]]: tensor<2x2xf64>, %[[H:[^:]+]]:
// CHECK: %[[FORWARD:.+]]:2 = nn.scan steps = <3> sources(%[[X]])
// CHECK: %[[BACK:.+]]:4 = nn.scan reverse steps = <3> sources(%[[X]], %[[FORWARD]]#0)
// CHECK: ^bb0(%[[ROW:.+]]: {{.+}}, %[[OLD:.+]]: {{.+}}, %[[DNEW:.+]]: {{.+}}, %[[U:.+]]: tensor<2x2xf64>):
// CHECK: %[[P:.+]] = nn.matmul %[[OLD]], %[[U]] :
// CHECK: %[[S:.+]] = nn.add %[[P]], %[[ROW]]
// CHECK: %[[T:.+]] = nn.tanh %[[S]]
// CHECK: %[[DS:.+]] = nn.mul %[[DNEW]], %{{.+}}
// CHECK: %[[DOLD:.+]] = nn.matmul %[[DS]], %[[U]] transpose_b
// CHECK: nn.next %[[DS]], %[[OLD]], %[[DS]], %[[DOLD]]
// CHECK: %[[A:.+]] = nn.reshape %[[BACK]]#1
// CHECK: %[[B:.+]] = nn.reshape %[[BACK]]#2
// CHECK: nn.matmul %[[A]], %[[B]] transpose_a
// CHECK: return %[[BACK]]#0, %{{.+}}, %[[BACK]]#3

// SECOND-LABEL: func @recurrence
// SECOND-COUNT-4: nn.scan
func.func @recurrence(%x: tensor<?x3x2xf64, #nn.dims<batch, 3, 2>>, %w: tensor<2x2xf64>, %h: tensor<?x2xf64, #nn.dims<batch, 2>>) -> tensor<f64> {
  %last = nn.scan steps = <3> sources (%x) axes = [1] initial (%h) invariants (%w) stack_axes = [] : (tensor<?x3x2xf64, #nn.dims<batch, 3, 2>>, tensor<?x2xf64, #nn.dims<batch, 2>>, tensor<2x2xf64>) -> tensor<?x2xf64, #nn.dims<batch, 2>> {
  ^bb0(%row: tensor<?x2xf64, #nn.dims<batch, 2>>, %old: tensor<?x2xf64, #nn.dims<batch, 2>>, %u: tensor<2x2xf64>):
    %p = nn.matmul %old, %u : (tensor<?x2xf64, #nn.dims<batch, 2>>, tensor<2x2xf64>) -> tensor<?x2xf64, #nn.dims<batch, 2>>
    %s = nn.add %p, %row : tensor<?x2xf64, #nn.dims<batch, 2>>
    %new = nn.tanh %s : tensor<?x2xf64, #nn.dims<batch, 2>>
    nn.next %new : tensor<?x2xf64, #nn.dims<batch, 2>>
  }
  %y = nn.reduce_sum %last axes = [0, 1] : tensor<?x2xf64, #nn.dims<batch, 2>> -> tensor<f64>
  return %y : tensor<f64>
}
