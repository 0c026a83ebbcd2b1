// RUN: nnc-opt %s --split-input-file --verify-diagnostics

// expected-error@+1 {{nn.dims has 1 sizes, the tensor 2}}
func.func private @dims_count(tensor<?x4xf32, #nn.dims<batch>>)

// -----

// expected-error@+1 {{nn.dims gives the size 3 to a dimension of 4}}
func.func private @dims_size(tensor<4xf32, #nn.dims<3>>)

// -----

// expected-error@+1 {{nested too deeply}}
func.func private @dims_depth(tensor<?xf32, #nn.dims<((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((batch))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))>>)

// -----

// expected-error@+1 {{expected valid keyword}}
func.func private @dims_text(tensor<?xf32, #nn.dims<batch + >>)

// -----

// expected-error@+1 {{unknown role 'weight'}}
func.func private @role(tensor<4xf32> {nn.role = "weight"})

// -----

// expected-error@+1 {{unknown attribute 'nn.rule'}}
func.func private @attribute(tensor<4xf32> {nn.rule = "parameter"})

// -----

// expected-error@+1 {{attribute 'nn.name' must be a string}}
func.func private @name(tensor<4xf32> {nn.name = 4})

// -----

// expected-error@+1 {{unknown attribute 'nn.role'}}
func.func private @result() -> (tensor<4xf32> {nn.role = "parameter"})
