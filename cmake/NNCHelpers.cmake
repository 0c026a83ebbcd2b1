# The helpers that every nnc library, tool and unit test is declared with.

# add_nnc_library(NAME sources... [MLIR] [LINK_LIBS libs...] [DEPENDS targets...])
# A static library. MLIR: it may include MLIR and LLVM headers (the compiling
# half); it then shares one precompiled header.
function(add_nnc_library name)
  cmake_parse_arguments(ARG "MLIR" "" "LINK_LIBS;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC ${ARG_LINK_LIBS})
  if(ARG_MLIR)
    nnc_use_mlir(${name})
  endif()
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
endfunction()

# add_nnc_unittest(NAME sources... [MLIR] LINK_LIBS libs...): a GoogleTest
# program that ctest runs and check-nnc builds.
function(add_nnc_unittest name)
  cmake_parse_arguments(ARG "MLIR" "" "LINK_LIBS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE ${ARG_LINK_LIBS} GTest::gtest_main)
  if(ARG_MLIR)
    nnc_use_mlir(${name})
  endif()
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                        ${PROJECT_BINARY_DIR}/test/Unit)
  add_test(NAME ${name} COMMAND ${name})
  set(environment "NNC_SOURCE_DIR=${PROJECT_SOURCE_DIR}"
                  "NNC_BINARY_DIR=${PROJECT_BINARY_DIR}")
  if(NNC_DATA_DIR)
    list(APPEND environment "NNC_DATA_DIR=${NNC_DATA_DIR}")
  endif()
  # Allocations that are too large give null, as they do elsewhere. Allocators of
  # LLVM's headers must not mark memory as unused: LLVM's own code, which is not
  # instrumented, takes from them too and does not mark it as used.
  list(APPEND environment "ASAN_OPTIONS=allocator_may_return_null=1:allow_user_poisoning=0")
  set_tests_properties(${name} PROPERTIES ENVIRONMENT "${environment}")
  add_dependencies(nnc-unit-tests ${name})
endfunction()

# MLIR and LLVM: the two shared libraries, which link fast, or the archives in a
# target with the property NNC_STATIC_MLIR.
function(nnc_use_mlir name)
  target_include_directories(${name} SYSTEM PUBLIC ${LLVM_INCLUDE_DIRS}
                             ${MLIR_INCLUDE_DIRS})
  target_link_libraries(${name} PUBLIC
    $<IF:$<BOOL:$<TARGET_PROPERTY:NNC_STATIC_MLIR>>,nnc-mlir-static,MLIR>
    $<$<NOT:$<BOOL:$<TARGET_PROPERTY:NNC_STATIC_MLIR>>>:LLVM>)
  target_compile_options(${name} PRIVATE -fno-exceptions)
  if(NOT TARGET nnc-pch)
    file(WRITE ${PROJECT_BINARY_DIR}/pch.cpp "")
    add_library(nnc-pch OBJECT ${PROJECT_BINARY_DIR}/pch.cpp)
    target_include_directories(nnc-pch SYSTEM PUBLIC ${LLVM_INCLUDE_DIRS}
                               ${MLIR_INCLUDE_DIRS})
    set_target_properties(nnc-pch PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(nnc-pch PRIVATE -fPIC -fno-exceptions -fpch-instantiate-templates
                           "SHELL:-Xclang -fno-pch-timestamp")
    target_precompile_headers(nnc-pch PRIVATE
                              ${PROJECT_SOURCE_DIR}/lib/Support/MLIRPrecompiled.h)
  endif()
  # -fPIC in executables too: the header is compiled once, with it.
  target_compile_options(${name} PRIVATE -fPIC -fpch-instantiate-templates
                         "SHELL:-Xclang -fno-pch-timestamp")
  target_precompile_headers(${name} REUSE_FROM nnc-pch)
  # One precompiled header serves libraries and programs only if both are
  # compiled with -fPIC.
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${name} PRIVATE -fPIC)
endfunction()
