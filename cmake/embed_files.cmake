# cmake -DOUTPUT=x.cpp -DDIRECTORY=dir -DFILES="a;b/c" -DFUNCTION=name -P embed_files.cmake
# Writes a C++ source that holds the files' texts: std::map<std::string, std::string> snac::codegen::<FUNCTION>().
set(text "#include <map>\n#include <string>\n\nnamespace snac::codegen {\n\n")
string(APPEND text "std::map<std::string, std::string> ${FUNCTION}() {\n  return {\n")
foreach(name IN LISTS FILES)
  file(READ "${DIRECTORY}/${name}" content)
  string(APPEND text "      {\"${name}\", R\"snac_embed(${content})snac_embed\"},\n")
endforeach()
string(APPEND text "  };\n}\n\n}  // namespace snac::codegen\n")
file(WRITE "${OUTPUT}" "${text}")
