//===- nnc-language-reference.cpp - Writes docs/Reference/Builtins.md -----===//

#include "nnc/Language/Reference.h"
#include <cstdio>

int main() {
  std::fputs(nnc::languageReference().c_str(), stdout);
  return 0;
}
