# cmake -DOUTPUT=x.cpp -DNAMESPACE=snac::module -DFUNCTION=name -DDIRECTORY=dir -DFILES="a;b/c" [-DJOIN=d] -P embed_files.cmake
# Writes a C++ source that holds the files' texts: std::map<std::string, std::string> <NAMESPACE>::<FUNCTION>(), name -> text.
# With JOIN all files are one text of that name, in their order.
set(text "#include <map>\n#include <string>\n\nnamespace ${NAMESPACE} {\n\n")
string(APPEND text "std::map<std::string, std::string> ${FUNCTION}() {\n  return {\n")
set(joined "")
foreach(name IN LISTS FILES)
  file(READ "${DIRECTORY}/${name}" content)
  if(JOIN)
    string(APPEND joined "${content}\n")
  else()
    string(APPEND text "      {\"${name}\", R\"snac_embed(${content})snac_embed\"},\n")
  endif()
endforeach()
if(JOIN)
  string(APPEND text "      {\"${JOIN}\", R\"snac_embed(${joined})snac_embed\"},\n")
endif()
string(APPEND text "  };\n}\n\n}  // namespace ${NAMESPACE}\n")
file(WRITE "${OUTPUT}" "${text}")
