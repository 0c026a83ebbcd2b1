// RUN: nnc-opt %s --verify-roundtrip | nnc-opt | FileCheck %s

// CHECK-LABEL: func @sgd
func.func @sgd(%w: tensor<4xf32>, %g: tensor<4xf32>, %v: tensor<4xf32>,
               %rate: tensor<f32>, %step: tensor<i64>) -> (tensor<4xf32>, tensor<4xf32>) {
  // CHECK: nn.sgd %{{.+}}, %{{.+}} learning_rate(%{{.+}}) step(%{{.+}}) : (tensor<4xf32>
  %plain = nn.sgd %w, %g learning_rate(%rate) step(%step) : (tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<i64>) -> tensor<4xf32>
  // CHECK: nn.sgd %{{.+}}, %{{.+}} states(%{{.+}}) learning_rate(%{{.+}}) step(%{{.+}}) momentum = 9.000000e-01 nesterov weight_decay = 1.000000e-02 maximize :
  %new:2 = nn.sgd %w, %g states(%v) learning_rate(%rate) step(%step) momentum = 0.9 nesterov weight_decay = 0.01 maximize : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<i64>) -> (tensor<4xf32>, tensor<4xf32>)
  // CHECK: momentum = 5.000000e-01 dampening = 2.500000e-01 :
  %damped:2 = nn.sgd %w, %g states(%v) learning_rate(%rate) step(%step) momentum = 0.5 dampening = 0.25 : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<i64>) -> (tensor<4xf32>, tensor<4xf32>)
  return %plain, %new#0 : tensor<4xf32>, tensor<4xf32>
}

// The learning rate may be of another floating-point type.
// CHECK-LABEL: func @adam
func.func @adam(%w: tensor<4xf32>, %g: tensor<4xf32>, %m: tensor<4xf32>, %v: tensor<4xf32>,
                %rate: tensor<f64>, %step: tensor<i64>) {
  // CHECK: nn.adam %{{.+}}, %{{.+}} states(%{{.+}}, %{{.+}}) learning_rate(%{{.+}}) step(%{{.+}}) : (
  %a:3 = nn.adam %w, %g states(%m, %v) learning_rate(%rate) step(%step) : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f64>, tensor<i64>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  // CHECK: beta1 = 8.000000e-01 beta2 = 0.98999{{[0-9]+}} epsilon = 9.999{{[0-9]+}}E-7 amsgrad decoupled weight_decay = 1.000000e-02 :
  %b:4 = nn.adam %w, %g states(%m, %v, %v) learning_rate(%rate) step(%step) beta1 = 0.8 beta2 = 0.99 epsilon = 1.0e-6 amsgrad decoupled weight_decay = 0.01 : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f64>, tensor<i64>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// CHECK-LABEL: func @others
func.func @others(%w: tensor<4xf64>, %g: tensor<4xf64>, %m: tensor<4xf64>, %v: tensor<4xf64>,
                  %p: tensor<f64>, %rate: tensor<f64>, %step: tensor<i64>) {
  // CHECK: nn.nadam %{{.+}} states(%{{.+}}, %{{.+}}, %{{.+}}) learning_rate(%{{.+}}) step(%{{.+}}) momentum_decay = 1.000000e-02 decoupled
  %a:4 = nn.nadam %w, %g states(%m, %v, %p) learning_rate(%rate) step(%step) momentum_decay = 0.01 decoupled : (tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<f64>, tensor<f64>, tensor<i64>) -> (tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<f64>)
  // CHECK: nn.adabound %{{.+}} base_learning_rate = 2.500000e-01 final_learning_rate = 5.000000e-01 gamma = 2.000000e+00
  %b:3 = nn.adabound %w, %g states(%m, %v) learning_rate(%rate) step(%step) base_learning_rate = 0.25 final_learning_rate = 0.5 gamma = 2.0 : (tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<f64>, tensor<i64>) -> (tensor<4xf64>, tensor<4xf64>, tensor<4xf64>)
  // CHECK: nn.adagrad %{{.+}} learning_rate_decay = 5.000000e-01 initial_accumulator = 2.500000e-01
  %c:2 = nn.adagrad %w, %g states(%m) learning_rate(%rate) step(%step) learning_rate_decay = 0.5 initial_accumulator = 0.25 : (tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<f64>, tensor<i64>) -> (tensor<4xf64>, tensor<4xf64>)
  // CHECK: nn.adadelta %{{.+}} rho = 5.000000e-01
  %d:3 = nn.adadelta %w, %g states(%m, %v) learning_rate(%rate) step(%step) rho = 0.5 : (tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<f64>, tensor<i64>) -> (tensor<4xf64>, tensor<4xf64>, tensor<4xf64>)
  // CHECK: nn.rmsprop %{{.+}} states(%{{.+}}, %{{.+}}, %{{.+}}) learning_rate(%{{.+}}) step(%{{.+}}) alpha = 5.000000e-01 momentum = 2.500000e-01 centered
  %e:4 = nn.rmsprop %w, %g states(%m, %v, %m) learning_rate(%rate) step(%step) alpha = 0.5 momentum = 0.25 centered : (tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<f64>, tensor<i64>) -> (tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>)
  return
}
