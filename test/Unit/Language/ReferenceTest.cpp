//===- ReferenceTest.cpp - The reference of built-in names ----------------===//

#include "TestFiles.h"
#include "nnc/Language/Reference.h"
#include <gtest/gtest.h>

using namespace nnc;

TEST(Reference, signatures) {
  EXPECT_EQ(signatureText(*findBuiltin(BuiltinKind::Function, "leaky_relu")),
            "leaky_relu(x, slope = 0.01)");
  EXPECT_EQ(signatureText(*findBuiltin(BuiltinKind::Layer, "dense")),
            "dense(x, units, activation = identity, bias = true, …)");
  EXPECT_EQ(signatureText(*findBuiltin(BuiltinKind::Initializer, "zeros")),
            "zeros");
  EXPECT_EQ(signatureText(*findBuiltin(BuiltinKind::Layer, "chain")),
            "chain(layers, …)");
}

// The target nnc-doc writes it anew.
TEST(Reference, theDocumentIsUpToDate) {
  EXPECT_EQ(test::readFile(test::sourcePath("docs/Reference/Builtins.md")),
            languageReference());
}
