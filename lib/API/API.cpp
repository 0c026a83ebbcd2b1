//===- API.cpp - The version of the shared library ------------------------===//

#include "nnc/nnc.h"

const char *nnc::version() { return NNC_VERSION; }
