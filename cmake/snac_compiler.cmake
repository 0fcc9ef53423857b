# How the project's own code is compiled. Nothing here leaks to users of the libraries.
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

add_library(snac_build_flags INTERFACE)
target_compile_options(snac_build_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 sees overlapping copies in the concatenation of a literal and a std::string (GCC bug 105651).
  target_compile_options(snac_build_flags INTERFACE -Wno-restrict)
endif()
# The sum a*b+c is not contracted to a fused operation behind our back: results then depend on the
# kernels we wrote, not on the optimiser's mood. Kernels that want FMA say so.
target_compile_options(snac_build_flags INTERFACE -ffp-contract=off)
if(SNAC_WARNINGS_AS_ERRORS)
  target_compile_options(snac_build_flags INTERFACE -Werror)
endif()
if(SNAC_SANITIZE)
  # Instrumented code misleads GCC's flow analysis (its manual says so): that one warning is left to the other builds.
  target_compile_options(snac_build_flags INTERFACE
    -fsanitize=${SNAC_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -Wno-maybe-uninitialized)
  target_link_options(snac_build_flags INTERFACE -fsanitize=${SNAC_SANITIZE})
endif()
