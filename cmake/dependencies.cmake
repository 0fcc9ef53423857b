# Every third-party package, its Debian 12 name, version and licence. scripts/setup installs them.
#
#   library         Debian package       version   licence              used by
#   yaml-cpp        libyaml-cpp-dev      0.7.0     MIT                  core (configuration)
#   nlohmann-json   nlohmann-json3-dev   3.11.2    MIT                  core (records, model files)
#   {fmt}, spdlog   libspdlog-dev        1.10.0    MIT                  core (text, log)
#   OpenSSL crypto  libssl-dev           3.0       Apache-2.0           core (SHA-256)
#   HDF5            libhdf5-dev          1.10.8    BSD-3-Clause style   data
#   libzip          libzip-dev           1.7.3     BSD-3-Clause         data (.npz, .keras)
#   ONNX's schema   libonnx-dev          1.12.0    Apache-2.0           exchange
#   protobuf        libprotobuf-dev      3.21.12   BSD-3-Clause         exchange (through ONNX's schema)
#   SOCI            libsoci-dev          4.0.3     BSL-1.0              store
#   libpq           libpq-dev            15        PostgreSQL           store (through SOCI)
#   SQLite          libsqlite3-dev       3.40      public domain        store (through SOCI)
#   Expat           libexpat1-dev        2.5       MIT                  toolchain (reports in XML)
#   D3              node-d3              5.16.0    BSD-3-Clause         report (inlined in the page)
#   CLI11           libcli11-dev         2.1.2     BSD-3-Clause         apps/snac
#   GoogleTest      libgtest-dev         1.12.1    BSD-3-Clause         tests
#   pagmo2          libpagmo-dev         2.18      LGPL-3.0/GPL-3.0     tests only (oracle for fronts and hypervolume)
#   Boost           (with pagmo2)        1.74+     BSL-1.0              tests only (multiprecision oracle)
#   Chromium        chromium, chromium-driver  BSD-3-Clause and others  tests only (a browser for the report; skipped without)
#   zsh, fish, mandoc  zsh, fish, mandoc  5.9, 3.6, 1.14  MIT-like, GPL-2.0, ISC  tests only (completion, man pages; skipped without)
#   Python          python3              3.11      PSF-2.0              tests only (drives the browser, runs the snippets of the docs)
#   Sphinx          python3-sphinx       5.3.0     BSD-2-Clause         documentation only (scripts/docs)
#   MyST parser     python3-myst-parser  0.18.1    MIT                  documentation only (Markdown as the forge reads it)
#   Furo            furo                 2022.12   MIT                  documentation only (theme)
#   PostgreSQL      postgresql           15        PostgreSQL           tests only (a server of their own; skipped without)
#   LIBXSMM, oneDNN libxsmm-dev, libdnnl-dev 1.17, 2.6 BSD-3-Clause, Apache-2.0  bench/product_speed only, if found
#   Yosys, Verilator, Icarus Verilog (ISC, LGPL-3.0/Artistic-2.0, GPL-2.0) are run as programs, never linked.
#   So are, where a user has them and asks for them: Vivado, Vitis HLS, Vivado HLS, Quartus (proprietary), and Python with qonnx
#   (Apache-2.0) and onnxruntime (MIT).
find_package(Threads REQUIRED)
find_package(yaml-cpp REQUIRED)
if(NOT TARGET yaml-cpp::yaml-cpp)
  add_library(yaml-cpp::yaml-cpp ALIAS yaml-cpp)
endif()
find_package(nlohmann_json 3.11 REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(HDF5 REQUIRED COMPONENTS C)
find_package(PkgConfig REQUIRED)
pkg_check_modules(libzip REQUIRED IMPORTED_TARGET libzip)
find_package(Protobuf REQUIRED)
find_package(ONNX REQUIRED)
# The schema's classes alone, not ONNX's checker and operators; its headers' warnings are not ours.
add_library(snac_onnx INTERFACE)
target_compile_definitions(snac_onnx INTERFACE $<TARGET_PROPERTY:onnx_proto,INTERFACE_COMPILE_DEFINITIONS>)
target_link_libraries(snac_onnx INTERFACE onnx_proto protobuf::libprotobuf)
find_package(SQLite3 REQUIRED)
find_package(EXPAT REQUIRED)
find_package(CLI11 REQUIRED)
# D3's modules as Debian installs them, minified.
find_path(D3_DIRECTORY d3-scale/dist/d3-scale.min.js PATHS /usr/share/nodejs REQUIRED)

# Debian's SOCI ships no CMake package for its plain library names.
find_library(SOCI_CORE_LIBRARY soci_core REQUIRED)
find_library(SOCI_SQLITE3_LIBRARY soci_sqlite3 REQUIRED)
find_library(SOCI_POSTGRESQL_LIBRARY soci_postgresql REQUIRED)
find_package(PostgreSQL REQUIRED)
find_path(SOCI_INCLUDE_DIR soci/soci.h REQUIRED)
add_library(snac_soci INTERFACE)
target_include_directories(snac_soci SYSTEM INTERFACE ${SOCI_INCLUDE_DIR})
target_link_libraries(snac_soci INTERFACE ${SOCI_SQLITE3_LIBRARY} ${SOCI_POSTGRESQL_LIBRARY} ${SOCI_CORE_LIBRARY}
  SQLite::SQLite3 PostgreSQL::PostgreSQL)

if(SNAC_BUILD_TESTS)
  include(GoogleTest)
  find_package(GTest REQUIRED)
  find_package(Pagmo REQUIRED)
endif()
