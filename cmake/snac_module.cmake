# snac_module(<name> [DEPENDS mod...] [PRIVATE_DEPENDS mod...] [LIBRARIES pub...] [PRIVATE_LIBRARIES priv...]
#             SOURCES a.cpp... [TESTS a_test.cpp...] [TEST_LIBRARIES lib...])
# One module = one folder = one library snac::<name> = one namespace = one include root = one test program.
# Sources stand beside their CMakeLists.txt, headers in include/snac/<name>/, tests in tests/.
# A module may name only modules that are declared above it; a wrong include does not compile.
function(snac_module name)
  cmake_parse_arguments(M "" "" "DEPENDS;PRIVATE_DEPENDS;LIBRARIES;PRIVATE_LIBRARIES;SOURCES;TESTS;TEST_LIBRARIES" ${ARGN})
  if(M_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "snac_module(${name}): unknown arguments ${M_UNPARSED_ARGUMENTS}")
  endif()
  foreach(dependency IN LISTS M_DEPENDS M_PRIVATE_DEPENDS)
    if(NOT TARGET snac_${dependency})
      message(FATAL_ERROR "module '${name}' depends on '${dependency}', which is not declared above it")
    endif()
  endforeach()
  list(TRANSFORM M_DEPENDS PREPEND snac:: OUTPUT_VARIABLE public_modules)
  list(TRANSFORM M_PRIVATE_DEPENDS PREPEND snac:: OUTPUT_VARIABLE private_modules)

  set(target snac_${name})
  add_library(${target} STATIC ${M_SOURCES})
  add_library(snac::${name} ALIAS ${target})
  target_include_directories(${target} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/include)
  target_link_libraries(${target}
    PUBLIC ${public_modules} ${M_LIBRARIES}
    PRIVATE ${private_modules} ${M_PRIVATE_LIBRARIES} $<BUILD_INTERFACE:snac_build_flags>)

  if(SNAC_BUILD_TESTS AND M_TESTS)
    list(TRANSFORM M_TESTS PREPEND tests/)
    snac_test(${name}_tests LABEL ${name} SOURCES ${M_TESTS} LIBRARIES snac::${name} ${M_TEST_LIBRARIES})
  endif()
endfunction()

# snac_test(<target> LABEL <module> SOURCES ... LIBRARIES ... [TIMEOUT seconds])
function(snac_test target)
  cmake_parse_arguments(T "" "LABEL;TIMEOUT" "SOURCES;LIBRARIES" ${ARGN})
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 240)
  endif()
  add_executable(${target} ${T_SOURCES})
  target_link_libraries(${target} PRIVATE ${T_LIBRARIES} GTest::gtest_main snac_build_flags)
  # Compiling tests takes longer than running them: what they test is optimised and checked in full, their own code less.
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
  if(SNAC_SANITIZE MATCHES "undefined")
    target_compile_options(${target} PRIVATE -fno-sanitize=undefined)
  endif()
  gtest_discover_tests(${target} TEST_PREFIX "${T_LABEL}." DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS ${T_LABEL} TIMEOUT ${T_TIMEOUT})
endfunction()

option(SNAC_FUZZ "Link fuzz targets with libFuzzer (clang)" OFF)
# snac_fuzz(<target> TEST <module>.<name> SOURCE file.cpp LIBRARIES lib... CORPUS files and folders...)
# A fuzz target in libFuzzer's form: with libFuzzer where the compiler has it (clang and SNAC_FUZZ), else with our own driver, which the
# test runs for a fixed number of inputs.
function(snac_fuzz target)
  cmake_parse_arguments(F "" "TEST;SOURCE" "LIBRARIES;CORPUS" ${ARGN})
  if(NOT SNAC_BUILD_TESTS)
    return()
  endif()
  add_executable(${target} ${F_SOURCE})
  target_link_libraries(${target} PRIVATE ${F_LIBRARIES} snac_build_flags)
  if(SNAC_FUZZ)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    return()
  endif()
  target_sources(${target} PRIVATE ${PROJECT_SOURCE_DIR}/src/fixed/tests/fuzz/driver.cpp)
  list(TRANSFORM F_CORPUS PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  add_test(NAME ${F_TEST} COMMAND ${target} --runs 5000 ${F_CORPUS})
  string(REGEX REPLACE "[.].*" "" label ${F_TEST})
  set_tests_properties(${F_TEST} PROPERTIES LABELS ${label} TIMEOUT 240)
endfunction()

# snac_embed(<output.cpp> NAMESPACE snac::<module> FUNCTION <name> DIRECTORY <dir> [JOIN <name>] FILES a b/c...): see embed_files.cmake.
function(snac_embed output)
  cmake_parse_arguments(E "" "NAMESPACE;FUNCTION;DIRECTORY;JOIN" "FILES" ${ARGN})
  set(script ${PROJECT_SOURCE_DIR}/cmake/embed_files.cmake)
  list(TRANSFORM E_FILES PREPEND ${E_DIRECTORY}/ OUTPUT_VARIABLE paths)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DNAMESPACE=${E_NAMESPACE} -DFUNCTION=${E_FUNCTION} -DDIRECTORY=${E_DIRECTORY}
            "-DFILES=${E_FILES}" "-DJOIN=${E_JOIN}" -P ${script}
    DEPENDS ${paths} ${script}
    VERBATIM)
endfunction()
